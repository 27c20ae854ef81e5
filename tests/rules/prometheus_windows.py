#!/usr/bin/env python3
"""Random series and alert rules over windows, judged three times: by Highwater, by Prometheus with the rules that
Highwater generates for it, and by what the three forms mean, computed here from the raw series. Where every sample
that matters is known, all three must fire in the same minutes.

    prometheus_windows.py PROGRAM WORK_FOLDER SEED [--rules N]

PROGRAM answers like rules_as_prometheus. Where samples are missing Prometheus guesses and Highwater waits: those
minutes are counted, and not compared.
"""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys

from prometheus_equivalence import ALERT, LABEL, TIME, for_highwater, for_prometheus, minutes_of, written

MINUTES = 6 * 60
ROWS = 4


class Row:
    """One topic: its faults, what is known of it, its counters or its lag."""

    def __init__(self, random_, gaps):
        self.random = random_
        self.known = [True] * MINUTES
        minute = random_.randrange(5, MINUTES) if gaps else MINUTES
        while minute < MINUTES:
            length = random_.choice([1, 2, 5, 20])
            for at in range(minute, min(MINUTES, minute + length)):
                self.known[at] = False
            minute += length + random_.randrange(60, 200)

    def levels(self, quiet, loud):
        """A number for each minute: quiet, with stretches that are loud."""
        minute, values = 0, []
        while minute < MINUTES:
            for level in (quiet, loud):
                for _ in range(self.random.choice([3, 10, 30, 60])):
                    values.append(self.random.uniform(0.5, 1.5) * level)
                    minute += 1
        return values[:MINUTES]

    def count(self, levels, resets):
        total, values = self.random.randrange(0, 5000), []
        for at in range(MINUTES):
            if at in resets:
                total = 0
            total += round(levels[at])
            values.append(total)
        return values


class Rule:
    def __init__(self, number, random_):
        self.random = random_
        self.form = ["rate", "ratio", "past"][number % 3]
        self.name = f"Rule{number}"
        self.window = random_.choice([2, 3, 5, 10, 30])
        self.hold = random_.choice([0, 0, 0, 2, 5])
        self.summed = self.form != "past" and random_.random() < 0.5
        self.least = 0
        self.rows = [Row(random_, gaps=random_.random() < 0.4) for _ in range(ROWS)]
        self.values, self.totals = [], []
        for row in self.rows:
            resets = {at for at in range(MINUTES) if random_.random() < 0.01}
            if self.form == "rate":
                self.values.append(row.count(row.levels(30, 300), resets))
            elif self.form == "ratio":
                events = row.levels(random_.choice([0, 5, 100]), 400)
                share = row.levels(0.002, 0.04)
                self.totals.append(row.count(events, resets))
                self.values.append(row.count([a * b for a, b in zip(events, share)], resets))
            else:
                self.values.append([round(level) for level in row.levels(random_.choice([0, 100]), 450)])
        if self.form == "rate":
            self.threshold = random_.choice([1.234, 2.717, 3.777]) * (ROWS if self.summed else 1)
        elif self.form == "ratio":
            self.threshold = random_.choice([0.0101, 0.0173])
            self.least = random_.choice([0, 0, 150, 1000])
        else:
            self.threshold = random_.choice([1.51, 2.03, 3.07])
            self.least = random_.choice([0, 0, 100])

    def yaml(self):
        when = {"rate": f"rate(records_failed_total, {self.window}m) > {self.threshold}/s",
                "ratio": f"ratio(records_failed_total, records_total, {self.window}m) > {100 * self.threshold:g}%",
                "past": f"group_topic_lag_records > {self.threshold}x {self.window}m ago"}[self.form]
        text = (f"  - name: {self.name}\n    when: {when}\n    select: {{group: {self.name}}}\n    severity: page\n"
                f"    runbook: lag-growing\n    summary: \"{{value}}\"\n    for: {self.hold}m\n")
        if self.summed:
            text += "    per: [group]\n"
        if self.least:
            text += f"    {'min_events' if self.form == 'ratio' else 'min_value'}: {self.least}\n"
        return text

    def series(self):
        measure = "group_topic_lag_records" if self.form == "past" else "records_failed_total"
        for i, row in enumerate(self.rows):
            for name, all_values in ((measure, self.values), ("records_total", self.totals)):
                if all_values:
                    yield (f'highwater_{name}{{cluster="prod",group="{self.name}",topic="t{i}"}}',
                           [value if known else None for value, known in zip(all_values[i], row.known)])

    def subjects(self):
        """The rows of each alert."""
        return {self.name: range(ROWS)} if self.summed else {f"{self.name}/t{i}": [i] for i in range(ROWS)}

    def is_clean(self, rows, at):
        begin = at - self.window - self.hold
        return begin >= 0 and all(self.rows[i].known[minute] for i in rows for minute in range(begin, at + 1))

    def growth(self, values, rows, at):
        grown = 0
        for i in rows:
            for minute in range(at - self.window + 1, at + 1):
                step = values[i][minute] - values[i][minute - 1]
                grown += step if step >= 0 else values[i][minute]
        return grown

    def holds(self, rows, at):
        if self.form == "rate":
            return self.growth(self.values, rows, at) / (60 * self.window) > self.threshold
        if self.form == "ratio":
            total = self.growth(self.totals, rows, at)
            return total >= max(self.least, 1) and self.growth(self.values, rows, at) / total > self.threshold
        now, then = self.values[rows[0]][at], self.values[rows[0]][at - self.window]
        if now <= self.threshold * then:
            return False
        return now >= self.least if self.least else then > 0

    def fires(self, rows, at):
        return all(self.holds(rows, minute) for minute in range(at - self.hold, at + 1))


