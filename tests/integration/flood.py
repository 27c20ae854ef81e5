#!/usr/bin/env python3
"""Thousands of incidents at one moment, and receivers that hang, are slow, ask to wait, or are well: who hears of what, when, and what it costs.

    tests/integration/flood.py FOLDER [INCIDENTS]     FOLDER holds the programs; 2,000 by default
    tests/integration/flood.py FOLDER first-byte      how long it takes from a transition to the first byte at a receiver
"""

import collections
import datetime
import json
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from harness import WORK, Agent, end, wait_until  # noqa: E402

# More than ten alerts of one rule at a moment would be one incident.
PER_RULE = 10
SOURCES = """\
sources: [{name: lab, file: lab.prom, every: 1s}]
measures: [{name: lab_fault, source: lab, metric: lab_fault, unit: boolean, help: Whether it is broken., dimensions: [rack, item]}]
"""


class Taker:
    """A webhook receiver that keeps (moment, id, correlation id, whether it fires, severity) of each notification that it accepts.

    `mood(number)` says what to do with its request of that number: a status to answer with, or None to never answer. One thread for
    each connection, and as little work as Python can: what is measured is the agent."""

    def __init__(self, mood, pause=0.0):
        self.mood = mood
        self.pause = pause
        self.accepted = []
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.open = True
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            buffer = b""
            while self.open:
                request, buffer = self.read(connection, buffer)
                if request is None:
                    return
                arrived, head, body = request
                number, self.requests = self.requests, self.requests + 1
                status = self.mood(number)
                if status is None:
                    while self.open and self.mood(number) is None:
                        time.sleep(0.05)
                    return
                if self.pause:
                    time.sleep(self.pause)
                if status < 300:
                    self.take(arrived, head, body)
                later = "Retry-After: 1\r\n" if status == 429 else ""
                try:
                    connection.sendall(f"HTTP/1.1 {status} X\r\n{later}Content-Length: 0\r\n\r\n".encode())
                except OSError:
                    return

    @staticmethod
    def read(connection, buffer):
        """((moment of the first byte, head, body), what follows); (None, ...) when the other side has ended."""
        arrived = time.time() if buffer else None
        try:
            while b"\r\n\r\n" not in buffer:
                more = connection.recv(1 << 16)
                arrived = arrived or time.time()
                if not more:
                    return None, b""
                buffer += more
            head, _, body = buffer.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
            while len(body) < length:
                more = connection.recv(1 << 16)
                if not more:
                    return None, b""
                body += more
        except OSError:
            return None, b""
        return (arrived, head, body[:length]), body[length:]

    def take(self, arrived, head, body):
        key = re.search(rb"(?i)idempotency-key: (\S+)", head).group(1).decode()
        for alert in json.loads(body)["alerts"]:
            if "part_of" not in alert["annotations"] and alert["labels"]["alertname"].startswith("Lab"):
                self.accepted.append((arrived, key, alert["annotations"]["correlation_id"], alert["status"] == "firing", alert["labels"]["severity"]))

    def heard(self, firing):
        return {correlation for _, _, correlation, fires, _ in list(self.accepted) if fires == firing}

    def close(self):
        self.open = False
        self.listener.close()


