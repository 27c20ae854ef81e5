"""Who answers at a broker's address, and whether it works for us, on real Kafka brokers: strangers, names that vanish, logins."""

import contextlib
import os
import re
import socket
import struct
import subprocess
import threading
import time

from groups import expect
from harness import WORK, Agent, Cluster, Receiver, page, wait_until, watched
from relay import Relay

FOREIGN_ID = "Zm9yZWlnbi1jbHVzdGVyLQ"  # "foreign-cluster-" in base64


def says(agent, words):
    return lambda: words in agent.get("/api/v1/status")


def names_seen(agent):
    return {value for _, labels in agent.metrics() for label, value in labels if label in ("topic", "group")}


def test_strangers_at_the_address_of_a_dead_broker_are_said_to_be_that(cluster, binary):
    """Another broker of the cluster first, then one of another cluster, with topics and groups of its own."""
    foreign = Cluster(brokers=1, port_base=cluster.port_base + 1, cluster_id=FOREIGN_ID)
    with watched(cluster, binary, "strangers") as (agent, receiver):
        expect(agent, "broker_up", 1, 20, broker="2")
        killed = time.monotonic()
        cluster.kill(2)
        page(receiver, killed, "BrokerDown", 10)
        with contextlib.closing(Relay(cluster.port_base + 2, cluster.port_base + 3)):
            wait_until(says(agent, "broker 3 answers at the address of broker 2"), 30, "another broker is told from this one")
            assert agent.value("highwater_broker_up", broker="2") == 0
        try:
            foreign.start()
            foreign.create_topic("foreign-topic", 1, 1)
            foreign.produce("foreign-topic", range(5))
            foreign.consume("foreign-topic", "foreign-group", 5)
            wait_until(says(agent, f"belongs to cluster '{FOREIGN_ID}'"), 40, "a broker of another cluster is told from this one")
            time.sleep(3)
            assert agent.value("highwater_broker_up", broker="2") == 0
            assert not [name for name in names_seen(agent) if name.startswith("foreign")], "its rows are among ours"
        finally:
            foreign.stop()
        cluster.start_one(2)
        expect(agent, "broker_up", 1, 60, broker="2")
        pages = [alert["labels"] for _, alert in receiver.incidents(killed, severity="page")]
        assert [labels["alertname"] for labels in pages] == ["BrokerDown"], pages


def advertise(cluster, broker, address):
    """From its next start on, to whoever comes by the relay's listener."""
    path = cluster.directory / f"{broker}.properties"
    path.write_text(re.sub(r"(advertised.listeners=.*RELAYED://)\S+", rf"\g<1>{address}", path.read_text()))


def may_mount():
    own_mount = ["unshare", "--mount", "mount", "--bind", "/etc/hostname", "/etc/hostname"]
    return os.geteuid() == 0 and subprocess.run(own_mount, stderr=subprocess.DEVNULL).returncode == 0


def with_names(agent, hosts):
    """The agent started anew with files of its own in the place of /etc/hosts and /etc/resolv.conf: nobody else knows any name."""
    resolv = WORK / "no-names.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    agent.kill()
    mounts = f"mount --bind {hosts} /etc/hosts && mount --bind {resolv} /etc/resolv.conf && exec \"$@\""
    agent.command = ["unshare", "--mount", "sh", "-c", mounts, "sh", *agent.command]
    agent.start()


def test_a_broker_whose_name_vanishes_before_it_stops_in_order_pages_nobody(cluster, binary):
    """As in a rolling restart of a StatefulSet: the name goes first. Afterwards it has another address."""
    if not may_mount():
        print("      left out: it needs a mount of its own, which is not allowed here", flush=True)
        return
    hosts = WORK / "known-names"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.1 kafka-3.test\n")
    receiver = Receiver()
    base = cluster.port_base
    with contextlib.ExitStack() as stack:
        relays = [stack.enter_context(contextlib.closing(Relay(base + 300 + i, base + 200 + i))) for i in (1, 2, 3)]
        cluster.shut(3)
        advertise(cluster, 3, f"kafka-3.test:{base + 203}")
        cluster.start_one(3)
        agent = Agent(binary, [relay.server() for relay in relays[:2]], receiver, name="names")
        try:
            with_names(agent, hosts)
            agent.wait_ready()
            expect(agent, "broker_up", 1, 30, broker="3")
            begun = time.monotonic()
            hosts.write_text("127.0.0.1 localhost\n")
            time.sleep(1)
            cluster.shut(3)
            expect(agent, "broker_stopped", 1, 30, broker="3")
            time.sleep(3)
            assert agent.value("highwater_broker_stopped", broker="3") == 1
            advertise(cluster, 3, f"127.0.0.1:{base + 303}")
            cluster.start_one(3)
            expect(agent, "broker_up", 1, 30, broker="3")
            # What has its only copy there is offline meanwhile.
            pages = [alert["labels"] for _, alert in receiver.incidents(begun, severity="page") if alert["labels"].get("topic") != "audit"]
            assert pages == [], pages
        finally:
            advertise(cluster, 3, f"127.0.0.1:{base + 303}")
            code = agent.stop()
            receiver.close()
    assert code == 0


class Login(Relay):
    """A relay that can begin to behave as a listener with a login does: it answers ApiVersions, and closes at anything else."""

    def __init__(self, port, target):
        self.asks = False
        self.clients = []
        super().__init__(port, target)

    def ask(self):
        self.asks = True
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def connect(self, client):
        if not self.asks:
            self.clients.append(client)
            return super().connect(client)
        client.setblocking(True)
        threading.Thread(target=self.answer, args=(client,), daemon=True).start()
        return None

    def answer(self, client):
        with contextlib.suppress(OSError, struct.error), client, socket.create_connection(self.target) as broker:
            while self.asks:
                frame = read_frame(client)
                if struct.unpack(">h", frame[4:6])[0] != 18:
                    return
                broker.sendall(frame)
                client.sendall(read_frame(broker))


def read_frame(source):
    prefix = source.recv(4, socket.MSG_WAITALL)
    return prefix + source.recv(struct.unpack(">i", prefix)[0], socket.MSG_WAITALL)


def test_a_listener_that_begins_to_ask_for_a_login_is_not_up(cluster, binary):
    """That it answers ApiVersions proves nothing: health is judged by a request that needs what every request needs."""
    receiver = Receiver()
    base = cluster.port_base
    with contextlib.ExitStack() as stack:
        relays = {i: stack.enter_context(contextlib.closing(Login(base + 300 + i, base + 200 + i))) for i in (1, 2, 3)}
        agent = Agent(binary, [relay.server() for relay in relays.values()], receiver, name="login")
        try:
            agent.wait_ready()
            expect(agent, "broker_up", 1, 30, broker="2")
            begun = time.monotonic()
            relays[2].ask()
            _, alert = page(receiver, begun, "BrokerDown", 20)
            assert alert["labels"]["broker"] == "2", alert["labels"]
            assert agent.value("highwater_broker_up", broker="2") == 0
            wait_until(says(agent, "asks for a login (SASL)"), 20, "the likely cause is named")
            for broker in ("1", "3"):
                assert agent.value("highwater_broker_up", broker=broker) == 1
            relays[2].asks = False
            expect(agent, "broker_up", 1, 60, broker="2")
            incident = alert["annotations"]["correlation_id"]
            wait_until(lambda: receiver.resolved(incident), 60, "its incident is over")
            pages = [alert["labels"]["alertname"] for _, alert in receiver.incidents(begun, severity="page")]
            assert pages == ["BrokerDown"], pages
        finally:
            code = agent.stop()
            receiver.close()
    assert code == 0


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
