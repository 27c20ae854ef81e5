"""Runs the demonstration that scripts/demo has built: a cluster, the agent, and a receiver that prints what it is sent."""

import http.server
import json
import os
import pathlib
import queue
import secrets
import signal
import socket
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
STARTED = time.monotonic()
PORT_BASE = 24090  # of real brokers
# Both have a page and an end in the demonstration.
FAULTS = ("BrokerDown", "PaymentsLate")
CONFIG = """\
clusters:
  - name: demo
    bootstrap: [{servers}]
{security}    poll: {{brokers: 1s, partitions: 1s, groups: 1s, configs: 30s}}
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
SHOWN = set()


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


def say(text):
    print(f"\n[{time.monotonic() - STARTED:3.0f} s] {text}", flush=True)


def show(alert):
    labels, notes = alert["labels"], alert["annotations"]
    if alert["status"] == "resolved":
        return say(notes["summary"])
    if alert["fingerprint"] in SHOWN:
        return say(f"UPDATE: {notes['summary']}")
    SHOWN.add(alert["fingerprint"])
    say(f"{labels['severity'].upper()}: {notes['summary']}")
    rows = [("since", alert["startsAt"]), ("cause", notes.get("cause")), ("impact", notes.get("impact")),
            ("what it means", notes.get("description")), ("remedy", notes.get("remedy")), ("evidence", notes.get("evidence")), ("runbook", notes.get("runbook_url")),
            ("correlation id", notes.get("correlation_id"))]
    for name, text in rows:
        if not text:
            continue
        lines = [line for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, 82)]
        print(f"{name:>16}  " + ("\n" + " " * 18).join(lines), flush=True)
    return None


def words_of(event):
    """The simulator's "8.000s die 2" for people."""
    what = event.split(maxsplit=1)[-1]
    verb, _, rest = what.partition(" ")
    return {"die": f"broker {rest} dies", "return": f"broker {rest} comes back", "consume": f"the consumer reads faster ({rest})",
            "preferred_election": "the preferred leaders lead again"}.get(verb, what)


def start_simulator():
    process = subprocess.Popen([str(BIN / "highwater-sim"), str(ROOT / "tests/simulator/scenarios/demo.yaml")],
                               stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline().split()
    if line[:1] != ["ready"]:
        sys.exit("demo: the simulator did not start")

    def relay():
        for event in process.stdout:
            say(f"the cluster: {words_of(event.strip())}")

    threading.Thread(target=relay, daemon=True).start()
    return process, line[1].split(",")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


SECURE = {"config": WORK / "brokers.properties", "authority": WORK / "ca.pem", "password": WORK / "password"}
SECURITY = """\
    security:
      protocol: SASL_SSL
      ca: {authority}
      mechanism: SCRAM-SHA-512
      username: highwater
      password: {{file: {password}}}
"""


def make_secure():
    """Certificates, a password, and what the brokers have to know of both: a listener with SASL_SSL beside their own."""
    certificate, key, store = WORK / "broker.pem", WORK / "broker.key", WORK / "broker.store.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", "/CN=Authority of the demonstration",
            "-keyout", WORK / "ca.key", "-out", SECURE["authority"])
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=broker", "-keyout", key, "-out", WORK / "broker.csr")
    (WORK / "names.cnf").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", WORK / "broker.csr", "-CA", SECURE["authority"], "-CAkey", WORK / "ca.key", "-CAcreateserial", "-days", 2,
            "-extfile", WORK / "names.cnf", "-out", certificate)
    store.write_text(key.read_text() + certificate.read_text() + SECURE["authority"].read_text())
    SECURE["password"].write_text(secrets.token_urlsafe(16) + "\n")
    SECURE["password"].chmod(0o600)
    for broker in (1, 2, 3):
        listeners = f"PLAINTEXT://127.0.0.1:{PORT_BASE + broker},SECURE://127.0.0.1:{PORT_BASE + 20 + broker}"
        pathlib.Path(f"{SECURE['config']}.{broker}").write_text(
            f"listeners={listeners},CONTROLLER://127.0.0.1:{PORT_BASE + 100 + broker}\nadvertised.listeners={listeners}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT\n"
            "listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512\n"
            "listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
            f"listener.name.secure.ssl.keystore.type=PEM\nlistener.name.secure.ssl.keystore.location={store}\n")


