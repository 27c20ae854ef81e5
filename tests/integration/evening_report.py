"""What scripts/evening writes: of each fault the notifications, in the order in which they came."""

import textwrap

# What was done, what should come of it, and what one does who has read the title alone. By the name of the fault.
FAULTS = {
    "crash": {
        "title": "A broker crashes (kill -9)",
        "done": "Broker 2 is killed, and started again after a while. `audit` has one replica, so what broker 2 has of it is offline.",
        "pages": 1,
        "do": "Look whether the process of broker 2 and its host are alive and start it again; until then tell the "
              "owners of `audit` that a partition is offline. The title names broker, kind and what is offline: "
              "enough to act without opening it.",
    },
    "hang": {
        "title": "A broker hangs (SIGSTOP)",
        "done": "Broker 3 is stopped for a while: its port accepts, nothing answers.",
        "pages": 1,
        "do": "Log in to broker 3's host (its process is there and does not answer: disk, memory, a stopped "
              "process?), and restart it if it cannot be cured. \"Hangs\" against \"crashed\" tells where to look, "
              "without opening it.",
    },
    "orderly_stop": {
        "title": "An orderly stop",
        "done": "Broker 3 is shut down and started again after a while. What it has of `audit` is offline meanwhile.",
        "pages": 1,
        "do": "Ask who works on broker 3; if nobody does, start it. The ticket alone could wait until the morning; "
              "that `audit` has its only copy there is what makes it urgent, and the title says so.",
    },
    "quorum_lost": {
        "title": "The quorum is lost",
        "done": "Brokers 2 and 3 of three are killed, and started again after a while.",
        "pages": 1,
        "do": "Start brokers 2 and 3, either of them first: one brings the quorum back. The first title, one "
              "crashed broker, is two seconds old when the second one says what is really wrong.",
    },
    "offsets_reset": {
        "title": "Offsets are reset by hand",
        "done": "`ledger` is stopped, its offsets of `orders` are set to the earliest, and it is started again.",
        "pages": 0,
        "do": "At night nothing. In the morning ask who set `ledger` back, and whether it may process records "
              "twice. \"Went back\" says that records are read again, not how many.",
    },
    "retention_passes": {
        "title": "Retention passes a stopped consumer",
        "done": "`shipping`, which reads `parcels` (kept for a minute), is stopped for 90 s.",
        "pages": 1,
        "do": "Start `shipping` or lengthen the retention of `parcels` before looking for the cause. Once records are "
              "lost, ask the owners whether they can be sent again: that is still to do when the incident is resolved.",
    },
    "consumer_stopped": {
        "title": "A consumer is stopped",
        "done": "`billing`, the only member of its group, is stopped for a minute while `orders` is written to.",
        "pages": 1,
        "do": "Look whether `billing` runs, and start it. The title says how late it is; that it has no members, in the note.",
    },
    "consumer_slow": {
        "title": "A consumer is slow",
        "done": "`slow-analytics` reads 12 records a second of `clicks`, which gets 20, for 85 s.",
        "pages": 1,
        "do": "Look at the members of `slow-analytics`: add some, or find what slows them. The title is that of a stopped one; "
              "that it reads 12 records a second of 20, and so is alive, stands in the note.",
    },
    "group_flaps": {
        "title": "A group flaps",
        "done": "Seven times a member joins `flappy` and leaves again after some seconds.",
        "pages": 0,
        "do": "Nothing at night. In the morning read the logs of `flappy` for members that come and go.",
    },
    "transaction_open": {
        "title": "A transaction is left open",
        "done": "A producer with the transactional id `transfer-7` is killed within a transaction; Kafka ends that after its time-out.",
        "pages": 0,
        "do": "Find the application with the transactional id `transfer-7`, which the note names: does it run? If "
              "not, abort the transaction as the runbook says, or wait for its time-out.",
    },
    "rolling_restart": {
        "title": "A rolling restart",
        "done": "Each broker is shut down and started again, one after another, with every partition in sync in between.",
        "pages": 0,
        "do": "Nothing for the restart. `audit` has one replica, so nobody can write a third of it while its broker restarts, and the "
              "faults before had used up most of its budget of a day: where it pages, it pages for the sum of them.",
    },
}


def identity(alert):
    """Of its incident, whichever agent told it."""
    return alert["annotations"]["correlation_id"]


def incidents(evening, began, ended):
    """The incidents that were told first between two moments: lists of (arrived, alert), with all that came of them later."""
    told = {}
    for arrived, alert in evening["alerts"]:
        told.setdefault(identity(alert), []).append((arrived, alert))
    return [alerts for alerts in told.values() if began <= alerts[0][0] < ended]


def merge(former, newer):
    """An evening in which the faults that were played again take the place of what they were."""
    played = {fault["name"] for fault in newer["faults"]}
    again = {identity(alert) for fault in former["faults"] if fault["name"] in played
             for alerts in of_fault(former, fault) for _, alert in alerts}
    faults = {fault["name"]: fault for fault in former["faults"] + newer["faults"]}
    began = min(fault["began"] for fault in newer["faults"])
    # What stands before the first fault is told of the former evening.
    alerts = [entry for entry in former["alerts"] if identity(entry[1]) not in again]
    return {"faults": [faults[name] for name in FAULTS if name in faults], "healthy": former["healthy"], "tuned": newer["tuned"], "slos": newer["slos"],
            "alerts": alerts + [entry for alerts in incidents(newer, began, float("inf")) for entry in alerts]}


