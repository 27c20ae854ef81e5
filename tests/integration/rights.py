"""Rights that are taken away from the agent, on simulated brokers."""

from harness import Agent, Receiver, end, page, wait_until


def test_groups_that_all_vanish_page_at_the_default_cadences(cluster, binary):
    """Topics are listed more often than groups, and go on to be."""
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="rights", poll=None)
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_cluster_suspiciously_empty", cluster="prod") == 0, 30, "groups are listed")
        cluster.happen("denied: [cluster, groups]")
        _, alert = page(receiver, 0, "ClusterLooksEmpty", 90)
        assert "groups were listed before, and now none" in alert["annotations"]["note"], alert["annotations"]
        assert not receiver.incidents(name="GroupDeleted")
        cluster.happen("denied: nothing")
        wait_until(lambda: receiver.resolved(alert["annotations"]["correlation_id"]), 150, "the groups are listed again")
    finally:
        end(agent.process)
        receiver.close()


TESTS = [test_groups_that_all_vanish_page_at_the_default_cadences]
