"""What must hold on real Kafka brokers. One function, one behaviour; the cluster is healthy before each."""

import contextlib
import datetime
import json
import re
import shutil
import subprocess
import time

from harness import WORK, Agent, Receiver, TraceReceiver, end, wait_until

PAGE_WITHIN = 3.0  # seconds from a kill to the page; the figure of scripts/bench is tighter, this bound only catches breakage


@contextlib.contextmanager
def watched(cluster, binary, name, **options):
    """An agent that watches the cluster and a receiver; both end with the block, the agent with exit code 0."""
    receiver = Receiver()
    agent = Agent(binary, cluster.servers()[:2], receiver, name=name, **options)
    try:
        agent.wait_ready()
        yield agent, receiver
        assert agent.process.poll() is None, f"the agent ended by itself: {agent.log_path.read_text()[-3000:]}"
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0, f"exit code {code} after SIGTERM"


def page(receiver, since, name, timeout):
    def told():
        found = receiver.incidents(since, severity="page", name=name)
        return found[0] if found else None

    return wait_until(told, timeout, f"a page {name}")


def test_healthy_cluster_is_quiet_and_fully_known(cluster, binary):
    with watched(cluster, binary, "healthy") as (agent, receiver):
        for broker in "123":
            assert agent.value("highwater_broker_up", broker=broker) == 1
        wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 5, "the quorum is known")
        metrics = agent.metrics()
        for (name, labels), value in metrics.items():
            assert value == value, f"{name}{dict(labels)} is NaN"
            if "lag" in name:
                assert value >= 0, f"{name}{dict(labels)} is {value}"
        for metric in ("partition_under_replicated", "partition_leaderless", "partition_under_min_isr"):
            rows = [value for (name, _), value in metrics.items() if name == f"highwater_{metric}"]
            assert len(rows) == 16 and not any(rows), f"{metric}: {rows}"
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
        wait_until(lambda: lag_by_agent(agent, group) == expected, 5, "the same lag")
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
    rows = re.findall(r"Topic: (\S+)\s+Partition: (\d+)", text)
    return {row for row in rows if not row[0].startswith("__")}


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
        wait_until(lambda: flagged("leaderless") == leaderless, 10, f"leaderless: {leaderless}")
        wait_until(lambda: flagged("under_replicated") == under_replicated, 10, f"under-replicated: {under_replicated}")


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
            assert "leads partitions" in alert["annotations"]["impact"], alert["annotations"]
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
        wait_until(lambda: agent.value("highwater_broker_stopped", broker="3") == 1, 10, "the broker is seen stopped")
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
        hung = wait_until(lambda: int(agent.value("highwater_quorum_leader") or 0), 20, "the controller is known")
        paused = time.monotonic()
        cluster.pause(hung)
        try:
            arrived, alert = page(receiver, paused, "BrokerDown", 12)
            assert arrived - paused <= 7, f"the page took {arrived - paused:.2f} s"
            assert alert["labels"]["broker"] == str(hung)
            assert "answer" in alert["annotations"]["summary"], alert["annotations"]["summary"]
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
        wait_until(lambda: agent.value("highwater_broker_up", broker=str(hung)) == 1, 5, "the broker is seen up again")
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
        killed = time.monotonic()
        cluster.kill(2)
        cluster.kill(3)
        arrived, _ = page(receiver, killed, "QuorumLost", 15)
        assert arrived - killed <= 6, f"the page took {arrived - killed:.2f} s"
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
        wait_until(lambda: agent.value("highwater_group_members", group="passing") is None, 20, "the group is gone")
        time.sleep(5)
        pages = receiver.incidents(started, severity="page")
        assert pages == [], [alert["labels"] for _, alert in pages]


