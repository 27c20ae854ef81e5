"""An evening of faults on three real Kafka brokers, and what a person was told of each. Run by scripts/evening.

Not a test: people read the result, docs/evening.md. Every notification is kept in build/integration/evening/.
"""

import json
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import evening_report  # noqa: E402
from groups import consumer, expect, reset  # noqa: E402
from harness import PORT_BASE, ROOT, WORK, Agent, Cluster, Receiver, end  # noqa: E402

# As in Cluster: two evenings at a time need folders of their own.
DIRECTORY = WORK / ("evening" if PORT_BASE == 23090 else f"evening-{PORT_BASE}")
BROKERS = "log.retention.check.interval.ms=3000\n"
# Waits that take minutes and hours are seconds here; the document says so.
TUNED = {
    "BrokerStopped": {"for": "20s"},
    "UnderReplicated": {"for": "40s"},
    "LagGrowing": {"for": "20s"},
    "GroupStalled": {"for": "20s"},
    "GroupStopped": {"for": "20s"},
    "RebalanceStorm": {"for": "20s", "keep_firing_for": "10s"},
    "OffsetsRewound": {"keep_firing_for": "10s"},
    "RetentionNear": {"for": "0s", "keep_firing_for": "10s"},
    "RetentionWillDeleteUnread": {"for": "0s", "keep_firing_for": "10s"},
    "TransactionOpen": {"threshold": "70s"},
    "ReplicationAudit": {"for": "10s"},
}
SLOS = """\
slos:
  - use: consumer-lag
    good: "<= 15s"
    window: 1d
    min_bad: 10s
    tiers: [{burn: 14.4, long: 2m, short: 1m, severity: page}]
  - use: write-availability
    window: 1d
    min_bad: 40s
    tiers: [{burn: 14.4, long: 2m, short: 1m, severity: page}]
"""
SETTLES_WITHIN = 75  # seconds until what was told of a fault has been resolved
STAY = ("FailoverSlow", "OffsetsRewound")  # look at the last ten minutes; nobody waits for their end


class Evening:
    """The cluster with its everyday traffic, the agent, and what was told of each fault."""

    def __init__(self, binaries):
        self.binaries = binaries
        self.cluster = Cluster(extra_config=BROKERS)
        self.receiver = Receiver()
        self.running = {}
        self.faults = []

    def start(self):
        cluster = self.cluster
        cluster.start()
        cluster.create_topic("orders", 6, 3)
        cluster.create_topic("audit", 3, 1)
        cluster.create_topic("parcels", 1, 3, retention_ms=60000, segment_ms=5000)
        cluster.create_topic("clicks", 1, 3)
        cluster.create_topic("transfers", 1, 3)
        self.running["orders"] = cluster.produce_steadily("orders", 60)
        self.running["audit"] = cluster.produce_steadily("audit", 10)
        for group, topic in (("billing", "orders"), ("ledger", "orders"), ("archive", "audit")):
            self.running[group] = consumer(cluster, topic, group)
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        slos = DIRECTORY / "slos.yaml"
        slos.write_text(SLOS)
        self.agent = Agent(self.binaries / "highwater", cluster.servers()[:2], poll="2s", name=DIRECTORY.name,
                           rules=f"rules: {json.dumps({'files': [str(slos)], 'tune': TUNED})}\n",
                           extra=f"receivers: [{{name: oncall, severity: info, webhook: {{url: \"{self.receiver.url}\"}}}}]\n")
        self.agent.wait_ready(60)
        for group in ("billing", "ledger", "archive"):
            expect(self.agent, "group_members", 1, 90, group=group)

    def stop(self):
        for process in self.running.values():
            process.stop()
        if hasattr(self, "agent"):
            self.agent.stop()
        self.cluster.stop()
        self.receiver.close()

    def open_incidents(self):
        """Those that began with a fault; what stood before the first one is left out."""
        first = self.faults[0]["began"] if self.faults else 0
        newest, began = {}, {}
        for arrived, alert in self.receiver.alerts():
            incident = alert["labels"]["incident"]
            began.setdefault(incident, arrived)
            newest[incident] = alert
        return [incident for incident, alert in newest.items()
                if alert["status"] == "firing" and alert["labels"]["alertname"] not in STAY and began[incident] >= first]

    def play(self, fault):
        """Breaks something, mends it, and waits until all that was told of it has ended."""
        print(f"\n=== {fault.__name__} at {time.strftime('%H:%M:%S')}", flush=True)
        entry = {"name": fault.__name__, "began": time.monotonic()}
        self.faults.append(entry)
        entry["broken"] = None
        self.entry = entry
        try:
            fault(self)
        except AssertionError as error:
            entry["error"] = str(error)
            print(f"!!! {error}", flush=True)
        entry["mended"] = entry.get("mended") or time.monotonic()
        limit = time.monotonic() + SETTLES_WITHIN
        quiet_since = time.monotonic()
        while time.monotonic() < limit:
            if self.open_incidents():
                quiet_since = time.monotonic()
            elif time.monotonic() - quiet_since > 8:
                break
            time.sleep(1)
        entry["ended"] = time.monotonic()
        self.keep()

    def broken(self):
        """The moment from which the times of the fault count."""
        self.entry["broken"] = time.monotonic()

    def mended(self):
        self.entry["mended"] = time.monotonic()

    def keep(self):
        evening = {"faults": self.faults, "alerts": self.receiver.alerts(), "healthy": self.healthy, "tuned": TUNED, "slos": SLOS}
        (DIRECTORY / "newest.json").write_text(json.dumps(evening, indent=1))
        evening_report.show(evening, self.faults[-1])

    def restart(self, group, topic, *properties):
        self.running[group] = consumer(self.cluster, topic, group, *properties)


