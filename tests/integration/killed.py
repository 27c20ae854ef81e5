#!/usr/bin/env python3
"""Hundreds of incidents, receivers that fail, hang, refuse and ask to wait, and kill -9 again and again: nothing is lost.

    tests/integration/killed.py FOLDER [KILLS] [SEED] [full|damaged]    FOLDER holds the programs; 100 kills by default

With `full` the disk of the state becomes full before each second kill, and is freed again; with `damaged` its file is overwritten
or cut while the agent is down, before each fifth start.

Incidents come from a file that the agent reads as a source. Each receiver keeps what it accepted, with the id that the
agent gave it. In the end each must have heard of each incident, in order, and of its end; what came twice has the same id.
"""

import collections
import errno
import http.server
import json
import pathlib
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import WORK, Agent, end, takes_long, wait_until  # noqa: E402

ITEMS = 200

SOURCES = """\
sources: [{name: lab, file: lab.prom, every: 1s}]
measures: [{name: lab_fault, source: lab, metric: lab_fault, unit: boolean, help: Whether it is broken., dimensions: [item]}]
"""
# Each item has a rule of its own: alerts of one rule that fire together are one incident. Every second one is a ticket, which one
# receiver is told together with others of its rack.
RULES = "alerts:\n" + "".join(
    f"  - {{name: Lab{item}, when: lab_fault == 1, select: {{item: item-{item}}}, for: 0s, keep_firing_for: 0s, caused_by: [], "
    f"severity: {'ticket' if item % 2 else 'page'}, labels: {{rack: r{item % 20}}}, runbook: \"https://wiki.example.com/lab\", summary: \"{{item}} is broken\"}}\n" for item in range(ITEMS))
RULES += "  - {name: StateFailing, when: state_failing == 1, for: 0s, caused_by: [], severity: ticket, runbook: state-failing, summary: \"No state\"}\n"
# What a receiver may do with a request, and how often.
MOODS = ("accept", "accept", "accept", "fail", "wait", "hang", "cut")


class Moody:
    """An HTTP server that keeps what it accepts as (id, incident, firing), and is in a random mood for each request."""

    def __init__(self, kind, seed):
        self.kind = kind
        self.chance = random.Random(seed)
        self.calm = False
        self.lock = threading.Lock()
        self.accepted = []
        self.others = []  # (alertname, status) of what a webhook was told, of each alert
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802 (the name is http.server's)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    mood = "accept" if outer.calm else outer.chance.choice(MOODS)
                if mood == "cut":
                    self.close_connection = True
                    return
                if mood in ("accept", "hang"):
                    with outer.lock:
                        if outer.kind == "webhook":
                            outer.others += [(alert["labels"]["alertname"], alert["status"]) for alert in body["alerts"]]
                        outer.accepted += [(self.headers["Idempotency-Key"], incident, firing) for incident, firing in outer.told(body)]
                if mood == "hang":
                    time.sleep(1.5)
                    mood = "accept"  # it says so too late for the agent, which sends it again
                try:
                    self.send_response({"accept": 202, "fail": 503, "wait": 429}[mood])
                    if mood == "wait":
                        self.send_header("Retry-After", "1")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # the agent is killed in the middle of requests
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, body):
        """(correlation id, whether it fires) of each incident in a request."""
        if self.kind == "pagerduty":
            return [(body["dedup_key"], body["event_action"] == "trigger")]
        alerts = body if self.kind == "alertmanager" else body["alerts"]
        soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 60))  # what fires ends minutes ahead
        return [(alert["annotations"]["correlation_id"], alert["endsAt"] > soon if self.kind == "alertmanager" else alert["status"] == "firing")
                for alert in alerts if "correlation_id" in alert["annotations"] and "part_of" not in alert["annotations"]]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Lab:
    """The file of what is broken."""

    def __init__(self, folder, chance):
        self.path = folder / "lab.prom"
        self.chance = chance
        self.broken = set()
        self.write()

    def write(self):
        new = self.path.with_suffix(".new")
        new.write_text("".join(f'lab_fault{{item="item-{item}"}} {int(item in self.broken)}\n' for item in range(ITEMS)))
        new.rename(self.path)

    def change(self, most):
        for item in self.chance.sample(range(ITEMS), self.chance.randrange(1, most)):
            self.broken ^= {item}
        self.write()

    def mend(self):
        self.broken = set()
        self.write()


class SmallDisk:
    """A file system of a few MiB, in a mount namespace that a process holds; agents that are killed leave it behind."""

    def __init__(self, folder):
        self.folder = folder / "disk"
        self.folder.mkdir(exist_ok=True)
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", f"mount -t tmpfs -o size=24m none '{self.folder}' && echo ready && exec sleep 100000"]
        self.holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "ready\n":
            raise AssertionError(f"no file system of its own: {self.holder.stderr.read()}")
        self.under = ["nsenter", "--user", "--mount", "--preserve-credentials", f"--target={self.holder.pid}"]
        self.ballast = pathlib.Path(f"/proc/{self.holder.pid}/root{self.folder}/ballast")

    def fill(self):
        try:
            with self.ballast.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
        except OSError as full:
            assert full.errno == errno.ENOSPC, full

    def free(self):
        self.ballast.unlink()

    def close(self):
        end(self.holder)


