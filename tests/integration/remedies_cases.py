"""Faults of groups, transactions, rights and files whose incident has a command, or must not have one. Run by remedies-all."""

import contextlib
import json
import signal
import socket
import struct
import time

from groups import consumer, expect
from harness import WORK, Agent, Cluster, Receiver, Tool, watched
from remedies import broker_that_verifies_no_transactions, leave_hanging, run_as_printed, text
from remedies_trial import at_once, tuned

CHECKS_SELDOM = "log.retention.check.interval.ms=3600000\n"  # records that are past their time stay: tests say when they go


def transaction_hanging(trial):
    with broker_that_verifies_no_transactions(trial.cluster) as alone:
        alone.create_topic("transfers", 2, 1)
        alone.produce("transfers", range(20))
        transact(alone, "transfers", "settled")
        with watched(alone, trial.binary, "all-hanging", rules=tuned(TransactionOpen={"threshold": "70s"})) as (agent, receiver):
            time.sleep(3)
            leave_hanging(alone.server(), "transfers", 1)
            trial.runs(agent, receiver, "TransactionOpen", "a transaction that no coordinator knows", timeout=150, says="no coordinator",
                       cluster=alone)


def transact(cluster, topic, name):
    cluster.tool("ProducerPerformance", "--topic", topic, "--num-records", 1, "--throughput", 1, "--record-size", 10, "--transactional-id",
                 name, "--transaction-duration-ms", 1, "--producer-props", f"bootstrap.servers={','.join(cluster.servers())}")


def transaction_open(trial):
    cluster = trial.cluster
    cluster.create_topic("payouts", 1, 3)
    try:
        with watched(cluster, trial.binary, "all-open", rules=tuned(TransactionOpen={"threshold": "40s"})) as (agent, receiver):
            producer = cluster.background("ProducerPerformance", "--topic", "payouts", "--num-records", 100000, "--throughput", 20,
                                          "--record-size", 10, "--transactional-id", "payout-7", "--transaction-duration-ms", 800000,
                                          "--producer-props", f"bootstrap.servers={cluster.server()}", "transaction.timeout.ms=800000")
            try:
                expect(agent, "topic_open_transaction_seconds", lambda age: age > 0, 60, topic="payouts")
            finally:
                producer.kill()
                producer.wait()
            trial.refuses(agent, receiver, "TransactionOpen", "its producer died, and the coordinator waits for it",
                          "start the application with transactional id payout-7 again", 120, lambda: transact(cluster, "payouts", "payout-7"))
    finally:
        cluster.delete_topic("payouts")


