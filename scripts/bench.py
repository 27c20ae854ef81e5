"""The measurements behind docs/performance.md, on real Kafka brokers. scripts/bench builds what this runs."""

import contextlib
import importlib.machinery
import importlib.util
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import harness  # noqa: E402
from harness import Agent, Cluster, end, parse_metrics, wait_until, watched  # noqa: E402

BINARY = ROOT / "build" / "release" / "bin" / "highwater"
SETTLE = 20  # seconds until connections, histories and the allocator are warm
WATCH = 60  # seconds over which CPU time is counted


def wire():
    """Kafka's wire format as the script that records test frames spells it out."""
    path = ROOT / "tests" / "kafka" / "record-frames"
    loader = importlib.machinery.SourceFileLoader("record_frames", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("record_frames", loader))
    loader.exec_module(module)
    return module


def commit(cluster, groups, topic_of, partitions):
    """Commits offset 0 for `partitions` partitions of a topic for each group, at the group's own coordinator."""
    w = wire()
    connections = {}

    def connection(broker):
        if broker not in connections:
            connections[broker] = w.Connection(cluster.server(broker))
        return connections[broker]

    for index, group in enumerate(groups):
        entries = [w.i32(p) + w.i64(0) + w.i32(-1) + w.cstring(None) + b"\0" for p in range(partitions(index))]
        topic = w.cstring(topic_of(index)) + w.carray(entries) + b"\0"
        body = w.cstring(group) + w.i32(-1) + w.cstring("") + w.cstring(None) + w.carray([topic]) + b"\0"
        for attempt in range(200):
            broker = 1 + (index + attempt) % cluster.brokers
            _, answer = connection(broker).exchange(8, 8, body, True)
            error = first_error(answer, topic_of(index))
            if error == 0:
                break
            time.sleep(0.02 if error != 16 else 0)
        else:
            raise AssertionError(f"{group}: no broker takes its commit, last error {error}")


def first_error(body, topic):
    """The error of the first partition of an OffsetCommit answer (v8): after the topic's name, a count and an index."""
    at = body.index(topic.encode()) + len(topic)
    return int.from_bytes(body[at + 1 + 4:at + 1 + 6], "big")


def scrape_ms(agent):
    """Milliseconds from a scrape's request to its last byte, the median, and its size. Read as it comes: what Python's own
    client would do with the chunks takes as long as the agent. So far apart that none is given the page of another."""
    times = []
    buffer = bytearray(1 << 20)
    for _ in range(40):
        size = 0
        with socket.create_connection(("127.0.0.1", agent.port), timeout=10) as connection:
            started = time.perf_counter()
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            while count := connection.recv_into(buffer):
                size += count
            times.append((time.perf_counter() - started) * 1000)
        time.sleep(0.25)
    return statistics.median(times), size


def total(agent, name, **labels):
    wanted = set(labels.items())
    return sum(value for (metric, have), value in agent.metrics().items() if metric == name and wanted <= have)


def measure(agent, what):
    time.sleep(SETTLE)
    requests, polls = total(agent, "highwater_kafka_requests_total"), total(agent, "highwater_agent_polls_total", collector="groups")
    cpu, started = agent.cpu_seconds(), time.monotonic()
    time.sleep(WATCH)
    cpu, wall = agent.cpu_seconds() - cpu, time.monotonic() - started
    cycles = total(agent, "highwater_agent_polls_total", collector="groups") - polls
    asked = total(agent, "highwater_kafka_requests_total") - requests
    latency, size = scrape_ms(agent)
    print(f"{what}: {cycles:.0f} complete cycles in {wall:.0f} s")
    print(f"  CPU per cycle, everything included   {cpu / cycles * 1000:8.2f} ms   ({cpu / wall * 100:.2f} % of a core)")
    print(f"  resident memory                      {agent.rss_mib():8.1f} MiB   ({agent.rss_mib('RssAnon'):.1f} MiB of its own, "
          "the rest pages of program and libraries)")
    print(f"  requests to Kafka per cycle          {asked / cycles:8.1f}")
    print(f"  GET /metrics, median of 40           {latency:8.2f} ms   ({size / 1024:.0f} KiB, {len(agent.metrics())} series)", flush=True)


