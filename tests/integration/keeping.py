"""What the agent keeps beyond itself, on real Kafka brokers: incidents and budgets over restarts, recordings, traces."""

import datetime
import json
import shutil
import signal
import subprocess
import time

from harness import WORK, Agent, Receiver, TraceReceiver, end, page, takes_long, takes_minutes, wait_until, watched
from quiet_end import expect_quiet_end


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


def expect_dead_over_a_restart(cluster, binary, name, stop):
    """The agent starts when Kafka has fenced the broker: Metadata does not list it, and nobody tells its address."""
    receiver = Receiver()
    agent = Agent(binary, [cluster.server(1), cluster.server(3)], receiver, name=name)
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_broker_up", broker="2") == 1, 30, "the broker is seen up")
        time.sleep(2)
        killed = time.monotonic()
        cluster.kill(2)
        _, alert = page(receiver, killed, "BrokerDown", 10)
        correlation = alert["annotations"]["correlation_id"]
        wait_until(lambda: agent.value("highwater_cluster_brokers") == 2, 60, "Metadata lists it no more")
        time.sleep(3)
        stop(agent)
        agent.start()
        agent.wait_ready()
        until = time.monotonic() + 40
        while time.monotonic() < until:
            assert receiver.resolved(correlation) == [], "told as resolved, and the broker is still dead"
            assert agent.value("highwater_alert", alertname="BrokerDown", broker="2") == 1, "its alert is gone, and the broker is still dead"
            time.sleep(0.5)
        # Also what is offline since then: its cause is known from before the restart.
        pages = [found["annotations"]["summary"] for _, found in receiver.incidents(killed, severity="page")]
        returned = time.monotonic()
        cluster.start_one(2)
        expect_quiet_end(cluster, agent, receiver, killed, pages=[("BrokerDown", returned)])
        assert len(pages) == 1, f"one fault, and pages {pages}"
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0


@takes_long
def test_agent_restarted_while_a_fenced_broker_is_dead_does_not_call_it_well(cluster, binary):
    expect_dead_over_a_restart(cluster, binary, "fenced-term", lambda agent: end(agent.process))


@takes_minutes
def test_agent_killed_while_a_fenced_broker_is_dead_does_not_call_it_well(cluster, binary):
    expect_dead_over_a_restart(cluster, binary, "fenced-kill", Agent.kill)


ENTITY = "group=payments topic=orders"


def slo_of_lag(name, most):
    """The configuration of an SLO "late": so many records of lag are good."""
    path = WORK / f"{name}.yaml"
    path.write_text(f"""\
slos:
  - name: late
    sli: group_topic_lag_records
    select: {{group: [payments, archive]}}
    per: [group, topic]
    good: "<= {most}"
    objective: 90%
    window: 1h
    tiers: [{{burn: 2, long: 2m, short: 1m, severity: page}}]
    runbook: lag-growing
""")
    return path


def bad_seconds(agent, group="payments", topic="orders"):
    return agent.value("highwater_slo_bad_seconds_total", group=group, topic=topic) or 0


@takes_long
def test_slo_burns_for_the_group_that_lags_alone_and_over_a_restart(cluster, binary):
    rules = slo_of_lag("late", 50)
    receiver = Receiver()
    agent = Agent(binary, cluster.servers()[:2], receiver, name="slo", rules=f"rules: {{files: [{rules}]}}\n")

    try:
        cluster.lag("payments", "orders", 200)
        agent.wait_ready()
        began = time.monotonic()
        wait_until(lambda: bad_seconds(agent) > 10, 60, "the budget burns")
        assert receiver.incidents(severity="page") == [], "24 s must be bad before it pages"
        before = bad_seconds(agent)
        agent.kill()
        agent.start()
        agent.wait_ready()
        wait_until(lambda: bad_seconds(agent) >= before - 12, 30, "the budget is what it was")
        # 2 x 10 % of two minutes; what the restart lost is unknown.
        arrived, alert = page(receiver, began, "late", 60)
        assert arrived - began >= 23, f"paged after {arrived - began:.1f} s"
        assert alert["labels"]["group"] == "payments", alert["labels"]
        for name in ("burn_rate", "error_budget_remaining", "clears_at"):
            assert name in alert["annotations"], alert["annotations"]
        assert len(receiver.incidents(severity="page")) == 1
        assert bad_seconds(agent, "archive", "audit") == 0
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


