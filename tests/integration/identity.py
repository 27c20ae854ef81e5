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
from harness import WORK, Agent, Cluster, Receiver, page, takes_long, takes_minutes, wait_until, watched
from quiet_end import expect_quiet_end
from relay import Relay

FOREIGN_ID = "Zm9yZWlnbi1jbHVzdGVyLQ"  # "foreign-cluster-" in base64


def says(agent, words):
    return lambda: words in agent.get("/api/v1/status")


def names_seen(agent):
    return {value for _, labels in agent.metrics() for label, value in labels if label in ("topic", "group")}


def caused_by(receiver, since, name):
    """The newest telling of an incident with this cause."""
    found = [alert for _, alert in receiver.alerts(since) if alert["annotations"].get("cause", "").startswith(f"{name} ")]
    return found[-1] if found else None


@takes_long
def test_strangers_at_the_address_of_a_dead_broker_are_said_to_be_that(cluster, binary):
    """Another broker of the cluster first, then one of another cluster, with topics and groups of its own; at last that one alone
    answers, and is no reason to call the cluster reachable."""
    # Of the same version; its broker 1 listens where broker 2 of ours does.
    foreign = Cluster(brokers=1, port_base=cluster.port_base + 1, cluster_id=FOREIGN_ID, version=cluster.environment["KAFKA_VERSION"])
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
            # Faults within a minute of each other would be one incident.
            time.sleep(max(0.0, killed + 70 - time.monotonic()))
            alone = time.monotonic()
            for broker in (1, 3):
                cluster.kill(broker)
            # An incident that is open already has another cause now, and keeps the labels it was told with.
            told = wait_until(lambda: caused_by(receiver, alone, "ClusterUnreachable"), 60, "no broker of our cluster answers")
            assert FOREIGN_ID in told["annotations"]["note"], told["annotations"]["note"]
            time.sleep(5)
            assert agent.value("highwater_cluster_reachable") == 0
            assert not [name for name in names_seen(agent) if name.startswith("foreign")], "its rows are among ours"
        finally:
            foreign.stop()
        returned = time.monotonic()
        cluster.start_one(1, 2, 3)
        for broker in "123":
            expect(agent, "broker_up", 1, 60, broker=broker)
        expect_quiet_end(cluster, agent, receiver, killed, pages=[("BrokerDown", returned), ("BrokerDown", returned)])


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


@takes_long
def test_a_broker_whose_name_vanishes_before_it_stops_in_order_pages_nobody(cluster, binary):
    """As in a rolling restart of a StatefulSet, one broker after the other: the name goes first. Afterwards it has another address."""
    if not may_mount():
        assert os.geteuid() != 0, "root may not mount here (unshare --mount), and this test is left out for others only"
        print("      left out: it needs a mount of its own, which only root may have", flush=True)
        return
    hosts = WORK / "known-names"
    base = cluster.port_base
    names = {broker: f"kafka-{broker}.test" for broker in (1, 2, 3)}

    def know(*brokers):
        hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {names[broker]}\n" for broker in brokers))

    def by_name(broker):
        return f"{names[broker]}:{base + 200 + broker}"

    know(1, 2, 3)
    receiver = Receiver()
    agent = code = None
    with contextlib.ExitStack() as stack:
        relays = {i: stack.enter_context(contextlib.closing(Relay(base + 300 + i, base + 200 + i))) for i in (1, 2, 3)}
        try:
            for broker in (1, 2, 3):
                cluster.shut(broker)
                advertise(cluster, broker, by_name(broker))
                cluster.start_one(broker)
                cluster.heal()
            agent = Agent(binary, map(by_name, (1, 2, 3)), receiver, name="names")
            with_names(agent, hosts)
            agent.wait_ready()
            for broker in "123":
                expect(agent, "broker_up", 1, 30, broker=broker)
            begun = time.monotonic()
            for broker in (1, 2, 3):
                know(*{1, 2, 3} - {broker})
                time.sleep(1)
                cluster.shut(broker)
                expect(agent, "broker_stopped", 1, 30, broker=str(broker))
                time.sleep(3)
                assert agent.value("highwater_broker_stopped", broker=str(broker)) == 1
                know(1, 2, 3)
                advertise(cluster, broker, relays[broker].server())
                cluster.start_one(broker)
                expect(agent, "broker_up", 1, 30, broker=str(broker))
                cluster.heal()
            expect_quiet_end(cluster, agent, receiver, begun)
        finally:
            for broker in (1, 2, 3):
                advertise(cluster, broker, relays[broker].server())
            code = agent.stop() if agent else None
            receiver.close()
    assert code == 0


