"""Agents with a scope: what they ask, which rights they need, and which of several tells."""

import time

from harness import WORK, Agent, Receiver, end, page, wait_until

RULES = """\
rules:
  builtin: false
  files: [sidecar-rules.yaml]
"""
BEHIND = """\
alerts:
  - name: PaymentsBehind
    when: group_topic_lag_records > 100
    select: {group: payments}
    for: 0s
    severity: page
    runbook: lag-growing
    summary: "{group} is {value} records behind in {topic}"
"""
ALLOWED = {"ApiVersions", "Metadata", "FindCoordinator", "DescribeGroups", "ConsumerGroupDescribe", "ShareGroupDescribe",
           "StreamsGroupDescribe", "OffsetFetch", "ListOffsets"}
SESSION = 3  # seconds


def sidecar(cluster, binary, receiver, number):
    name = f"sidecar-{number}"
    scope = (f"    scope: {{groups: [payments], session_timeout: {SESSION}s, member: {{client_id: consumer-payments-{number}}}}}\n")
    (WORK / name).mkdir(parents=True, exist_ok=True)
    (WORK / name / "sidecar-rules.yaml").write_text(BEHIND)
    return Agent(binary, cluster.servers(), receiver, name=name, rules=RULES, cluster=scope,
                 extra="identity: {pod: {env: POD_NAME}}\n", environment={"POD_NAME": f"payments-{number}"})


def begun(receiver):
    """Every notification of a beginning, whoever sent it: all of them have the same id."""
    return [alert["annotations"]["pod"] for _, alert in receiver.alerts() if alert["status"] == "firing"]


def three(cluster, binary, receiver):
    cluster.happen("members: {group: payments, count: 3}")
    cluster.happen("consume: {group: payments, rate: 5000/s}")
    time.sleep(8)  # what an earlier test left is read and committed
    agents = {number: sidecar(cluster, binary, receiver, number) for number in (1, 2, 3)}
    for agent in agents.values():
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_group_member_rank", own="yes") is not None, 30, "the group is described")
        wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="payments", topic="orders") == 0, 60, "it has caught up")
    return agents


def fall_behind(cluster):
    cluster.happen("consume: {group: payments, rate: 0}")
    cluster.happen("produce: {topic: orders, rate: 200/s}")
    time.sleep(2)
    cluster.happen("produce: {topic: orders, rate: 0}")


def test_scope_asks_by_name_and_lists_nothing(cluster, binary):
    receiver = Receiver()
    agent = sidecar(cluster, binary, receiver, 1)
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="payments", topic="orders") is not None, 30, "its lag is known")
        text = agent.get("/metrics")
        asked = {line.split('api="')[1].split('"')[0] for line in text.splitlines() if line.startswith("highwater_kafka_requests_total{")}
        assert asked <= ALLOWED, asked - ALLOWED
        for other in ("audit", "quiet", "ledger", "archive"):
            assert f'="{other}"' not in text, other
        for family in ("log_dir", "quorum", "under_replicated", "right_missing"):
            assert f"highwater_{family}" not in text, family
    finally:
        end(agent.process)
        receiver.close()


def test_three_sidecars_page_once_and_resolve_once(cluster, binary):
    receiver = Receiver()
    agents = three(cluster, binary, receiver)
    try:
        fall_behind(cluster)
        _, alert = page(receiver, 0, "PaymentsBehind", 30)
        assert alert["annotations"]["pod"] == "payments-1", alert["annotations"]
        assert "pod" not in alert["labels"]
        time.sleep(5)
        assert len(begun(receiver)) == 1, begun(receiver)
        cluster.happen("consume: {group: payments, rate: 5000/s}")
        wait_until(lambda: receiver.resolved(alert["annotations"]["correlation_id"]), 60, "it has ended")
        time.sleep(5)
        ends = [one for _, one in receiver.alerts() if one["status"] == "resolved"]
        assert len(ends) == 1, ends
    finally:
        for agent in agents.values():
            end(agent.process)
        receiver.close()


def test_another_sidecar_pages_when_the_first_was_killed_before(cluster, binary):
    receiver = Receiver()
    agents = three(cluster, binary, receiver)
    try:
        agents[1].kill()
        cluster.happen("members: {group: payments, count: 2, first: 2}")
        time.sleep(5)
        fall_behind(cluster)
        _, alert = page(receiver, 0, "PaymentsBehind", 30)
        assert alert["annotations"]["pod"] == "payments-2", alert["annotations"]
        time.sleep(5)
        assert len(begun(receiver)) == 1
    finally:
        for agent in agents.values():
            end(agent.process)
        receiver.close()


def test_another_sidecar_resolves_when_the_first_was_killed_during_it(cluster, binary):
    receiver = Receiver()
    agents = three(cluster, binary, receiver)
    try:
        fall_behind(cluster)
        _, alert = page(receiver, 0, "PaymentsBehind", 30)
        time.sleep(SESSION + 25)  # from then on it is certain that it was told
        agents[1].kill()
        cluster.happen("members: {group: payments, count: 2, first: 2}")
        time.sleep(10)
        assert len(begun(receiver)) == 1, begun(receiver)
        cluster.happen("consume: {group: payments, rate: 5000/s}")
        wait_until(lambda: receiver.resolved(alert["annotations"]["correlation_id"]), 60, "it has ended")
        time.sleep(5)
        assert len(begun(receiver)) == 1
        ends = [one for _, one in receiver.alerts() if one["status"] == "resolved"]
        assert [one["annotations"]["pod"] for one in ends] == ["payments-2"], ends
    finally:
        for agent in agents.values():
            end(agent.process)
        receiver.close()


TESTS = [test_scope_asks_by_name_and_lists_nothing, test_three_sidecars_page_once_and_resolve_once,
         test_another_sidecar_pages_when_the_first_was_killed_before, test_another_sidecar_resolves_when_the_first_was_killed_during_it]