def write_files(folder, rules):
    (folder / "rules.yaml").write_text("alerts:\n" + "".join(rule.yaml() for rule in rules))
    series = [pair for rule in rules for pair in rule.series()]

    def listed(gap):
        return "".join(f"      - {{series: '{name}', values: '{written(values, gap)}'}}\n" for name, values in series)

    (folder / "data.yaml").write_text(f"tests:\n  - interval: 1m\n    input_series:\n{listed(for_highwater)}")
    asked = "".join(f"      - {{expr: 'ALERTS{{alertstate=\"firing\"}}', eval_time: {at}m, exp_samples: []}}\n"
                    for at in range(MINUTES))
    (folder / "promtool.yaml").write_text(
        "rule_files: [prometheus.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n"
        f"    input_series:\n{listed(for_prometheus)}    promql_expr_test:\n{asked}")


def quiet(rules):
    return {subject: [False] * MINUTES for rule in rules for subject in rule.subjects()}


def subject_of(labels):
    return labels["group"] + (f"/{labels['topic']}" if "topic" in labels else "")


def firing_in_highwater(program, folder, rules):
    out = subprocess.run([program, "replay", "--json", "--rules", str(folder / "rules.yaml"), str(folder / "data.yaml")],
                         check=True, capture_output=True, text=True).stdout
    firing = quiet(rules)
    for row in json.loads(out):
        labels = dict(pair.split("=") for pair in row["entity"].split())
        until = MINUTES if row["until"] is None else row["until"]
        for at in range(MINUTES):
            if row["from"] <= at < until:
                firing[subject_of(labels)][at] = True
    return firing


def firing_in_prometheus(folder, rules):
    subprocess.run(["promtool", "check", "rules", str(folder / "prometheus.yaml")], check=True, capture_output=True)
    run = subprocess.run(["promtool", "test", "rules", "promtool.yaml"], cwd=folder, capture_output=True, text=True)
    firing = quiet(rules)
    at, answers = None, 0
    for line in (run.stdout + run.stderr).splitlines():
        if found := TIME.match(line):
            at = minutes_of(found[1])
        elif "got:" in line:
            for alert in ALERT.findall(line):
                firing[subject_of(dict(LABEL.findall(alert)))][at] = True
                answers += 1
    if run.returncode not in (0, 1) or (run.returncode == 1 and answers == 0):
        sys.exit((run.stdout + run.stderr)[:4000])
    return firing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("--rules", type=int, default=24)
    arguments = parser.parse_args()
    if shutil.which("promtool") is None:
        sys.exit("promtool is missing: scripts/bootstrap installs it with Debian's package prometheus")
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    random_ = random.Random(arguments.seed)
    rules = [Rule(i, random_) for i in range(arguments.rules)]
    write_files(folder, rules)
    generated = subprocess.run([arguments.program, "generate", "prometheus", "--interval", "1m", "--rules",
                                str(folder / "rules.yaml")], check=True, capture_output=True, text=True).stdout
    (folder / "prometheus.yaml").write_text(generated)
    ours = firing_in_highwater(arguments.program, folder, rules)
    theirs = firing_in_prometheus(folder, rules)
    clean, unclean, differing, fired, mistakes = 0, 0, 0, {}, []
    for rule in rules:
        for subject, rows in rule.subjects().items():
            for at in range(MINUTES):
                mine, other = ours[subject][at], theirs[subject][at]
                if not rule.is_clean(rows, at):
                    unclean += 1
                    differing += mine != other
                    continue
                clean += 1
                meant = rule.fires(rows, at)
                fired[rule.form] = fired.get(rule.form, 0) + meant
                if not mine == other == meant:
                    mistakes.append(f"{subject} ({rule.form}, {rule.window}m) minute {at}: meant {meant}, "
                                    f"Highwater {mine}, Prometheus {other}")
    print(f"{clean} clean minutes, {len(mistakes)} differ; {unclean} others, {differing} differ; "
          f"fired {fired}; seed {arguments.seed}")
    for mistake in mistakes[:20]:
        print(mistake)
    assert not mistakes, f"{len(mistakes)} minutes differ"
    assert len(fired) == 3 and min(fired.values()) > 100, "too little fires to prove anything"
    assert clean > unclean, "too little is known to prove anything"


if __name__ == "__main__":
    main()
