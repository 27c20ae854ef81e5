#!/usr/bin/env python3
"""Three nodes as network namespaces, an agent on each, and an agent that judges the cluster: who tells of what.

    tests/integration/nodes.py FOLDER [NAME...]    all tests, or those whose name contains one of NAME

FOLDER holds the programs, e.g. build/dev/bin. Three real Kafka brokers stand on a bridge, each at an address of its own; the nodes
reach them by a cable each. All of it is in a network namespace of its own, made by unshare: nothing of the machine's network is
touched, and it ends with the processes. Where the kernel does not let us, nothing is tested, and a line says so.
"""

import contextlib
import pathlib
import subprocess
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness  # noqa: E402
from harness import WORK, Agent, Cluster, Receiver, end, wait_until  # noqa: E402

INSIDE = "--inside"  # said by us to ourselves, once we are in the namespace
BRIDGE = "10.77.0.1"
NODES = "abc"
PROBE_EVERY = "2s"
HOLDS = 60  # seconds that the rule waits for
DEAD_WITHIN = 20
QUIET = 90  # longer than the rule waits, and than the controller needs to give a broker up


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True)


def broker_address(broker):
    return f"10.77.0.{10 + broker}"


class Node:
    """A network namespace with a cable to the bridge; held by a process that sleeps."""

    def __init__(self, name):
        self.name = name
        self.address = f"10.77.0.{20 + NODES.index(name)}"
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        own = pathlib.Path("/proc/self/ns/net").readlink()
        wait_until(lambda: pathlib.Path(f"/proc/{self.holder.pid}/ns/net").readlink() != own, 10, "the namespace is there")
        ip("link", "add", f"cable-{name}", "type", "veth", "peer", "name", "eth0", "netns", self.holder.pid)
        ip("link", "set", f"cable-{name}", "master", "bridge", "up")
        self.ip("link", "set", "lo", "up")
        self.ip("addr", "add", f"{self.address}/24", "dev", "eth0")
        self.ip("link", "set", "eth0", "up")

    def enter(self):
        return ["nsenter", "--net", "--target", str(self.holder.pid)]

    def ip(self, *arguments):
        subprocess.run([*self.enter(), "ip", *map(str, arguments)], check=True)

    def cut_off_from(self, broker):
        """Packets to the broker go to a card that nobody has: nothing is refused, nothing answers."""
        self.ip("neigh", "replace", broker_address(broker), "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")

    def mend(self, broker):
        self.ip("neigh", "del", broker_address(broker), "dev", "eth0")

    def end(self):
        end(self.holder)


class NodeAgent(Agent):
    """The agent of a node: it runs there, and is asked from here."""

    def __init__(self, binary, node, receiver, cluster):
        super().__init__(binary, cluster.node_servers(), receiver, poll=None, name=f"node-{node.name}", under=node.enter(), host=node.address,
                         extra=f"node: {{name: {node.name}, every: {PROBE_EVERY}, log_dirs: [{cluster.directory}/data1, /no/such/folder]}}\n")

    def matrix(self):
        """{broker: reached}"""
        return {dict(labels)["broker"]: value for (name, labels), value in self.metrics().items()
                if name == "highwater_node_broker_reachable"}


class BridgedCluster(Cluster):
    """The listener that is relayed in other tests is the nodes' here, at an address for each broker."""

    def __init__(self):
        super().__init__(extra_config=self.listeners)

    def listeners(self, broker):
        base = harness.PORT_BASE
        own, nodes = f"PLAINTEXT://127.0.0.1:{base + broker}", f"RELAYED://{broker_address(broker)}:{base + 200 + broker}"
        return f"listeners={own},{nodes},CONTROLLER://127.0.0.1:{base + 100 + broker}\nadvertised.listeners={own},{nodes}\n"

    def node_servers(self):
        return [f"{broker_address(broker)}:{self.port_base + 200 + broker}" for broker in range(1, self.brokers + 1)]


class World:
    """The cluster, a node each for three agents, and the central agent; each has a receiver of its own."""

    def __init__(self, binary):
        self.binary = binary
        self.cluster = BridgedCluster()

    def start(self):
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("link", "set", "bridge", "up")
        for address in [BRIDGE, *map(broker_address, (1, 2, 3))]:
            ip("addr", "add", f"{address}/24", "dev", "bridge")
        self.nodes = {name: Node(name) for name in NODES}
        self.cluster.start()
        self.cluster.prepare()

    def stop(self):
        self.cluster.stop()
        for node in self.nodes.values():
            node.end()

    @contextlib.contextmanager
    def watched(self):
        agents, receivers = {}, {}
        try:
            for name, node in self.nodes.items():
                receivers[name] = Receiver(BRIDGE)
                agents[name] = NodeAgent(self.binary, node, receivers[name], self.cluster)
            receivers["central"] = Receiver()
            agents["central"] = Agent(self.binary, self.cluster.servers(), receivers["central"], name="node-central")
            for agent in agents.values():
                agent.wait_ready(60)
            for name in NODES:
                wait_until(lambda: agents[name].matrix() == {"1": 1, "2": 1, "3": 1}, 60, f"{name} reaches every broker")  # noqa: B023
            yield agents, receivers
        finally:
            codes = {name: agent.stop() for name, agent in agents.items()}
            for receiver in receivers.values():
                receiver.close()
        assert set(codes.values()) == {0}, codes


