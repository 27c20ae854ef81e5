"""Slow faults of topics and brokers, on real Kafka brokers: transactions left open, leaders that change."""

import os
import socket
import struct
import time

from groups import expect
from harness import WORK, wait_until, watched

# The built-in rule waits for ten minutes; what it says is the same after one.
TRANSACTION_RULE = """\
alerts:
  - name: TransactionOpenForAMinute
    when: topic_open_transaction_seconds > 60s
    severity: ticket
    runbook: open-transaction
    summary: "{topic}: {note}"
"""


def test_a_transaction_that_is_left_open_is_found_and_named(cluster, binary):
    cluster.create_topic("ledgered", 1, 3)
    cluster.produce("ledgered", range(10))
    rules = WORK / "transaction.yaml"
    rules.write_text(TRANSACTION_RULE)
    with watched(cluster, binary, "transaction", rules=f"rules: {{files: [{rules}]}}\n") as (agent, receiver):
        expect(agent, "topic_open_transaction_seconds", 0, 20, topic="ledgered")
        # The producer is killed in the middle of it; Kafka waits for its time-out.
        producer = cluster.background("ProducerPerformance", "--topic", "ledgered", "--num-records", 100000, "--throughput", 20,
                                      "--record-size", 10, "--transactional-id", "left-open", "--transaction-duration-ms", 600000,
                                      "--producer-props", f"bootstrap.servers={cluster.server()}", "transaction.timeout.ms=120000")
        try:
            expect(agent, "topic_open_transaction_seconds", lambda age: age > 0, 40, topic="ledgered")
        finally:
            producer.kill()
            producer.wait()
        stable = agent.value("highwater_partition_last_stable_offset", topic="ledgered")
        expect(agent, "topic_open_transaction_seconds", lambda age: age > 50, 60, topic="ledgered")
        assert agent.value("highwater_kafka_requests_total", api="ListTransactions", broker="1") is None, "nobody is asked about young ones"
        told = wait_until(lambda: receiver.incidents(name="TransactionOpenForAMinute"), 30, "a ticket")
        summary = told[0][1]["annotations"]["summary"]
        assert f"partition 0 back at offset {stable:.0f} for" in summary, summary
        # The name may come with the next look.
        named = wait_until(lambda: [alert["annotations"]["summary"] for _, alert in receiver.alerts()
                                    if "transactional id left-open, producer " in alert["annotations"]["summary"]]
                           or "left-open" in agent.get("/api/v1/status"), 40, f"its name: {summary}")
        assert named
        expect(agent, "topic_open_transaction_seconds", 0, 90, topic="ledgered")
        incident = told[0][1]["annotations"]["correlation_id"]
        wait_until(lambda: receiver.resolved(incident), 20, "the end is told")
        for broker in (1, 2, 3):
            asked = agent.value("highwater_kafka_requests_total", api="ListTransactions", broker=str(broker))
            assert 1 <= asked <= 5, asked
    cluster.delete_topic("ledgered")


class MetadataWatch:
    """Asks one broker for one topic's leaders, in Metadata's own words."""

    def __init__(self, server, topic):
        host, port = server.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=5)
        name = topic.encode()
        # Metadata, version 9: the topic's name, no topics made, no operations.
        body = struct.pack(">hhih", 3, 9, 1, -1) + b"\0" + b"\2" + bytes([len(name) + 1]) + name + b"\0" + b"\0\0\0" + b"\0"
        self.request = struct.pack(">i", len(body)) + body

    def leader(self):
        """Of partition 0; -1 when it has none."""
        self.socket.sendall(self.request)
        frame = self.read(struct.unpack(">i", self.read(4))[0])
        place = 5 + 4  # correlation id, tags; throttle time
        brokers, place = frame[place] - 1, place + 1
        for _ in range(brokers):
            place += 4
            place += frame[place] + 4  # host with its length, port
            place += max(frame[place], 1) + 1  # rack, tags
        place += max(frame[place], 1) + 4  # cluster id, controller
        place += 1 + 2  # topics; error
        place += frame[place] + 1 + 1 + 2  # name with its length, internal, partitions, error
        return struct.unpack(">ii", frame[place:place + 8])[1]

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            assert piece, "the broker closed the connection"
            data += piece
        return data


def test_a_failover_takes_as_long_as_metadata_shows(cluster, binary):
    cluster.create_topic("followed", 1, 3)
    wait_until(lambda: MetadataWatch(cluster.server(), "followed").leader() > 0, 20, "a leader")
    victim = MetadataWatch(cluster.server(), "followed").leader()
    metadata = MetadataWatch(cluster.server(victim % 3 + 1), "followed")
    with watched(cluster, binary, "failover") as (agent, _):
        labels = {"topic": "followed"}
        expect(agent, "topic_failover_seconds", 0, 20, **labels)
        changes = agent.value("highwater_topic_leader_changes_total", **labels)
        before = time.monotonic()
        cluster.kill(victim)  # on a busy machine the script itself takes a while
        after = time.monotonic()
        wait_until(lambda: metadata.leader() not in (victim, -1), 60, "another leader")
        led = time.monotonic()
        expect(agent, "partition_leader", lambda leader: leader != victim, 20, **labels)
        expect(agent, "topic_leader_changes_total", changes + 1, 30, **labels)
        measured = agent.value("highwater_topic_failover_seconds", **labels)
        print(f"      fail-over: Metadata {led - after:.2f} to {led - before:.2f} s, measured {measured:.2f} s", flush=True)
        # A poll a second at either end, and what telling the kill takes.
        assert led - after - 2.5 <= measured <= led - before + 2.5, f"{measured} s instead of {led - after} to {led - before} s"
        assert agent.value("highwater_topic_leaderless_seconds", **labels) == 0
        time.sleep(3)
        assert agent.value("highwater_topic_failover_seconds", **labels) == measured, "it is over"
    cluster.heal()
    cluster.elect_preferred()
    cluster.delete_topic("followed")


def test_room_clocks_and_leaders_are_told(cluster, binary):
    with watched(cluster, binary, "room") as (agent, receiver):
        for broker in ("1", "2", "3"):
            expect(agent, "log_dir_offline", 0, 20, broker=broker)
            total = agent.value("highwater_log_dir_total_bytes", broker=broker)
            usable = agent.value("highwater_log_dir_usable_bytes", broker=broker)
            disk = os.statvfs(cluster.directory)
            assert total == disk.f_blocks * disk.f_frsize, total
            assert abs(usable - disk.f_bavail * disk.f_frsize) < 2e9, usable
            assert agent.value("highwater_kafka_throttle_seconds_total", broker=broker) == 0
        # Broker, controller and agent share one clock.
        expect(agent, "controller_clock_difference_seconds", lambda apart: 0 <= apart < 0.1, 20)
        cluster.elect_preferred()
        for broker in ("1", "2", "3"):
            expect(agent, "broker_leader_imbalance_ratio", 0, 30, broker=broker)
        assert receiver.incidents(severity="page") == []


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
