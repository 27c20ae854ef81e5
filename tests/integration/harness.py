"""What the tests on real Kafka brokers share: a cluster, an agent, a receiver of pages. Python's standard library alone.

Everything runs on loopback, in folders below build/integration, and is ended by the process id it was started with.
"""

import contextlib
import http.server
import itertools
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "integration"
# Runs at the same time need ports of their own: PORT_BASE=26090 for one of them.
PORT_BASE = int(os.environ.get("PORT_BASE", 23090))


# Below those that the system gives to connections: an agent that is killed and started again must find its port free.
FREE_PORTS = range(10000, 20000)
next_port = itertools.count(os.getpid() * 101)


KAFKA_VERSION = os.environ.get("KAFKA_VERSION", "4.1.0")  # of the brokers; the tools are of TOOLS_VERSION
TOOLS_VERSION = "4.1.0"


def version_numbers(version):
    return tuple(int(number) for number in version.split("."))


def free_port():
    for number in next_port:
        port = FREE_PORTS[number % len(FREE_PORTS)]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_until(condition, timeout, what):
    """Polls `condition` until it is true; its value. Fails with `what` after `timeout` seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def takes_long(test):
    """Marks a test that is begun before the others, so that no lane waits for it in the end."""
    test.takes_long = True
    return test


def takes_minutes(test):
    """Marks a test that runs when it is named or with --long, and in `versions`."""
    test.takes_minutes = True
    return test


class Cluster:
    """Real brokers, by the script beside this file."""

    def __init__(self, brokers=3, port_base=None, extra_config=None, cluster_id=None, version=KAFKA_VERSION):
        self.brokers = brokers
        self.version = version_numbers(version)
        self.has_quorum = self.version >= (3, 3)  # before, ZooKeeper
        self.port_base = port_base = port_base or PORT_BASE
        # Two clusters at a time need folders of their own; the jars are shared.
        self.directory = WORK / ("kafka" if port_base == 23090 else f"kafka-{port_base}")
        self.directory.mkdir(parents=True, exist_ok=True)
        for jars in WORK.glob("kafka/lib-*"):
            if not (self.directory / jars.name).exists():
                (self.directory / jars.name).symlink_to(jars)
        self.environment = dict(os.environ, KAFKA_VERSION=version, PORT_BASE=str(port_base), HEAP="320m", READY_TIMEOUT="180")
        if cluster_id:
            self.environment["CLUSTER_ID"] = cluster_id
        if callable(extra_config):  # for each broker its own
            for broker in range(1, brokers + 1):
                (self.directory / f"extra.{broker}.properties").write_text(extra_config(broker))
            self.environment["EXTRA_CONFIG"] = str(self.directory / "extra.%i.properties")
        elif extra_config:
            path = self.directory / "extra.properties"
            path.write_text(extra_config)
            self.environment["EXTRA_CONFIG"] = str(path)

    def run(self, *arguments, check=True, timeout=240, stdin=None):
        command = [str(ROOT / "tests" / "integration" / "kafka-cluster"), str(self.directory), *map(str, arguments)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=timeout, input=stdin)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self):
        self.run("start", self.brokers, timeout=600)

    def stop(self):
        self.run("stop", check=False)

    def signal(self, broker, number):
        """Not by the script: on a busy machine that takes as long as what tests measure from here on."""
        pid = int((self.directory / f"{broker}.pid").read_text())
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        assert str(self.directory / f"{broker}.properties") in words, f"broker {broker} is not running"
        os.kill(pid, number)

    def kill(self, broker):
        self.signal(broker, signal.SIGKILL)

    def pause(self, broker):
        self.signal(broker, signal.SIGSTOP)

    def resume(self, broker):
        self.signal(broker, signal.SIGCONT)

    def shut(self, broker):
        self.run("shut", broker)

    def start_one(self, *brokers):
        self.run("startone", *brokers)

    def add(self, broker):
        """One more, which is no controller, with nothing on its disk; also in the place of one that is dead."""
        self.run("add", broker)

    def remove(self, broker):
        """One that was added and is down; Kafka still knows it until it is unregistered."""
        self.run("remove", broker)

    def server(self, broker=1):
        return f"127.0.0.1:{self.port_base + broker}"

    def servers(self):
        return [self.server(i) for i in range(1, self.brokers + 1)]

    def tool(self, name, *arguments, **options):
        return self.run("tool", name, *arguments, **options)

    def create_topic(self, name, partitions, replication_factor, **config):
        options = []
        for key, value in config.items():
            options += ["--config", f"{key.replace('_', '.')}={value}"]
        self.tool("TopicCommand", "--bootstrap-server", ",".join(self.servers()), "--create", "--topic", name, "--partitions",
                  partitions, "--replication-factor", replication_factor, *options)

    def produce(self, topic, lines, *options):
        text = "".join(f"{line}\n" for line in lines)
        # The tool gives up after 1.5 s and three retries, and ends with exit code 0.
        patient = ["--request-timeout-ms", 30000, "--message-send-max-retries", 1000]
        self.tool("ConsoleProducer", "--bootstrap-server", ",".join(self.servers()), "--topic", topic, *patient, *options, stdin=text)

    def consume(self, topic, group, count, *properties):
        options = []
        for entry in properties:
            options += ["--consumer-property", entry]
        self.tool("consumer.ConsoleConsumer", "--bootstrap-server", ",".join(self.servers()), "--topic", topic, "--group", group,
                  "--from-beginning", "--max-messages", count, "--timeout-ms", 20000, *options)

    def background(self, name, *arguments):
        """A tool that keeps running, e.g. a consumer; ended with end(). In a session of its own: where a test stops it, the kernel
        would wake it, and reload every agent, when the shell that started the tests ends."""
        jars = self.directory / f"lib-{TOOLS_VERSION}"
        command = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx128m", "-cp", f"{jars}/*",
                   f"org.apache.kafka.tools.{name}", *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def partitions(self):
        """How many there are by Kafka's own tool, without internal topics: earlier tests leave some behind."""
        text = self.tool("TopicCommand", "--bootstrap-server", ",".join(self.servers()), "--describe", "--exclude-internal")
        return text.count("Partition: ")

    def heal(self):
        """Brings back every broker and waits until no partition is under-replicated."""
        down = []
        for line in self.run("status", check=False).splitlines():
            broker, _, state = line.split()[:3]
            if state == "paused":
                self.resume(broker)
            elif state == "down":
                down.append(broker)
        if down:
            self.start_one(*down)

        def all_in_sync():
            return self.tool("TopicCommand", "--bootstrap-server", ",".join(self.servers()), "--describe",
                             "--under-replicated-partitions").strip() == ""

        wait_until(all_in_sync, 60, "every partition is in sync")

    def prepare(self):
        """What the tests look at: topics of three replicas and of one, groups of two kinds."""
        self.create_topic("orders", 6, 3)
        self.create_topic("audit", 6, 1)
        self.create_topic("quiet", 1, 3)
        self.produce("orders", range(600))
        self.produce("audit", range(60))
        self.consume("orders", "payments", 400)
        self.consume("orders", "ledger", 100, "group.protocol=consumer" if self.version >= (4,) else "group.protocol=classic")
        self.consume("audit", "archive", 60)
        self.create_topic("short-lived", 3, 3)
        self.produce("short-lived", range(10))
        self.consume("short-lived", "passing", 10)

    def elect_preferred(self):
        self.tool("LeaderElectionCommand", "--bootstrap-server", self.server(), "--election-type", "preferred", "--all-topic-partitions")

    def lag(self, group, topic, records):
        """Leaves a group without members at the end of a topic, or at its beginning, which is at least so far behind."""
        self.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", self.server(), "--reset-offsets", "--group", group,
                  "--topic", topic, "--execute", "--to-earliest" if records else "--to-latest")

    def produce_steadily(self, topic, rate):
        """A producer of so many records a second until it is told to stop()."""
        return Tool(self.background("ProducerPerformance", "--topic", topic, "--num-records", 10_000_000, "--record-size", 20,
                                    "--throughput", rate, "--producer-props", f"bootstrap.servers={','.join(self.servers())}"))

    def consume_steadily(self, topic, group):
        """A consumer that commits each second until it is told to stop()."""
        return Tool(self.background("consumer.ConsoleConsumer", "--bootstrap-server", ",".join(self.servers()), "--topic", topic,
                                    "--group", group, "--consumer-property", "auto.commit.interval.ms=1000"))

    def delete_group(self, name):
        self.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", self.server(), "--delete", "--group", name)

    def topics(self):
        return self.tool("TopicCommand", "--bootstrap-server", self.server(), "--list").split()

    def delete_topic(self, name):
        self.tool("TopicCommand", "--bootstrap-server", self.server(), "--delete", "--topic", name)


