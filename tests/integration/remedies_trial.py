"""Trial: runs what an incident says, and what came of it: did the incident end, and did anything become worse? Used by remedies-all."""

import json
import time

from harness import WORK, wait_until
from remedies import incident_of, run_as_printed, with_commands

SETTLES_WITHIN = 5  # seconds until what a command broke would be seen


def tuned(**rules):
    return f"rules: {{tune: {json.dumps(rules)}}}\n"


def at_once(*names):
    return tuned(**{name: {"for": "1s", "keep_firing_for": "0s"} for name in names})


def state(agent):
    """What must not become worse."""
    metrics = agent.metrics()

    def rows(name, *labels):
        return {tuple(dict(have).get(label) for label in labels): value for (metric, have), value in metrics.items()
                if metric == f"highwater_{name}"}

    return {"start": rows("partition_log_start_offset", "topic", "partition"), "end": rows("partition_high_watermark", "topic", "partition"),
            "committed": rows("group_committed_offset", "group", "topic", "partition"), "members": rows("group_members", "group"),
            "leaderless": sum(rows("partition_leaderless", "topic", "partition").values()),
            "under-replicated": sum(rows("partition_under_replicated", "topic", "partition").values()),
            "incidents": {incident["id"]: incident for incident in json.loads(agent.get("/api/v1/status"))["incidents"]}}


def worse(before, after):
    """What became worse: records, a group's place, replicas, what people are told."""
    found = []
    for partition, start in before["start"].items():
        name = "-".join(partition)
        if partition not in after["start"]:
            found.append(f"{name} cannot be read")
        elif after["start"][partition] > start or after["end"].get(partition, 0) < before["end"].get(partition, 0):
            found.append(f"records of {name} are gone")
    for (group, topic, partition), offset in before["committed"].items():
        now = after["committed"].get((group, topic, partition), offset)
        reads = before["members"].get((group,), 0) or after["members"].get((group,), 0)
        # Set forward where nobody reads, over records that are there.
        if not reads and now > offset and now > before["start"].get((topic, partition), 0):
            found.append(f"{group} leaves out records of {topic}-{partition}")
    for what in ("leaderless", "under-replicated"):
        if after[what] > before[what]:
            found.append(f"more partitions are {what}")
    for number, incident in after["incidents"].items():
        if number not in before["incidents"] and incident["severity"] != "info":
            found.append(f"a new incident: {incident['title']}")
    return found


class Trial:
    def __init__(self, cluster, binary):
        self.cluster, self.binary = cluster, binary
        self.entries = []

    def runs(self, agent, receiver, rule, fault, timeout=60, says="", then=None, afterwards=None, ends_within=90, **how):
        """Runs the commands of the rule's incident. `then` does what the action says besides, where commands only show or print: it gets
        what they wrote. `afterwards`: the application is started again. `how`: as for run_as_printed()."""
        with_commands(agent, rule, timeout)
        time.sleep(2)  # what was known first may be half of it: what is to be run is what is known now
        incident = with_commands(agent, rule, 10)
        remedy = incident["remedy"]
        assert says in words(remedy), remedy
        cluster = how.pop("cluster", self.cluster)
        before = state(agent)
        wrote = run_as_printed(cluster, remedy["commands"], how.pop("folder", WORK / "remedies"), self.binary.parent, **how)
        if then:
            time.sleep(SETTLES_WITHIN)
            harm = worse(before, state(agent))
            assert harm == [], f"a command that only shows or prints: {harm}"
            then(wrote)
        if afterwards:
            afterwards()
        ended = ends(receiver, incident, ends_within)
        time.sleep(SETTLES_WITHIN)
        self.entries.append({"rule": rule, "fault": fault, "kind": "shows" if then else "ends", "commands": remedy["commands"],
                             "says": words(remedy), "ended": ended, "worse": worse(before, state(agent))})

    def refuses(self, agent, receiver, rule, fault, says, timeout=60, instead=None):
        """There is no command, and why is said; `instead` does what the action says."""
        def found():
            incident = incident_of(agent, rule)
            return incident if incident and not incident["remedy"]["commands"] and says in words(incident["remedy"]) else None

        try:
            incident = wait_until(found, timeout, "")
        except AssertionError:
            raise AssertionError(f"{rule} does not say '{says}' without a command: {incident_of(agent, rule)}") from None
        before = state(agent)
        ended = None
        if instead:
            instead()
            ended = ends(receiver, incident)
            time.sleep(SETTLES_WITHIN)
        self.entries.append({"rule": rule, "fault": fault, "kind": "refuses", "commands": [], "says": words(incident["remedy"]),
                             "ended": ended, "worse": worse(before, state(agent)) if instead else []})


def words(remedy):
    return ": ".join(filter(None, (remedy["action"], remedy["check"])))


def ends(receiver, incident, timeout=90):
    try:
        wait_until(lambda: receiver.resolved(incident["correlation_id"]), timeout, "")
        return True
    except AssertionError:
        return False
