"""The canary on real Kafka brokers: what it says against what the brokers' own logs hold, while brokers die, hang and are
cut off, and that it leaves everything as it found it."""

import contextlib
import json
import re
import time
import urllib.request

from harness import Agent, Receiver, TraceReceiver, takes_long, wait_until
from relay import Relay

TOPIC = "highwater-canary"
PARTITIONS = 3


def topic_layout(cluster):
    """What Kafka says of its topics, but for who leads and who is in sync."""
    text = cluster.tool("TopicCommand", "--bootstrap-server", cluster.server(), "--describe")
    layout = [re.sub(r"\t(Leader|Isr|Elr|LastKnownElr): [^\t]*", "", line) for line in text.splitlines()]
    return sorted(layout)


def end_offsets(cluster):
    text = cluster.tool("GetOffsetShell", "--bootstrap-server", cluster.server(), "--topic", TOPIC)
    return {line.split(":")[1]: int(line.split(":")[2]) for line in text.split() if line.startswith(TOPIC)}


def watched(servers, binary, receiver, name, **options):
    return Agent(binary, servers, receiver, name=name, cluster=f"    canary: {{topic: {TOPIC}, every: 500ms}}\n", **options)


def exemplars(agent):
    """(seconds, trace) of those that the end-to-end histogram shows."""
    request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/metrics", headers={"Accept": "application/openmetrics-text"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        page = answer.read().decode()
    found = re.findall(r'^highwater_canary_end_to_end_latency_seconds_bucket.* # \{trace_id="([0-9a-f]{32})"\} (\S+) ', page, re.MULTILINE)
    return [(float(seconds), trace) for trace, seconds in found]


def total(agent, what, partition=None):
    rows = [value for (name, labels), value in agent.metrics().items()
            if name == f"highwater_canary_records_{what}_total" and (partition is None or ("partition", partition) in labels)]
    return sum(rows)


def create_topic(cluster):
    if TOPIC not in cluster.tool("TopicCommand", "--bootstrap-server", cluster.server(), "--list").split():
        cluster.create_topic(TOPIC, PARTITIONS, 3, min_insync_replicas=2)


def writable(agent, partition):
    return agent.value("highwater_canary_partition_writable", partition=str(partition))


def leader(agent, partition):
    return int(agent.value("highwater_partition_leader", topic=TOPIC, partition=str(partition)))