def commit(cluster, group, topic, offset):
    """By a raw request: Kafka's tool commits nothing that is beyond the end."""
    body = text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(topic)
    body += struct.pack(">iiq", 1, 0, offset) + struct.pack(">h", -1)
    request = struct.pack(">hhi", 8, 2, 1) + text("highwater-tests") + body
    errors = []
    for server in cluster.servers():
        host, port = server.split(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(struct.pack(">i", len(request)) + request)
            (error,) = struct.unpack(">h", connection.recv(4096)[-2:])
        if error == 0:
            return
        errors.append(error)
    raise AssertionError(f"no broker took the commit: {errors}")


@contextlib.contextmanager
def member(cluster, agent, group):
    """A member of the group that reads another topic."""
    one = consumer(cluster, "quiet", group)
    try:
        expect(agent, "group_members", 1, 60, group=group)
        yield
    finally:
        one.stop()


def used(cluster, agent, group, topic):
    """A group that reads, for its commits move."""
    for committed in (5, 10):
        cluster.consume(topic, group, 5)
        expect(agent, "group_committed_offset", committed, 20, group=group, topic=topic)


def beyond_the_end(trial):
    cluster = trial.cluster
    cluster.create_topic("ahead", 1, 3)
    cluster.produce("ahead", range(100))
    try:
        # While it has no members nobody suffers: it stays for a while, so that its command can be run, and comes back unless that helped.
        # Setting it back is told for ten minutes, as part of the incident.
        rules = tuned(CommitBeyondEnd={"for": "1s", "keep_firing_for": "45s"}, OffsetsRewound={"keep_firing_for": "10s"})
        with contextlib.ExitStack() as stack, watched(cluster, trial.binary, "all-beyond", rules=rules) as (agent, receiver):
            used(cluster, agent, "ahead-readers", "ahead")
            commit(cluster, "ahead-readers", "ahead", 5000)
            with member(cluster, agent, "ahead-readers"):
                trial.refuses(agent, receiver, "CommitBeyondEnd", "its group has a member", "stop the 1 member of ahead-readers first")
            trial.runs(agent, receiver, "CommitBeyondEnd", "its group has no members", says="no record is left out",
                       afterwards=lambda: stack.enter_context(member(cluster, agent, "ahead-readers")), ends_within=240)
    finally:
        cluster.delete_topic("ahead")


def records_lost(trial):
    cluster = trial.cluster
    cluster.create_topic("overtaken", 1, 3)
    cluster.produce("overtaken", range(100))
    try:
        with watched(cluster, trial.binary, "all-lost") as (agent, receiver):
            used(cluster, agent, "overtaken-readers", "overtaken")
            with member(cluster, agent, "overtaken-readers"):
                path = cluster.directory / "delete-overtaken.json"
                path.write_text('{"partitions": [{"topic": "overtaken", "partition": 0, "offset": 50}], "version": 1}')
                cluster.tool("DeleteRecordsCommand", "--bootstrap-server", cluster.server(), "--offset-json-file", path)
                trial.refuses(agent, receiver, "RecordsLost", "its group has a member", "stop the 1 member of overtaken-readers first")
            trial.runs(agent, receiver, "RecordsLost", "its group has no members", says="safe")
    finally:
        cluster.delete_topic("overtaken")


@contextlib.contextmanager
def late_reader(cluster, agent, group, topic):
    """A member that hangs, with ten unread records; the process, to let it go on."""
    cluster.produce(topic, range(10))
    one = consumer(cluster, topic, group, "session.timeout.ms=300000", "auto.offset.reset=earliest")
    try:
        expect(agent, "group_topic_lag_records", 0, 60, group=group, topic=topic)
        one.process.send_signal(signal.SIGSTOP)
        cluster.produce(topic, range(10))
        expect(agent, "group_topic_lag_records", lambda lag: lag > 0, 30, group=group, topic=topic)
        yield one.process
    finally:
        one.process.send_signal(signal.SIGCONT)
        one.stop()


def retention(trial):
    cluster = trial.cluster
    for rule, other, limits in (("RetentionNear", "RetentionWillDeleteUnread", {}),
                                ("RetentionWillDeleteUnread", "RetentionNear", {"retention_bytes": 100000000})):
        topic = f"fleeting-{rule.lower()}"
        cluster.create_topic(topic, 1, 3, retention_ms=120000, **limits)
        rules = tuned(**{rule: {"for": "0s", "keep_firing_for": "0s"}, other: {"enabled": False}})
        try:
            with watched(cluster, trial.binary, f"all-{rule}", rules=rules) as (agent, receiver):
                with late_reader(cluster, agent, f"{topic}-readers", topic):
                    trial.runs(agent, receiver, rule, "a member hangs, and the oldest unread record is to go" +
                               (", kept by time and by size" if limits else ""), timeout=150, says="safe")
        finally:
            cluster.delete_topic(topic)


def stalled(trial):
    cluster = trial.cluster
    cluster.create_topic("hung", 1, 3)
    quick = {"for": "1s", "keep_firing_for": "0s"}
    try:
        with watched(cluster, trial.binary, "all-stalled", rules=tuned(GroupStalled=quick)) as (agent, receiver):
            with late_reader(cluster, agent, "hangers", "hung") as process:
                def restart(wrote):
                    assert "hangers" in wrote and "CONSUMER-ID" in wrote, wrote
                    process.send_signal(signal.SIGCONT)
                    Tool(process).stop()
                    restarted.append(consumer(cluster, "hung", "hangers"))

                restarted = []
                try:
                    trial.runs(agent, receiver, "GroupStalled", "a member hangs: the command shows which", timeout=200, says="restart client",
                               then=restart)
                finally:
                    for one in restarted:
                        one.stop()
    finally:
        cluster.delete_topic("hung")


def growing(trial):
    cluster = trial.cluster
    cluster.create_topic("swelling", 1, 3)
    rules = tuned(LagGrowing={"for": "1s", "keep_firing_for": "0s"}, GroupStalled={"enabled": False})
    try:
        with watched(cluster, trial.binary, "all-growing", rules=rules) as (agent, receiver):
            with late_reader(cluster, agent, "slow", "swelling") as process:
                producer = cluster.produce_steadily("swelling", 20)
                try:
                    def goes_on(wrote):
                        assert "slow" in wrote and "CONSUMER-ID" in wrote, wrote
                        process.send_signal(signal.SIGCONT)

                    trial.runs(agent, receiver, "LagGrowing", "its group stands still: the command shows who", timeout=240, says="restart client",
                               then=goes_on)
                finally:
                    producer.stop()
    finally:
        cluster.delete_topic("swelling")


# A broker that knows who asks, and grants nothing but what is granted to it: the tests ask as User:ANONYMOUS, which may do anything.
RIGHTS = """
listeners=PLAINTEXT://127.0.0.1:{client},LOGIN://127.0.0.1:{login},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},LOGIN://127.0.0.1:{login}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config={module} required user_admin="admin" user_highwater="watches";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
allow.everyone.if.no.acl.found=false
""" + CHECKS_SELDOM
MODULE = "org.apache.kafka.common.security.plain.PlainLoginModule"


class WithLogin(Cluster):
    """Its agent logs in as highwater."""

    def __init__(self, base):
        self.login = base + 51
        super().__init__(brokers=1, port_base=base,
                         extra_config=RIGHTS.format(client=base + 1, login=self.login, controller=base + 101, module=MODULE))

    def acls(self, *arguments):
        self.tool("AclCommand", "--bootstrap-server", self.server(), "--force", *arguments)


@contextlib.contextmanager
def watched_with_login(cluster, binary, rules):
    """Like watched(), by a listener that asks who comes."""
    password = cluster.directory / "password"
    password.touch(0o600)
    password.write_text("watches")
    section = f"    security: {{protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: highwater, password: {{file: {password}}}}}\n"
    receiver = Receiver()
    agent = Agent(binary, [f"127.0.0.1:{cluster.login}"], receiver, name="all-rights", rules=rules, cluster=section)
    try:
        yield agent.wait_ready(), receiver
    finally:
        agent.stop()
        receiver.close()


def rights(trial):
    cluster = WithLogin(trial.cluster.port_base + 20)
    cluster.start()
    try:
        cluster.create_topic("fleeting", 1, 1, retention_ms=120000)
        for kind in ("topic", "group", "transactional-id"):
            cluster.acls("--add", "--allow-principal", "User:highwater", "--operation", "Describe", f"--{kind}", "*")
        cluster.acls("--add", "--allow-principal", "User:highwater", "--operation", "DescribeConfigs", "--topic", "*")
        with watched_with_login(cluster, trial.binary, at_once("ReadsDenied", "RetentionNear")) as (agent, receiver):
            folder = agent.directory
            # The login of whoever runs it, for the commands that are printed.
            (folder / "admin.properties").write_text(f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n"
                                                      f"sasl.jaas.config={MODULE} required username=\"admin\" password=\"admin\";\n")

            def administers(wrote):
                lines = [line for line in wrote.splitlines() if line.startswith("kafka-acls.sh")]
                assert lines, wrote
                run_as_printed(cluster, lines, folder)

            with late_reader(cluster, agent, "late", "fleeting") as process:
                trial.refuses(agent, receiver, "RetentionNear", "how large the topic is, or the room for it, may not be read", "is not known", 120,
                              lambda: process.send_signal(signal.SIGCONT))
            trial.runs(agent, receiver, "MonitorDenied", "it may not describe the cluster: the command prints what grants it", then=administers,
                       folder=folder, cluster=cluster)
            cluster.acls("--remove", "--allow-principal", "User:highwater", "--operation", "DescribeConfigs", "--topic", "*")
            trial.runs(agent, receiver, "ReadsDenied", "it may not read what topics are configured to: the same", 90, then=administers,
                       folder=folder, cluster=cluster)
    finally:
        cluster.stop()


def reload_fails(trial):
    with watched(trial.cluster, trial.binary, "all-reload", rules=tuned(ReloadFailing={"keep_firing_for": "0s"})) as (agent, receiver):
        right = agent.config.read_text()
        agent.config.write_text(right + "nonsense: 1\n")
        agent.process.send_signal(signal.SIGHUP)

        def correct(wrote):
            assert "nonsense" in wrote, wrote
            agent.config.write_text(right)
            agent.process.send_signal(signal.SIGHUP)

        trial.runs(agent, receiver, "ReloadFailing", "a mistake in the configuration: the command names it", says="it only reads", then=correct,
                   fine=(1,))


def judges_nothing(trial):
    cluster = trial.cluster
    rules = WORK / "all-nothing.yaml"
    rules.write_text("alerts:\n  - {name: StockBehind, when: group_topic_lag_records > 1000, select: {group: stock}, for: 1m, severity: ticket,\n"
                     "     runbook: lag-growing, summary: '{group} is behind'}\n")
    tune = json.dumps({"RuleJudgesNothing": {"for": "1s", "keep_firing_for": "0s"}})
    with watched(cluster, trial.binary, "all-nothing", rules=f"rules: {{files: [{rules}], tune: {tune}}}\n") as (agent, receiver):
        def begins(wrote):
            assert "StockBehind" in wrote, wrote
            cluster.consume("orders", "stock", 10)

        trial.runs(agent, receiver, "RuleJudgesNothing", "a rule's group is not there: the command shows that", timeout=90,
                   says="it only asks the agent", then=begins, folder=agent.directory, fine=(0, 1, 2))
    cluster.delete_group("stock")


CASES = [beyond_the_end, records_lost, reload_fails, judges_nothing, transaction_open, retention, rights, stalled, growing, transaction_hanging]