def damage(path, chance):
    """Overwrites some of it, or cuts it; the agent is down."""
    size = path.stat().st_size
    if chance.random() < 0.5:
        with path.open("r+b") as file:
            for _ in range(10):
                file.seek(chance.randrange(size))
                file.write(chance.randbytes(2000))
    else:
        with path.open("r+b") as file:
            file.truncate(chance.randrange(size))


def becomes(condition, within):
    """Whether it becomes true within so many seconds."""
    end_of_wait = time.monotonic() + within
    while not condition() and time.monotonic() < end_of_wait:
        time.sleep(0.1)
    return bool(condition())


def state_fails(agent):
    return agent.value("highwater_state_failing") == 1


def configuration(receivers, folder):
    """Of four kinds; a command's output is the history that is read in the end."""
    script = folder / "tell"
    # Whole or not at all: the script is killed with the agent as well.
    script.write_text("#!/bin/sh\nline=$(cat)\n"
                      "case $line in *\\}) ;; *) exit 75 ;; esac\n"  # the agent was killed before it had written all of it
                      f"[ -e {folder / 'moody'} ] && [ $(($(od -An -N1 -tu1 /dev/urandom) % 4)) = 0 ] && exit 75\n"
                      f"file={folder / 'told'}/$(date +%s%N)\n"
                      "printf '%s %s\\n' \"$HIGHWATER_DELIVERY_ID\" \"$line\" > $file.part && mv $file.part $file.json\n")
    script.chmod(0o755)
    lines = [f"  - {{name: hook, timeout: 1s, webhook: {{url: \"{receivers['webhook'].url}/\"}}}}",
             f"  - {{name: duty, timeout: 1s, pagerduty: {{url: \"{receivers['pagerduty'].url}/\", routing_key: {{env: DUTY_KEY}}}}}}",
             f"  - {{name: am, timeout: 1s, alertmanager: {{urls: [\"{receivers['alertmanager'].url}\"]}}}}",
             f"  - {{name: script, command: {{path: {script}}}}}",
             f"  - {{name: together, timeout: 1s, webhook: {{url: \"{receivers['groups'].url}/\"}}}}"]
    routes = ("routes:\n  - {to: [hook, duty, am, script], continue: true}\n"
              "  - {to: together, group_by: [rack], group_wait: 2s, group_interval: 1m}\n")
    return "receivers:\n" + "\n".join(lines) + "\n" + routes + SOURCES


def incidents_of(agent):
    """Every incident that the agent knows, by correlation id: whether it is open."""
    answer = json.loads(agent.get("/api/v1/incidents?last=7d"))
    return {incident["correlation_id"]: incident["ended"] is None for incident in answer["incidents"]
            if incident["cause"]["alertname"].startswith("Lab")}


def times_damaged(agent):
    """How often its starts found the state damaged. Bytes that no record needs may be anything."""
    return agent.log_path.read_text(errors="replace").count("the state file was damaged")


def told_of_state(receivers):
    return collections.Counter(status for name, status in receivers["webhook"].others if name == "StateFailing")


def start_on_damaged_state(agent, state, receivers, chance):
    """Whether the agent found the damage; then the webhook was told of it."""
    before, told_before = times_damaged(agent), told_of_state(receivers)["firing"]
    damage(state, chance)
    receivers["webhook"].calm = True
    agent.start()
    agent.wait_ready()
    found = times_damaged(agent) > before
    if found:
        wait_until(lambda: told_of_state(receivers)["firing"] > told_before, 60, "the receiver is told that the state was damaged")
    receivers["webhook"].calm = False
    return found


def of_the_command(folder, hook):
    told = []
    for path in sorted(folder.glob("*.json")):
        key, body = path.read_text().split(" ", 1)
        told += [(key, incident, firing) for incident, firing in hook.told(json.loads(body))]
    return told


def faults_in(told, incidents, forgotten=frozenset()):
    """What is wrong with what one receiver accepted. The state of those that were `forgotten` was lost with the file: nothing more
    can be told of them."""
    faults = []
    by_incident = {}
    for key, incident, firing in told:
        if incident in incidents:
            by_incident.setdefault(incident, []).append((key, firing))
    for incident in incidents:
        heard = by_incident.get(incident)
        if not heard and incident in forgotten:
            continue
        if not heard:
            faults.append(f"{incident} was never told")
            continue
        if heard[-1][1] and incident not in forgotten:
            faults.append(f"the end of {incident} was not told last: {heard}")
        seen, ended = set(), False
        for key, firing in heard:
            if key in seen:
                continue  # told again after a restart, with the id it had before
            seen.add(key)
            if firing and ended:
                faults.append(f"{incident} fires after its end: {heard}")
            ended = ended or not firing
    return faults