def crash(evening):
    evening.broken()
    evening.cluster.kill(2)
    time.sleep(55)
    evening.mended()
    evening.cluster.start_one(2)


def hang(evening):
    evening.broken()
    evening.cluster.pause(3)
    time.sleep(55)
    evening.mended()
    evening.cluster.resume(3)


def orderly_stop(evening):
    evening.broken()
    evening.cluster.shut(3)
    time.sleep(60)
    evening.mended()
    evening.cluster.start_one(3)


def quorum_lost(evening):
    evening.broken()
    evening.cluster.kill(2)
    evening.cluster.kill(3)
    time.sleep(45)
    evening.mended()
    # Neither is ready without the other.
    starting = [subprocess.Popen([str(ROOT / "tests" / "integration" / "kafka-cluster"), str(evening.cluster.directory), "startone",
                                  str(broker)], env=evening.cluster.environment, stdout=subprocess.DEVNULL) for broker in (2, 3)]
    for process in starting:
        process.wait(200)


def offsets_reset(evening):
    evening.running.pop("ledger").stop()
    evening.broken()
    reset(evening.cluster, "ledger", "orders", "--to-earliest")
    evening.restart("ledger", "orders")
    evening.mended()
    time.sleep(15)


def retention_passes(evening):
    cluster = evening.cluster
    evening.running["parcels"] = cluster.produce_steadily("parcels", 20)
    evening.restart("shipping", "parcels")
    expect(evening.agent, "group_members", 1, 60, group="shipping")
    time.sleep(8)
    evening.running.pop("shipping").stop()
    evening.broken()
    time.sleep(90)
    evening.mended()
    evening.restart("shipping", "parcels")


def consumer_stopped(evening):
    evening.running.pop("billing").stop()
    evening.broken()
    time.sleep(60)
    evening.mended()
    evening.restart("billing", "orders")


def consumer_slow(evening):
    cluster = evening.cluster
    evening.broken()
    command = [str(evening.binaries / "highwater-traffic"), ",".join(cluster.servers()), "clicks", "slow-analytics", "slow", "85"]
    traffic = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        traffic.wait(120)
    finally:
        end(traffic)
    evening.mended()
    reset(cluster, "slow-analytics", "clicks", "--to-latest")


def group_flaps(evening):
    # Who is killed while it joins must not hold the others up for 45 s: that would be another fault.
    brief = "session.timeout.ms=6000"
    steady = consumer(evening.cluster, "orders", "flappy", brief)
    try:
        expect(evening.agent, "group_members", 1, 60, group="flappy")
        evening.broken()
        for _ in range(7):
            passing = consumer(evening.cluster, "orders", "flappy", brief)
            expect(evening.agent, "group_members", 2, 60, group="flappy")
            passing.stop()
            expect(evening.agent, "group_members", 1, 60, group="flappy")
        time.sleep(20)
        evening.mended()
    finally:
        steady.stop()
    time.sleep(2)
    evening.cluster.delete_group("flappy")


def transaction_open(evening):
    cluster = evening.cluster
    options = ["--bootstrap-server", ",".join(cluster.servers()), "--topic", "transfers", "--group", "settlement", "--isolation-level",
               "read_committed"]
    reader = cluster.background("consumer.ConsoleConsumer", *options)
    try:
        producer = cluster.background("ProducerPerformance", "--topic", "transfers", "--num-records", 100000, "--throughput", 20,
                                      "--record-size", 10, "--transactional-id", "transfer-7", "--transaction-duration-ms", 600000,
                                      "--producer-props", f"bootstrap.servers={cluster.server()}", "transaction.timeout.ms=120000")
        try:
            expect(evening.agent, "topic_open_transaction_seconds", lambda age: age > 0, 40, topic="transfers")
        finally:
            producer.kill()
            producer.wait()
        evening.broken()
        expect(evening.agent, "topic_open_transaction_seconds", lambda age: age > 80, 110, topic="transfers")
        expect(evening.agent, "topic_open_transaction_seconds", 0, 90, topic="transfers")
        evening.mended()
    finally:
        end(reader)


def rolling_restart(evening):
    evening.broken()
    for broker in (1, 2, 3):
        evening.cluster.shut(broker)
        evening.cluster.start_one(broker)
        evening.cluster.heal()
    evening.mended()
    time.sleep(15)


FAULTS = [crash, hang, orderly_stop, quorum_lost, offsets_reset, retention_passes, consumer_stopped, consumer_slow, group_flaps,
          transaction_open, rolling_restart]


def main():
    binaries, *wanted = sys.argv[1:]
    kept = DIRECTORY / "evening.json"
    if "--write" not in wanted:
        chosen = [fault for fault in FAULTS if not wanted or any(word in fault.__name__ for word in wanted)]
        play(pathlib.Path(binaries).resolve(), chosen)
        evening = json.loads((DIRECTORY / "newest.json").read_text())
        if wanted and kept.exists():
            evening = evening_report.merge(json.loads(kept.read_text()), evening)
        kept.write_text(json.dumps(evening, indent=1))
    evening_report.write(json.loads(kept.read_text()), ROOT / "docs" / "evening.md")


def play(binaries, faults):
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the brokers end as well
    evening = Evening(binaries)
    try:
        evening.start()
        time.sleep(30)
        evening.healthy = (started, time.monotonic())
        for fault in faults:
            evening.play(fault)
    finally:
        evening.stop()
    print(f"\nplayed in {(time.monotonic() - started) / 60:.0f} minutes", flush=True)


if __name__ == "__main__":
    main()
