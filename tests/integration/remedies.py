"""What an incident says to run, run as it stands there on real Kafka brokers: the incident ends by it."""

import contextlib
import json
import os
import socket
import stat
import struct
import subprocess
import time

from harness import WORK, Cluster, takes_long, wait_until, watched

# Kafka's scripts by the classes behind them: the jars of these clusters come without scripts.
TOOLS = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-leader-election.sh": "org.apache.kafka.tools.LeaderElectionCommand",
    "kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand",
}


def scripts(cluster):
    """A folder for PATH."""
    folder = WORK / "kafka-scripts"
    folder.mkdir(parents=True, exist_ok=True)
    jars = cluster.directory / f"lib-{os.environ.get('KAFKA_VERSION', '4.1.0')}"
    for name, tool in TOOLS.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\nexec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx256m -cp '{jars}/*' {tool} \"$@\"\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def run_as_printed(cluster, commands, folder=WORK / "remedies", programs=None, fine=(0,)):
    """Each line by a shell of its own, as somebody pastes them; what all of them wrote. `programs`: where highwater is; `fine`: the
    exit codes that are no failure."""
    folder.mkdir(parents=True, exist_ok=True)
    path = [str(scripts(cluster)), *([str(programs)] if programs else []), os.environ["PATH"]]
    environment = dict(os.environ, PATH=":".join(path))
    text = ""
    for command in commands:
        done = subprocess.run(["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode in fine, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        text += done.stdout + done.stderr
    return text


def incident_of(agent, rule):
    """The open incident of that rule; None when there is none."""
    for incident in json.loads(agent.get("/api/v1/status"))["incidents"]:
        if incident["headline"]["alertname"] == rule:
            return incident
    return None


def with_commands(agent, rule, timeout):
    def found():
        incident = incident_of(agent, rule)
        return incident if incident and incident["remedy"]["commands"] else None

    try:
        return wait_until(found, timeout, f"an incident {rule} with a command")
    except AssertionError:
        raise AssertionError(f"{rule}: {incident_of(agent, rule)}") from None


def expect_end(receiver, incident, timeout):
    wait_until(lambda: receiver.resolved(incident["correlation_id"]), timeout, f"the end of {incident['title']}")


def told(receiver, incident):
    """What the notification said of it."""
    for _, alert in receiver.alerts():
        if alert["annotations"]["correlation_id"] == incident["correlation_id"]:
            return alert["annotations"].get("remedy", "")
    return ""


def test_leaders_go_back_by_the_command_of_their_incident(cluster, binary):
    with watched(cluster, binary, "remedy-leaders", rules="rules: {tune: {LeaderImbalance: {for: 1s}}}\n") as (agent, receiver):
        cluster.shut(3)
        cluster.start_one(3)
        cluster.heal()
        incident = with_commands(agent, "LeaderImbalance", 60)
        assert "safe" in incident["remedy"]["check"], incident["remedy"]
        # The broker has caught up meanwhile: what is to be run is what is known now.
        time.sleep(2)
        incident = with_commands(agent, "LeaderImbalance", 5)
        run_as_printed(cluster, incident["remedy"]["commands"])
        expect_end(receiver, incident, 30)


def test_a_group_that_lost_records_goes_on_by_the_commands_of_its_incident(cluster, binary):
    cluster.create_topic("overtaken", 1, 3)
    cluster.produce("overtaken", range(100))
    try:
        with watched(cluster, binary, "remedy-lost") as (agent, receiver):
            for committed in (5, 10):  # a group that reads, for its commits move
                cluster.consume("overtaken", "overtaken-readers", 5)
                wait_until(lambda: agent.value("highwater_group_committed_offset", group="overtaken-readers", topic="overtaken")
                           == committed, 20, "the commit is seen")  # noqa: B023
            member = cluster.background("consumer.ConsoleConsumer", "--bootstrap-server", cluster.server(), "--topic", "quiet", "--group",
                                        "overtaken-readers")
            try:
                wait_until(lambda: agent.value("highwater_group_members", group="overtaken-readers") == 1, 60, "the group has a member")
                path = WORK / "delete-overtaken.json"
                path.write_text('{"partitions": [{"topic": "overtaken", "partition": 0, "offset": 50}], "version": 1}')
                cluster.tool("DeleteRecordsCommand", "--bootstrap-server", cluster.server(), "--offset-json-file", path)
                incident = wait_until(lambda: incident_of(agent, "RecordsLost"), 30, "the loss is seen")
                assert incident["remedy"]["commands"] == [], incident["remedy"]
                assert incident["remedy"]["action"] == "stop the 1 member of overtaken-readers first", incident["remedy"]
            finally:
                member.terminate()
                member.wait()
            incident = with_commands(agent, "RecordsLost", 60)
            assert "stop the 1 member" in told(receiver, incident), told(receiver, incident)
            assert [command.rsplit(" ", 1)[1] for command in incident["remedy"]["commands"]] == ["--dry-run", "--execute"]
            run_as_printed(cluster, incident["remedy"]["commands"][:1])
            time.sleep(3)
            assert receiver.resolved(incident["correlation_id"]) == [], "a dry run changes nothing"
            run_as_printed(cluster, incident["remedy"]["commands"])
            expect_end(receiver, incident, 30)
            assert agent.value("highwater_group_committed_offset", group="overtaken-readers", topic="overtaken") == 50
    finally:
        cluster.delete_topic("overtaken")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def transactional_batch(producer_id, at_ms):
    """One record of a transaction that nobody began, as a record batch of format 2."""
    value = b"lost track of"
    body = b"\x00\x00\x00\x01" + bytes([2 * len(value)]) + value + b"\x00"  # no key, lengths as zigzag varints
    record = bytes([2 * len(body)]) + body
    tail = struct.pack(">hiqqqhii", 0x10, 0, at_ms, at_ms, producer_id, 0, 0, 1) + record
    head = struct.pack(">ibI", -1, 2, crc32c(tail))
    return struct.pack(">qi", 0, len(head) + len(tail)) + head + tail


def leave_hanging(address, topic, partition):
    """Writes a part of a transaction that no coordinator knows of: a broker that does not verify such writes takes it."""
    batch = transactional_batch(4242, int(time.time() * 1000) - 20 * 60 * 1000)
    produce = text("nobody") + struct.pack(">hii", -1, 10000, 1) + text(topic) + struct.pack(">ii", 1, partition)
    produce += struct.pack(">i", len(batch)) + batch
    request = struct.pack(">hhi", 0, 8, 1) + text("highwater-tests") + produce
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        answer = connection.recv(4096)
    # Size, correlation id, one topic with one partition; then its index and its error.
    at = 4 + 4 + 4 + 2 + len(topic) + 4 + 4
    (error,) = struct.unpack(">h", answer[at:at + 2])
    assert error == 0, f"the broker did not take the batch: error {error}"


@contextlib.contextmanager
def broker_that_verifies_no_transactions(cluster):
    alone = Cluster(brokers=1, port_base=cluster.port_base + 20, extra_config="transaction.partition.verification.enable=false\n")
    try:
        alone.start()
        yield alone
    finally:
        alone.stop()


@takes_long
def test_a_hanging_transaction_is_aborted_by_the_commands_of_its_incident(cluster, binary):
    rules = "rules: {tune: {TransactionOpen: {threshold: 70s}}}\n"
    with broker_that_verifies_no_transactions(cluster) as alone:
        alone.create_topic("transfers", 2, 1)
        alone.produce("transfers", range(20))
        # The coordinator is there, and knows of nothing.
        alone.run("tool", "ProducerPerformance", "--topic", "transfers", "--num-records", 1, "--throughput", 1, "--record-size", 10,
                  "--transactional-id", "settled", "--transaction-duration-ms", 1, "--producer-props", f"bootstrap.servers={alone.server()}")
        with watched(alone, binary, "remedy-transaction", rules=rules) as (agent, receiver):
            time.sleep(3)
            leave_hanging(alone.server(), "transfers", 1)
            incident = with_commands(agent, "TransactionOpen", 150)
            assert "no coordinator" in incident["remedy"]["check"], incident["remedy"]
            printed = run_as_printed(alone, incident["remedy"]["commands"])
            assert "transfers" in printed and "4242" in printed, f"Kafka's tool does not see it hang: {printed}"
            expect_end(receiver, incident, 60)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