class Counted:
    """What the agent says became of the records, against what the brokers' logs hold."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.layout = topic_layout(cluster)
        self.began = end_offsets(cluster)

    def read(self, agent):
        self.lost, self.refused = total(agent, "lost"), total(agent, "refused")
        self.received, self.duplicated = total(agent, "received"), total(agent, "duplicated")

    def check(self):
        """To be called when the agent has ended. What the logs hold is what was read, each record as often as it stands there;
        a handful was under way at the end, or was written before the first one was read."""
        assert self.lost == 0, f"{self.lost} records lost"
        written = sum(end_offsets(self.cluster).values()) - sum(self.began.values())
        under_way = written - self.received - self.duplicated
        assert 0 <= under_way <= 4 * PARTITIONS, f"{written} written, {self.received} received, {self.duplicated} twice, {self.refused} refused"
        assert topic_layout(self.cluster) == self.layout


@takes_long
def test_canary_counts_what_the_brokers_hold(cluster, binary):
    """Kill, hang and return of a broker: nothing is lost, what is late comes back, and the sums are those of the logs."""
    create_topic(cluster)
    counted = Counted(cluster)
    receiver = Receiver()
    agent = watched(cluster.servers(), binary, receiver, "canary")
    try:
        agent.wait_ready()
        wait_until(lambda: total(agent, "received") >= 10 * PARTITIONS, 60, "records come back")
        assert agent.value("highwater_canary_up") == 1
        p95 = agent.value("highwater_canary_end_to_end_p95_seconds")
        assert p95 is not None and 0 < p95 < 5, p95
        victim = leader(agent, 0)
        killed = time.monotonic()
        cluster.kill(victim)
        wait_until(lambda: writable(agent, 0) == 1
                   and total(agent, "received", "0") > 0 and time.monotonic() > killed + 15, 60, "another leader takes them")
        cluster.start_one(victim)
        hung = leader(agent, 1)
        cluster.pause(hung)
        wait_until(lambda: writable(agent, 1) == 0, 30, "a hung leader is seen")
        time.sleep(5)
        cluster.resume(hung)
        wait_until(lambda: all(writable(agent, partition) == 1 for partition in range(PARTITIONS)), 60, "all partitions take records again")
        time.sleep(3)
        names = {alert["labels"]["alertname"] for _, alert in receiver.incidents(severity="page")}
        assert names <= {"BrokerDown", "QuorumLost", "LeaderlessPartitions"}, names
        counted.read(agent)
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0
    counted.check()


@takes_long
def test_canary_shows_a_broker_that_only_its_clients_cannot_reach(cluster, binary):
    """Its leader lives on among the brokers, so Kafka says that all is well, and no other leader is chosen. The partition is
    evidence of the broker's incident; what clients gave up and the broker got all the same is counted as it stands in the log."""
    create_topic(cluster)
    cluster.elect_preferred()
    counted = Counted(cluster)
    receiver = Receiver()
    with contextlib.ExitStack() as stack:
        relays = {broker: stack.enter_context(contextlib.closing(Relay(cluster.port_base + 300 + broker, cluster.port_base + 200 + broker)))
                  for broker in range(1, cluster.brokers + 1)}
        traces = stack.enter_context(contextlib.closing(TraceReceiver("canary-spans")))
        agent = watched([relay.server() for relay in relays.values()], binary, receiver, "canary-cut",
                        environment={"OTEL_EXPORTER_OTLP_ENDPOINT": traces.endpoint})
        try:
            agent.wait_ready()
            wait_until(lambda: all(total(agent, "received", str(p)) >= 3 for p in range(PARTITIONS)), 30, "records come back")
            victim = leader(agent, 0)
            led = [partition for partition in range(PARTITIONS) if leader(agent, partition) == victim]
            others = [partition for partition in range(PARTITIONS) if partition not in led]
            assert others, "another broker leads something"
            relays[victim].cut()
            wait_until(lambda: all(writable(agent, partition) == 0 for partition in led), 20, "what it leads cannot be written")
            received = {partition: total(agent, "received", str(partition)) for partition in range(PARTITIONS)}

            def evidence():
                for incident in json.loads(agent.get("/api/v1/status"))["incidents"]:
                    if incident["cause"]["alertname"] == "BrokerDown" and incident["cause"]["entity"]["broker"] == str(victim):
                        return {item["entity"].get("partition") for item in incident["evidence"] if item["alertname"] == "CanaryBlocked"}
                return set()

            wait_until(lambda: evidence() == {str(partition) for partition in led}, 50, "that is evidence of the broker's incident")
            for partition in range(PARTITIONS):
                assert writable(agent, partition) == (1 if partition in others else 0)
                more = total(agent, "received", str(partition)) - received[partition]
                assert more > 20 if partition in others else more == 0, f"{more} more in partition {partition}"
            assert {alert["labels"]["alertname"] for _, alert in receiver.incidents()} == {"BrokerDown"}
            relays[victim].heal()
            wait_until(lambda: all(writable(agent, partition) == 1 for partition in range(PARTITIONS)), 30, "all take records again")
            time.sleep(3)
            assert leader(agent, 0) == victim, "Kafka has chosen another leader"
            counted.read(agent)
            shown = exemplars(agent)
            assert max(shown)[0] > 1 > min(shown)[0], f"records that were slow and quick are shown: {shown}"
        finally:
            code = agent.stop()
            receiver.close()
        assert code == 0
        for seconds, trace in shown:
            names = sorted(span["name"] for span in traces.spans(trace))
            assert names == ["canary.receive", "canary.send"], f"of the record that took {seconds} s: {names}"
    counted.check()


def test_canary_whose_topic_is_missing_says_so_and_creates_none(cluster, binary):
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="no-canary", cluster="    canary: {topic: never-created}\n")
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_canary_up") == 0, 30, "the canary does not send")
        time.sleep(3)
        topics = cluster.tool("TopicCommand", "--bootstrap-server", cluster.server(), "--list").split()
        assert "never-created" not in topics, topics
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0


TESTS = [test_canary_counts_what_the_brokers_hold, test_canary_shows_a_broker_that_only_its_clients_cannot_reach,
         test_canary_whose_topic_is_missing_says_so_and_creates_none]
