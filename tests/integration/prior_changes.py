"""What changed before an incident, by the whole agent on simulated brokers: the same in the notification, on the page and in `explain`.
tests/week/changes_test.cpp has many more faults, in less time."""

import contextlib
import json
import re
import subprocess

from groups import expect
from harness import WORK, wait_until, watched
from simulated import SimulatedCluster

SCENARIO = """\
brokers: 3
topics:
  - {name: orders, partitions: 6, records: 600}
  - {name: audit, partitions: 6, records: 600}
groups:
  - {name: payments, topics: [orders], consume: all, members: 3}
  - {name: ledger, topics: [orders], consume: all, members: 2}
  - {name: archive, topics: [audit], consume: all, members: 2}
config: {min.insync.replicas: 2}
"""
RULES = """\
alerts:
  - {name: Behind, when: group_topic_lag_records > 300, for: 1s, severity: page, runbook: lag-growing, summary: "{group} is behind on {topic}"}
"""


@contextlib.contextmanager
def world(binary, name):
    """A cluster in which other things change than what is to break."""
    cluster = SimulatedCluster(binary.parent / "highwater-sim", SCENARIO)
    rules = WORK / f"{name}.rules.yaml"
    WORK.mkdir(parents=True, exist_ok=True)
    rules.write_text(RULES)
    cluster.start()
    try:
        tune = "{UnderMinIsr: {for: 1s}}"
        with watched(cluster, binary, name, rules=f"rules: {{files: [{rules}], tune: {tune}}}\n") as (agent, receiver):
            expect(agent, "group_members", 3, 30, group="payments")
            expect(agent, "topic_min_insync_replicas", 2, 30, topic="orders")
            cluster.happen("alter_config: {topic: audit, name: retention.ms, value: 86400000}")
            expect(agent, "topic_retention_seconds", 86400, 30, topic="audit")
            cluster.happen("members: {group: archive, count: 1}")
            mark(agent, "deploy ledger 7", "group=ledger")
            expect(agent, "group_members", 1, 30, group="archive")
            yield cluster, agent, receiver
    finally:
        cluster.stop()


def mark(agent, text, label):
    binary = agent.command[-4]
    subprocess.run([binary, "mark", "--url", f"http://127.0.0.1:{agent.port}", text, label], check=True, capture_output=True)


def told(agent, receiver, rule):
    """Of the rule's incident: what its notification, its page and `explain` say of changes."""
    def found():
        incidents = receiver.incidents(name=rule)
        return incidents[0][1] if incidents else None

    alert = wait_until(found, 60, f"a notification of {rule}")
    number = alert["labels"]["incident"]
    page = agent.get(f"/incident?id={number}")
    row = page[page.index("What changed before"):].split("</tr>")[0]
    items = json.loads(agent.get(f"/api/v1/explain?name={rule}"))["items"]
    explained = [item["incident"]["changes_text"] for item in items if item["incident"] and str(item["incident"]["id"]) == number]
    assert explained, items
    return alert["annotations"].get("changes", ""), row, explained[0]


def test_a_configuration_that_refuses_writes_is_named_first(_, binary):
    with world(binary, "changed-config") as (cluster, agent, receiver):
        cluster.happen("fall_behind: 3")
        expect(agent, "partition_under_replicated", 1, 30, topic="orders", partition="0")
        cluster.happen("alter_config: {topic: orders, name: min.insync.replicas, value: 3}")
        notified, row, explained = told(agent, receiver, "UnderMinIsr")
        assert re.match(r"[0-9:]{8} UTC, as it began: topic=orders: min.insync.replicas 2 -> 3", notified), notified
        assert "min.insync.replicas 2 -&gt; 3" in row, row
        assert explained == notified
        assert "audit" not in row and "ledger" not in row, row


def test_the_group_that_was_stopped_is_named_first(_, binary):
    with world(binary, "changed-group") as (cluster, agent, receiver):
        cluster.happen("members: {group: payments, count: 0}")
        expect(agent, "group_members", 0, 30, group="payments")
        cluster.happen("produce: {topic: orders, rate: 40/s}")
        notified, row, explained = told(agent, receiver, "Behind")
        first = notified.split("; ")[0]
        assert "before it began: group=payments: members" in first, notified
        assert explained == notified
        assert "archive" not in row and "ledger" not in row, row


def test_nothing_is_named_where_nothing_changed(_, binary):
    with world(binary, "unchanged") as (cluster, agent, receiver):
        cluster.happen("consume: {group: payments, rate: 0}")
        cluster.happen("produce: {topic: orders, rate: 40/s}")
        notified, row, explained = told(agent, receiver, "Behind")
        assert notified == "", notified
        assert "not known: the agent was started" in row and "<br>" not in row, row
        assert explained == ""


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
