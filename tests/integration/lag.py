"""Lag in seconds on real Kafka brokers, against traffic whose truth is known."""

import os
import signal
import statistics
import subprocess
import time

from groups import consumer
from harness import WORK, Agent, end, parse_metrics, takes_long, wait_until, watched

PATTERNS = ("constant", "bursts", "idle", "paused", "slow", "catching-up", "reprocessing")
SECONDS = float(os.environ.get("HIGHWATER_TRUTH_SECONDS", "75"))
POLL = 5.0  # seconds


class Truth:
    """What highwater-traffic said of one partition: when its records were appended, and what was committed when."""

    def __init__(self, path):
        records, self.commits = {}, []
        for line in path.read_text().splitlines():
            word, offset, before, after = line.split()
            if word == "record":
                records[int(offset)] = (int(before), int(after))
            else:
                self.commits.append((int(before), int(after), int(offset)))
        self.records = [records[offset] for offset in range(len(records))]
        self.acknowledged = [after for _, after in self.records]

    def committed(self, moment):
        """The offsets that may have been read as committed at this moment."""
        done = [offset for _, after, offset in self.commits if after <= moment][-1:]
        return done + [offset for before, after, offset in self.commits if before <= moment < after]

    def ages(self, moment):
        """(least, most) age in seconds of the oldest unread record at this moment, for each commit that may be meant."""
        for offset in self.committed(moment):
            if offset >= len(self.records) or self.records[offset][0] > moment:
                yield 0.0, 0.0
                continue
            sent, acknowledged = self.records[offset]
            yield max(0, moment - acknowledged) / 1000, (moment - sent) / 1000

    def error(self, value, first, last):
        """How far the value is off, wherever between these moments the commit was read."""
        errors = []
        for moment in range(int(first), int(last) + 1, 10):
            for least, most in self.ages(moment):
                errors.append(max(0.0, least - value, value - most))
        return min(errors) if errors else None


def sample(agent, seen):
    """Adds (first, last moment of the reading, value, error) of each new observation, by topic."""
    asked = time.time() * 1000
    page = agent.get("/metrics")
    answered = time.time() * 1000
    metrics = parse_metrics(page)
    about = {name: value for (name, labels), value in metrics.items() if ("collector", "groups") in labels}
    if "highwater_collector_age_seconds" not in about:
        return
    age = about["highwater_collector_age_seconds"] * 1000
    read = answered - age
    first = asked - age - about["highwater_collector_duration_seconds"] * 1000
    values, errors = {}, {}
    for (name, labels), value in metrics.items():
        labels = dict(labels)
        if labels.get("topic", "").startswith("truth-"):
            if name == "highwater_group_lag_seconds":
                values[labels["topic"]] = value
            elif name == "highwater_group_lag_seconds_error":
                errors[labels["topic"]] = value
    assert values.keys() == errors.keys()
    for topic, value in values.items():
        assert 0 <= value < 1e6 and 0 <= errors[topic] < 1e6, f"{topic}: {value}, {errors[topic]}"
        known = seen.setdefault(topic, [])
        if not known or read - known[-1][1] > POLL * 500:
            known.append((first - 30, read + 30, value, errors[topic]))


def watch(agent, until, seen):
    while time.monotonic() < until:
        sample(agent, seen)
        time.sleep(1)


@takes_long
def test_lag_in_seconds_is_the_truth(cluster, binary):
    traffic, agents, seen, seen_later = [], [], {}, {}
    for pattern in PATTERNS:
        cluster.create_topic(f"truth-{pattern}", 1, 3)
    try:
        for pattern in PATTERNS:
            path = WORK / f"truth-{pattern}.txt"
            command = [str(binary.parent / "highwater-traffic"), ",".join(cluster.servers()), f"truth-{pattern}", f"reader-{pattern}",
                       pattern, str(SECONDS)]
            with path.open("w") as out:
                traffic.append((pattern, path, subprocess.Popen(command, stdout=out)))
        started = time.monotonic()
        agents.append(Agent(binary, cluster.servers(), poll=f"{POLL:.0f}s", name="truth").wait_ready())
        watch(agents[0], started + SECONDS * 0.7, seen)
        # Another one that starts cold knows nothing but what Kafka tells.
        agents.append(Agent(binary, cluster.servers(), poll=f"{POLL:.0f}s", name="truth-cold").wait_ready())
        wait_until(lambda: sum(name == "highwater_group_lag_seconds" and "truth-" in dict(labels)["topic"]
                               for name, labels in agents[1].metrics()) == len(PATTERNS), 30 + POLL, "all is known after a cold start")
        until = started + SECONDS - 2
        while time.monotonic() < until:
            sample(agents[0], seen)
            sample(agents[1], seen_later)
            time.sleep(1)
        for pattern, _, process in traffic:
            assert process.wait(60) == 0, pattern
    finally:
        for agent in agents:
            agent.stop()
        for _, _, process in traffic:
            end(process)
    for label, observations in (("", seen), ("cold ", seen_later)):
        every = []
        for pattern, path, _ in traffic:
            truth = Truth(path)
            errors = []
            for first, last, value, bound in observations.get(f"truth-{pattern}", []):
                error = truth.error(value, first, last)
                if error is None:
                    continue
                errors.append(error)
                assert error <= bound + 0.1, f"{label}{pattern}: {value} s is off by {error} s, stated {bound} s"
            assert errors, f"{label}{pattern}: nothing was seen"
            every += errors
            print(f"      {label}{pattern}: {len(errors)} values, median error {statistics.median(errors):.3f} s, worst {max(errors):.3f} s, "
                  f"largest lag {max(value for _, _, value, _ in observations[f'truth-{pattern}']):.1f} s", flush=True)
        every.sort()
        p95 = every[int(0.95 * (len(every) - 1))]
        print(f"      {label}all: {len(every)} values, p95 of the error {p95:.3f} s", flush=True)
        assert p95 <= 1.0
    for pattern in PATTERNS:
        cluster.delete_topic(f"truth-{pattern}")


