"""What groups do, on real Kafka brokers: rebalances, static members, offsets moved by hand, retention, skew, standing still."""

import contextlib
import json
import signal
import time

from harness import Tool, page, takes_long, takes_minutes, wait_until, watched
from quiet_end import expect_quiet_end


def consumer(cluster, topic, group, *properties):
    """A member that commits each second, until it is told to stop()."""
    options = []
    for entry in ("auto.commit.interval.ms=1000", *properties):
        options += ["--consumer-property", entry]
    return Tool(cluster.background("consumer.ConsoleConsumer", "--bootstrap-server", ",".join(cluster.servers()), "--topic", topic,
                                   "--group", group, *options))


def reset(cluster, group, topic, *how):
    cluster.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", cluster.server(), "--reset-offsets", "--group", group,
                 "--topic", topic, "--execute", *how)


def expect(agent, metric, wanted, timeout, **labels):
    """Waits until the metric is `wanted`, a number or a condition on it."""
    fulfils = wanted if callable(wanted) else lambda value: value == wanted

    def right():
        value = agent.value(f"highwater_{metric}", **labels)
        return value is not None and fulfils(value)

    try:
        wait_until(right, timeout, metric)
    except AssertionError:
        raise AssertionError(f"{metric}{labels} is {agent.value(f'highwater_{metric}', **labels)}") from None


def test_a_rebalance_is_counted_and_timed(cluster, binary):
    cluster.create_topic("danced", 6, 3)
    with watched(cluster, binary, "rebalance", poll="5s") as (agent, receiver):
        members = []
        try:
            members.append(consumer(cluster, "danced", "dancers"))
            expect(agent, "group_members", 1, 40, group="dancers")
            # Nobody has to wait for the first member. A consumer that joins before its client has seen all partitions joins once more.
            expect(agent, "group_info", 1, 30, group="dancers", state="Stable")
            first = agent.value("highwater_group_rebalances_total", group="dancers")
            assert first <= 1, first
            before = time.monotonic()
            members.append(consumer(cluster, "danced", "dancers"))
            expect(agent, "group_members_joined_total", lambda joined: joined >= 1, 40, group="dancers")
            expect(agent, "group_rebalances_total", first + 1, 30, group="dancers")
            # A member that leaves before that would be part of the same rebalance.
            expect(agent, "group_info", 1, 30, group="dancers", state="Stable")
            assert agent.value("highwater_group_rebalance_seconds", group="dancers") == 0
            took = agent.value("highwater_group_rebalance_last_seconds", group="dancers")
            assert took is None or 0 <= took <= time.monotonic() - before, took
            members.pop().stop()
            expect(agent, "group_members_left_total", 1, 40, group="dancers")
            expect(agent, "group_rebalances_total", first + 2, 30, group="dancers")
            assert [alert for _, alert in receiver.alerts() if alert["labels"]["alertname"].startswith("Rebalance")] == []
        finally:
            for member in members:
                member.stop()
    cluster.delete_topic("danced")


def test_a_static_member_that_is_away_is_seen_until_it_is_back(cluster, binary):
    cluster.create_topic("kept", 6, 3)
    with watched(cluster, binary, "static") as (agent, _):
        for protocol, properties in (("classic", ["session.timeout.ms=6000"]), ("consumer", ["group.protocol=consumer"])):
            group = f"static-{protocol}"

            def member(number, group=group, properties=properties):
                return consumer(cluster, "kept", group, f"group.instance.id=member-{number}", *properties)

            members = [member(1), member(2)]
            try:
                expect(agent, "group_members", 2, 60, group=group)
                expect(agent, "group_static_members_away", 0, 30, group=group)
                members.pop().stop()
                expect(agent, "group_static_members_away", 1, 40, group=group)
                # Kafka calls a group of the newer protocol "Reconciling" for as long as the place is kept.
                wait_until(lambda group=group: not agent.value("highwater_group_rebalance_seconds", group=group), 15, f"{group} is at rest")
                joined = agent.value("highwater_group_members_joined_total", group=group)
                members.append(member(2))
                expect(agent, "group_static_members_away", 0, 40, group=group)
                assert agent.value("highwater_group_members_joined_total", group=group) == joined, "who comes back is not new"
            finally:
                for one in members:
                    one.stop()
    cluster.delete_topic("kept")


