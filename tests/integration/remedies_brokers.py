"""Faults of brokers and partitions whose incident has a command, or must not have one. Run by remedies-all."""

import json
import re

from harness import wait_until, watched
from remedies_trial import at_once, tuned


def describe(cluster, topic):
    return cluster.tool("TopicCommand", "--bootstrap-server", ",".join(cluster.servers()), "--describe", "--topic", topic)


def leaders(trial):
    cluster = trial.cluster
    with watched(cluster, trial.binary, "all-leaders", rules=at_once("LeaderImbalance")) as (agent, receiver):
        cluster.shut(3)
        trial.refuses(agent, receiver, "LeaderImbalance", "a broker is shut down", "cannot be read at the moment")
        cluster.start_one(3)
        cluster.heal()
        trial.runs(agent, receiver, "LeaderImbalance", "a broker was restarted, and leads nothing", says="safe")


def leader_of_one(trial):
    cluster = trial.cluster
    cluster.elect_preferred()
    cluster.create_topic("single", 1, 3)
    try:
        replicas = re.search(r"Replicas: (\S+)", describe(cluster, "single")).group(1).split(",")
        path = cluster.directory / "other-order.json"
        path.write_text(json.dumps({"version": 1, "partitions": [
            {"topic": "single", "partition": 0, "replicas": [int(replicas[place]) for place in (1, 0, 2)]}]}))
        with watched(cluster, trial.binary, "one-leader", rules=at_once("LeaderImbalance")) as (agent, receiver):
            cluster.tool("reassign.ReassignPartitionsCommand", "--bootstrap-server", ",".join(cluster.servers()), "--reassignment-json-file",
                         path, "--execute")
            trial.runs(agent, receiver, "LeaderImbalance", "one partition is to be led by another broker", says="its preferred leader is up")
    finally:
        cluster.delete_topic("single")


def leaders_of_many(trial):
    cluster = trial.cluster
    cluster.create_topic("many", 180, 3)
    try:
        with watched(cluster, trial.binary, "many-leaders", rules=at_once("LeaderImbalance")) as (agent, receiver):
            cluster.shut(2)
            cluster.start_one(2)
            cluster.heal()
            trial.runs(agent, receiver, "LeaderImbalance", "more partitions than a command can name", says="safe")
    finally:
        cluster.delete_topic("many")


def brokers_down(trial):
    cluster = trial.cluster

    def restart(broker):
        cluster.start_one(broker)
        cluster.heal()

    def end_and_restart(broker):
        cluster.kill(broker)
        wait_until(lambda: f"{broker} 127.0.0.1:{cluster.port_base + broker} down" in cluster.run("status", check=False), 20, "it has ended")
        restart(broker)

    with watched(cluster, trial.binary, "all-brokers", rules=at_once("BrokerStopped")) as (agent, receiver):
        cluster.kill(2)
        trial.refuses(agent, receiver, "BrokerDown", "a broker crashed", "start broker 2", 40, lambda: restart(2))
        cluster.pause(3)
        trial.refuses(agent, receiver, "BrokerDown", "a broker hangs", "end the process of broker 3", 40, lambda: end_and_restart(3))
        cluster.shut(2)
        trial.refuses(agent, receiver, "BrokerStopped", "a broker was shut down", "start broker 2", 60, lambda: restart(2))


def partitions_down(trial):
    cluster = trial.cluster
    cluster.create_topic("strict", 3, 3, min_insync_replicas=3)
    cluster.create_topic("lonely", 3, 1)
    cluster.produce("lonely", range(60))

    def restart():
        cluster.start_one(3)
        cluster.heal()

    try:
        rules = tuned(UnderMinIsr={"enabled": False}, LeaderImbalance={"enabled": False})
        with watched(cluster, trial.binary, "all-leaderless", rules=rules) as (agent, receiver):
            cluster.shut(3)
            trial.refuses(agent, receiver, "LeaderlessPartitions", "the only replica was shut down: an election of another would lose records",
                          "an unclean election would lose", 90, restart)
        rules = tuned(LeaderlessPartitions={"enabled": False}, LeaderImbalance={"enabled": False})
        with watched(cluster, trial.binary, "all-refused", rules=rules) as (agent, receiver):
            cluster.shut(3)
            trial.refuses(agent, receiver, "UnderMinIsr", "a replica is missing, and writes are refused", "start broker 3", 90, restart)
    finally:
        cluster.delete_topic("strict")
        cluster.delete_topic("lonely")


CASES = [leaders, leader_of_one, leaders_of_many, brokers_down, partitions_down]
