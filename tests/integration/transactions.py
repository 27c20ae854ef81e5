"""Exactly-once topics at rest on real Kafka brokers: a transaction's marker is no unread record."""

import contextlib
import os
import subprocess
import time

from harness import WORK, Agent, Cluster, Receiver, end, takes_long, wait_until
from quiet_end import of_the_cluster

# By then a group that stands still would be told. Retention deletes records and markers when the rest is some minutes longer, e.g. 3600.
REST_SECONDS = int(os.environ.get("TRANSACTIONS_REST_SECONDS", 130))

# Topic, transactions, and where the end is. A marker takes an offset behind each transaction.
TOPICS = {
    "once-committed": (["commit:5", "commit:5"], 12),
    "once-aborted": (["commit:3", "abort:4"], 9),
    "once-single": (["commit:1"], 2),
}


def program(binary, *arguments):
    return [str(binary.parent / "highwater-transactions"), *map(str, arguments)]


def read_until(binary, cluster, topic, committed):
    """A librdkafka consumer that stays; it has committed so far."""
    path = WORK / f"{topic}.txt"
    with path.open("w") as out:
        process = subprocess.Popen(program(binary, "read", ",".join(cluster.servers()), topic, f"{topic}-librdkafka"), stdout=out)
    try:
        wait_until(lambda: f"committed {committed}" in path.read_text().splitlines(), 60, f"{topic} is read")
    except AssertionError:
        end(process)
        raise
    return process


def values(agent, name, topic):
    """{group: value}"""
    found = {}
    for (metric, labels), value in agent.metrics().items():
        labels = dict(labels)
        if metric == f"highwater_{name}" and labels.get("topic") == topic:
            found[labels["group"]] = value
    return found


def expect(agent, name, topic, wanted, timeout=20):
    try:
        wait_until(lambda: values(agent, name, topic) == wanted, timeout, "")
    except AssertionError:
        raise AssertionError(f"{name} of {topic} is {values(agent, name, topic)}, not {wanted}") from None


def expect_all_read(agent, timeout=20):
    for topic in TOPICS:
        groups = {f"{topic}-librdkafka": 0, f"{topic}-java": 0}
        for name in ("group_lag_records", "group_lag_seconds", "group_records_lost"):
            expect(agent, name, topic, groups, timeout)


# A broker that asks its clients for no login and yet checks their rights: what brokers and controllers say to each other has one.
RIGHTS = """
listeners=PLAINTEXT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},INTERNAL://127.0.0.1:{internal}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=INTERNAL
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
sasl.mechanism.controller.protocol=PLAIN
listener.name.internal.plain.sasl.jaas.config={login}
listener.name.controller.plain.sasl.jaas.config={login}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:broker
allow.everyone.if.no.acl.found=true
"""
LOGIN = ('org.apache.kafka.common.security.plain.PlainLoginModule required username="broker" password="broker" user_broker="broker";')


@contextlib.contextmanager
def broker_with_rights(cluster):
    base = cluster.port_base + 10
    alone = Cluster(brokers=1, port_base=base, version=cluster.environment["KAFKA_VERSION"],
                    extra_config=RIGHTS.format(client=base + 1, internal=base + 51, controller=base + 101, login=LOGIN))
    try:
        alone.start()
        yield alone
    finally:
        alone.stop()


def forbid_reading(cluster, topic):
    """Everything but READ is allowed on the topic; before, everything was."""
    cluster.tool("AclCommand", "--bootstrap-server", cluster.server(), "--add", "--allow-principal", "User:*", "--operation", "Describe",
                 "--operation", "DescribeConfigs", "--operation", "Write", "--topic", topic)