def test_agent_killed_in_the_middle_forgets_nothing_and_tells_nothing_twice(cluster, binary):
    """Killed while an incident is open, and again while a page waits for a receiver that is away."""
    receiver = Receiver()
    agent = Agent(binary, cluster.servers()[:2], receiver, name="restarted")
    try:
        agent.wait_ready()
        time.sleep(2)
        killed = time.monotonic()
        cluster.kill(2)
        _, first = page(receiver, killed, "BrokerDown", 10)
        correlation = first["annotations"]["correlation_id"]
        time.sleep(2)
        agent.kill()
        told = len(receiver.alerts())
        agent.start()
        agent.wait_ready()
        time.sleep(5)
        again = [alert for _, alert in receiver.alerts()[told:] if alert["annotations"]["correlation_id"] != correlation]
        assert again == [], f"told anew after the restart: {again}"
        assert agent.value("highwater_alert", alertname="BrokerDown", broker="2") == 1

        # A second fault, whose page cannot be delivered before the agent dies.
        receiver.refuse = True
        other = time.monotonic()
        cluster.kill(3)
        wait_until(lambda: agent.value("highwater_alert", alertname="QuorumLost") == 1, 20, "the second fault is seen")
        time.sleep(1)
        agent.kill()
        receiver.refuse = False
        agent.start()
        _, late = page(receiver, other, "QuorumLost", 20)
        for broker in (2, 3):
            cluster.start_one(broker)
        for one in (correlation, late["annotations"]["correlation_id"]):
            wait_until(lambda: receiver.resolved(one), 90, "the incident is resolved")  # noqa: B023
            times = len(receiver.resolved(one))
            assert times == 1, f"resolved {times} times"
        pages = receiver.incidents(killed, severity="page", name="BrokerDown") + receiver.incidents(killed, severity="page", name="QuorumLost")
        brokers = [alert["labels"].get("broker") for _, alert in pages]
        assert len(brokers) == len(set(brokers)), f"one fault, two incidents: {[a['labels'] for _, a in pages]}"
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0


LAG_SLO = """\
slos:
  - name: late
    sli: group_lag_records_sum
    select: {group: [payments, archive]}
    per: [group, topic]
    good: "<= 50"
    objective: 90%
    window: 1h
    tiers: [{burn: 2, long: 2m, short: 1m, severity: page}]
    runbook: lag-growing
"""


def test_slo_burns_for_the_group_that_lags_alone_and_over_a_restart(cluster, binary):
    rules = WORK / "late.yaml"
    rules.write_text(LAG_SLO)
    receiver = Receiver()
    agent = Agent(binary, cluster.servers()[:2], receiver, name="slo", rules=f"rules: {{files: [{rules}]}}\n")
    entity = "group=payments topic=orders"

    def bad_seconds(of):
        return agent.value("highwater_slo_bad_seconds_total", entity=of) or 0

    try:
        cluster.lag("payments", "orders", 200)
        agent.wait_ready()
        began = time.monotonic()
        wait_until(lambda: bad_seconds(entity) > 10, 60, "the budget burns")
        assert receiver.incidents(severity="page") == [], "24 s must be bad before it pages"
        before = bad_seconds(entity)
        agent.kill()
        agent.start()
        agent.wait_ready()
        wait_until(lambda: bad_seconds(entity) >= before - 12, 30, "the budget is what it was")
        # 2 x 10 % of two minutes; what the restart lost is unknown.
        arrived, alert = page(receiver, began, "late", 60)
        assert arrived - began >= 23, f"paged after {arrived - began:.1f} s"
        assert alert["labels"]["group"] == "payments", alert["labels"]
        for name in ("burn_rate", "error_budget_remaining", "clears_at"):
            assert name in alert["annotations"], alert["annotations"]
        assert len(receiver.incidents(severity="page")) == 1
        assert bad_seconds("group=archive topic=audit") == 0
        cluster.lag("payments", "orders", 0)
        correlation = alert["annotations"]["correlation_id"]
        # Read within ten seconds, because the group sleeps; then when less than 12 s of the last minute are bad.
        wait_until(lambda: receiver.resolved(correlation), 100, "the incident is resolved")
    finally:
        code = agent.stop()
        receiver.close()
        cluster.lag("payments", "orders", 200)
    assert code == 0