def test_offsets_moved_by_kafkas_tool_are_counted(cluster, binary):
    cluster.create_topic("moved", 1, 3)
    cluster.produce("moved", range(100))
    cluster.consume("moved", "movers", 100)
    with watched(cluster, binary, "moved") as (agent, _):
        labels = {"group": "movers", "topic": "moved"}
        expect(agent, "group_topic_lag_records", 0, 20, **labels)
        reset(cluster, "movers", "moved", "--to-earliest")
        expect(agent, "group_offsets_rewound_total", 1, 30, **labels)
        expect(agent, "group_rewound_partitions", 1, 30, **labels)
        assert agent.value("highwater_group_offsets_skipped_total", **labels) == 0
        reset(cluster, "movers", "moved", "--to-latest")
        expect(agent, "group_offsets_skipped_total", 1, 30, **labels)
        assert agent.value("highwater_group_offsets_rewound_total", **labels) == 1
    cluster.delete_topic("moved")


@takes_long
def test_retention_that_comes_near_pages_in_time(cluster, binary):
    cluster.create_topic("fleeting", 1, 3, retention_ms=120000)
    with watched(cluster, binary, "retention", rules="rules: {tune: {RetentionWillDeleteUnread: {for: 0s}, RetentionNear: {for: 0s}}}\n") as (
            agent, receiver):
        labels = {"group": "late", "topic": "fleeting"}
        cluster.produce("fleeting", range(10))
        member = consumer(cluster, "fleeting", "late", "session.timeout.ms=300000", "auto.offset.reset=earliest")
        try:
            expect(agent, "group_topic_lag_records", 0, 40, **labels)
            expect(agent, "group_retention_left_ratio", 1, 20, **labels)
            member.process.send_signal(signal.SIGSTOP)
            produced = time.monotonic()
            cluster.produce("fleeting", range(10))
            late = time.monotonic()
            expect(agent, "group_retention_left_ratio", lambda left: left < 0.5, 90, **labels)
            margin = agent.value("highwater_group_retention_margin_seconds", **labels)
            now = time.monotonic()
            assert 120 - (now - produced) - 3 <= margin <= 120 - (now - late) + 3, margin
            wait_until(lambda: receiver.incidents(name="RetentionNear", severity="ticket"), 30, "a ticket")
            assert receiver.incidents(name="RetentionWillDeleteUnread") == []
            wait_until(lambda: receiver.incidents(severity="page"), 60, "a page")
            assert time.monotonic() - late < 120, "while the records are still there"
        finally:
            member.process.send_signal(signal.SIGCONT)
            member.stop()
    cluster.delete_topic("fleeting")


def test_a_partition_that_lags_unlike_the_others_stands_out(cluster, binary):
    cluster.create_topic("uneven", 6, 3)
    cluster.produce("uneven", range(600))
    # A consumer that ends early may have committed to some partitions only, and the others would not count.
    cluster.lag("readers", "uneven", 0)
    with watched(cluster, binary, "skew") as (agent, _):
        labels = {"group": "readers", "topic": "uneven"}
        # Somebody reads: without that nobody's lag is judged.
        cluster.produce("uneven", range(60))
        expect(agent, "group_topic_lag_records", 60, 20, **labels)
        member = consumer(cluster, "uneven", "readers")
        try:
            expect(agent, "group_topic_lag_records", 0, 40, **labels)
        finally:
            member.stop()
        assert agent.value("highwater_group_skewed_partitions", **labels) == 0
        cluster.produce("uneven", (f"hot:{i}" for i in range(3000)), "--property", "parse.key=true", "--property", "key.separator=:")
        expect(agent, "group_skewed_partitions", 1, 20, **labels)
    cluster.delete_topic("uneven")


@takes_long
def test_a_member_that_hangs_stalls_its_group_and_one_that_is_back_does_not(cluster, binary):
    cluster.create_topic("hung", 1, 3)
    cluster.produce("hung", range(10))
    with watched(cluster, binary, "stalled") as (agent, _):
        labels = {"group": "hangers", "topic": "hung"}
        member = consumer(cluster, "hung", "hangers", "session.timeout.ms=300000", "auto.offset.reset=earliest")
        try:
            expect(agent, "group_topic_lag_records", 0, 40, **labels)
            member.process.send_signal(signal.SIGSTOP)
            cluster.produce("hung", range(10))
            expect(agent, "group_topic_lag_records", 10, 20, **labels)
            assert not agent.value("highwater_group_stalled_partitions", **labels), "0 or unknown before two minutes"
            expect(agent, "group_stalled_partitions", 1, 150, **labels)
            assert agent.value("highwater_group_commit_age_seconds", **labels) >= 115
            member.process.send_signal(signal.SIGCONT)
            expect(agent, "group_stalled_partitions", 0, 40, **labels)
        finally:
            member.process.send_signal(signal.SIGCONT)
            member.stop()
    cluster.delete_topic("hung")


def offsets_partition(group, partitions=50):
    """Where Kafka keeps the group's offsets: the hash of Java's String, without its sign, modulo the partitions."""
    code = 0
    for unit in group:
        code = (31 * code + ord(unit)) & 0xFFFFFFFF
    return abs(code - (1 << 32) if code >= 1 << 31 else code) % partitions