SIZE = "2,000 partitions, 510 groups, 5,400 committed offsets, 3 brokers, a poll of 1 s"


@contextlib.contextmanager
def loaded_cluster():
    cluster = Cluster()
    cluster.start()
    try:
        for index in range(20):
            cluster.create_topic(f"load-{index:02d}", 100, 1)
        cluster.produce("load-00", range(100))
        cluster.consume("load-00", "warm-up", 10)
        sizes = [10] * 480 + [20] * 30
        commit(cluster, [f"group-{index:03d}" for index in range(510)], lambda index: f"load-{index % 20:02d}", lambda index: sizes[index])
        yield cluster
    finally:
        cluster.stop()


def cost(other=None, turns=3):
    """With another build of the agent both are measured in turns, because a machine is not the same from minute to minute."""
    with loaded_cluster() as cluster:
        for binary in [other, BINARY] * int(turns) if other else [BINARY]:
            agent = Agent(binary, cluster.servers(), poll="1s", name="bench-cost", detail=None)
            try:
                agent.wait_ready(60)
                measure(agent, f"{binary}: " * bool(other) + SIZE)
            finally:
                agent.stop()


def instructions(*others):
    """Of a cycle, by valgrind: the same whatever else the machine does. The kernel's are not among them."""
    if shutil.which("callgrind_control") is None:
        return print("instructions: left out, valgrind is not installed")
    out = ROOT / "build" / "integration" / "bench-instructions.out"
    under = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    with loaded_cluster() as cluster:
        for binary in [*others, BINARY]:
            agent = Agent(binary, cluster.servers(), poll="1s", name="bench-instructions", detail=None, under=under)
            try:
                agent.wait_ready(120)
                time.sleep(SETTLE)
                polls = total(agent, "highwater_agent_polls_total", collector="groups")
                for state in ("on", "off"):
                    subprocess.run(["callgrind_control", "-i", state, str(agent.process.pid)], check=True, stdout=subprocess.DEVNULL)
                    time.sleep(WATCH if state == "on" else 0)
                cycles = total(agent, "highwater_agent_polls_total", collector="groups") - polls
            finally:
                agent.stop()
            counted = int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE).group(1))
            print(f"{binary}: {SIZE}: {counted / cycles / 1e6:.2f} million instructions per cycle ({cycles:.0f} cycles)", flush=True)


# Every topic is written to, and every group reads slower than that: so far behind, records over its topics.
LAGGING = """\
brokers: 3
topics:
  - {{name: load-%d, count: 200, partitions: 10, produce: 20/s, history: 6h}}
groups:
  - {{name: reader-%d, count: 480, topics: [load-%d], members: 1, commit_every: 5s, lag: {behind}, consume: {rate}}}
  - {{name: double-%d, count: 30, topics: [load-%d, load-200], members: 2, commit_every: 5s, lag: {behind}, consume: {rate}}}
"""


def lag(binary=BINARY, simulator=None):
    """The same size on the simulator, where every group lags; at a poll of 5 s, from a cold start on."""
    for what, behind, rate in (("groups that keep up", 0, "all"), ("groups hours behind that go on", 200_000, "15/s")):
        scenario = ROOT / "build" / "integration" / "bench-lag.yaml"
        scenario.parent.mkdir(parents=True, exist_ok=True)
        scenario.write_text(LAGGING.format(behind=behind, rate=rate))
        process = subprocess.Popen([str(simulator or pathlib.Path(binary).parent / "highwater-sim"), str(scenario)], stdout=subprocess.PIPE, text=True)
        servers = process.stdout.readline().split()[1].split(",")
        agent = Agent(binary, servers, poll="5s", name="bench-lag", detail=None)
        try:
            agent.wait_ready(60)
            last = 0
            for _ in range(8):
                time.sleep(1)
                asked = total(agent, "highwater_kafka_requests_total")
                known = sum(name == "highwater_group_lag_seconds_max" for name, _ in agent.metrics())
                if asked != last:
                    print(f"  {asked - last:.0f} requests, {known} lags of a group in a topic known in seconds", flush=True)
                last = asked
            measure(agent, f"2,000 partitions, 510 groups, {what}, a poll of 5 s")
        finally:
            agent.stop()
            end(process)