def end(process, timeout=10):
    """Asks a process we started to end, and makes sure."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


class Tool:
    """A tool in the background."""

    def __init__(self, process):
        self.process = process

    def stop(self):
        end(self.process)


class Receiver:
    """A webhook receiver: keeps every payload with the moment it arrived (time.monotonic())."""

    def __init__(self, host="127.0.0.1"):
        self.arrivals = []
        self.refuse = False  # answers 503, and keeps nothing
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name is http.server's)
                arrived = time.monotonic()
                payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not outer.refuse:
                    with outer.lock:
                        outer.arrivals.append((arrived, dict(self.headers), payload))
                self.send_response(503 if outer.refuse else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self.server.server_address[1]}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, since=0.0):
        """(arrived, alert) of every alert told since then."""
        with self.lock:
            return [(arrived, alert) for arrived, _, payload in self.arrivals if arrived >= since for alert in payload["alerts"]]

    def incidents(self, since=0.0, severity=None, name=None):
        """The first telling of each incident that was told firing since then."""
        found = {}
        for arrived, alert in self.alerts(since):
            labels = alert["labels"]
            if alert["status"] != "firing" or (severity and labels["severity"] != severity) or (name and labels["alertname"] != name):
                continue
            found.setdefault(alert["annotations"]["correlation_id"], (arrived, alert))
        return list(found.values())

    def resolved(self, correlation_id):
        """Once per notification: it may hold several alerts of one incident."""
        found = {}
        for arrived, alert in self.alerts():
            if alert["status"] == "resolved" and alert["annotations"]["correlation_id"] == correlation_id \
                    and "part_of" not in alert["annotations"]:
                found.setdefault((arrived, alert["fingerprint"]), alert)
        return [(arrived, alert) for (arrived, _), alert in found.items()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TraceReceiver:
    """An OTLP collector that decodes with OpenTelemetry's own definitions and keeps every span."""

    def __init__(self, name="spans"):
        self.path = WORK / f"{name}.jsonl"
        self.path.unlink(missing_ok=True)
        WORK.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen([str(ROOT / "tests" / "integration" / "otlp-receiver"), "--port", "0", "--out", str(self.path)],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        assert line[:2] == ["listening", "on"], f"the OTLP receiver did not start: {line}"
        self.endpoint = f"http://127.0.0.1:{line[2]}"

    def spans(self, trace_id):
        if not self.path.exists():
            return []
        spans = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [span for span in spans if span["trace_id"] == trace_id]

    def close(self):
        end(self.process)


class Agent:
    """A running agent with its configuration, log and metrics."""

    def __init__(self, binary, bootstrap, receiver=None, poll="1s", name="agent", rules="", extra="", environment=None, fresh=True, cluster="",
                 detail="full", under=(), host="127.0.0.1", state=None):
        """`under`: a program that runs the agent, with its options. `host`: where the agent listens. `state`: a file elsewhere than in its folder."""
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.host = host
        self.config = self.directory / "highwater.yaml"
        receivers = f"receivers:\n  - {{name: oncall, webhook: {{url: \"{receiver.url}\"}}}}\n" if receiver else ""
        servers = ", ".join(f'"{server}"' for server in bootstrap)
        self.config.write_text(
            f"clusters:\n  - name: prod\n    bootstrap: [{servers}]\n"
            f"{f'    poll: {{brokers: {poll}, partitions: {poll}, groups: {poll}, configs: 10s}}' if poll else ''}\n{cluster}"
            f"listen: {self.host}:{self.port}\n{receivers}{rules}{extra}{f'metrics: {{detail: {detail}}}' if detail else ''}\n"
            f"state: {{path: {state or self.directory / 'state.db'}}}\n")
        if fresh:
            for file in self.directory.glob("state.db*"):
                file.unlink()
        self.log_path = self.directory / "agent.log"
        self.log = open(self.log_path, "wb")
        self.command = [*under, str(binary), "run", "--config", str(self.config)]
        self.environment = dict(os.environ, **(environment or {}))
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stderr=self.log, stdout=self.log, env=self.environment)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def get(self, path, timeout=5):
        with urllib.request.urlopen(f"http://{self.host}:{self.port}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the agent ended with {self.process.returncode}: {self.log_path.read_text()[-2000:]}")
        try:
            self.get("/readyz")
            return True
        except OSError:
            return False

    def wait_ready(self, timeout=30):
        wait_until(self.ready, timeout, "the agent is ready")
        return self

    def metrics(self):
        """{(name, frozenset of labels): value}"""
        return parse_metrics(self.get("/metrics"))

    def value(self, name, **labels):
        """The one value of a metric whose labels include these; None when there is none."""
        wanted = set(labels.items())
        found = [value for (metric, have), value in self.metrics().items() if metric == name and wanted <= have]
        assert len(found) <= 1, f"{name}{labels} is ambiguous: {found}"
        return found[0] if found else None

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self, kind="VmRSS"):
        """Also "RssAnon", its own, and "RssFile", pages of the program and of libraries."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{kind}:\s+(\d+)", status).group(1)) / 1024

    def stop(self):
        code = end(self.process)
        self.log.close()
        return code


SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        match = SAMPLE.match(line)
        assert match, f"not a sample: {line}"
        labels = frozenset(LABEL.findall(match.group(2) or ""))
        samples[(match.group(1), labels)] = float(match.group(3))
    return samples


@contextlib.contextmanager
def watched(cluster, binary, name, **options):
    """An agent that watches the cluster and a receiver; both end with the block, the agent with exit code 0."""
    receiver = Receiver()
    agent = Agent(binary, cluster.servers()[:2], receiver, name=name, **options)
    try:
        agent.wait_ready()
        yield agent, receiver
        assert agent.process.poll() is None, f"the agent ended by itself: {agent.log_path.read_text()[-3000:]}"
    finally:
        code = agent.stop()
        receiver.close()
    assert code == 0, f"exit code {code} after SIGTERM"


def page(receiver, since, name, timeout):
    def told():
        found = receiver.incidents(since, severity="page", name=name)
        return found[0] if found else None

    return wait_until(told, timeout, f"a page {name}")
