"""The canary on real Kafka brokers: what it says against what the brokers' own logs hold, while brokers die, hang and are
cut off, and that it leaves everything as it found it."""

import re
import time

from harness import Agent, Receiver, takes_long, wait_until

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


def watched(cluster, binary, receiver, name):
    return Agent(binary, cluster.servers(), receiver, name=name, cluster=f"    canary: {{topic: {TOPIC}, every: 500ms}}\n")


def total(agent, what, partition=None):
    rows = [value for (name, labels), value in agent.metrics().items()
            if name == f"highwater_canary_records_{what}_total" and (partition is None or ("partition", partition) in labels)]
    return sum(rows)


@takes_long
def test_canary_counts_what_the_brokers_hold(cluster, binary):
    """Kill, hang and return of a broker: nothing is lost, what is late comes back, and the sums are those of the logs."""
    if TOPIC not in cluster.tool("TopicCommand", "--bootstrap-server", cluster.server(), "--list").split():
        cluster.create_topic(TOPIC, PARTITIONS, 3, min_insync_replicas=2)
    before = topic_layout(cluster)
    began = end_offsets(cluster)
    receiver = Receiver()
    agent = watched(cluster, binary, receiver, "canary")
    try:
        agent.wait_ready()
        wait_until(lambda: total(agent, "received") >= 10 * PARTITIONS, 60, "records come back")
        assert agent.value("highwater_canary_up") == 1
        p95 = agent.value("highwater_canary_end_to_end_p95_seconds")
        assert p95 is not None and 0 < p95 < 5, p95
        victim = int(agent.value("highwater_partition_leader", topic=TOPIC, partition="0"))
        killed = time.monotonic()
        cluster.kill(victim)
        wait_until(lambda: agent.value("highwater_canary_partition_writable", partition="0") == 1
                   and total(agent, "received", "0") > 0 and time.monotonic() > killed + 15, 60, "another leader takes them")
        cluster.start_one(victim)
        hung = int(agent.value("highwater_partition_leader", topic=TOPIC, partition="1"))
        cluster.pause(hung)
        wait_until(lambda: agent.value("highwater_canary_partition_writable", partition="1") == 0, 30, "a hung leader is seen")
        time.sleep(5)
        cluster.resume(hung)
        wait_until(lambda: all(agent.value("highwater_canary_partition_writable", partition=str(p)) == 1 for p in range(PARTITIONS)),
                   60, "all partitions take records again")
        time.sleep(3)
        lost, refused = total(agent, "lost"), total(agent, "refused")
        assert lost == 0, f"{lost} records lost"
        names = {alert["labels"]["alertname"] for _, alert in receiver.incidents(severity="page")}
        assert names <= {"BrokerDown", "QuorumLost", "LeaderlessPartitions"}, names
        received, duplicated = total(agent, "received"), total(agent, "duplicated")
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0
    # What the logs hold is what was read, each record as often as it stands there; a handful was under way at the end, or
    # was written before the first one was read.
    written = sum(end_offsets(cluster).values()) - sum(began.values())
    under_way = written - received - duplicated
    assert 0 <= under_way <= 12 * PARTITIONS + refused, f"{written} written, {received} received, {duplicated} twice, {refused} refused"
    assert topic_layout(cluster) == before


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


TESTS = [test_canary_counts_what_the_brokers_hold, test_canary_whose_topic_is_missing_says_so_and_creates_none]
