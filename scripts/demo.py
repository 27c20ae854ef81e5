"""Runs the demonstration that scripts/demo has built: a cluster, the agent, and a receiver that prints pages."""

import http.server
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = ROOT / "build" / "dev" / "bin"
WORK = ROOT / "build" / "demo"
PORT = 9877
CONFIG = """\
clusters:
  - name: demo
    bootstrap: [{servers}]
    poll: {{brokers: 1s, partitions: 1s, groups: 1s, configs: 30s}}
listen: 127.0.0.1:{port}
state: {{path: ":memory:"}}
rules: {{files: [rules.yaml]}}
receivers:
  - {{name: oncall, webhook: {{url: "{receiver}"}}}}
"""
# The built-in rule for a growing lag takes ten minutes to be sure, and a demonstration has no ten minutes.
RULES = """\
alerts:
  - name: PaymentsLate
    when: group_lag_seconds_max > 30s
    select: {group: "payment-*"}
    for: 7s
    severity: page
    runbook: lag-growing
    summary: "{group} is {value} behind on {topic}"
    description: "Payments are processed later than they arrive: {note}. First: are all of its members alive?"
"""
PAGES = queue.Queue()


class PageHandler(http.server.BaseHTTPRequestHandler):
    """Takes webhooks in Alertmanager's shape."""

    def do_POST(self):  # noqa: N802 (the name is http.server's)
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        for alert in payload["alerts"]:
            PAGES.put(alert)

    def log_message(self, *_):
        pass


def show(alert):
    labels, notes = alert["labels"], alert["annotations"]
    state = "RESOLVED" if alert["status"] == "resolved" else labels["severity"].upper()
    print(f"\n--- {state}: {notes['summary']}")
    rows = [("since", alert["startsAt"]), ("cause", notes.get("cause")), ("impact", notes.get("impact")),
            ("what it means", notes.get("description")), ("evidence", notes.get("evidence")), ("runbook", notes.get("runbook_url")),
            ("correlation id", notes.get("correlation_id"))]
    for name, text in rows:
        if not text:
            continue
        lines = [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, 96)]
        print(f"{name:>16}  " + ("\n" + " " * 18).join(lines))


def start_simulator():
    process = subprocess.Popen([str(BIN / "highwater-sim"), str(ROOT / "tests/simulator/scenarios/demo.yaml")],
                               stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if line[:1] != ["ready"]:
        sys.exit("demo: the simulator did not start")

    def relay():
        for event in process.stdout:
            print(f"\n*** simulator: {event.strip()}", flush=True)

    threading.Thread(target=relay, daemon=True).start()
    return process, line[1].split(",")


def real_cluster(*arguments):
    script = str(ROOT / "tests/integration/kafka-cluster")
    environment = dict(os.environ, PORT_BASE="24090", HEAP="320m")
    return subprocess.run([script, str(WORK / "kafka"), *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def start_real():
    print("starting three real Kafka brokers", flush=True)
    servers = real_cluster("start", "3").strip().split(",")
    for topic, replicas in (("orders", "3"), ("audit-log", "1")):
        real_cluster("tool", "TopicCommand", "--bootstrap-server", servers[0], "--create", "--topic", topic, "--partitions", "6",
                     "--replication-factor", replicas)

    def kill_later():
        time.sleep(8)
        print("\n*** kill -9 of broker 2", flush=True)
        real_cluster("kill", "2")

    threading.Thread(target=kill_later, daemon=True).start()
    return servers


def wait_ready(agent):
    for _ in range(200):
        if agent.poll() is not None:
            sys.exit(f"demo: the agent ended; see {WORK / 'agent.log'}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=1)
            return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.1)
    sys.exit(f"demo: the agent is not ready after 20 s; see {WORK / 'agent.log'}")


def main():
    once, real = "--once" in sys.argv, "--real" in sys.argv
    WORK.mkdir(parents=True, exist_ok=True)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    simulator, servers = (None, start_real()) if real else start_simulator()
    config = WORK / "highwater.yaml"
    config.write_text(CONFIG.format(servers=", ".join(f'"{server}"' for server in servers), port=PORT,
                                    receiver=f"http://127.0.0.1:{receiver.server_address[1]}/alerts"))
    (WORK / "rules.yaml").write_text(RULES)
    with open(WORK / "agent.log", "wb") as log:
        agent = subprocess.Popen([str(BIN / "highwater"), "run", "--config", str(config)], stderr=log)
    # A terminal that closes, or a kill, ends what was started as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    found = False
    try:
        wait_ready(agent)
        print(f"watching {', '.join(servers)}; look at http://127.0.0.1:{PORT}/ or run: build/dev/bin/highwater status", flush=True)
        end = time.monotonic() + 60
        while agent.poll() is None and not (once and (found or time.monotonic() > end)):
            try:
                alert = PAGES.get(timeout=0.2)
            except queue.Empty:
                continue
            show(alert)
            found = found or (alert["labels"]["alertname"] == "BrokerDown" and alert["status"] == "firing")
    except KeyboardInterrupt:
        print()
    finally:
        for process in (agent, simulator):
            if process and process.poll() is None:
                process.terminate()
                process.wait()
        if real:
            real_cluster("stop")
    if once and not found:
        sys.exit(f"demo: no page for the broker; see {WORK / 'agent.log'}")


if __name__ == "__main__":
    main()