def run(servers, binary, kills, seed, name="kill-9-again", trouble=None):
    chance = random.Random(seed)
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "told", ignore_errors=True)
    (folder / "told").mkdir()
    (folder / "own.yaml").write_text(RULES)
    (folder / "moody").touch()
    lab = Lab(folder, chance)
    receivers = {kind: Moody(kind, seed + number) for number, kind in enumerate(("webhook", "pagerduty", "alertmanager", "groups"))}
    disk = SmallDisk(folder) if trouble == "full" else None
    state = (disk.folder if disk else folder) / "state.db"
    agent = Agent(binary, servers[:2], name=name, rules="rules: {builtin: false, files: [own.yaml]}\n", extra=configuration(receivers, folder),
                  environment={"DUTY_KEY": "0123456789abcdef0123456789abcdef"}, under=disk.under if disk else (), state=state)
    known, forgotten, troubles = set(), set(), 0
    try:
        for number in range(kills):
            agent.wait_ready()
            full = disk is not None and number % 2 == 1
            if full:
                disk.fill()
            deadline = time.monotonic() + chance.uniform(0.2, 5)
            while time.monotonic() < deadline:
                lab.change(max(3, 240 // kills))  # some 200 incidents in all: more than 1,000 that wait are given up
                time.sleep(chance.uniform(0.2, 1.5))
            if full:
                # Where its files have room inside, a full disk holds it up no more: then nothing has to be said.
                troubles += becomes(lambda: state_fails(agent), 10)
                told_meanwhile = set(incidents_of(agent))
                disk.free()
                wait_until(lambda: not state_fails(agent), 60, "the agent writes again")
                known |= told_meanwhile
            known |= set(incidents_of(agent))
            agent.kill()
            if trouble != "damaged" or number % 5 != 4:
                agent.start()
            elif start_on_damaged_state(agent, state, receivers, chance):
                forgotten |= known
                troubles += 1
            if number % 10 == 9:
                print(f"{number + 1} kills", flush=True)
        agent.wait_ready()
        for receiver in receivers.values():
            receiver.calm = True
        (folder / "moody").unlink()
        lab.mend()
        wait_until(lambda: not any(incidents_of(agent).values()), 60, "every incident has ended")
        wait_until(lambda: all(agent.value("highwater_agent_notifications_queued", receiver=one) == 0 for one in ("hook", "duty", "am", "script", "together")),
                   180, "everything is delivered")
        incidents = known | set(incidents_of(agent))
        told = {}

        def faults():
            told.update({kind: list(receiver.accepted) for kind, receiver in receivers.items()})
            told["command"] = of_the_command(folder / "told", receivers["webhook"])
            return [f"{kind}: {fault}" for kind, accepted in told.items() for fault in faults_in(accepted, incidents, forgotten)]

        # The counts of what waits are some seconds old, and what began soon after a group was told waits for the rest of its interval.
        becomes(lambda: not faults(), 100)
        left = faults()
        assert not left, f"seed {seed}: {len(left)} faults, of {len(incidents)} incidents\n" + "\n".join(left[:20])
        counts = {kind: len(accepted) for kind, accepted in told.items()}
        together = collections.Counter(key for key, _, _ in told["groups"])
        assert max(together.values()) > 1, "nothing was told together"
        state_told = told_of_state(receivers)
        assert not troubles or state_told["firing"], "nobody was told that the state is not kept"
        assert troubles or trouble != "full", "the disk was never too full for the state"
        print(f"seed {seed}: {kills} kills, {len(incidents)} incidents, accepted {counts}; {troubles} times {trouble or 'trouble'}, "
              f"{len(forgotten)} forgotten, StateFailing told {dict(state_told)}", flush=True)
        assert len(incidents) >= min(ITEMS, 3 * kills), "too few incidents to prove anything"
    finally:
        code = end(agent.process)
        agent.log.close()
        for receiver in receivers.values():
            receiver.close()
        if disk:
            disk.close()
    assert code == 0, f"exit code {code} after SIGTERM"


@takes_long
def test_kill_9_loses_no_notification(cluster, binary):
    run(cluster.servers(), binary, kills=8, seed=random.randrange(1 << 30))


@takes_long
def test_a_full_disk_loses_no_notification(cluster, binary):
    if subprocess.run(["unshare", "--map-root-user", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("left out: a file system of its own may not be mounted here", flush=True)
        return
    run(cluster.servers(), binary, kills=4, seed=random.randrange(1 << 30), name="kill-9-full", trouble="full")


@takes_long
def test_a_damaged_state_loses_nothing_that_comes_after_it(cluster, binary):
    run(cluster.servers(), binary, kills=7, seed=random.randrange(1 << 30), name="kill-9-damaged", trouble="damaged")


TESTS = [test_kill_9_loses_no_notification, test_a_full_disk_loses_no_notification, test_a_damaged_state_loses_nothing_that_comes_after_it]


def main():
    import simulated

    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 30)
    cluster = simulated.SimulatedCluster(folder / "highwater-sim")
    cluster.start()
    try:
        run(cluster.servers(), folder / "highwater", kills, seed, trouble=sys.argv[4] if len(sys.argv) > 4 else None)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