def seconds(rfc3339):
    return datetime.datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp()


def replay(binary, rules, recording, *arguments):
    command = [str(binary), "replay", "--builtin", "--rules", str(rules), *arguments, str(recording)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


RECORDED_SLO = """\
slos:
  - name: late
    sli: group_lag_records_sum
    select: {group: [payments, archive]}
    per: [group, topic]
    good: "<= 200"
    objective: 90%
    window: 1h
    tiers: [{burn: 2, long: 2m, short: 1m, severity: page}]
    runbook: lag-growing
"""


def test_replay_of_a_recording_says_what_the_agent_said(cluster, binary):
    """A consumer stops while its producer goes on: a broker dies after the page, then one before it; the agent is restarted in the middle."""
    rules = WORK / "recorded.yaml"
    rules.write_text(RECORDED_SLO)
    recording = WORK / "recorded" / "recording"
    shutil.rmtree(recording, ignore_errors=True)
    receiver = Receiver()
    cluster.lag("payments", "orders", 0)
    producer = cluster.produce_steadily("orders", 20)
    consumer = cluster.consume_steadily("orders", "payments")
    agent = Agent(binary, cluster.servers()[:2], receiver, name="recorded", rules=f"rules: {{files: [{rules}]}}\n",
                  extra="record: {path: recording}\n")
    entity = "group=payments topic=orders"

    def bad_seconds(of=entity):
        return agent.value("highwater_slo_bad_seconds_total", entity=of) or 0

    def lag():
        rows = [value for (name, labels), value in agent.metrics().items()
                if name == "highwater_group_lag_records_sum" and ("group", "payments") in labels]
        return rows[0] if rows else None

    def leader():
        return int(agent.value("highwater_partition_leader", topic="orders", partition="0"))

    def fires():
        return agent.value("highwater_alert", alertname="late", group="payments") == 1

    try:
        agent.wait_ready()
        wait_until(lambda: lag() is not None and lag() < 150, 60, "the consumer keeps up")
        consumer.stop()
        wait_until(lambda: bad_seconds() > 8, 60, "the budget burns")
        end(agent.process)
        agent.start()
        agent.wait_ready()
        _, alert = page(receiver, 0, "late", 90)
        assert alert["labels"]["group"] == "payments", alert["labels"]
        correlation = alert["annotations"]["correlation_id"]
        dead = leader()
        cluster.kill(dead)
        wait_until(lambda: any("BrokerDown" in told["annotations"].get("evidence", "") for _, told in receiver.alerts()
                               if told["annotations"]["correlation_id"] == correlation), 20, "the page tells of the dead broker")
        cluster.start_one(dead)
        wait_until(lambda: agent.value("highwater_alert", alertname="BrokerDown") is None, 40, "the broker is back")
        consumer = cluster.consume_steadily("orders", "payments")
        wait_until(lambda: receiver.resolved(correlation), 150, "the incident is resolved")
        _, resolved = receiver.resolved(correlation)[0]
        assert len(receiver.incidents(severity="page")) == 1

        wait_until(lambda: lag() < 150, 30, "the consumer keeps up again")
        killed = time.monotonic()
        dead = leader()
        cluster.kill(dead)
        consumer.stop()
        page(receiver, killed, "BrokerDown", 10)
        wait_until(fires, 120, "the SLO burns again")
        seen_firing = time.time()
        time.sleep(5)
        cluster.start_one(dead)
        consumer = cluster.consume_steadily("orders", "payments")
        wait_until(lambda: lag() is not None and lag() < 150, 60, "the consumer keeps up at last")
        time.sleep(12)  # budgets are told every five seconds
        pages = [found["labels"]["alertname"] for _, found in receiver.incidents(killed, severity="page")]
        assert pages == ["BrokerDown"], pages
        assert bad_seconds("group=archive topic=audit") == 0
        left = agent.value("highwater_slo_error_budget_remaining_ratio", entity=entity)
        bad = bad_seconds()
        assert agent.value("highwater_recording_dropped_total") == 0
    finally:
        producer.stop()
        consumer.stop()
        code = agent.stop()
        receiver.close()
        cluster.heal()
    assert code == 0

    fired = [row for row in json.loads(replay(binary, rules, recording, "--json")) if row.get("slo") == "late"]
    assert [row["entity"] for row in fired] == [entity] * 2, fired
    assert [row["explained_by"] for row in fired] == [None, "BrokerDown"], fired
    one_poll = 1.0
    for name, live, played in (("page", seconds(alert["startsAt"]), fired[0]["from_time"]),
                               ("clear", seconds(resolved["endsAt"]), fired[0]["until_time"]),
                               ("evidence", seen_firing, fired[1]["from_time"])):
        assert abs(live - seconds(played)) <= one_poll, f"{name}: {live} {played}"
    row = [line.split() for line in replay(binary, rules, recording).splitlines() if f"prod     {entity}" in line and "%" in line]
    assert len(row) == 1, row
    assert abs(float(row[0][0].rstrip("%")) / 100 - left) <= one_poll / 360, f"{row[0]}, the agent says {left} after {bad} s"


def test_trace_of_a_page_shows_poll_request_evaluation_and_delivery(cluster, binary):
    traces = TraceReceiver()
    try:
        with watched(cluster, binary, "traced", environment={"OTEL_EXPORTER_OTLP_ENDPOINT": traces.endpoint}) as (_, receiver):
            time.sleep(2)
            killed = time.monotonic()
            cluster.kill(2)
            _, alert = page(receiver, killed, "BrokerDown", 10)
            correlation = alert["annotations"]["correlation_id"]
            with receiver.lock:
                headers = [headers for _, headers, payload in receiver.arrivals if payload["alerts"][0]["labels"]["alertname"] == "BrokerDown"]
            assert headers[0]["traceparent"].split("-")[1] == correlation, headers[0]["traceparent"]

            def complete():
                names = [span["name"] for span in traces.spans(correlation)]
                return any("incident" in name for name in names) and "notify.deliver" in names and names

            wait_until(complete, 20, "the incident and its delivery are in the trace")
        spans = traces.spans(correlation)
        names = [span["name"] for span in spans]
        for wanted in ("incident BrokerDown", "kafka.poll", "kafka.connect", "rules.evaluate", "notify.deliver"):
            assert wanted in names, f"{wanted} is not in {names}"
        lost = [span for span in spans if span["name"] == "kafka.connect"][0]
        assert "refused" in str(lost), lost
        ids = {span["span_id"] for span in spans}
        roots = [span["name"] for span in spans if span.get("parent_span_id") not in ids]
        assert roots == ["incident BrokerDown"], roots
    finally:
        traces.close()


# What the simulator is held to as well, so that it cannot drift away from real brokers.
CONTRACT = [test_healthy_cluster_is_quiet_and_fully_known, test_killed_broker_pages_once_with_cause_and_evidence,
            test_broker_that_has_just_come_back_pages_when_it_is_killed_again, test_hung_broker_pages_and_the_rest_stays_known, test_orderly_restart_pages_nobody, test_quorum_lost_pages,
            test_everyday_changes_page_nobody,
            test_agent_killed_in_the_middle_forgets_nothing_and_tells_nothing_twice,
            test_slo_burns_for_the_group_that_lags_alone_and_over_a_restart,
            test_replay_of_a_recording_says_what_the_agent_said, test_trace_of_a_page_shows_poll_request_evaluation_and_delivery]
TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
