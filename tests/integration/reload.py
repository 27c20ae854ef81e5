"""Another configuration while the agent runs: what did not change goes on as if nothing had happened.

    tests/integration/reload.py FOLDER [RELOADS] [SEED]    random configurations on the simulator; 200 reloads by default
"""

import json
import pathlib
import random
import re
import sys
import threading
import time
import urllib.error
import urllib.request

from harness import WORK, Agent, Receiver, end, free_port, page, takes_long, wait_until

RULES = """\
alerts:
  - {{name: OrdersBusy, when: topic_partitions >= {least}, select: {{topic: orders}}, caused_by: [], severity: ticket, runbook: partition-skew, summary: "{{topic}} is busy"}}
"""


class Reloadable:
    """An agent whose configuration is written anew piece by piece."""

    def __init__(self, cluster, binary, name, extra=""):
        self.first, self.second = Receiver(), Receiver()
        self.folder = WORK / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.servers = cluster.servers()
        self.extra = extra
        self.rules = self.folder / "own.yaml"
        self.write_rules()
        self.agent = Agent(binary, self.servers[:2], name=name, rules="rules: {files: [own.yaml]}\n", detail="")
        end(self.agent.process)
        self.config = self.agent.config
        self.state = f"listen: 127.0.0.1:{self.agent.port}\nstate: {{path: {self.folder / 'state.db'}}}\nmetrics: {{detail: full}}\n{extra}"
        self.write()
        self.agent.start()
        self.agent.wait_ready()

    def write_rules(self, least=6):
        self.rules.write_text(RULES.format(least=least))

    def write(self, clusters=("prod",), receivers=("first",), more="", **settings):
        """Each receiver's settings may be changed: first="timeout: 3s"."""
        lines = ["clusters:"]
        for cluster in clusters:
            servers = ", ".join(f'"{server}"' for server in self.servers[:2])
            lines.append(f"  - {{name: {cluster}, bootstrap: [{servers}], poll: {{brokers: 1s, partitions: 1s, groups: 1s}}}}")
        if receivers:
            lines.append("receivers:")
        for receiver in receivers:
            url = {"first": self.first.url, "second": self.second.url}.get(receiver, f"http://127.0.0.1:{free_port()}/")
            setting = settings.get(receiver, "")
            lines.append(f"  - {{name: {receiver}, webhook: {{url: \"{url}\"}}{', ' + setting if setting else ''}}}")
        text = "\n".join(lines) + f"\nrules: {{files: [own.yaml]}}\n{self.state}{more}"
        self.config.write_text(text)

    def reload(self):
        """(status, answer) of POST /-/reload."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.agent.port}/-/reload", data=b"", method="POST")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read())

    def must_reload(self):
        status, answer = self.reload()
        assert status == 200, answer

    def connections(self):
        """(local port, the broker's port) of its connections to brokers."""
        ports = {int(server.rsplit(":", 1)[1]) for server in self.servers}
        inodes = set()
        for link in pathlib.Path(f"/proc/{self.agent.process.pid}/fd").iterdir():
            try:
                found = re.fullmatch(r"socket:\[(\d+)\]", str(link.readlink()))
            except FileNotFoundError:
                continue
            if found:
                inodes.add(found.group(1))
        local = set()
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            remote = int(fields[2].split(":")[1], 16)
            if fields[3] == "01" and fields[9] in inodes and remote in ports:
                local.add((int(fields[1].split(":")[1], 16), remote))
        return local

    def open_incidents(self):
        return json.loads(self.agent.get("/api/v1/status"))["incidents"]

    def close(self):
        code = end(self.agent.process)
        self.agent.log.close()
        self.first.close()
        self.second.close()
        assert code == 0, f"exit code {code} after SIGTERM"


def names(receiver, status="firing"):
    return [alert["labels"]["alertname"] for _, alert in receiver.alerts() if alert["status"] == status]


def test_a_reload_takes_everything_over_and_leaves_alone_what_did_not_change(cluster, binary):
    world = Reloadable(cluster, binary, "reload")
    try:
        wait_until(lambda: "OrdersBusy" in names(world.first), 20, "the first receiver hears of it")
        before = world.connections()
        assert before, "the agent has no connection to a broker"

        # A receiver that is new hears of what is open; the other one is not told again.
        world.write(receivers=("first", "second"))
        world.must_reload()
        wait_until(lambda: "OrdersBusy" in names(world.second), 30, "the new receiver hears of what is open")
        # One whose settings changed goes on where it was.
        world.write(receivers=("first", "second"), first="timeout: 7s")
        world.must_reload()
        time.sleep(3)
        assert names(world.first).count("OrdersBusy") == 1, names(world.first)

        # Another cluster begins, and one that is left out ends.
        world.write(clusters=("prod", "other"), receivers=("first", "second"))
        world.must_reload()
        wait_until(lambda: {incident["cause"]["entity"]["cluster"] for incident in world.open_incidents()} == {"prod", "other"}, 20,
                   "the incident of the other cluster")
        wait_until(lambda: len(names(world.second)) == 2, 30, "it is told")
        world.write(clusters=("prod",), receivers=("first", "second"))
        world.must_reload()
        wait_until(lambda: len(world.open_incidents()) == 1, 30, "what was open of a cluster that is left out ends")
        wait_until(lambda: names(world.first, "resolved") == ["OrdersBusy"], 30, "its end is told")
        assert world.agent.value("highwater_brokers", cluster="other") is None
        assert world.connections() >= before, "connections of a cluster that did not change were closed"

        # The same at a restart: what was open of a cluster that is not watched any more ends.
        world.write(clusters=("prod", "other"), receivers=("first", "second"))
        world.must_reload()
        wait_until(lambda: names(world.first).count("OrdersBusy") == 3, 20, "the other cluster's incident is told again")
        world.write(receivers=("first", "second"))
        world.agent.kill()
        world.agent.start()
        world.agent.wait_ready()
        wait_until(lambda: names(world.first, "resolved") == ["OrdersBusy"] * 2, 20, "its end is told after the restart")
        before = world.connections()

        # With a mistake nothing changes.
        good = world.config.read_text()
        world.config.write_text(good + "receivres: []\n")
        status, answer = world.reload()
        assert status == 400 and "receivres" in answer["mistakes"][0], answer
        wait_until(lambda: any(incident["cause"]["alertname"] == "ReloadFailing" for incident in world.open_incidents()), 20, "the ticket ReloadFailing")
        world.config.write_text(good)
        world.write_rules(least=7)
        world.must_reload()
        wait_until(lambda: not world.open_incidents(), 20, "all has ended")

        # A receiver that is left out hears of nothing more.
        world.write_rules(least=5)
        world.write(receivers=("second",))
        world.must_reload()
        told = len(world.first.alerts())
        wait_until(lambda: names(world.second).count("OrdersBusy") >= 3, 20, "the other one hears of the next incident")
        assert len(world.first.alerts()) == told
        assert world.connections() >= before, "connections of a cluster that did not change were closed"
    finally:
        world.close()


def test_changed_files_are_noticed_and_only_local_programs_may_reload(cluster, binary):
    folder = WORK / "reload-watch"
    folder.mkdir(parents=True, exist_ok=True)
    calendar = folder / "ops.ics"
    event = "BEGIN:VEVENT\r\nDTSTART:20261205T220000Z\r\nDURATION:PT2H\r\nEND:VEVENT\r\n"
    calendar.write_text(f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n")
    world = Reloadable(cluster, binary, "reload-watch", extra="watch_config: true\nmaintenance: [{name: planned, topic: other, calendar: ops.ics}]\n")

    def planned():
        window, = json.loads(world.agent.get("/api/v1/silences"))["maintenance"]
        return window["during"]

    try:
        wait_until(lambda: "OrdersBusy" in names(world.first), 20, "the receiver hears of it")
        world.write_rules(least=7)
        wait_until(lambda: names(world.first, "resolved") == ["OrdersBusy"], 30, "the changed rule is in force")
        # A calendar of maintenance is one of the files; with a mistake in it what there was stays.
        assert planned() == "1 event of ops.ics", planned()
        calendar.write_text(f"BEGIN:VCALENDAR\r\n{event}{event}END:VCALENDAR\r\n")
        wait_until(lambda: planned() == "2 events of ops.ics", 30, "the changed calendar is in force")
        calendar.write_text(f"BEGIN:VCALENDAR\r\n{event}")
        wait_until(lambda: "END:VCALENDAR is missing" in world.agent.log_path.read_text(), 30, "the mistake is said")
        assert planned() == "2 events of ops.ics", planned()
        for header in ({"Origin": "http://evil.example"}, {"X-Forwarded-For": "10.0.0.1"}):
            request = urllib.request.Request(f"http://127.0.0.1:{world.agent.port}/-/reload", data=b"", method="POST", headers=header)
            try:
                urllib.request.urlopen(request, timeout=5)
                raise AssertionError(f"a reload with {header} was done")
            except urllib.error.HTTPError as refused:
                assert refused.code == 403, refused.code
    finally:
        world.close()


@takes_long
def test_many_reloads_lose_nothing(cluster, binary, reloads=60, seed=None):
    """Random configurations, good and broken, one after the other, while a broker dies and comes back."""
    seed = random.randrange(1 << 30) if seed is None else seed
    chance = random.Random(seed)
    world = Reloadable(cluster, binary, "reload-many")
    oldest = [0.0]
    stop = threading.Event()

    def watch_ages():
        while not stop.is_set():
            for (name, labels), value in world.agent.metrics().items():
                if name == "highwater_collector_age_seconds" and ("cluster", "prod") in labels and ("collector", "brokers") in labels:
                    oldest[0] = max(oldest[0], value)
            time.sleep(0.2)

    watcher = threading.Thread(target=watch_ages, daemon=True)
    try:
        wait_until(lambda: "OrdersBusy" in names(world.first), 20, "the receiver hears of it")
        before = world.connections()
        watcher.start()
        killed, refused = None, 0
        for number in range(reloads):
            if number == reloads // 3:
                killed = time.monotonic()
                cluster.kill(2)
            clusters = chance.choice([("prod",), ("prod", "other"), ("other", "prod"), ("prod", "third")])
            receivers = ("first",) + chance.choice([(), ("second",), ("nobody",), ("second", "nobody")])
            settings = {"second": chance.choice(["", "timeout: 3s", "severity: page"]), "nobody": chance.choice(["", "timeout: 1s"])}
            more = chance.choice(["", "routes: [{to: first}]\n", "heartbeat: {url: \"http://127.0.0.1:1/\"}\n", "record: {path: recording}\n"])
            world.write(clusters=clusters, receivers=receivers, more=more, **settings)
            good = chance.random() < 0.7
            if not good:
                text = world.config.read_text()
                world.config.write_text(chance.choice([text + "nonsense: 1\n", text.replace("clusters:", "clusters", 1), "clusters: [{name: prod}]\n", "", text + "\x00"]))
            status, answer = world.reload()
            assert status == (200 if good else 400), (seed, number, status, answer)
            refused += not good
        assert world.agent.process.poll() is None, f"seed {seed}: the agent ended"
        down = page(world.first, killed, "BrokerDown", 20)
        cluster.start_one(2)
        correlation = down[1]["annotations"]["correlation_id"]
        wait_until(lambda: world.first.resolved(correlation), 60, "the broker's end is told")
        told = [alert for _, alert in world.first.alerts(killed) if alert["status"] == "firing" and alert["annotations"]["correlation_id"] == correlation]
        ids = {(alert["labels"]["alertname"], alert["fingerprint"]) for alert in told}
        assert len([one for one in ids if one[0] == "BrokerDown"]) >= 1, told
        # Another cluster of the same brokers tells of the same broker: an incident of its own.
        mine = [alert for _, alert in world.first.incidents(killed, name="BrokerDown") if alert["labels"]["cluster"] == "prod"]
        assert len(mine) == 1, f"seed {seed}: the broker's death was told {len(mine)} times"
        # Connections to the broker that died are new ones; those to the others are those of before.
        dead = int(world.servers[1].rsplit(":", 1)[1])
        closed = {one for one in before - world.connections() if one[1] != dead}
        assert not closed and len(before) > 1, f"seed {seed}: of {before} these were closed: {closed}"
        stop.set()
        watcher.join()
        assert oldest[0] < 4.0, f"seed {seed}: what is known of brokers was {oldest[0]:.1f} s old"
        print(f"seed {seed}: {reloads} reloads, {refused} of them refused; what is known of brokers was {oldest[0]:.2f} s old at most, "
              f"{len(before)} connections, none of brokers that stayed was closed", flush=True)
    finally:
        stop.set()
        if watcher.ident:
            watcher.join()
        world.close()


TESTS = [
    test_a_reload_takes_everything_over_and_leaves_alone_what_did_not_change,
    test_changed_files_are_noticed_and_only_local_programs_may_reload,
    test_many_reloads_lose_nothing,
]


def main():
    import simulated

    if len(sys.argv) < 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    cluster = simulated.SimulatedCluster(folder / "highwater-sim")
    cluster.start()
    try:
        test_many_reloads_lose_nothing(cluster, folder / "highwater", int(sys.argv[2]) if len(sys.argv) > 2 else 200,
                                       int(sys.argv[3]) if len(sys.argv) > 3 else None)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
