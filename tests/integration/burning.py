"""Brokers that die beside a budget: what they burn is part of their page, and a budget that burns already hides none of them."""

import re
import time

from harness import WORK, page, takes_minutes, wait_until, watched
from simulated import SimulatedCluster


@takes_minutes
def test_a_budget_that_a_killed_broker_burns_updates_its_page_and_opens_no_other(cluster, binary):
    """The topic "audit" has one copy: what the broker led refuses writes, which is a page of its SLO after about a minute."""
    rules = WORK / "burning.yaml"
    rules.write_text("slos: [{use: write-availability}]\n")
    with watched(cluster, binary, "burning", rules=f"rules: {{files: [{rules}]}}\n") as (agent, receiver):
        wait_until(lambda: agent.value("highwater_broker_up", broker="2") == 1, 20, "the broker is seen up")
        time.sleep(5)
        killed = time.monotonic()
        cluster.kill(2)
        _, alert = page(receiver, killed, "BrokerDown", 10)
        correlation = alert["annotations"]["correlation_id"]
        wait_until(lambda: agent.value("highwater_alert", alertname="write-availability", severity="page", state="firing", topic="audit") == 1,
                   150, "the budget of the topic burns")
        burns = time.monotonic()
        assert burns - killed > 60, f"the budget pages after {burns - killed:.0f} s already: this test is about a page that comes later"

        def told_of_the_budget():
            return [one for arrived, one in receiver.alerts(burns - 1) if one["status"] == "firing"
                    and one["annotations"]["correlation_id"] == correlation and "write-availability" in str(one)]

        wait_until(told_of_the_budget, 60, "an update of the broker's page that names the budget")
        time.sleep(35)  # longer than what would be told of it by itself waits
        pages = receiver.incidents(killed, severity="page")
        assert len(pages) == 1, [found["annotations"]["summary"] for _, found in pages]
        assert receiver.resolved(correlation) == []
        cluster.start_one(2)
        wait_until(lambda: agent.value("highwater_broker_up", broker="2") == 1, 60, "the broker is seen up again")
        time.sleep(60)
        pages = receiver.incidents(killed, severity="page")
        assert len(pages) == 1, [found["annotations"]["summary"] for _, found in pages]


# A group that falls behind, on partitions that all brokers hold.
BEHIND = """\
brokers: 3
topics:
  - {name: orders, partitions: 6, produce: 100/s, records: 5000}
  - {name: other, partitions: 3, produce: 20/s, records: 500}
groups:
  - {name: team-a, topics: [orders], consume: 20/s, commit_every: 1s}
  - {name: team-b, topics: [orders], consume: all, commit_every: 1s}
  - {name: team-c, topics: [other], consume: all, commit_every: 1s}
"""
LAG = """\
slos:
  - name: lag
    sli: group_lag_seconds_max
    per: [group, topic]
    good: "<= 10s"
    objective: 99%
    window: 1h
    runbook: lag-growing
    tiers: [{burn: 10, long: 10m, short: 1m, severity: page}]
"""


@takes_minutes
def test_brokers_that_die_while_a_budget_burns_page_in_their_own_names(_, binary):
    cluster = SimulatedCluster(binary.parent / "highwater-sim", BEHIND)
    rules = WORK / "behind.yaml"
    WORK.mkdir(parents=True, exist_ok=True)
    rules.write_text(LAG)
    cluster.start()
    try:
        with watched(cluster, binary, "behind", rules=f"rules: {{files: [{rules}]}}\n") as (agent, receiver):
            _, budget = page(receiver, 0.0, "lag", 180)
            assert budget["labels"]["group"] == "team-a", budget["labels"]
            time.sleep(10)
            for broker in (2, 3):
                killed = time.monotonic()
                cluster.kill(broker)
                wait_until(lambda: told_of(receiver, killed, broker), 10, f"a page about broker {broker}")  # noqa: B023
                time.sleep(killed + 40 - time.monotonic())
            other = budget["annotations"]["correlation_id"]
            of_brokers = [alert for _, alert in receiver.incidents(severity="page", name="BrokerDown")]
            assert of_brokers and all(alert["annotations"]["correlation_id"] != other for alert in of_brokers), of_brokers
            assert agent.value("highwater_alert", alertname="lag", group="team-a", state="firing") == 1
            number = of_brokers[0]["labels"]["incident"]
            assert f"incident?id={budget['labels']['incident']}" in agent.get(f"/incident?id={number}"), "the budget's incident is linked"
            assert receiver.resolved(other) == []
    finally:
        cluster.stop()


def told_of(receiver, since, broker):
    """A page whose headline is the broker's death."""
    return [alert for _, alert in receiver.alerts(since) if alert["status"] == "firing" and alert["labels"]["severity"] == "page"
            and alert["labels"]["alertname"] in ("BrokerDown", "QuorumLost") and re.search(rf"[Bb]rokers? (?:\d and )?{broker}\b", alert["annotations"]["summary"])]


CONTRACT = [test_a_budget_that_a_killed_broker_burns_updates_its_page_and_opens_no_other]
SIMULATED = [test_brokers_that_die_while_a_budget_burns_page_in_their_own_names]