def place_offsets(cluster, partition, brokers):
    """Moves the partition of __consumer_offsets to these brokers alone."""
    move = cluster.directory / "move.json"
    move.write_text(json.dumps({"version": 1, "partitions": [{"topic": "__consumer_offsets", "partition": partition, "replicas": brokers}]}))
    cluster.tool("reassign.ReassignPartitionsCommand", "--bootstrap-server", ",".join(cluster.servers()), "--reassignment-json-file", move,
                 "--execute")

    def moved():
        text = cluster.tool("TopicCommand", "--bootstrap-server", ",".join(cluster.servers()), "--describe", "--topic", "__consumer_offsets")
        line = next(line for line in text.splitlines() if f"Partition: {partition}\t" in line)
        in_sync = line.split("Isr: ")[1].split()[0]
        # Who leads among several is settled by the next election.
        return sorted(in_sync.split(",")) == sorted(map(str, brokers)) and (len(brokers) > 1 or f"Leader: {brokers[0]}" in line)

    wait_until(moved, 60, f"the partition is on {brokers}")


def pages_leaderless(agent, receiver, since, partition):
    """Its rule fires, and a page names it: by itself, or among what a broker that crashed has left offline."""
    fires = agent.value("highwater_alert", alertname="LeaderlessPartitions", severity="page", state="firing", topic="__consumer_offsets",
                        partition=str(partition)) == 1
    texts = [str(alert["annotations"]) for _, alert in receiver.alerts(since)
             if alert["status"] == "firing" and alert["labels"]["severity"] == "page"]
    return fires and any(f"__consumer_offsets-{partition}" in text for text in texts)


def expect_stranded(cluster, binary, name, strand, bring_back, headline):
    """The offsets of a group are on one broker alone, which is stopped by strand() and brought back by bring_back(partition)."""
    victim = 3
    partition = offsets_partition("archive")
    cluster.lag("archive", "audit", 60)
    rules = cluster.directory / "stranded.yaml"
    rules.write_text("alerts:\n  - {name: ArchiveBehind, when: group_topic_lag_records > 0, select: {group: archive}, for: 0s,\n"
                     "     severity: page, runbook: lag-growing, summary: '{group} is behind'}\n")
    place_offsets(cluster, partition, [victim])
    begun = time.monotonic()
    try:
        with watched(cluster, binary, name, rules=f"rules: {{files: [{rules}]}}\n") as (agent, receiver):
            _, behind = page(receiver, 0.0, "ArchiveBehind", 60)
            # A fault within a minute would become the cause of this page.
            time.sleep(65)
            stopped = time.monotonic()
            strand(victim)
            wait_until(lambda: agent.value("highwater_partition_leaderless", topic="__consumer_offsets", partition=str(partition)) == 1, 60,
                       "its partition of __consumer_offsets has no leader")
            wait_until(lambda: pages_leaderless(agent, receiver, stopped, partition), 60, "a page about the partition of __consumer_offsets")
            assert receiver.resolved(behind["annotations"]["correlation_id"]) == []
            assert agent.value("highwater_group_topic_lag_records", group="archive", topic="audit") is None
            back = time.monotonic()
            bring_back(victim, partition)
            expect(agent, "group_topic_lag_records", lambda lag: lag > 0, 60, group="archive", topic="audit")
            assert receiver.resolved(behind["annotations"]["correlation_id"]) == []
            caught_up = time.monotonic()
            cluster.lag("archive", "audit", 0)
            expect_quiet_end(cluster, agent, receiver, begun, pages=[("ArchiveBehind", caught_up), (headline, back)])
    finally:
        bring_back(victim, partition)
        cluster.heal()
        place_offsets(cluster, partition, [1, 2, 3])


@takes_long
def test_a_group_whose_offsets_have_no_leader_is_unknown_and_its_alert_stands(cluster, binary):
    expect_stranded(cluster, binary, "stranded", cluster.shut, lambda *_: cluster.heal(), "LeaderlessPartitions")


@takes_minutes
def test_a_group_whose_coordinator_is_killed_with_its_offsets_is_unknown_and_its_alert_stands(cluster, binary):
    def bring_back(victim, partition):
        with contextlib.suppress(AssertionError):  # it runs already
            cluster.start_one(victim)
        # Kafka 4 may not trust the only copy of a broker that crashed, until it is told to.
        with contextlib.suppress(AssertionError):  # it has a leader
            cluster.tool("LeaderElectionCommand", "--bootstrap-server", cluster.server(), "--election-type", "unclean", "--topic",
                         "__consumer_offsets", "--partition", partition)

    expect_stranded(cluster, binary, "stranded-kill", cluster.kill, bring_back, "BrokerDown")


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