def of_fault(evening, fault):
    return incidents(evening, fault["began"], fault["ended"])


def severity(alerts):
    """The gravest that was told of an incident."""
    order = ["info", "ticket", "page"]
    return max((alert["labels"]["severity"] for _, alert in alerts), key=order.index)


def pages(evening, fault):
    return sum(severity(alerts) == "page" for alerts in of_fault(evening, fault))


def origin(fault):
    """The moment from which times of a fault count."""
    return fault["broken"] or fault["began"]


def show(evening, fault):
    """For who watches the script run."""
    for alerts in of_fault(evening, fault):
        for arrived, alert in alerts:
            notes = alert["annotations"]
            print(f"  #{alert['labels']['incident']} {arrived - origin(fault):+.0f} s {alert['status']} {alert['labels']['severity']} "
                  f"{alert['labels']['alertname']}: {notes['summary']}", flush=True)
            for name in ("note", "impact", "links", "resolution", "evidence"):
                if name in notes:
                    print(f"        {name}: {notes[name]}", flush=True)
    print(f"  pages: {pages(evening, fault)}; mended at {fault['mended'] - origin(fault):+.0f} s, settled at "
          f"{fault['ended'] - origin(fault):+.0f} s", flush=True)


def cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def told(alert, number):
    """What kind of notification it is: the first of its incident, an update, or the end."""
    if alert["status"] == "resolved":
        return "resolved"
    return f"**{alert['labels']['severity']}**" if number == 0 else f"update ({alert['labels']['severity']})"


def rows(alerts_of, start):
    lines = ["| after | incident | | title |", "|---|---|---|---|"]
    # By the letters A, B, ...: numbers of incidents mean nothing here.
    ordered = sorted(((arrived, chr(ord("A") + place), number, alert) for place, alerts in enumerate(alerts_of)
                      for number, (arrived, alert) in enumerate(alerts)), key=lambda row: row[0])
    for arrived, incident, number, alert in ordered:
        lines.append(f"| {arrived - start:.0f} s | {incident} | {told(alert, number)} | {cell(alert['annotations']['summary'])} |")
    return lines


def evidence(alerts_of):
    """The rules of what each incident explains, as its fullest notification lists them."""
    lines = []
    for place, alerts in enumerate(alerts_of):
        texts = [alert["annotations"].get("evidence", "") for _, alert in alerts]
        # The rule is the first word behind "[severity]" and "ended:".
        rules = sorted({line.split("] ", 1)[1].removeprefix("ended: ").split()[0] for text in texts for line in text.splitlines()
                        if line.startswith("- [") and len(line.split("] ", 1)[1].split()) > 1})
        if rules:
            lines.append(f"Evidence of {chr(ord('A') + place)}: {', '.join(rules)}.")
    return lines


def verdict(counted, expected):
    wanted = {0: "no page", 1: "one page"}[expected]
    return f"**pages: {counted}** ({'as it should be' if counted == expected else 'wrong: ' + wanted + ' was due'})"


def paragraph(text):
    return textwrap.fill(text, 128, break_on_hyphens=False)


def section(evening, fault):
    about = FAULTS[fault["name"]]
    alerts_of = of_fault(evening, fault)
    lines = [f"## {about['title']}", "", paragraph(f"{about['done']} It is mended after {fault['mended'] - origin(fault):.0f} s."), ""]
    lines += rows(alerts_of, origin(fault)) if alerts_of else ["Nothing was sent."]
    lines += [""] + [line for item in evidence(alerts_of) for line in (item, "")]
    lines += [verdict(pages(evening, fault), about["pages"]), ""]
    if about.get("do"):
        lines += [paragraph(f"What one would do: {about['do']}"), ""]
    return lines


def settings(tuned, slos):
    lines = ["```yaml", "rules:", "  tune:"]
    for rule, changes in tuned.items():
        lines.append(f"    {rule}: {{{', '.join(f'{key}: {value}' for key, value in changes.items())}}}")
    return lines + ["```", "", "```yaml", *slos.rstrip().splitlines(), "```"]


INTRODUCTION = """\
# An evening of faults

Eleven faults on three real Kafka brokers, one after another, and everything that a receiver got of each: `scripts/evening` plays
them and writes this page. All built-in rules are on, and two SLOs. A quarter of an hour is short, so limits that take minutes and
hours are seconds here; the texts are the same:
"""

READING = """\
Polls are two seconds apart. GroupStopped and LagTooOld judge only groups that were in use for twenty minutes, so no evening of a
quarter of an hour shows them; the SLO speaks for them here. Times count from the fault. An update is sent when an incident becomes
worse; `info` reaches only receivers that ask for it, as this one did.
"""


def write(evening, path):
    began, ended = evening["healthy"]
    before = incidents(evening, began, ended)
    lines = [INTRODUCTION, *settings(evening["tuned"], evening["slos"]), "", READING, "## Before the first fault", "",
             "Three healthy brokers with everyday traffic; a topic with one replica is a ticket.", "", *rows(before, began), ""]
    for fault in evening["faults"]:
        lines += section(evening, fault)
    path.write_text("\n".join(lines).rstrip() + "\n")
