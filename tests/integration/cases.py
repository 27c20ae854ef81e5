"""What must hold on real Kafka brokers. One function, one behaviour; the cluster is healthy before each."""

import re
import time

from harness import page, takes_long, takes_minutes, wait_until, watched

PAGE_WITHIN = 3.0  # seconds from a kill to the page; the figure of scripts/bench is tighter, this bound only catches breakage


def test_healthy_cluster_is_quiet_and_fully_known(cluster, binary):
    with watched(cluster, binary, "healthy") as (agent, receiver):
        for broker in "123":
            wait_until(lambda: agent.value("highwater_broker_up", broker=broker) == 1, 30, "the broker has answered")
        if cluster.has_quorum:
            wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 30, "the quorum is known")
        metrics = agent.metrics()
        for (name, labels), value in metrics.items():
            assert value == value, f"{name}{dict(labels)} is NaN"
            if "lag" in name:
                assert value >= 0, f"{name}{dict(labels)} is {value}"
        for metric in ("partition_under_replicated", "partition_leaderless", "partition_under_min_isr"):
            rows = {labels: value for (name, labels), value in metrics.items() if name == f"highwater_{metric}"}
            own = [labels for labels in rows if dict(labels)["topic"].startswith("__")]
            assert len(rows) - len(own) == cluster.partitions() and not any(rows.values()), f"{metric}: {rows}"
        time.sleep(5)
        assert receiver.alerts() == []


def lag_by_kafkas_tool(cluster, group):
    """{(topic, partition): lag} as kafka-consumer-groups.sh prints it."""
    text = cluster.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", cluster.server(), "--describe", "--group", group)
    rows = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[0] == group and fields[5].isdigit():
            rows[(fields[1], fields[2])] = int(fields[5])
    return rows


def lag_by_agent(agent, group):
    lag = {}
    for (name, labels), value in agent.metrics().items():
        labels = dict(labels)
        if name == "highwater_group_lag_records" and labels["group"] == group:
            lag[(labels["topic"], labels["partition"])] = int(value)
    return lag


def expect_equal_lag(cluster, agent, group):
    """The cluster stands still; the agent is at most a poll behind."""
    expected = lag_by_kafkas_tool(cluster, group)
    assert expected, f"Kafka's tool printed no offsets of {group}"
    try:
        wait_until(lambda: lag_by_agent(agent, group) == expected, 30, "the same lag")
    except AssertionError:
        raise AssertionError(f"{group}: {lag_by_agent(agent, group)} instead of {expected}") from None


def test_lag_equals_what_kafkas_own_tool_prints(cluster, binary):
    with watched(cluster, binary, "lag") as (agent, _):
        for group in ("payments", "ledger", "archive"):
            expect_equal_lag(cluster, agent, group)


def test_lag_is_right_after_a_topic_was_deleted_and_created_again(cluster, binary):
    with watched(cluster, binary, "reborn") as (agent, receiver):
        for produced, consumed, protocol in ((60, 40, "classic"), (9, 3, "consumer")):
            cluster.create_topic("reborn", 3, 3)
            cluster.produce("reborn", range(produced))
            cluster.consume("reborn", f"reborn-{protocol}", consumed, f"group.protocol={protocol}")
            expect_equal_lag(cluster, agent, f"reborn-{protocol}")
            cluster.delete_topic("reborn")
            wait_until(lambda: agent.value("highwater_topic_partitions", topic="reborn") is None, 20, "the topic is gone")
            wait_until(lambda: not lag_by_agent(agent, f"reborn-{protocol}"), 20, "so is the lag on it")  # noqa: B023
        assert receiver.incidents(severity="page") == []


def leader_by_kafkas_tool(cluster, topic):
    """{partition: leader}"""
    text = cluster.tool("TopicCommand", "--bootstrap-server", ",".join(cluster.servers()), "--describe", "--topic", topic)
    return {partition: int(leader) for partition, leader in re.findall(r"Partition: (\d+)\s+Leader: (\d+)", text)}


