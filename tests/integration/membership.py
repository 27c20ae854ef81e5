"""Brokers that come and go for good, on real Kafka brokers: one more, scaled in again, and replaced by one with an empty disk."""

import contextlib
import json
import time

from groups import expect
from harness import page, takes_minutes, wait_until, watched
from quiet_end import expect_quiet_end

MORE = 4
TOPIC = "orders"
# At once when it is unregistered. Brokers before Kafka 4.0 do not tell who is registered and down: there a broker that nobody needs any
# more is forgotten after ten minutes.
FORGOTTEN_WITHIN = {True: 30, False: 630}


def reassign(cluster, partitions):
    """`partitions`: {partition of the topic: replicas}; waits until they are where they belong."""
    plan = cluster.directory / "membership.json"
    plan.write_text(json.dumps({"version": 1, "partitions": [
        {"topic": TOPIC, "partition": partition, "replicas": replicas} for partition, replicas in partitions.items()]}))
    options = ["--bootstrap-server", ",".join(cluster.servers()), "--reassignment-json-file", plan]
    cluster.tool("reassign.ReassignPartitionsCommand", *options, "--execute")

    def settled():
        text = cluster.tool("reassign.ReassignPartitionsCommand", *options, "--verify")
        return text.count("is completed") >= len(partitions) and "in progress" not in text

    wait_until(settled, 120, f"the replicas are on {partitions}")


def replicas(cluster):
    """{partition of the topic: [replicas]}"""
    text = cluster.tool("TopicCommand", "--bootstrap-server", ",".join(cluster.servers()), "--describe", "--topic", TOPIC)
    rows = [line for line in text.splitlines() if "Replicas: " in line]
    return {int(row.split("Partition: ")[1].split()[0]): [int(one) for one in row.split("Replicas: ")[1].split()[0].split(",")] for row in rows}


@contextlib.contextmanager
def one_broker_more(cluster, agent):
    """It holds a copy of every partition of the topic, and leads some."""
    before = replicas(cluster)
    try:
        cluster.add(MORE)
        expect(agent, "broker_up", 1, 60, broker=str(MORE))
        reassign(cluster, {partition: [MORE, *[one for one in where if one != MORE][:2]] for partition, where in before.items()})
        cluster.elect_preferred()
        wait_until(lambda: agent.value("highwater_broker_leader_partitions", broker=str(MORE)) == len(before), 60, "it leads")
        yield before
    finally:
        cluster.run("kill", MORE, check=False)  # after a failure in the middle
        time.sleep(1)
        cluster.remove(MORE)


def unregister(cluster):
    if cluster.has_quorum:  # ZooKeeper's clusters do not keep who is away
        # The controller refuses while it has not fenced it.
        wait_until(lambda: unregistered(cluster), 60, "the broker is unregistered")


def unregistered(cluster):
    with contextlib.suppress(AssertionError):
        cluster.tool("ClusterTool", "unregister", "--bootstrap-server", cluster.server(), "--id", MORE)
        return True
    return False


def expect_forgotten(cluster, agent):
    wait_until(lambda: agent.value("highwater_broker_up", broker=str(MORE)) is None, FORGOTTEN_WITHIN[cluster.version >= (4,)], "it is forgotten")
    left = {name for name, labels in agent.metrics() if ("broker", str(MORE)) in labels and name.startswith("highwater_broker_")}
    assert not left, f"still told of it: {left}"


@takes_minutes
def test_a_broker_that_is_added_and_scaled_in_again_pages_nobody_and_is_forgotten(cluster, binary):
    with watched(cluster, binary, "scaled") as (agent, receiver):
        expect(agent, "broker_up", 1, 20, broker="3")
        begun = time.monotonic()
        with one_broker_more(cluster, agent) as before:
            reassign(cluster, before)
            cluster.shut(MORE)
            expect(agent, "broker_stopped", 1, 30, broker=str(MORE))
            unregister(cluster)
            expect_forgotten(cluster, agent)
            # Where it is forgotten after ten minutes only, its stop is a ticket by then.
            expect_quiet_end(cluster, agent, receiver, begun, tickets=["BrokerStopped"])
            assert agent.value("highwater_cluster_brokers") == 3


@takes_minutes
def test_a_broker_that_is_killed_and_unregistered_is_forgotten_and_its_page_ends(cluster, binary):
    with watched(cluster, binary, "unregistered") as (agent, receiver):
        expect(agent, "broker_up", 1, 20, broker="3")
        begun = time.monotonic()
        with one_broker_more(cluster, agent) as before:
            cluster.kill(MORE)
            _, alert = page(receiver, begun, "BrokerDown", 10)
            assert alert["labels"]["broker"] == str(MORE), alert["labels"]
            time.sleep(15)  # past fencing: others lead
            reassign(cluster, before)
            removed = time.monotonic()
            unregister(cluster)
            expect_forgotten(cluster, agent)
            expect_quiet_end(cluster, agent, receiver, begun, pages=[("BrokerDown", removed)])
            assert agent.value("highwater_cluster_brokers") == 3


@takes_minutes
def test_a_broker_that_is_replaced_by_one_with_an_empty_disk_pages_once(cluster, binary):
    with watched(cluster, binary, "replaced") as (agent, receiver):
        expect(agent, "broker_up", 1, 20, broker="3")
        begun = time.monotonic()
        with one_broker_more(cluster, agent) as before:
            cluster.kill(MORE)
            page(receiver, begun, "BrokerDown", 10)
            time.sleep(15)  # past fencing: others lead
            returned = time.monotonic()
            cluster.add(MORE)
            expect(agent, "broker_up", 1, 60, broker=str(MORE))
            cluster.heal()
            expect_quiet_end(cluster, agent, receiver, begun, pages=[("BrokerDown", returned)])
            reassign(cluster, before)
            cluster.shut(MORE)
            unregister(cluster)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