def test_a_name_of_which_the_first_address_swallows_connections_leads_to_the_broker(cluster, binary):
    if not may_mount():
        assert os.geteuid() != 0, "root may not mount here (unshare --mount), and this test is left out for others only"
        print("      left out: it needs a mount of its own, which only root may have", flush=True)
        return
    port = cluster.port_base + 1
    hosts = WORK / "two-addresses.hosts"
    hosts.write_text("127.0.0.1 localhost\n127.0.0.9 kafka.test\n127.0.0.1 kafka.test\n")
    receiver, fillers = Receiver(), []
    agent = code = None
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.9", port))
        silent.listen(0)
        try:
            with contextlib.suppress(TimeoutError):
                while True:  # until the queue of those to be accepted takes no more
                    fillers.append(socket.socket())
                    fillers[-1].settimeout(0.2)
                    fillers[-1].connect(("127.0.0.9", port))
            begun = time.monotonic()
            agent = Agent(binary, [f"kafka.test:{port}"], receiver, name="swallowed")
            with_names(agent, hosts)
            agent.wait_ready()
            for broker in "123":
                expect(agent, "broker_up", 1, 10, broker=broker)
            assert agent.value("highwater_cluster_reachable") == 1
            time.sleep(5)
            assert receiver.incidents(begun, name="ClusterUnreachable") == []
        finally:
            code = agent.stop() if agent else None
            for filler in fillers:
                filler.close()
            receiver.close()
    assert code == 0


@takes_minutes
def test_brokers_that_advertise_one_address_are_said_to_at_once(cluster, binary):
    """A relay stands before all of them. Who connects there reaches one of them, and the others are not up because that one answers."""
    base = cluster.port_base
    receiver = Receiver()
    agent = code = None
    with contextlib.ExitStack() as stack:
        relays = {i: stack.enter_context(contextlib.closing(Relay(base + 300 + i, base + 200 + i))) for i in (1, 2, 3)}

        def roll(address_of):
            for broker in (2, 3):
                cluster.shut(broker)
                advertise(cluster, broker, address_of(broker))
                cluster.start_one(broker)
                cluster.heal()

        rolled = True
        try:
            roll(lambda _: relays[1].server())
            begun = time.monotonic()
            agent = Agent(binary, [relays[1].server()], receiver, name="one-address")
            shared = f"brokers 1, 2 and 3 advertise the same address, {relays[1].server()}"
            agent.wait_ready()
            wait_until(says(agent, shared), 5, "the shared address")
            expect(agent, "broker_up", 1, 10, broker="1")
            _, alert = page(receiver, begun, "BrokerDown", 20)
            assert shared in alert["annotations"]["note"], alert["annotations"]
            for broker in "23":  # the page comes with the first of them
                expect(agent, "broker_up", 0, 10, broker=broker)
            until = time.monotonic() + 20
            while time.monotonic() < until:
                for broker in "23":
                    up = agent.value("highwater_broker_up", broker=broker)
                    assert up == 0, f"broker_up of broker {broker} is {up}, and broker 1 answers in its place"
                time.sleep(0.5)
            assert agent.value("highwater_quorum_lost") == 0, "the controllers do not come by that address"
            shown = subprocess.run([binary, "status", "--config", agent.config], capture_output=True, text=True, check=False).stdout
            assert "advertise the same address" in shown, shown
            ended = time.monotonic()
            roll(lambda broker: relays[broker].server())
            rolled = False
            for broker in "123":
                expect(agent, "broker_up", 1, 60, broker=broker)
            wait_until(lambda: not says(agent, "advertise the same address")(), 30, "nothing is said of a shared address any more")
            expect_quiet_end(cluster, agent, receiver, begun, pages=[("BrokerDown", ended)])
        finally:
            code = agent.stop() if agent else None
            if rolled:  # the tests that follow use the same brokers
                roll(lambda broker: relays[broker].server())
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
            ended = time.monotonic()
            relays[2].asks = False
            expect(agent, "broker_up", 1, 60, broker="2")
            expect_quiet_end(cluster, agent, receiver, begun, pages=[("BrokerDown", ended)])
        finally:
            code = agent.stop()
            receiver.close()
    assert code == 0


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