def of_partitions(agent, metric, topic):
    """{partition: value}"""
    return {dict(labels)["partition"]: value for (name, labels), value in agent.metrics().items()
            if name == f"highwater_partition_{metric}" and ("topic", topic) in labels}


@takes_minutes
def test_a_topic_that_is_created_again_between_two_polls_is_another_topic(cluster, binary):
    """Brokers before 2.8 have no ids of topics: there only the epochs, which begin anew, tell that it is another one."""
    between_polls = 30
    cluster.create_topic("replaced", 3, 3)
    cluster.produce("replaced", range(90))
    cluster.shut(2)
    cluster.start_one(2)
    cluster.heal()
    cluster.elect_preferred()
    with watched(cluster, binary, "replaced", poll=f"{between_polls}s") as (agent, receiver):
        def epochs():
            return of_partitions(agent, "leader_epoch", "replaced")

        # Two elections of what broker 2 led.
        wait_until(lambda: max(epochs().values(), default=0) >= 2, 60, "the epochs have grown")
        wait_until(lambda: sum(of_partitions(agent, "high_watermark", "replaced").values()) == 90, 60, "the records are seen")

        begun = time.monotonic()
        cluster.delete_topic("replaced")
        wait_until(lambda: "replaced" not in cluster.topics(), 30, "Kafka has deleted it")
        cluster.create_topic("replaced", 3, 3)
        assert time.monotonic() - begun < 2 * between_polls, "this took longer than two polls"
        cluster.produce("replaced", range(9))
        cluster.consume("replaced", "replaced-readers", 6)
        wait_until(lambda: set(epochs().values()) == {0}, 4 * between_polls, "the epochs of the new topic")
        wait_until(lambda: sum(of_partitions(agent, "high_watermark", "replaced").values()) == 9, 2 * between_polls, "the records of the new topic")
        assert of_partitions(agent, "leader", "replaced") == leader_by_kafkas_tool(cluster, "replaced")
        assert of_partitions(agent, "in_sync_replicas", "replaced") == {"0": 3, "1": 3, "2": 3}
        assert set(of_partitions(agent, "log_start_offset", "replaced").values()) == {0}
        wait_until(lambda: lag_by_agent(agent, "replaced-readers") == lag_by_kafkas_tool(cluster, "replaced-readers"), 3 * between_polls,
                   "the same lag")
        assert receiver.incidents(severity="page") == []
    cluster.delete_topic("replaced")


def test_an_open_transaction_is_seen_and_does_not_change_the_lag(cluster, binary):
    with watched(cluster, binary, "transaction") as (agent, _):
        cluster.create_topic("transfers", 1, 3)
        cluster.produce("transfers", range(10))
        cluster.consume("transfers", "settlement", 10)
        producer = cluster.background("ProducerPerformance", "--topic", "transfers", "--num-records", 100000, "--throughput", 20,
                                      "--record-size", 10, "--transactional-id", "transfer", "--transaction-duration-ms", 600000,
                                      "--producer-props", f"bootstrap.servers={cluster.server()}")

        def offset(name):
            return agent.value(f"highwater_partition_{name}", topic="transfers") or 0

        try:
            wait_until(lambda: offset("high_watermark") > offset("last_stable_offset") + 5, 30, "the transaction is open")
        finally:
            producer.kill()  # it stays open until the broker's time-out
            producer.wait()
        expect_equal_lag(cluster, agent, "settlement")
        assert offset("high_watermark") > offset("last_stable_offset")


def test_share_group_is_listed_with_its_members_and_has_no_lag(cluster, binary):
    cluster.tool("FeatureCommand", "--bootstrap-server", cluster.server(), "upgrade", "--feature", "share.version=1")
    consumer = cluster.background("consumer.ConsoleShareConsumer", "--bootstrap-server", cluster.server(), "--topic", "orders", "--group", "shared")
    try:
        with watched(cluster, binary, "share") as (agent, receiver):
            wait_until(lambda: agent.value("highwater_group_members", group="shared") == 1, 60, "the share group has a member")
            assert agent.value("highwater_group_info", group="shared", type="share") == 1
            assert lag_by_agent(agent, "shared") == {}
            assert receiver.alerts() == []
    finally:
        consumer.kill()
        consumer.wait()