def small():
    cluster = Cluster(brokers=1)
    cluster.start()
    try:
        for index in range(10):
            cluster.create_topic(f"small-{index}", 3, 1)
        cluster.produce("small-0", range(10))
        cluster.consume("small-0", "reader", 5)
        agent = Agent(BINARY, cluster.servers(), poll="5s", name="bench-small", detail=None)
        try:
            agent.wait_ready(60)
            measure(agent, "one broker, ten topics, a poll of 5 s")
        finally:
            agent.stop()
    finally:
        cluster.stop()


SCOPED = """\
brokers: 3
topics:
  - {name: app-%d, count: 10, partitions: 10, produce: 10/s}
  - {name: other-%d, count: 190, partitions: 10}
groups:
  - {name: app, topics: [app-1, app-2, app-3, app-4, app-5, app-6, app-7, app-8, app-9, app-10], consume: all, members: 3}
  - {name: other-%d, count: 100, topics: [other-%d]}
"""


def private_kib(pid):
    """Private_Clean and Private_Dirty of the process: pages that nobody else has mapped. Private_Clean are pages of its files that no
    other process uses at the moment: the kernel can drop them, and two agents on one machine share them."""
    lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines[1:]}
    return sizes["Private_Clean"], sizes["Private_Dirty"]


def sidecar(folder=BINARY.parent):
    """A scope of one group and ten topics on 2,000 partitions, at the default cadences."""
    folder = pathlib.Path(folder)
    import simulated
    cluster = simulated.SimulatedCluster(folder / "highwater-sim", SCOPED)
    cluster.start()
    agent = None
    try:
        agent = Agent(folder / "highwater", cluster.servers(), harness.Receiver(), poll=None, name="bench-sidecar",
                      cluster="    scope: {groups: [app], member: {client_id: consumer-app-1}}\n", detail=None)
        agent.wait_ready(60)
        wait_until(lambda: agent.value("highwater_group_topic_lag_records", group="app", topic="app-10") is not None, 60, "lag of ten topics")
        time.sleep(SETTLE)
        before, began = agent.cpu_seconds(), time.monotonic()
        time.sleep(2 * WATCH)
        share = (agent.cpu_seconds() - before) / (time.monotonic() - began)
        clean, dirty = private_kib(agent.process.pid)
        print(f"sidecar: one group, 10 topics of 2,000 partitions: {share * 100:.3f} % of a core over {2 * WATCH} s, "
              f"private memory {dirty / 1024:.1f} MiB dirty and {clean / 1024:.1f} MiB clean (files), resident {agent.rss_mib():.1f} MiB, "
              f"{int(total(agent, 'process_threads'))} threads", flush=True)
    finally:
        if agent:
            end(agent.process)
        cluster.stop()


def spread(name, seconds):
    ordered = sorted(seconds)
    p95 = ordered[max(0, round(0.95 * len(ordered)) - 1)]
    print(f"{name}: {len(ordered)} tries, median {statistics.median(ordered):.2f} s, p95 {p95:.2f} s, worst {ordered[-1]:.2f} s", flush=True)


