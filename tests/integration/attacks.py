"""The agent among hostile and broken neighbours: clients, brokers, receivers, files, limits of the system. On simulated brokers."""

import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

from harness import WORK, Agent, Receiver, end, free_port, page, wait_until
from simulated import SimulatedCluster

LARGE = """\
brokers: 1
topics:
  - {name: wide, partitions: 6000, replication_factor: 1}
"""


class LargeCluster(SimulatedCluster):
    """One broker whose page is some megabytes."""

    def start(self):
        scenario = WORK / "attacks.yaml"
        WORK.mkdir(parents=True, exist_ok=True)
        scenario.write_text(LARGE)
        self.process = subprocess.Popen([str(self.binary), str(scenario), "--control"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.addresses = self.process.stdout.readline().split()[1].split(",")
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()


def ask(port, text, host="127.0.0.1"):
    client = socket.create_connection((host, port), timeout=10)
    client.sendall(text.encode())
    return client


@contextlib.contextmanager
def clients(count, make):
    made = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                made.append(make())
        yield made
    finally:
        for client in made:
            client.close()


def wait_watched(agent):
    """Without /readyz, which waits for clusters that never answer."""
    def watched():
        assert agent.process.poll() is None, f"the agent ended with {agent.process.returncode}: {agent.log_path.read_text()[-2000:]}"
        try:
            return agent.value("highwater_broker_up", cluster="prod", broker="1") == 1
        except OSError:
            return False

    wait_until(watched, 60, "the healthy cluster is watched")


def health_within_a_second(agent, times=10, pause=0.2):
    slowest = 0
    for _ in range(times):
        begun = time.monotonic()
        with urllib.request.urlopen(f"http://127.0.0.1:{agent.port}/healthz", timeout=5) as answer:
            assert answer.status == 200
        slowest = max(slowest, time.monotonic() - begun)
        time.sleep(pause)
    assert slowest < 1, f"/healthz took {slowest:.2f} s"


def test_slow_readers_of_a_large_page_keep_nobody_from_being_answered(cluster, binary):
    large = LargeCluster(cluster.binary)
    large.start()
    agent = Agent(binary, large.servers(), name="slow-readers")
    try:
        agent.wait_ready()
        # A receive buffer of this size makes that most of the page stays with the agent.
        def reader():
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(5)
            client.connect(("127.0.0.1", agent.port))
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return client

        with clients(120, reader) as readers:
            stop = threading.Event()

            def sip():
                while not stop.wait(0.5):
                    for client in readers:
                        with contextlib.suppress(OSError):
                            client.recv(64, socket.MSG_DONTWAIT)

            threading.Thread(target=sip, daemon=True).start()
            health_within_a_second(agent)
            assert "highwater_partition_leader" in agent.get("/metrics", timeout=20) or len(agent.get("/metrics", timeout=20)) > 1_000_000
            assert agent.rss_mib() < 256, agent.rss_mib()
            stop.set()
    finally:
        code = agent.stop()
        large.stop()
    assert code == 0


class SilentCluster:
    """A broker that names a thousand others, which accept connections and are silent. Each has an address of its own on loopback."""

    def __init__(self, count):
        self.count = count
        self.listeners = []
        self.stopping = False
        self.port = free_port()
        self.known = self.listen("127.0.0.1", 0)
        self.address = f"127.0.0.1:{self.known.getsockname()[1]}"
        for i in range(count):
            self.listen(self.host(i), self.port)
        threading.Thread(target=self.answer, daemon=True).start()

    @staticmethod
    def host(number):
        return f"127.77.{number // 250}.{number % 250 + 1}"

    def listen(self, host, port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(4)  # the kernel accepts for it
        self.listeners.append(listener)
        return listener

    def answer(self):
        while not self.stopping:
            with contextlib.suppress(OSError):
                client, _ = self.known.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError, struct.error):
            while True:
                size = struct.unpack(">i", client.recv(4, socket.MSG_WAITALL))[0]
                request = client.recv(size, socket.MSG_WAITALL)
                key, version, correlation = struct.unpack(">hhi", request[:8])
                if key == 18:
                    body = struct.pack(">ihi", correlation, 35 if version > 0 else 0, 2) + struct.pack(">hhhhhh", 3, 9, 9, 18, 0, 0)
                elif key == 3:
                    body = struct.pack(">ib", correlation, 0) + self.metadata()
                else:
                    continue
                client.sendall(struct.pack(">i", len(body)) + body)

    def metadata(self):
        def text(value):
            return bytes([len(value) + 1]) + value.encode()

        host, port = self.address.split(":")
        brokers = struct.pack(">i", 1) + text(host) + struct.pack(">i", int(port)) + b"\0\0"
        for i in range(self.count):
            brokers += struct.pack(">i", i + 2) + text(self.host(i)) + struct.pack(">i", self.port) + b"\0\0"
        count = self.count + 2
        varint = bytes([count & 0x7F | 0x80, count >> 7])
        return struct.pack(">i", 0) + varint + brokers + text("silent") + struct.pack(">i", 1) + b"\1" + struct.pack(">i", -2147483648) + b"\0"

    def stop(self):
        self.stopping = True
        for listener in self.listeners:
            listener.close()


def test_few_open_files_dripping_clients_and_silent_brokers_keep_no_page_from_being_sent(cluster, binary):
    """`ulimit -n 64`, 200 clients that drip, 1,200 brokers that accept and are silent."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    silent = SilentCluster(1200)
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="few-files", cluster=f"  - {{name: silent, bootstrap: [\"{silent.address}\"]}}\n")
    agent.kill()
    agent.command = ["prlimit", "--nofile=64:64", *agent.command]
    agent.start()
    try:
        wait_watched(agent)
        with clients(200, lambda: ask(agent.port, "GET /metrics HT")) as drips:
            for client in drips:
                with contextlib.suppress(OSError):
                    client.sendall(b"T")
            health_within_a_second(agent, times=5)
            killed = time.monotonic()
            cluster.kill(2)
            arrived, _ = page(receiver, killed, "BrokerDown", 15)
            assert arrived - killed < 10, arrived - killed
            health_within_a_second(agent, times=5)
        limits = pathlib.Path(f"/proc/{agent.process.pid}/limits").read_text()
        assert "Max open files            64" in limits, limits
        assert "names more brokers than this agent may hold connections" in agent.log_path.read_text()
    finally:
        code = agent.stop()
        receiver.close()
        silent.stop()
        cluster.heal()
    assert code == 0


def test_the_largest_configuration_needs_few_threads(cluster, binary):
    """200 sources, 30 clusters and 20 receivers within the tasks that the unit of systemd used to allow."""
    more = "".join(f"  - {{name: c{i}, bootstrap: [\"127.0.0.1:1\"]}}\n" for i in range(29))
    extra = "sources:\n" + "".join(f"  - {{name: s{i}, cluster: prod, url: \"http://127.0.0.1:1/metrics\"}}\n" for i in range(200))
    extra += "receivers:\n" + "".join(f"  - {{name: r{i}, webhook: {{url: \"http://127.0.0.1:1/\"}}}}\n" for i in range(20))
    agent = Agent(binary, cluster.servers(), name="many-threads", cluster=more, extra=extra)
    try:
        wait_watched(agent)
        most = 0
        for _ in range(20):
            most = max(most, len(list(pathlib.Path(f"/proc/{agent.process.pid}/task").iterdir())))
            time.sleep(0.2)
        assert most < 200, f"{most} threads"
    finally:
        code = agent.stop()
    assert code == 0


def test_a_start_without_enough_threads_or_files_is_a_sentence(cluster, binary):
    config = WORK / "no-room.yaml"
    config.write_text("clusters:\n" + "".join(f"  - {{name: c{i}, bootstrap: [\"127.0.0.1:1\"]}}\n" for i in range(50))
                      + f"listen: 127.0.0.1:{free_port()}\nstate: {{path: \":memory:\"}}\n")
    ended = subprocess.run(["prlimit", "--nofile=64:64", str(binary), "run", "--config", str(config)], capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1 and "only 64 files may be open" in ended.stderr, ended.stderr
    if os.geteuid() != 0:
        return  # the limit counts all processes of a user

    def strangers():
        resource.setrlimit(resource.RLIMIT_NPROC, (20, 20))
        os.setgid(54321)
        os.setuid(54321)

    copy = pathlib.Path("/tmp") / f"highwater-{os.getpid()}"
    subprocess.run(["install", "-m", "755", str(binary), str(copy)], check=True)
    text = config.read_text()
    config = pathlib.Path(f"{copy}.yaml")
    config.write_text(text)
    try:
        ended = subprocess.run([str(copy), "run", "--config", str(config)], capture_output=True, text=True, timeout=30, preexec_fn=strangers)
    finally:
        copy.unlink()
        config.unlink()
    assert ended.returncode == 1, (ended.returncode, ended.stderr)
    assert "threads can be started" in ended.stderr and "TasksMax" in ended.stderr, ended.stderr


def stopped_within(agent, seconds):
    begun = time.monotonic()
    agent.process.send_signal(signal.SIGTERM)
    try:
        code = agent.process.wait(seconds + 10)
    except subprocess.TimeoutExpired:
        agent.kill()
        raise AssertionError(f"it still ran {seconds + 10} s after SIGTERM") from None
    took = time.monotonic() - begun
    assert took < seconds, f"it ended {took:.1f} s after SIGTERM"
    return code


class Hanging:
    """Accepts connections on loopback and never answers."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/alerts"
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def close(self):
        self.listener.close()


def test_sigterm_ends_the_agent_within_five_seconds_whatever_hangs(cluster, binary):
    """A receiver, a source, a bootstrap server, a broker and clients of the server, all at once, while a page is under way."""
    hanging = Hanging()
    extra = f"sources: [{{name: s, cluster: prod, url: \"{hanging.url}\", timeout: 10s}}]\n"
    agent = Agent(binary, cluster.servers(), hanging, name="hung", extra=extra, cluster=f"  - {{name: other, bootstrap: [\"{hanging.address}\"]}}\n")
    try:
        wait_watched(agent)
        cluster.kill(2)
        cluster.pause(3)
        wait_until(lambda: agent.value("highwater_alert", alertname="BrokerDown", broker="2") == 1, 20, "the fault is seen")
        with clients(20, lambda: ask(agent.port, "GET /metrics HTTP/1.1\r\n\r\n")):
            assert stopped_within(agent, 5) == 0
        text = agent.log_path.read_text()
        assert "notification not delivered before the agent stopped" in text
    finally:
        agent.stop()
        hanging.close()
        cluster.resume(3)
        cluster.heal()


def test_sigterm_waits_for_no_name_service_that_is_silent(cluster, binary):
    """Brokers and a receiver whose names nobody can look up; needs root, to give the agent a resolv.conf of its own."""
    own_mount = ["unshare", "--mount", "mount", "--bind", "/etc/hostname", "/etc/hostname"]
    if os.geteuid() != 0 or subprocess.run(own_mount, stderr=subprocess.DEVNULL).returncode != 0:
        print("      left out: it needs a mount of its own, which is not allowed here", flush=True)
        return
    silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    silent.bind(("127.0.0.77", 53))
    resolv = WORK / "silent-resolv.conf"
    resolv.write_text("nameserver 127.0.0.77\noptions timeout:20 attempts:5\n")
    extra = "receivers: [{name: r, webhook: {url: \"http://alerts.example.org/\"}}]\n"
    extra += "sources: [{name: s, cluster: prod, url: \"http://app.example.org/\"}]\n"
    agent = Agent(binary, cluster.servers(), name="no-names", extra=extra, cluster="  - {name: other, bootstrap: [\"kafka.example.org:9092\"]}\n")
    agent.kill()
    agent.command = ["unshare", "--mount", "sh", "-c", f"mount --bind {resolv} /etc/resolv.conf && exec \"$@\"", "sh", *agent.command]
    agent.start()
    try:
        wait_watched(agent)
        cluster.kill(2)
        wait_until(lambda: agent.value("highwater_alert", alertname="BrokerDown", broker="2") == 1, 20, "the fault is seen")
        health_within_a_second(agent, times=3)
        assert stopped_within(agent, 5) == 0
    finally:
        agent.stop()
        silent.close()
        cluster.heal()


def test_sigterm_ends_an_agent_whose_log_nobody_reads(cluster, binary):
    reading, writing = os.pipe()
    agent = Agent(binary, cluster.servers(), name="mute", extra="log: {level: debug}\n")
    agent.kill()
    agent.log.close()
    agent.log = os.fdopen(writing, "wb")
    agent.start()
    try:
        agent.wait_ready()
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
        cluster.kill(2)
        cluster.start_one(2)
        health_within_a_second(agent, times=2)
        assert stopped_within(agent, 5) == 0
    finally:
        agent.stop()
        os.close(reading)
        cluster.heal()


def test_a_fifo_holds_up_neither_check_nor_start_nor_reload(cluster, binary):
    folder = WORK / "fifo"
    folder.mkdir(exist_ok=True)
    fifo = folder / "pipe.yaml"
    pages = folder / "pages"
    pages.mkdir(exist_ok=True)
    for path in (fifo, pages / "pipe.md"):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    base = "clusters: [{name: prod, bootstrap: [\"127.0.0.1:1\"]}]\n"
    for name, text, words in [("runbooks", base + "runbooks: pages\n", "it is no regular file but a FIFO"),
                              ("rules", base + "rules: {files: [pipe.yaml]}\n", "is neither a file nor a directory")]:
        config = folder / f"{name}.yaml"
        config.write_text(text)
        ended = subprocess.run([str(binary), "check", str(config)], capture_output=True, text=True, timeout=20)
        assert ended.returncode != 0 and words in ended.stdout + ended.stderr, (name, ended.stdout, ended.stderr)
    ended = subprocess.run([str(binary), "check", str(fifo)], capture_output=True, text=True, timeout=20)
    assert ended.returncode != 0 and "it is no regular file but a FIFO" in ended.stdout + ended.stderr, ended.stderr

    rules = folder / "rules"
    rules.mkdir(exist_ok=True)
    for old in rules.iterdir():
        old.unlink()
    (rules / "own.yaml").write_text("alerts:\n  - {name: Down, when: broker_up == 0, severity: ticket, runbook: broker-down, summary: \"{broker} is down ({cluster})\"}\n")
    extra = f"sources: [{{name: s, cluster: prod, url: \"http://127.0.0.1:1/\", bearer_token_file: {fifo}}}]\n"
    extra += f"receivers: [{{name: r, webhook: {{url: \"https://127.0.0.1:1/\", ca_file: {fifo}, bearer_token: {{file: {fifo}}}}}}}]\n"
    agent = Agent(binary, cluster.servers(), name="fifos", rules=f"rules: {{files: [{rules}]}}\n", extra=extra)
    try:
        agent.wait_ready()
        os.mkfifo(rules / "pipe.yaml")
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the configuration has mistakes" in agent.log_path.read_text(), 30, "the reload is refused")
        health_within_a_second(agent, times=2)
        stopped_within(agent, 5)
    finally:
        agent.stop()


def test_a_limit_of_file_sizes_is_told_and_kills_nobody(cluster, binary):
    agent = Agent(binary, cluster.servers(), name="small-files")
    agent.stop()
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="small-files", fresh=False)
    agent.kill()
    agent.process = subprocess.Popen(["prlimit", "--fsize=4096:4096", *agent.command], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_watched(agent)
        killed = time.monotonic()
        cluster.kill(2)
        page(receiver, killed, "BrokerDown", 15)
        wait_until(lambda: agent.value("highwater_state_failing") == 1, 90, "the state is said to fail")
        stopped_within(agent, 6)
    finally:
        end(agent.process)
        agent.log.close()
        receiver.close()
        cluster.heal()


def test_a_page_of_the_web_reads_nothing_on_loopback(cluster, binary):
    agent = Agent(binary, cluster.servers(), name="rebinding", extra="allowed_hosts: monitor.example.org\n")
    try:
        agent.wait_ready()
        for host, status in [("evil.example", 421), ("monitor.example.org", 200), ("localhost:1", 200)]:
            request = urllib.request.Request(f"http://127.0.0.1:{agent.port}/api/v1/status", headers={"Host": host})
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    seen = answer.status
                    json.loads(answer.read())
            except urllib.error.HTTPError as error:
                seen = error.code
            assert seen == status, (host, seen)
    finally:
        code = agent.stop()
    assert code == 0


def test_what_a_receiver_says_is_published_without_the_secret_in_its_address(cluster, binary):
    import hostile  # which knows this file

    process, (telling, _, _) = hostile.in_a_process(hostile.receivers)
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), name="telling",
                  extra=f"receivers:\n  - {{name: tells, webhook: {{url: \"{telling}\"}}}}\n  - {{name: oncall, webhook: {{url: \"{receiver.url}\"}}}}\n")
    try:
        agent.wait_ready()
        killed = time.monotonic()
        cluster.kill(2)
        wait_until(lambda: receiver.incidents(killed, name="NotificationFailing"), 60, "the ticket about the receiver that refuses")
        time.sleep(2)
        outputs = {path: agent.get(path) for path in ("/", "/agent", "/deliveries", "/incidents", "/metrics", "/api/v1/status", "/api/v1/incidents",
                                                      "/api/v1/deliveries")}
        for command in ("status", "incidents"):
            done = subprocess.run([str(binary), command, "--config", str(agent.config)], capture_output=True, text=True)
            outputs[command] = done.stdout + done.stderr
        done = subprocess.run([str(binary), "notify", "log", "--config", str(agent.config)], capture_output=True, text=True)
        outputs["notify log"] = done.stdout + done.stderr
        outputs["the other receiver"] = json.dumps(receiver.alerts())
        assert "Cannot POST" in outputs["/deliveries"] and "Cannot POST" in outputs["the other receiver"], "what it said is not told at all"
    finally:
        code = agent.stop()
        receiver.close()
        process.kill()
        cluster.heal()
    outputs["the log"] = agent.log_path.read_text()
    outputs["the state"] = "".join(file.read_bytes().decode("latin-1") for file in agent.directory.glob("state.db*"))
    told = [where for where, text in outputs.items() if hostile.SECRET in text]
    assert not told, f"the secret is in {told}"
    assert code == 0


TESTS = [
    test_slow_readers_of_a_large_page_keep_nobody_from_being_answered,
    test_few_open_files_dripping_clients_and_silent_brokers_keep_no_page_from_being_sent,
    test_the_largest_configuration_needs_few_threads,
    test_a_start_without_enough_threads_or_files_is_a_sentence,
    test_sigterm_ends_the_agent_within_five_seconds_whatever_hangs,
    test_sigterm_waits_for_no_name_service_that_is_silent,
    test_sigterm_ends_an_agent_whose_log_nobody_reads,
    test_a_fifo_holds_up_neither_check_nor_start_nor_reload,
    test_a_limit_of_file_sizes_is_told_and_kills_nobody,
    test_a_page_of_the_web_reads_nothing_on_loopback,
    test_what_a_receiver_says_is_published_without_the_secret_in_its_address,
]