def partitions_by_kafkas_tool(cluster, option):
    text = cluster.tool("TopicCommand", "--bootstrap-server", ",".join(cluster.servers()), "--describe", option)
    return set(re.findall(r"Topic: (\S+)\s+Partition: (\d+)", text))


def test_leaderless_and_under_replicated_partitions_are_told_apart(cluster, binary):
    with watched(cluster, binary, "apart") as (agent, _):
        def flagged(metric):
            return {(dict(labels)["topic"], dict(labels)["partition"]) for (name, labels), value in agent.metrics().items()
                    if name == f"highwater_partition_{metric}" and value == 1}

        cluster.kill(2)
        wait_until(lambda: flagged("leaderless"), 20, "partitions without a leader")
        leaderless = partitions_by_kafkas_tool(cluster, "--unavailable-partitions")
        under_replicated = partitions_by_kafkas_tool(cluster, "--under-replicated-partitions") - leaderless
        assert leaderless and under_replicated
        wait_until(lambda: flagged("leaderless") == leaderless, 30, f"leaderless: {leaderless}")
        wait_until(lambda: flagged("under_replicated") == under_replicated, 30, f"under-replicated: {under_replicated}")


@takes_long
def test_killed_broker_pages_once_with_cause_and_evidence(cluster, binary):
    with watched(cluster, binary, "killed") as (agent, receiver):
        for broker in (1, 2, 3):
            cluster.heal()
            wait_until(lambda: agent.value("highwater_broker_up", broker=str(broker)) == 1, 20, "the broker is seen up")
            time.sleep(2)
            killed = time.monotonic()
            cluster.kill(broker)
            arrived, alert = page(receiver, killed, "BrokerDown", 10)
            assert arrived - killed <= PAGE_WITHIN, f"broker {broker}: the page took {arrived - killed:.2f} s"
            assert alert["labels"]["broker"] == str(broker)
            assert alert["labels"]["severity"] == "page"
            assert "offline" in alert["annotations"]["impact"], alert["annotations"]
            assert re.fullmatch(r"[0-9a-f]{32}", alert["annotations"]["correlation_id"])
            time.sleep(14)  # past fencing: leaderless and under-replicated partitions follow, as evidence
            pages = receiver.incidents(killed, severity="page")
            assert len(pages) == 1, f"broker {broker}: {[a['labels'] for _, a in pages]}"
            cluster.start_one(broker)
            correlation = alert["annotations"]["correlation_id"]
            wait_until(lambda: receiver.resolved(correlation), 90, f"broker {broker}: the incident is resolved")


def test_broker_that_has_just_come_back_pages_when_it_is_killed_again(cluster, binary):
    with watched(cluster, binary, "again") as (agent, receiver):
        cluster.shut(3)
        wait_until(lambda: agent.value("highwater_broker_stopped", broker="3") == 1, 30, "the broker is seen stopped")
        cluster.start_one(3)
        wait_until(lambda: agent.value("highwater_broker_up", broker="3") == 1, 20, "the broker is seen up")
        leaders = [value for (name, labels), value in agent.metrics().items()
                   if name == "highwater_partition_leader" and ("topic", "orders") in labels]
        assert len(leaders) == 6 and 3 not in leaders, f"it leads nothing of what others hold as well: {leaders}"
        assert receiver.incidents(severity="page") == []
        killed = time.monotonic()
        cluster.kill(3)
        arrived, alert = page(receiver, killed, "BrokerDown", 10)
        assert arrived - killed <= PAGE_WITHIN, f"the page took {arrived - killed:.2f} s"
        assert alert["labels"]["broker"] == "3"