def page(tries=20):
    cluster = Cluster()
    cluster.start()
    seconds, several = [], 0
    try:
        cluster.prepare()
        with watched(cluster, BINARY, "bench-page") as (agent, receiver):
            for attempt in range(int(tries)):
                broker = 1 + attempt % 3
                cluster.heal()
                wait_until(lambda: agent.value("highwater_broker_up", broker=str(broker)) == 1, 30, "the broker is seen up")
                time.sleep(3)
                killed = time.monotonic()
                cluster.kill(broker)
                arrived, alert = harness.page(receiver, killed, "BrokerDown", 15)
                seconds.append(arrived - killed)
                time.sleep(13)
                several += len(receiver.incidents(killed, severity="page")) > 1
                cluster.start_one(broker)
                correlation = alert["annotations"]["correlation_id"]
                wait_until(lambda: receiver.resolved(correlation), 90, "the incident is resolved")
        spread("kill -9 to the page, every broker as victim", seconds)
        print(f"tries with more than one page: {several}")
    finally:
        cluster.stop()


def hang():
    cluster = Cluster()
    cluster.start()
    hung, lost = [], []
    try:
        cluster.prepare()
        with watched(cluster, BINARY, "bench-hang") as (agent, receiver):
            for broker in (1, 2, 3):
                cluster.heal()
                wait_until(lambda: agent.value("highwater_broker_up", broker=str(broker)) == 1, 30, "the broker is seen up")
                time.sleep(3)
                since = time.monotonic()
                cluster.pause(broker)
                arrived, _ = harness.page(receiver, since, "BrokerDown", 20)
                hung.append(arrived - since)
                cluster.resume(broker)
                time.sleep(15)
            for first, second in ((1, 2), (2, 3), (3, 1)):
                cluster.heal()
                wait_until(lambda: agent.value("highwater_quorum_lost") == 0, 60, "the quorum is there")
                time.sleep(5)
                since = time.monotonic()
                cluster.kill(first)
                cluster.kill(second)
                arrived, _ = harness.page(receiver, since, "QuorumLost", 20)
                lost.append(arrived - since)
                cluster.run("startone", first, check=False)
                cluster.run("startone", second, check=False)
        spread("SIGSTOP to the page", hung)
        spread("two of three brokers killed to the page QuorumLost", lost)
    finally:
        cluster.stop()


POLLED = ("brokers", "partitions", "groups")  # each second; the others have a slower cadence of their own
LOG_ROWS = ("highwater_partition_high_watermark", "highwater_group_lag_records")


def stall(seconds=60):
    """A broker hangs for long: what is known of the others meanwhile, and how soon everything is back."""
    cluster = Cluster()
    cluster.start()
    try:
        cluster.prepare()
        with watched(cluster, BINARY, "bench-stall") as (agent, receiver):
            time.sleep(5)
            before = agent.metrics()
            # The worst one: what is forwarded to the active controller hangs with it.
            hung = int(agent.value("highwater_quorum_leader"))
            leaders = {(dict(labels)["topic"], dict(labels)["partition"]): value for (name, labels), value in before.items()
                       if name == "highwater_partition_leader"}
            elsewhere = {key for key in before if key[0] == LOG_ROWS[0]
                         and leaders[(dict(key[1])["topic"], dict(key[1])["partition"])] != hung}
            began = time.monotonic()
            cluster.pause(hung)
            slowest, oldest, missing, bad, down_others, resolved = 0.0, 0.0, 0, 0, 0, 0
            while time.monotonic() - began < float(seconds):
                started = time.perf_counter()
                text = agent.get("/metrics")
                slowest = max(slowest, time.perf_counter() - started)
                metrics = parse_metrics(text)
                oldest = max(oldest, *(value for (name, labels), value in metrics.items()
                                       if name == "highwater_collector_age_seconds" and dict(labels)["collector"] in POLLED))
                missing = max(missing, sum(key not in metrics for key in elsewhere))
                bad += sum(value != value or (value < 0 and not key[0].endswith("_leader")) for key, value in metrics.items())
                bad += sum(value == 0 and before.get(key, 0) > 0 for key, value in metrics.items() if key[0] in LOG_ROWS)
                down_others += sum(value == 0 and ("broker", str(hung)) not in labels for (name, labels), value in metrics.items()
                                   if name == "highwater_broker_up")
                time.sleep(0.2)
            resolved = sum(alert["status"] == "resolved" for _, alert in receiver.alerts(began))
            cluster.resume(hung)
            woken = time.monotonic()
            wanted = {key for key in before if key[0] in LOG_ROWS or key[0] == "highwater_broker_up"}
            wait_until(lambda: agent.value("highwater_broker_up", broker=str(hung)) == 1 and wanted <= agent.metrics().keys(), 60, "all rows are back")
            back = time.monotonic() - woken
            print(f"the active controller hung for {seconds} s, a poll of 1 s")
            print(f"  slowest GET /metrics                          {slowest * 1000:8.1f} ms")
            print(f"  oldest brokers, partitions or groups          {oldest:8.2f} s")
            print(f"  rows of partitions led elsewhere ever missing {missing:8d} of {len(elsewhere)}")
            print(f"  samples that turned 0, negative or NaN        {bad:8d}")
            print(f"  other brokers ever said to be down            {down_others:8d}")
            print(f"  notifications of something resolved           {resolved:8d}")
            print(f"  every row known again after its waking        {back:8.2f} s", flush=True)
    finally:
        cluster.stop()