def told(receivers):
    """{agent: summaries of what it told firing}"""
    return {name: [alert["annotations"]["summary"] for _, alert in receiver.incidents()] for name, receiver in receivers.items()}


def test_one_node_that_is_cut_off_from_one_broker_is_one_finding(world):
    with world.watched() as (agents, receivers):
        world.nodes["b"].cut_off_from(2)
        try:
            wait_until(lambda: agents["b"].value("highwater_node_broker_cut_off", broker="2") == 1, 30, "b knows that it is cut off")
            wait_until(lambda: receivers["b"].incidents(), HOLDS + 30, "b tells of it")
            time.sleep(15)
            matrix = {name: agents[name].matrix() for name in NODES}
            assert matrix == {"a": {"1": 1, "2": 1, "3": 1}, "b": {"1": 1, "2": 0, "3": 1}, "c": {"1": 1, "2": 1, "3": 1}}, matrix
            expected = {"a": [], "b": ["Node b cannot reach broker 2 (prod)"], "c": [], "central": []}
            assert told(receivers) == expected, told(receivers)
            (_, alert), = receivers["b"].incidents()
            assert alert["labels"]["severity"] == "page" and alert["labels"]["node"] == "b", alert
            print(f"      {told(receivers)}; matrix {matrix}", flush=True)
        finally:
            world.nodes["b"].mend(2)
        wait_until(lambda: receivers["b"].resolved(alert["annotations"]["correlation_id"]), 60, "it ends when it is mended")


def test_a_dead_broker_is_one_page_of_who_judges_the_cluster(world):
    with world.watched() as (agents, receivers):
        world.cluster.kill(2)
        try:
            wait_until(lambda: receivers["central"].incidents(severity="page"), DEAD_WITHIN, "the central agent pages")
            wait_until(lambda: all(agents[name].matrix()["2"] == 0 for name in NODES), 30, "every node sees that it is away")
            seen = time.monotonic()
            while time.monotonic() < seen + QUIET:
                for name in NODES:
                    assert receivers[name].alerts() == [], told(receivers)
                time.sleep(1)
            pages = receivers["central"].incidents(severity="page")
            assert [alert["labels"]["alertname"] for _, alert in pages] == ["BrokerDown"], pages
            assert all(agents[name].value("highwater_node_broker_cut_off", broker="2") == 0 for name in NODES)
            print(f"      {told(receivers)}", flush=True)
        finally:
            world.cluster.heal()


def test_a_broker_that_hangs_is_one_page_of_who_judges_the_cluster(world):
    with world.watched() as (agents, receivers):
        world.cluster.pause(3)
        try:
            wait_until(lambda: receivers["central"].incidents(severity="page"), DEAD_WITHIN, "the central agent pages")
            wait_until(lambda: all(agents[name].matrix()["3"] == 0 for name in NODES), 30, "every node sees that it hangs")
            time.sleep(QUIET)
            assert {name: told(receivers)[name] for name in NODES} == {"a": [], "b": [], "c": []}, told(receivers)
        finally:
            world.cluster.heal()


def test_a_node_asks_for_no_groups_and_few_topics(world):
    with world.watched() as (agents, _):
        time.sleep(10)
        names = {name for name, _ in agents["a"].metrics()}
        assert not [name for name in names if name.startswith(("highwater_group_", "highwater_topic_", "highwater_partition_", "highwater_broker_"))], names
        assert agents["a"].value("highwater_node_log_dir_usable_ratio") > 0
        used = agents["a"].cpu_seconds()
        time.sleep(30)
        print(f"      {(agents['a'].cpu_seconds() - used) / 30:.2%} of a core, {agents['a'].rss_mib('RssAnon'):.1f} MiB of its own, "
              f"probes every {PROBE_EVERY}", flush=True)


TESTS = [test_one_node_that_is_cut_off_from_one_broker_is_one_finding, test_a_dead_broker_is_one_page_of_who_judges_the_cluster,
         test_a_broker_that_hangs_is_one_page_of_who_judges_the_cluster, test_a_node_asks_for_no_groups_and_few_topics]


def why_no_namespaces():
    """"" when they can be made."""
    tried = subprocess.run(["unshare", "--net", "ip", "link", "add", "bridge", "type", "bridge"], capture_output=True, text=True)
    return (tried.stderr or "unshare failed").strip() if tried.returncode else ""


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != INSIDE]
    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__)
    if INSIDE not in sys.argv:
        why = why_no_namespaces()
        if why:
            print(f"skipped: no network namespaces can be made here ({why}); it takes root, or CAP_SYS_ADMIN and CAP_NET_ADMIN")
            return
        sys.exit(subprocess.run(["unshare", "--net", sys.executable, "-u", __file__, INSIDE, *arguments]).returncode)
    WORK.mkdir(parents=True, exist_ok=True)
    chosen = [test for test in TESTS if not arguments[1:] or any(word in test.__name__ for word in arguments[1:])]
    world = World(pathlib.Path(arguments[0]).resolve() / "highwater")
    failed = []
    try:
        world.start()
        for test in chosen:
            started = time.monotonic()
            try:
                test(world)
                print(f"ok    {test.__name__} ({time.monotonic() - started:.0f} s)", flush=True)
            except Exception:
                failed.append(test.__name__)
                print(f"FAIL  {test.__name__} ({time.monotonic() - started:.0f} s)\n{traceback.format_exc()}", flush=True)
    finally:
        world.stop()
    print(f"{len(chosen) - len(failed)} passed, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