class Lab:
    """Items that break all at once: a file that the agent reads as a source, and a rule for each ten of them, every second a page."""

    def __init__(self, folder, items):
        self.items = items
        self.path = folder / "lab.prom"
        self.write(0)
        rules = "".join(
            f"  - {{name: Lab{rack}, when: lab_fault == 1, select: {{rack: r{rack}}}, for: 0s, keep_firing_for: 0s, caused_by: [], "
            f"severity: {'ticket' if rack % 2 else 'page'}, runbook: \"https://wiki.example.com/lab\", summary: \"{{item}} is broken\"}}\n"
            for rack in range((items + PER_RULE - 1) // PER_RULE))
        (folder / "own.yaml").write_text("alerts:\n" + rules)

    def write(self, broken):
        new = self.path.with_suffix(".new")
        new.write_text("".join(f'lab_fault{{rack="r{item // PER_RULE}",item="item-{item}"}} {broken}\n' for item in range(self.items)))
        new.rename(self.path)


def flood(servers, binary, items, slow=0.01, name="flood"):
    """Breaks and mends so many items. Prints what it took, and fails when anything was lost or out of order."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder, items)
    woken = threading.Event()
    takers = {"good": Taker(lambda _: 200), "slow": Taker(lambda _: 200, pause=slow),
              "busy": Taker(lambda number: 429 if number % 500 == 20 else 200),
              "hung": Taker(lambda _: 200 if woken.is_set() else None)}
    receivers = "receivers:\n" + "".join(f"  - {{name: {kind}, timeout: 5s, webhook: {{url: \"{taker.url}\"}}}}\n" for kind, taker in takers.items())
    agent = Agent(binary, servers[:2], name=name, rules="rules: {builtin: false, files: [own.yaml]}\n", extra=receivers + SOURCES, detail=None)
    try:
        agent.wait_ready()
        time.sleep(3)
        print(f"{items} items: {agent.rss_mib('VmHWM'):.0f} MiB before", flush=True)
        for broken in (1, 0):
            what = "open" if broken else "end"
            cpu, began, before = agent.cpu_seconds(), time.time(), {kind: len(taker.accepted) for kind, taker in takers.items()}
            lab.write(broken)
            for kind in ("good", "busy", "slow"):
                wait_until(lambda kind=kind: len(takers[kind].heard(bool(broken))) >= items, 600, f"{kind} hears of every {what}")
                news = takers[kind].accepted[before[kind]:]
                first, last = news[0][0], news[-1][0]
                print(f"  {what} {kind:5}: first byte after {first - began:.2f} s, all after {last - began:.2f} s ({len(news) / max(last - first, 0.001):.0f}/s)", flush=True)
            print(f"  {what}: {agent.cpu_seconds() - cpu:.1f} s of CPU, {agent.rss_mib('VmHWM'):.0f} MiB at most", flush=True)
        woken.set()
        wait_until(lambda: len(takers["hung"].heard(False)) >= items, 600, "hung hears of every end")
        faults = []
        for kind, taker in takers.items():
            faults += faults_in(kind, taker, items)
        assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:20])
        given_up = sum(value for (metric, _), value in agent.metrics().items() if metric == "highwater_agent_notifications_given_up_total")
        print(f"  all: {agent.rss_mib('VmHWM'):.0f} MiB at most, {given_up:.0f} given up", flush=True)
    finally:
        code = end(agent.process, 20)
        agent.log.close()
        for taker in takers.values():
            taker.close()
    assert code == 0, f"exit code {code} after SIGTERM"


def faults_in(kind, taker, items):
    faults = []
    of = collections.defaultdict(list)
    for _, key, correlation, firing, _ in taker.accepted:
        of[correlation].append((key, firing))
    if len(of) != items:
        faults.append(f"{kind} heard of {len(of)} incidents, not of {items}")
    for correlation, heard in of.items():
        order = [firing for _, firing in dict(heard).items()]
        if order != sorted(order, reverse=True) or order[-1]:
            faults.append(f"{kind} heard of {correlation} in a wrong order: {heard}")
    firsts = [(moment, severity) for moment, _, _, firing, severity in taker.accepted if firing]
    pages = [moment for moment, severity in firsts if severity == "page"]
    tickets = [moment for moment, severity in firsts if severity == "ticket"]
    late = sum(moment > min(tickets) for moment in pages)
    if late > 0:
        faults.append(f"{kind} heard of {late} pages after a ticket")
    return faults


def first_byte(servers, binary, rounds=24, items=PER_RULE, name="first-byte"):
    """Milliseconds from a transition, as the agent dates it, to the first byte of its request at a receiver."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    lab = Lab(folder, items)
    taker = Taker(lambda _: 200)
    receivers = f"receivers:\n  - {{name: good, webhook: {{url: \"{taker.url}\"}}}}\n"
    agent = Agent(binary, servers[:2], name=name, rules="rules: {builtin: false, files: [own.yaml]}\n", extra=receivers + SOURCES, detail=None)
    moments = {}
    try:
        agent.wait_ready()
        time.sleep(3)
        for number in range(rounds):
            lab.write((number + 1) % 2)
            wait_until(lambda number=number: len(taker.accepted) >= items * (number + 1), 30, "all is told")
        for incident in json.loads(agent.get("/api/v1/incidents?last=7d"))["incidents"]:
            moments[incident["correlation_id"]] = {True: incident["opened"], False: incident["ended"]}
    finally:
        code = end(agent.process, 20)
        agent.log.close()
        taker.close()
    first, all_of = {}, []
    for arrived, _, correlation, firing, _ in taker.accepted:
        moment = moments[correlation][firing]
        took = (arrived - datetime.datetime.fromisoformat(moment).timestamp()) * 1000
        all_of.append(took)
        first[moment] = min(took, first.get(moment, took))
    for what, values in (("the first of its evaluation", list(first.values())), (f"all, {items} at a time", all_of)):
        values.sort()
        print(f"transition to first byte, {what}: {len(values)} of them, median {values[len(values) // 2]:.1f} ms, "
              f"p95 {values[int(len(values) * 0.95)]:.1f} ms, worst {values[-1]:.1f} ms", flush=True)
    assert code == 0, f"exit code {code} after SIGTERM"


def main():
    import simulated

    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    cluster = simulated.SimulatedCluster(folder / "highwater-sim")
    cluster.start()
    try:
        if sys.argv[2:] == ["first-byte"]:
            first_byte(cluster.servers(), folder / "highwater")
        else:
            flood(cluster.servers(), folder / "highwater", int(sys.argv[2]) if len(sys.argv) > 2 else 2000)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
