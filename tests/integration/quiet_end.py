"""What every situation must leave behind: the pages that were expected, each ended once, and nothing else."""

import re

from harness import wait_until

# The topic "audit" of every test's cluster has one copy on purpose.
OF_THE_CLUSTER = {"ReplicationAudit"}
# Of the last ten minutes, whatever is over: evidence of an incident that ends without it, or a ticket.
LOOKS_BACK = {"FailoverSlow"}


def of_the_cluster(alert):
    """Also told when a broker is away for half a minute, which is a matter of how busy the machine is: what has its only copy there."""
    if alert["labels"]["alertname"] == "LeaderlessPartitions":
        topics = set(re.findall(r"([\w.]+)-\d+\b", alert["annotations"]["summary"]))
        return topics == {"audit"}
    return alert["labels"]["alertname"] in OF_THE_CLUSTER


def standing(agent):
    """[(alert, state, labels)] of everything that is pending or firing."""
    found = []
    for name, labels in agent.metrics():
        labels = dict(labels)
        if name == "highwater_alert" and labels["alertname"] not in OF_THE_CLUSTER | LOOKS_BACK:
            found.append((labels["alertname"], labels["state"], labels))
    return found


def expect_quiet_end(cluster, agent, receiver, since, pages=(), tickets=(), timeout=120):
    """`pages`: (name, when its cause ended) of every page since then, in any order. Each was told as resolved, once, and not before
    its cause ended. `tickets`: names of those that may have been told; they ended as well. At last no alert stands."""

    def told(severity):
        return [one for one in receiver.incidents(since, severity=severity) if not of_the_cluster(one[1])]

    def name(incident):
        return incident[1]["labels"]["alertname"]

    def endings(incident):
        return [arrived for arrived, _ in receiver.resolved(incident[1]["annotations"]["correlation_id"])]

    def leads_again():
        try:
            cluster.elect_preferred()
        except AssertionError:  # a replica is not in sync yet
            return False
        return True

    # Kafka does that itself, within five minutes: who was away leads again.
    wait_until(leads_again, timeout, "all preferred leaders are elected")
    try:
        wait_until(lambda: standing(agent) == [], timeout, "")
    except AssertionError:
        raise AssertionError(f"after {timeout} s there still stand {standing(agent)}") from None

    paged, wanted = sorted(map(name, told("page"))), sorted(page for page, _ in pages)
    assert paged == wanted, f"pages {paged} instead of {wanted}: {[alert['annotations']['summary'] for _, alert in told('page')]}"
    others = [alert["annotations"]["summary"] for _, alert in told("ticket") if alert["labels"]["alertname"] not in tickets]
    assert others == [], f"tickets that nobody expects: {others}"

    every = told("page") + told("ticket")
    try:
        wait_until(lambda: all(endings(one) for one in every), 30, "")
    except AssertionError:
        raise AssertionError(f"never told as resolved: {[name(one) for one in every if not endings(one)]}") from None
    for one in every:
        assert len(endings(one)) == 1, f"{name(one)} is told as resolved {len(endings(one))} times"
    ends = {}
    for page, ended in pages:
        ends.setdefault(page, []).append(ended)
    for page, ended in ends.items():
        resolved = sorted(endings(one)[0] for one in told("page") if name(one) == page)
        early = [f"{end - at:.1f} s" for at, end in zip(resolved, sorted(ended), strict=True) if at < end]
        assert not early, f"{page} is told as resolved before its cause ended, by {early}"