def expect_age(agent, group, since, what):
    """The group's lag becomes the time since the moment, which lies between two (time.time())."""
    earliest, latest = since

    def right():
        value = agent.value("highwater_group_lag_seconds", group=group)
        error = agent.value("highwater_group_lag_seconds_error", group=group)
        if value is None or error is None:
            return False
        now = time.time()
        return now - latest - 2 <= value + error and value - error <= now - earliest

    wait_until(right, 30, f"{what}: {agent.value('highwater_group_lag_seconds', group=group)} s")


def test_lag_in_seconds_follows_resets_losses_and_transactions(cluster, binary):
    def reset(offset):
        cluster.tool("consumer.group.ConsumerGroupCommand", "--bootstrap-server", cluster.server(), "--reset-offsets", "--group", "ages",
                     "--topic", "aged", "--execute", "--to-offset", offset)

    def produced(lines):
        before = time.time()
        cluster.produce("aged", lines)
        return before, time.time()

    cluster.create_topic("aged", 1, 3)
    first = produced(range(50))
    agent = Agent(binary, cluster.servers(), poll="1s", name="ages").wait_ready()
    try:
        second = produced(range(50))
        cluster.consume("aged", "ages", 100)
        wait_until(lambda: agent.value("highwater_group_lag_seconds", group="ages") == 0, 30, "caught up")
        for offset, since in ((60, second), (10, first), (100, None), (49, first), (50, second)):
            reset(offset)
            if since:
                expect_age(agent, "ages", since, f"reset to {offset}")
            else:
                wait_until(lambda: agent.value("highwater_group_lag_seconds", group="ages") == 0, 30, "caught up again")
        reset(10)
        expect_age(agent, "ages", first, "before records are deleted")
        path = WORK / "delete-records.json"
        path.write_text('{"partitions": [{"topic": "aged", "partition": 0, "offset": 50}], "version": 1}')
        cluster.tool("DeleteRecordsCommand", "--bootstrap-server", cluster.server(), "--offset-json-file", path)
        expect_age(agent, "ages", second, "committed before the start of the log")
        reset(100)
        producer = cluster.background("ProducerPerformance", "--topic", "aged", "--num-records", 100000, "--throughput", 20, "--record-size",
                                      10, "--transactional-id", "aging", "--transaction-duration-ms", 600000, "--producer-props",
                                      f"bootstrap.servers={cluster.server()}")
        try:
            wait_until(lambda: (agent.value("highwater_partition_high_watermark", topic="aged") or 0) > 150, 40, "the transaction is open")
            assert agent.value("highwater_partition_last_stable_offset", topic="aged") == 100
            assert agent.value("highwater_group_lag_seconds", group="ages") == 0, "a reader of committed records has nothing to read"
        finally:
            end(producer)
    finally:
        agent.stop()
    cluster.delete_topic("aged")


def test_records_that_were_deleted_unread_are_lost_and_no_lag(cluster, binary):
    cluster.create_topic("emptied", 1, 3)
    cluster.produce("emptied", range(200))
    with watched(cluster, binary, "emptied") as (agent, _):
        labels = {"group": "emptied-readers", "topic": "emptied"}

        def values():
            return {name: agent.value(f"highwater_group_{name}", **labels) for name in ("lag_records", "lag_seconds", "records_lost", "topic_lag_records")}

        member = consumer(cluster, "emptied", "emptied-readers", "session.timeout.ms=300000", "auto.offset.reset=earliest")
        try:
            wait_until(lambda: values()["lag_records"] == 0, 40, "all is read")
            member.process.send_signal(signal.SIGSTOP)
            cluster.produce("emptied", range(800))
            wait_until(lambda: values()["lag_records"] == 800, 20, "records are unread")
            path = WORK / "delete-all.json"
            path.write_text('{"partitions": [{"topic": "emptied", "partition": 0, "offset": -1}], "version": 1}')
            cluster.tool("DeleteRecordsCommand", "--bootstrap-server", cluster.server(), "--offset-json-file", path)
            wanted = {"lag_records": 0, "lag_seconds": 0, "records_lost": 800, "topic_lag_records": 0}
            try:
                wait_until(lambda: values() == wanted, 30, "")
            except AssertionError:
                raise AssertionError(f"{values()} instead of {wanted}") from None
        finally:
            member.process.send_signal(signal.SIGCONT)
            member.stop()
    cluster.delete_topic("emptied")


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
