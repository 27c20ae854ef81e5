"""The simulator behind the methods of a cluster of real brokers, so that the same tests hold both to the same behaviour."""

import subprocess
import threading
import time

from harness import WORK, end

SCENARIO = """\
brokers: 3
topics:
  - {name: orders, partitions: 6, records: 600}
  - {name: audit, partitions: 6, replication_factor: 1, records: 60}
  - {name: quiet, partitions: 1}
  - {name: short-lived, partitions: 3, records: 10}
groups:
  - {name: payments, topics: [orders], consume: all, members: 0}
  - {name: ledger, type: consumer, topics: [orders], consume: all, members: 0}
  - {name: archive, topics: [audit], consume: all, members: 0}
  - {name: passing, topics: [short-lived], consume: all, members: 0}
config: {min.insync.replicas: 2}
"""


class Happening:
    """What goes on until it is told to stop()."""

    def __init__(self, cluster, begin, ending):
        self.cluster = cluster
        self.ending = ending
        cluster.happen(begin)

    def stop(self):
        if self.ending:
            self.cluster.happen(self.ending)
        self.ending = None


class SimulatedCluster:
    """The simulator behind the same methods, so that the same tests hold both to the same behaviour."""

    def __init__(self, binary, scenario=SCENARIO):
        self.brokers = 3
        self.has_quorum = True
        self.binary = binary
        self.scenario = scenario
        self.away = set()
        self.partitions_of = {"orders": 6, "audit": 6, "quiet": 1, "short-lived": 3}
        self.process = None

    def start(self):
        WORK.mkdir(parents=True, exist_ok=True)
        scenario = WORK / "contract.yaml"
        scenario.write_text(self.scenario)
        self.process = subprocess.Popen([str(self.binary), str(scenario), "--control"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        first = self.process.stdout.readline().split()
        assert first and first[0] == "ready", f"the simulator did not start: {first}"
        self.addresses = first[1].split(",")
        threading.Thread(target=lambda: self.lines.extend(self.process.stdout), daemon=True).start()

    def stop(self):
        if self.process:
            self.process.stdin.close()
            end(self.process)

    def servers(self):
        return self.addresses

    def server(self, broker):
        return self.addresses[broker - 1]

    def happen(self, fault):
        assert self.process.poll() is None, "the simulator ended by itself"
        self.process.stdin.write(fault + "\n")
        self.process.stdin.flush()
        assert not [line for line in self.lines if line.startswith("error")], self.lines

    def kill(self, broker):
        self.happen(f"die: {broker}")
        self.away.add(broker)

    def pause(self, broker):
        self.happen(f"hang: {broker}")

    def resume(self, broker):
        self.happen(f"wake: {broker}")

    def shut(self, broker):
        self.happen(f"stop: {broker}")
        self.away.add(broker)
        time.sleep(2.5)  # handing over its leaderships takes 2.1 s, as on real brokers

    def start_one(self, broker):
        self.happen(f"return: {broker}")
        self.away.discard(broker)
        time.sleep(8)  # a broker is unfenced about 7 s after its start

    def heal(self):
        for broker in sorted(self.away):
            self.start_one(broker)

    def prepare(self):
        pass  # the scenario did

    def partitions(self):
        return sum(self.partitions_of.values())

    def elect_preferred(self):
        self.happen("preferred_election: true")

    def lag(self, group, topic, records):
        if records:
            self.happen(f"produce: {{topic: {topic}, rate: {records}/s}}")
            time.sleep(1.5)
            self.happen(f"produce: {{topic: {topic}, rate: 0}}")
        else:
            self.happen(f"members: {{group: {group}, count: 1}}")
            time.sleep(8)  # its commits come every five seconds
            self.happen(f"members: {{group: {group}, count: 0}}")

    def produce_steadily(self, topic, rate):
        return Happening(self, f"produce: {{topic: {topic}, rate: {rate}/s}}", f"produce: {{topic: {topic}, rate: 0}}")

    def consume_steadily(self, topic, group):
        assert topic == "orders" and group == "payments"  # as the scenario says
        return Happening(self, f"members: {{group: {group}, count: 1}}", f"members: {{group: {group}, count: 0}}")

    def delete_group(self, name):
        self.happen(f"delete_group: {name}")

    def delete_topic(self, name):
        self.happen(f"delete_topic: {name}")
        del self.partitions_of[name]