def restarts(times=10):
    cluster = Cluster()
    cluster.start()
    try:
        cluster.prepare()
        with watched(cluster, BINARY, "bench-restarts") as (agent, receiver):
            began = time.monotonic()
            for attempt in range(int(times)):
                broker = 1 + attempt % 3
                cluster.shut(broker)
                time.sleep(2)
                assert agent.value("highwater_broker_stopped", broker=str(broker)) == 1
                cluster.start_one(broker)
                cluster.heal()
            time.sleep(5)
            told = [alert["labels"] for _, alert in receiver.alerts(began) if alert["status"] == "firing"]
            print(f"{times} orderly restarts: {sum(labels['severity'] == 'page' for labels in told)} pages, "
                  f"{sum(labels['severity'] != 'page' for labels in told)} tickets", flush=True)
    finally:
        cluster.stop()


def micro():
    for name in sorted((ROOT / "build" / "release" / "bin").glob("*_bench")):
        subprocess.run([str(name)], check=True)


class OpenPages:
    """So many people who have the same page open: what its script asks for, every five seconds, one after the other."""

    def __init__(self, agent, count, path="/"):
        self.agent, self.count, self.path, self.ends, self.reads = agent, count, path, threading.Event(), 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        due = time.monotonic()
        while not self.ends.wait(max(0, due - time.monotonic())):
            self.agent.get(self.path)
            self.reads += 1
            due += 5 / self.count

    def __enter__(self):
        if self.count:
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        if self.count:
            self.thread.join()


@contextlib.contextmanager
def simulated_agent(binaries, scenario, poll, **options):
    path = ROOT / "build" / "integration" / "bench-pages.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(scenario)
    process = subprocess.Popen([str(binaries / "highwater-sim"), str(path)], stdout=subprocess.PIPE, text=True)
    servers = process.stdout.readline().split()[1].split(",")
    agent = Agent(binaries / "highwater", servers, poll=poll, name="bench-pages", detail=None, **options)
    try:
        yield agent.wait_ready(180)
    finally:
        agent.stop()
        end(process)