def test_hung_broker_pages_and_the_rest_stays_known(cluster, binary):
    with watched(cluster, binary, "hung") as (agent, receiver):
        # The active controller: what is forwarded to it hangs with it, and must not become a page of its own.
        hung = wait_until(lambda: int(agent.value("highwater_quorum_leader") or 0), 20, "the controller is known") if cluster.has_quorum else 2
        paused = time.monotonic()
        cluster.pause(hung)
        try:
            arrived, alert = page(receiver, paused, "BrokerDown", 12)
            assert arrived - paused <= 7, f"the page took {arrived - paused:.2f} s"
            assert alert["labels"]["broker"] == str(hung)
            assert " hangs: " in alert["annotations"]["summary"], alert["annotations"]["summary"]
            assert "answer" in alert["annotations"]["note"], alert["annotations"]["note"]
            while time.monotonic() < paused + 25:
                started = time.monotonic()
                metrics = agent.metrics()
                assert time.monotonic() - started < 1
                for (name, labels), value in metrics.items():
                    assert value == value and (value >= 0 or name.endswith("_leader")), f"{name}{dict(labels)} {value}"
                    if name == "highwater_broker_up":
                        assert value == (0 if ("broker", str(hung)) in labels else 1)
                time.sleep(0.5)
        finally:
            cluster.resume(hung)
        wait_until(lambda: agent.value("highwater_broker_up", broker=str(hung)) == 1, 30, "the broker is seen up again")
        correlation = alert["annotations"]["correlation_id"]
        wait_until(lambda: receiver.resolved(correlation), 90, "the incident is resolved")
        assert len(receiver.incidents(paused, severity="page")) == 1


def test_orderly_restart_pages_nobody(cluster, binary):
    with watched(cluster, binary, "orderly") as (agent, receiver):
        started = time.monotonic()
        for broker in (1, 2, 3):
            cluster.shut(broker)
            time.sleep(2)
            assert agent.value("highwater_broker_stopped", broker=str(broker)) == 1
            cluster.start_one(broker)
            cluster.heal()
        time.sleep(3)
        pages = receiver.incidents(started, severity="page")
        assert pages == [], [alert["labels"] for _, alert in pages]


def test_quorum_lost_pages(cluster, binary):
    with watched(cluster, binary, "quorum") as (agent, receiver):
        wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 20, "the quorum is seen")
        killed = time.monotonic()
        cluster.kill(2)
        cluster.kill(3)
        arrived, _ = page(receiver, killed, "QuorumLost", 15)
        assert arrived - killed <= 6, f"the page took {arrived - killed:.2f} s"
        for broker in (2, 3):
            cluster.start_one(broker)
        wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 60, "the quorum is seen again")


@takes_long
def test_quorum_that_was_lost_before_the_start_pages(cluster, binary):
    cluster.kill(2)
    cluster.kill(3)
    with watched(cluster, binary, "no-quorum") as (agent, receiver):
        started = time.monotonic()
        page(receiver, started - 1, "QuorumLost", 80)
        for broker in (2, 3):
            cluster.start_one(broker)
        wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 60, "the quorum is seen again")


def test_everyday_changes_page_nobody(cluster, binary):
    with watched(cluster, binary, "everyday") as (agent, receiver):
        wait_until(lambda: agent.value("highwater_group_members", group="passing") is not None, 20, "the group is seen")
        started = time.monotonic()
        cluster.elect_preferred()
        cluster.delete_group("passing")
        cluster.delete_topic("short-lived")
        wait_until(lambda: agent.value("highwater_topic_partitions", topic="short-lived") is None, 20, "the topic is gone")
        wait_until(lambda: agent.value("highwater_group_members", group="passing") is None, 40, "the group is gone")
        time.sleep(5)
        pages = receiver.incidents(started, severity="page")
        assert pages == [], [alert["labels"] for _, alert in pages]


# What the simulator is held to as well, so that it cannot drift away from real brokers.
CONTRACT = [test_healthy_cluster_is_quiet_and_fully_known, test_killed_broker_pages_once_with_cause_and_evidence,
            test_broker_that_has_just_come_back_pages_when_it_is_killed_again, test_hung_broker_pages_and_the_rest_stays_known,
            test_orderly_restart_pages_nobody, test_quorum_lost_pages, test_quorum_that_was_lost_before_the_start_pages,
            test_everyday_changes_page_nobody]
TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