@takes_long
def test_replay_of_a_recording_says_what_the_agent_said(cluster, binary):
    """A consumer stops while its producer goes on: a broker dies after the page, then one before it; the agent is restarted in the middle."""
    rules = slo_of_lag("recorded", 200)
    recording = WORK / "recorded" / "recording"
    shutil.rmtree(recording, ignore_errors=True)
    receiver = Receiver()
    cluster.lag("payments", "orders", 0)
    producer = cluster.produce_steadily("orders", 20)
    consumer = cluster.consume_steadily("orders", "payments")
    agent = Agent(binary, cluster.servers()[:2], receiver, name="recorded", rules=f"rules: {{files: [{rules}]}}\n",
                  extra="record: {path: recording}\n")

    def lag():
        rows = [value for (name, labels), value in agent.metrics().items()
                if name == "highwater_group_topic_lag_records" and ("group", "payments") in labels]
        return rows[0] if rows else None

    def leader():
        return int(agent.value("highwater_partition_leader", topic="orders", partition="0"))

    def fires():
        return agent.value("highwater_alert", alertname="late", group="payments") == 1

    try:
        agent.wait_ready()
        wait_until(lambda: lag() is not None and lag() < 150, 60, "the consumer keeps up")
        consumer.stop()
        wait_until(lambda: bad_seconds(agent) > 8, 60, "the budget burns")
        end(agent.process)
        agent.start()
        agent.wait_ready()
        _, alert = page(receiver, 0, "late", 90)
        assert alert["labels"]["group"] == "payments", alert["labels"]
        correlation = alert["annotations"]["correlation_id"]
        dead = leader()
        died = time.monotonic()
        cluster.kill(dead)
        # It pages in its own name, whatever burns, and names the budget's incident.
        _, broker = page(receiver, died, "BrokerDown", 10)
        assert broker["annotations"]["correlation_id"] != correlation
        assert "payments" in broker["annotations"]["links"], broker["annotations"]
        cluster.start_one(dead)
        wait_until(lambda: agent.value("highwater_alert", alertname="BrokerDown") is None, 40, "the broker is back")
        consumer = cluster.consume_steadily("orders", "payments")
        wait_until(lambda: receiver.resolved(correlation), 150, "the incident is resolved")
        _, resolved = receiver.resolved(correlation)[0]
        assert len(receiver.incidents(severity="page")) == 2

        wait_until(lambda: lag() < 150, 30, "the consumer keeps up again")
        killed = time.monotonic()
        dead = leader()
        cluster.kill(dead)
        consumer.stop()
        page(receiver, killed, "BrokerDown", 10)
        wait_until(fires, 120, "the SLO burns again")
        fires_since = seconds(next(item["alert"]["firing_since"] for item in json.loads(agent.get("/api/v1/explain?name=late"))["items"]
                                   if item["state"] == "firing" and item["entity"].get("group") == "payments"))
        time.sleep(5)
        cluster.start_one(dead)
        consumer = cluster.consume_steadily("orders", "payments")
        wait_until(lambda: lag() is not None and lag() < 150, 60, "the consumer keeps up at last")
        time.sleep(12)  # budgets are told every five seconds
        pages = [found["labels"]["alertname"] for _, found in receiver.incidents(killed, severity="page")]
        assert pages == ["BrokerDown"], pages
        assert bad_seconds(agent, "archive", "audit") == 0
        left = agent.value("highwater_slo_error_budget_remaining_ratio", group="payments", topic="orders")
        bad = bad_seconds(agent)
        assert agent.value("highwater_recording_dropped_total") == 0
    finally:
        producer.stop()
        consumer.stop()
        code = agent.stop()
        receiver.close()
        cluster.heal()
    assert code == 0

    fired = [row for row in json.loads(replay(binary, rules, recording, "--json")) if row.get("slo") == "late"]
    assert [row["entity"] for row in fired] == [ENTITY] * 2, fired
    assert [row["explained_by"] for row in fired] == [None, "BrokerDown"], fired
    one_poll = 1.0
    for name, live, played in (("page", seconds(alert["startsAt"]), fired[0]["from_time"]),
                               ("clear", seconds(resolved["endsAt"]), fired[0]["until_time"]),
                               ("evidence", fires_since, fired[1]["from_time"])):
        assert abs(live - seconds(played)) <= one_poll, f"{name}: {live} {played}"
    row = [line.split() for line in replay(binary, rules, recording).splitlines() if f"prod     {ENTITY}" in line and "%" in line]
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


# A reading holds for 15 s at least; the page would come after 25 s.
PAUSE_RULES = """\
alerts:
  - name: BrokerDownForAWhile
    when: broker_failed == 1
    for: 25s
    severity: page
    runbook: broker-down
    summary: "Broker {broker} is down for {since}"
slos:
  - name: brokers-up
    sli: broker_failed
    per: [broker]
    good: "== 0"
    objective: 99%
    window: 7d
    runbook: broker-down
"""


def bad_seconds_of_broker(agent, broker):
    return sum(value for (name, labels), value in agent.metrics().items()
               if name == "highwater_slo_bad_seconds_total" and ("slo", "brokers-up") in labels
               and labels & {("entity", f"broker={broker}"), ("broker", broker)})


@takes_long
def test_a_pause_of_the_agent_is_unknown_time(cluster, binary):
    """The agent is stopped for longer than its readings hold, and the broker that hung returns meanwhile."""
    rules = WORK / "pause.yaml"
    rules.write_text(PAUSE_RULES)
    with watched(cluster, binary, "pause", rules=f"rules: {{files: [{rules}]}}\n") as (agent, receiver):
        began = time.monotonic()
        cluster.pause(3)
        wait_until(lambda: agent.value("highwater_broker_failed", broker="3") == 1, 20, "the broker is seen to hang")
        agent.process.send_signal(signal.SIGSTOP)
        try:
            time.sleep(5)
            cluster.resume(3)
            time.sleep(40)
        finally:
            agent.process.send_signal(signal.SIGCONT)
        wait_until(lambda: agent.value("highwater_broker_failed", broker="3") == 0, 30, "the broker is seen to be well")
        time.sleep(5)
        pages = receiver.incidents(began, name="BrokerDownForAWhile")
        assert pages == [], f"paged after the fact: {pages[0][1]['annotations']['summary']}"
        bad = bad_seconds_of_broker(agent, "3")
        # Until the stop, and as long as the last reading before it holds.
        assert bad <= 22, f"{bad:.0f} s of the pause count as bad"


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
CONTRACT = TESTS