def cost_of_open_pages(binaries, scenario):
    """In turns, because a machine is not the same from minute to minute; the median of three."""
    shares, memory = {0: [], 1: [], 50: []}, {}
    with simulated_agent(binaries, scenario, "1s") as agent:
        time.sleep(SETTLE)
        for _ in range(3):
            for count, cycles_cost in shares.items():
                with OpenPages(agent, count):
                    polls = total(agent, "highwater_agent_polls_total", collector="groups")
                    cpu, started = agent.cpu_seconds(), time.monotonic()
                    time.sleep(WATCH / 2)
                    cpu, wall = agent.cpu_seconds() - cpu, time.monotonic() - started
                    cycles_cost.append((cpu / (total(agent, "highwater_agent_polls_total", collector="groups") - polls) * 1000, cpu / wall * 100))
                    memory[count] = agent.rss_mib()
    for count, costs in shares.items():
        per_cycle, of_core = (statistics.median(values) for values in zip(*costs))
        print(f"{SIZE}, {count} open pages: {per_cycle:.2f} ms of CPU per cycle, {of_core:.2f} % of a core, {memory[count]:.1f} MiB resident")


def share_of_curves_and_changes(binaries, scenario):
    """Of all instructions of the agent while no page is open; by valgrind."""
    if shutil.which("callgrind_control") is None:
        return print("curves and changes: left out, valgrind is not installed")
    out = ROOT / "build" / "integration" / "bench-pages.out"
    under = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}"]
    with simulated_agent(binaries, scenario, "5s", under=under) as agent:
        time.sleep(SETTLE)
        for state in ("on", "off"):
            subprocess.run(["callgrind_control", "-i", state, str(agent.process.pid)], check=True, stdout=subprocess.DEVNULL)
            time.sleep(WATCH if state == "on" else 0)
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=99.99", str(out)], capture_output=True, text=True, check=True).stdout
    whole = int(re.search(r"([\d,]+) .*PROGRAM TOTALS", text).group(1).replace(",", ""))
    for name in ("history::History::add(", "changes::Ledger::add("):
        found = re.search(r"^\s*([\d,]+) .*" + re.escape(name), text, re.MULTILINE)
        print(f"{name[:-1]}: {int(found.group(1).replace(',', '')) / whole * 100:.2f} % of the instructions" if found else f"{name[:-1]}: too few to be listed")


HUGE = """\
brokers: 6
topics:
  - {name: big-%d, count: 1000, partitions: 100, replication_factor: 1, records: 1000}
groups:
  - {name: reader-%d, count: 500, topics: [big-%d], consume: all, members: 1}
"""


def pages_of_a_huge_cluster(binaries, tries=9):
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    import browser
    browser.install()
    with simulated_agent(binaries, HUGE, "30s") as agent:
        page = browser.Browser()
        try:
            for path in ("/", "/cluster?name=prod", "/topic?cluster=prod&name=big-1", "/group?cluster=prod&name=reader-1"):
                times = [page.open(f"http://127.0.0.1:{agent.port}{path}") for _ in range(tries + 1)][1:]
                print(f"100,000 partitions, {path}: loaded in Chromium after {statistics.median(times):.0f} ms, worst of {tries} {max(times):.0f} ms")
            with OpenPages(agent, 50):
                cpu, started = agent.cpu_seconds(), time.monotonic()
                time.sleep(20)
                print(f"100,000 partitions, a poll of 30 s, 50 open pages: {(agent.cpu_seconds() - cpu) / (time.monotonic() - started) * 100:.1f} % of a core, "
                      "with all else", flush=True)
        finally:
            page.close()


def pages(folder=None):
    binaries = pathlib.Path(folder).resolve() if folder else BINARY.parent
    scenario = LAGGING.format(behind=0, rate="all")
    pages_of_a_huge_cluster(binaries)
    cost_of_open_pages(binaries, scenario)
    share_of_curves_and_changes(binaries, scenario)


PARTS = {"cost": cost, "sidecar": sidecar, "instructions": instructions, "lag": lag, "small": small, "page": page, "hang": hang, "stall": stall, "restarts": restarts, "pages": pages, "micro": micro}

if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] not in PARTS:
        sys.exit(f"bench: there is no '{sys.argv[1]}'; one of: {', '.join(PARTS)}")
    for part in [sys.argv[1]] if len(sys.argv) > 1 else PARTS:
        PARTS[part](*sys.argv[2:])
