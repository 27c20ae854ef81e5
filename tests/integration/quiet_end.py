"""What every situation must leave behind: the pages that were expected, each ended once, and nothing else."""

from harness import wait_until

# The cluster's own topic "audit" has one copy on purpose.
OF_THE_CLUSTER = {"ReplicationAudit"}


def standing(agent):
    """[(alert, state, labels)] of everything that is pending or firing."""
    found = []
    for name, labels in agent.metrics():
        labels = dict(labels)
        if name == "highwater_alert" and labels["alertname"] not in OF_THE_CLUSTER:
            found.append((labels["alertname"], labels["state"], labels))
    return found


def expect_quiet_end(cluster, agent, receiver, since, pages=(), tickets=(), timeout=120):
    """`pages`: (name, when its cause ended) of every page since then, in any order. Each was told as resolved, once, and not before
    its cause ended. `tickets`: names of those that may have been told; they ended as well. At last no alert stands."""

    def told(severity):
        return receiver.incidents(since, severity=severity)

    def name(incident):
        return incident[1]["labels"]["alertname"]

    def endings(incident):
        return [arrived for arrived, _ in receiver.resolved(incident[1]["annotations"]["correlation_id"])]

    # Kafka does that itself, within five minutes: who was away leads again.
    cluster.elect_preferred()
    try:
        wait_until(lambda: standing(agent) == [], timeout, "")
    except AssertionError:
        raise AssertionError(f"after {timeout} s there still stand {standing(agent)}") from None

    paged, wanted = sorted(map(name, told("page"))), sorted(page for page, _ in pages)
    assert paged == wanted, f"pages {paged} instead of {wanted}: {[alert['annotations']['summary'] for _, alert in told('page')]}"
    others = [alert["annotations"]["summary"] for _, alert in told("ticket") if alert["labels"]["alertname"] not in OF_THE_CLUSTER | set(tickets)]
    assert others == [], f"tickets that nobody expects: {others}"

    of_us = [one for one in told("page") + told("ticket") if name(one) not in OF_THE_CLUSTER]
    try:
        wait_until(lambda: all(endings(one) for one in of_us), 30, "")
    except AssertionError:
        raise AssertionError(f"never told as resolved: {[name(one) for one in of_us if not endings(one)]}") from None
    for one in of_us:
        assert len(endings(one)) == 1, f"{name(one)} is told as resolved {len(endings(one))} times"
    ends = {}
    for page, ended in pages:
        ends.setdefault(page, []).append(ended)
    for page, ended in ends.items():
        resolved = sorted(endings(one)[0] for one in told("page") if name(one) == page)
        early = [f"{end - at:.1f} s" for at, end in zip(resolved, sorted(ended), strict=True) if at < end]
        assert not early, f"{page} is told as resolved before its cause ended, by {early}"