@takes_long
def test_an_exactly_once_topic_at_rest_has_no_lag_whoever_commits(cluster, binary):
    readers = []
    receiver = Receiver()
    agent = None
    try:
        for topic, (steps, _) in TOPICS.items():
            # As long as what comes before the rest takes on a busy machine.
            cluster.create_topic(topic, 1, 3, retention_ms=240000)
            subprocess.run(program(binary, "write", ",".join(cluster.servers()), topic, topic, *steps), check=True, timeout=120)
            count = sum(int(step.split(":")[1]) for step in steps if step.startswith("commit"))
            last = {"once-committed": 11, "once-aborted": 3, "once-single": 1}[topic]
            readers.append(read_until(binary, cluster, topic, last))
            cluster.consume(topic, f"{topic}-java", count, "isolation.level=read_committed")
            cluster.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", cluster.server(), "--reset-offsets", "--group",
                         f"{topic}-java", "--topic", topic, "--execute", "--to-latest")
        # An agent that saw none of these transactions, twice.
        agent = Agent(binary, cluster.servers(), receiver, name="transactions").wait_ready()
        expect_all_read(agent)
        agent.stop()
        agent = Agent(binary, cluster.servers(), receiver, name="transactions", fresh=False).wait_ready()
        expect_all_read(agent)
        for topic, (_, end_of_log) in TOPICS.items():
            assert agent.value("highwater_partition_high_watermark", topic=topic) == end_of_log
        # What is really unread is, beside markers.
        end(readers[0])
        subprocess.run(program(binary, "write", ",".join(cluster.servers()), "once-committed", "again", "commit:1"), check=True, timeout=120)
        wait_until(lambda: values(agent, "group_lag_seconds", "once-committed").get("once-committed-librdkafka", 0) > 12, 60, "a record is unread")
        assert values(agent, "group_lag_records", "once-committed").get("once-committed-librdkafka") == 3, "from commit to end"
        readers[0] = read_until(binary, cluster, "once-committed", 13)
        time.sleep(REST_SECONDS)
        for topic in TOPICS:
            expect(agent, "group_stalled_partitions", topic, {f"{topic}-librdkafka": 0, f"{topic}-java": 0})
        assert values(agent, "group_lag_records", "once-committed").get("once-committed-librdkafka") == 0
        # The marker is deleted: nobody lost it.
        path = WORK / "delete-markers.json"
        path.write_text('{"partitions": [{"topic": "once-single", "partition": 0, "offset": 2}], "version": 1}')
        cluster.tool("DeleteRecordsCommand", "--bootstrap-server", cluster.server(), "--offset-json-file", path)
        wait_until(lambda: agent.value("highwater_partition_log_start_offset", topic="once-single") == 2, 20, "the log is empty")
        time.sleep(3)
        assert values(agent, "group_records_lost", "once-single") == {"once-single-librdkafka": 0, "once-single-java": 0}
        told = [alert for _, alert in receiver.alerts() if not of_the_cluster(alert)]
        assert told == [], told
    finally:
        for reader in readers:
            end(reader)
        if agent:
            agent.stop()
        receiver.close()
        for topic in TOPICS:
            cluster.delete_topic(topic)


def test_without_read_a_marker_is_unknown_and_never_an_alert(cluster, binary):
    with broker_with_rights(cluster) as alone:
        expect_unknown_without_read(alone, binary)


def expect_unknown_without_read(cluster, binary):
    topic = "once-unread"
    receiver = Receiver()
    cluster.create_topic(topic, 1, 1, retention_ms=3600000)
    subprocess.run(program(binary, "write", ",".join(cluster.servers()), topic, topic, "commit:5"), check=True, timeout=120)
    reader = read_until(binary, cluster, topic, 5)
    agent = None
    try:
        forbid_reading(cluster, topic)
        agent = Agent(binary, cluster.servers(), receiver, name="no-read").wait_ready()

        def unknown():
            return agent.value("highwater_collector_unknown_rows", collector="groups", reason="may_be_marker")

        wait_until(lambda: (unknown() or 0) > 0, 20, "rows are unknown as markers")
        assert values(agent, "group_lag_seconds", topic) == {}
        assert values(agent, "group_lag_records", topic) == {}
        assert values(agent, "group_committed_offset", topic) == {f"{topic}-librdkafka": 5}
        # More than markers is known to be unread.
        end(reader)
        time.sleep(1)
        subprocess.run(program(binary, "write", ",".join(cluster.servers()), topic, "more", "commit:20"), check=True, timeout=120)
        wait_until(lambda: values(agent, "group_lag_records", topic).get(f"{topic}-librdkafka") == 22, 20, "records are unread")
        assert receiver.alerts() == [], receiver.alerts()
    finally:
        end(reader)
        if agent:
            agent.stop()
        receiver.close()
        cluster.delete_topic(topic)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