def set_password(server):
    password = SECURE["password"].read_text().strip()
    jars = next((WORK / "kafka").glob("lib-*"))
    subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", "kafka.admin.ConfigCommand", "--bootstrap-server", server, "--alter",
                    "--entity-type", "users", "--entity-name", "highwater", "--add-config", f"SCRAM-SHA-512=[password={password}]"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def real_cluster(*arguments):
    script = str(ROOT / "tests/integration/kafka-cluster")
    environment = dict(os.environ, PORT_BASE=str(PORT_BASE), HEAP="320m")
    if pathlib.Path(f"{SECURE['config']}.1").exists():
        environment["EXTRA_CONFIG"] = f"{SECURE['config']}.%i"
    return subprocess.run([script, str(WORK / "kafka"), *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def start_real(secure):
    """The brokers' addresses for the agent."""
    try:
        return start_brokers(secure)
    except BaseException:
        real_cluster("stop")
        raise


def start_brokers(secure):
    for broker in (1, 2, 3):
        pathlib.Path(f"{SECURE['config']}.{broker}").unlink(missing_ok=True)
    if secure:
        make_secure()
    print(f"starting three real Kafka brokers{', with TLS and a login' if secure else ''}", flush=True)
    servers = real_cluster("start", "3").strip().split(",")
    for topic, replicas in (("orders", "3"), ("audit-log", "1")):
        real_cluster("tool", "TopicCommand", "--bootstrap-server", servers[0], "--create", "--topic", topic, "--partitions", "6",
                     "--replication-factor", replicas)

    def kill_later():
        time.sleep(8)
        say("the cluster: kill -9 of broker 2")
        real_cluster("kill", "2")
        time.sleep(20)
        say("the cluster: broker 2 is started again")
        real_cluster("startone", "2")

    if secure:
        set_password(servers[0])
        servers = [f"127.0.0.1:{PORT_BASE + 20 + broker}" for broker in (1, 2, 3)]
    threading.Thread(target=kill_later, daemon=True).start()
    return servers


def free_port():
    """The usual one, unless something listens there."""
    for port in 9877, 0:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    sys.exit("demo: there is no free port")


def wait_ready(agent, port):
    for _ in range(200):
        if agent.poll() is not None:
            sys.exit(f"demo: the agent ended; see {WORK / 'agent.log'}")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1)
            return
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.1)
    sys.exit(f"demo: the agent is not ready after 20 s; see {WORK / 'agent.log'}")


def look_around(port):
    return f"""
Look around while the demonstration runs:
  http://127.0.0.1:{port}/
      the status page, with incidents and runbooks
  build/dev/bin/highwater status -c build/demo/highwater.yaml
      the same in another terminal; also: incidents, explain BrokerDown
  build/dev/bin/highwater check --connect build/demo/highwater.yaml
      how each broker is reached, step by step"""


OWN_CLUSTER = """
Your own cluster is next:
  build/dev/bin/highwater init --bootstrap HOST:PORT
      writes highwater.yaml and rules.yaml; docs/getting-started.md goes on from there"""


def watch(agent, wanted, once):
    """Prints what the receiver gets. With `once` until every wanted alert has fired and has ended; says whether it has."""
    fired, ended = set(), set()
    end = time.monotonic() + 180
    while agent.poll() is None and not (once and (ended == wanted or time.monotonic() > end)):
        try:
            alert = PAGES.get(timeout=0.2)
        except queue.Empty:
            continue
        show(alert)
        name = alert["labels"]["alertname"]
        if name in wanted:
            (ended if alert["status"] == "resolved" and name in fired else fired).add(name)
            if ended == wanted and alert["status"] == "resolved":
                say("Every fault is over.")
    return ended == wanted


def main():
    once, secure = "--once" in sys.argv, "--secure" in sys.argv
    real = secure or "--real" in sys.argv
    WORK.mkdir(parents=True, exist_ok=True)
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), PageHandler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    simulator, servers = (None, start_real(secure)) if real else start_simulator()
    port = free_port()
    config = WORK / "highwater.yaml"
    security = SECURITY.format(**SECURE) if secure else ""
    config.write_text(CONFIG.format(servers=", ".join(f'"{server}"' for server in servers), security=security, port=port,
                                    receiver=f"http://127.0.0.1:{receiver.server_address[1]}/alerts"))
    (WORK / "rules.yaml").write_text(RULES)
    with open(WORK / "agent.log", "wb") as log:
        agent = subprocess.Popen([str(BIN / "highwater"), "run", "--config", str(config)], stderr=log)
    # A terminal that closes, or a kill, ends what was started as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    complete = False
    try:
        wait_ready(agent, port)
        say(f"watching {', '.join(servers)}; pages come to this terminal. {'Broker' if real else 'A consumer is behind, and broker'} 2 will die.")
        print(look_around(port), flush=True)
        complete = watch(agent, {"BrokerDown"} if real else set(FAULTS), once)
        if complete:
            print(OWN_CLUSTER, flush=True)
            if sys.stdin.isatty():
                input("\nThe links work until you press Enter: ")
            else:
                print("\nThe demonstration has ended, and its links with it; without --once it goes on until Ctrl-C.")
    except (KeyboardInterrupt, EOFError):
        print(OWN_CLUSTER)
        complete = True
    finally:
        for process in (agent, simulator):
            if process and process.poll() is None:
                process.terminate()
                process.wait()
        if real:
            real_cluster("stop")
    if once and not complete:
        sys.exit(f"demo: a page or its end is missing after three minutes; see {WORK / 'agent.log'}")


if __name__ == "__main__":
    main()
