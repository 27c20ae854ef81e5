#!/usr/bin/env python3
"""Random series, judged by Highwater, by Prometheus with the rules that Highwater generates for it, and by sums over
the raw samples (slo_oracle.py): all must fire in the same minutes. Highwater and the sums agree in every minute.

    prometheus_equivalence.py PROGRAM WORK_FOLDER SEED [--series N] [--time-only]

PROGRAM answers `generate prometheus --interval 1m --rules RULES` and `replay --json --rules RULES DATA`: the
product itself (which has no counters yet: --time-only), or rules_as_prometheus.

A minute is one of these, by the windows of all tiers of its SLO:
  clean   every window lies within the series and nothing of it is unknown: no minute may differ
  silent  less than min_coverage of a short window is known: the rules of Prometheus take silence for health,
          Highwater freezes. They differ by design, here and for as long as keep_firing_for draws it out, so
          these are counted, and not compared
  other   all the rest, such as warm-up and short gaps: at most 0.2 % of these may differ, each of them next to
          a transition or in warm-up
"""

import argparse
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys

import slo_oracle

MINUTES = 12 * 60
SERIES_PER_SLO = 6
OBJECTIVES = [0.9, 0.95, 0.97, 0.99, 0.995, 0.999]
MOST_OTHER = 0.002
NONE = ""


class Slo:
    """An SLO with random tiers, and the series that it judges."""

    def __init__(self, number, random_, events):
        self.random = random_
        self.events = events
        self.name = f"slo-{number}"
        self.objective = random_.choice(OBJECTIVES)
        self.tiers = self.make_tiers()
        self.keep = random_.choice([0, 0, 0, 3, 10])
        self.min_bad = 0
        if not events and min(burn * self.budget() * long for burn, long, _ in self.tiers) < 0.25:
            self.min_bad = 1
        elif random_.random() < 0.2:
            self.min_bad = random_.choice([5, 50]) if events else random_.choice([1, 2])
        self.good_events = events and random_.random() < 0.5
        self.parts = [Part(self, f"{self.name}-t{i}") for i in range(SERIES_PER_SLO)]

    def budget(self):
        return 1 - self.objective

    def make_tiers(self):
        tiers = []
        for long in sorted(self.random.sample([20, 30, 60, 120, 240], self.random.choice([1, 2, 3]))):
            short = self.random.choice([max(2, long // 12), max(3, long // 6), max(5, long // 4)])
            fastest = min(20, 0.8 / self.budget())
            burn = round(self.random.uniform(0.5, fastest), self.random.choice([0, 1, 1])) or 1
            tiers.append((burn, long, short))
        return tiers

    def yaml(self):
        if self.events:
            word = "good" if self.good_events else "bad"
            text = (f"  - name: {self.name}\n    per: [topic]\n"
                    f"    sli: {{{word}: topic_records_failed_total, total: topic_records_total}}\n")
        else:
            text = (f"  - name: {self.name}\n    per: [group, topic]\n"
                    f"    sli: group_topic_lag_records\n    good: \"<= 1000\"\n")
        text += (f"    select: {{topic: \"{self.name}-*\"}}\n"
                 f"    objective: {self.objective}\n    window: 30d\n    runbook: lag-growing\n")
        if self.keep:
            text += f"    keep_firing_for: {self.keep}m\n"
        if self.min_bad:
            text += f"    min_bad: {self.min_bad}{'' if self.events else 'm'}\n"
        text += "    tiers:\n"
        for burn, long, short in self.tiers:
            text += f"      - {{burn: {burn}, long: {long}m, short: {short}m, severity: page}}\n"
        return text


class Part:
    """What one SLO says of one topic: its faults, what is known of it, its series."""

    def __init__(self, slo, name):
        self.slo = slo
        self.name = name
        self.random = slo.random
        self.known = [True] * MINUTES
        self.bad = self.make_faults()
        self.make_gaps()
        self.begin = self.known.index(True)
        self.series = self.make_events() if slo.events else self.make_lag()
        self.longest = max(long for _, long, _ in slo.tiers)

    def make_faults(self):
        """How bad each minute is, from 0 to 1: bursts, a dripping tap, total outages."""
        bad = [0.0] * MINUTES
        minute = self.random.randrange(0, 120)
        while minute < MINUTES:
            length = self.random.choice([1, 1, 2, 3, 5, 10, 20, 45, 90])
            share = self.random.choice([1, 1, 0.5, 0.1, 0.05, 0.02])
            for at in range(minute, min(MINUTES, minute + length)):
                bad[at] = share
            minute += length + self.random.choice([1, 5, 20, 60, 120, 240])
        return bad

    def make_gaps(self):
        kind = self.random.choice(["none", "none", "none", "short", "short", "long"])
        minute = self.random.randrange(5, MINUTES) if kind != "none" else MINUTES
        while minute < MINUTES:
            length = self.random.randrange(1, 4) if kind == "short" else self.random.randrange(5, 60)
            for at in range(minute, min(MINUTES, minute + length)):
                self.known[at] = False
            minute += length + self.random.randrange(30, 400)

    def make_lag(self):
        values = []
        for at in range(MINUTES):
            lag = 5000 if self.random.random() < self.bad[at] else self.random.randrange(0, 1000)
            values.append(lag if self.known[at] else None)
        self.raw = values
        return [(f'highwater_group_topic_lag_records{{cluster="prod",group="readers",topic="{self.name}"}}', values)]

    def make_events(self):
        """Counters that are reset now and then; that of the bad (or good) ones may be born late."""
        rate = self.random.choice([3, 100, 10000])
        born = 0 if self.random.random() < 0.7 else self.random.randrange(1, 200)
        counted = self.random.randrange(0, 1000) if born == 0 else 0
        total = counted + self.random.randrange(0, 5000)
        parts, totals = [], []
        for at in range(MINUTES):
            if self.random.random() < 0.003:
                counted, total = 0, 0
            events = self.random.randrange(0, 2 * rate + 1)
            wrong = round(events * self.bad[at] * self.random.uniform(0.7, 1))
            total += events
            if at >= born:
                counted += events - wrong if self.slo.good_events else wrong
            totals.append(total)
            parts.append(counted if at >= born else None)
        # One of the two may be counted, or read, a minute after the other.
        behind = self.random.choice(["none", "none", "first", "total"])
        if behind == "first":
            parts = [None if born else parts[0]] + parts[:-1]
        elif behind == "total":
            totals = [totals[0]] + totals[:-1]
        parts = [value if known else None for value, known in zip(parts, self.known)]
        totals = [value if known else None for value, known in zip(totals, self.known)]
        self.raw = (totals, parts)
        return [(f'highwater_topic_records_total{{cluster="prod",topic="{self.name}"}}', totals),
                (f'highwater_topic_records_failed_total{{cluster="prod",topic="{self.name}"}}', parts)]

    def known_share(self, end, window):
        """Minutes that are known, and that there are, of the window that ends here. Time is judged by the sample
        at a minute's begin, events by that at its end."""
        shift = 1 if self.slo.events else 0
        span = range(max(end - window, self.begin) + shift, end + shift)
        return sum(1 for at in span if self.known[at]), len(span)

    def kind(self, at):
        known, _ = self.known_share(at, self.longest)
        if at - self.longest >= self.begin and known == self.longest and self.known[at]:
            return "clean"
        for _, _, short in self.slo.tiers:
            known, span = self.known_share(at, short)
            if known == 0 or known < 0.5 * span:
                return "silent"
        return "other"

    def is_warming(self, at):
        for _, long, _ in self.slo.tiers:
            known, _ = self.known_share(at, long)
            if at - long < self.begin or known < 0.5 * long:
                return True
        return False


def written(values, gap):
    """In promtool's notation, runs of what is missing as `gap` says."""
    words = []
    seen, missing = False, False
    for value in values:
        if value is None:
            words.append(gap(seen, missing))
            missing = True
        else:
            words.append(str(value))
            seen, missing = True, False
    return " ".join(words)


def for_highwater(_seen, _missing):
    return "_"


def for_prometheus(seen, missing):
    # What Highwater does not know it does not export, and a scrape marks that as stale.
    return "stale" if seen and not missing else "_"


def write_files(folder, slos):
    (folder / "rules.yaml").write_text("slos:\n" + "".join(slo.yaml() for slo in slos))
    series = [pair for slo in slos for part in slo.parts for pair in part.series]

    def listed(gap):
        return "".join(f"      - {{series: '{name}', values: '{written(values, gap)}'}}\n" for name, values in series)

    (folder / "data.yaml").write_text(f"tests:\n  - interval: 1m\n    input_series:\n{listed(for_highwater)}")
    asked = "".join(f"      - {{expr: 'ALERTS{{alertstate=\"firing\"}}', eval_time: {at}m, exp_samples: []}}\n"
                    for at in range(MINUTES))
    (folder / "promtool.yaml").write_text(
        "rule_files: [prometheus.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n"
        f"    input_series:\n{listed(for_prometheus)}    promql_expr_test:\n{asked}")


def all_quiet(slos):
    return {part.name: [NONE] * MINUTES for slo in slos for part in slo.parts}


def firing_in_highwater(program, folder, slos):
    out = subprocess.run([program, "replay", "--json", "--rules", str(folder / "rules.yaml"), str(folder / "data.yaml")],
                         check=True, capture_output=True, text=True).stdout
    firing = all_quiet(slos)
    for row in json.loads(out):
        until = MINUTES if row["until"] is None else row["until"]
        minutes = firing[NAME.search(row["entity"])[0]]
        for at in range(MINUTES):
            if row["from"] <= at < until:
                assert minutes[at] == NONE, f"two alerts at once: {row}"
                minutes[at] = row["tier"]
    return firing


NAME = re.compile(r"slo-\d+-t\d+")
TIME = re.compile(r"^\s+expr: .*, time: (\S+),$")
ALERT = re.compile(r'\{__name__="ALERTS", (.*?)\} 1E\+00')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def minutes_of(duration):
    units = {"d": 1440, "h": 60, "m": 1, "s": 0}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([dhms])", duration))


def firing_in_prometheus(folder, slos):
    """promtool has no query command without a server: the samples of an expectation that fails are its answer."""
    subprocess.run(["promtool", "check", "rules", str(folder / "prometheus.yaml")], check=True, capture_output=True)
    run = subprocess.run(["promtool", "test", "rules", "promtool.yaml"], cwd=folder, capture_output=True, text=True)
    output = run.stdout + run.stderr
    firing = all_quiet(slos)
    at = None
    answers = 0
    for line in output.splitlines():
        if found := TIME.match(line):
            at = minutes_of(found[1])
        elif "got:" in line:
            for alert in ALERT.findall(line):
                labels = dict(LABEL.findall(alert))
                minutes = firing[labels["topic"]]
                assert minutes[at] == NONE, f"two tiers at once, {at}: {labels}"
                minutes[at] = labels["tier"]
                answers += 1
    if run.returncode not in (0, 1) or (run.returncode == 1 and answers == 0):
        sys.exit(output[:4000])
    return firing


def is_next_to_transition(firing, at):
    around = firing[max(0, at - 1):at + 2]
    return len(set(around)) > 1 or (at > 1 and firing[at - 2] != firing[at])


def compare(slos, ours, theirs):
    minutes = {"clean": 0, "other": 0, "silent": 0}
    differing = {"clean": 0, "other": 0, "silent": 0}
    fired = 0
    mistakes = []
    for part in (part for slo in slos for part in slo.parts):
        mine, other = ours[part.name], theirs[part.name]
        fired += any(mine)
        silent, last_silence = False, -MINUTES
        for at in range(MINUTES):
            kind = part.kind(at)
            if kind == "silent":
                last_silence = at
            # keep_firing_for draws out what began in silence, and begins only after it.
            drawn_out = silent or at - last_silence <= part.slo.keep
            silent = mine[at] != other[at] and kind != "clean" and drawn_out
            if silent:
                kind = "silent"
            minutes[kind] += 1
            if mine[at] == other[at]:
                continue
            differing[kind] += 1
            excused = is_next_to_transition(mine, at) or is_next_to_transition(other, at) or part.is_warming(at)
            if kind == "clean" or (kind == "other" and not excused):
                mistakes.append(f"{part.name} minute {at} ({kind}): Highwater {mine[at] or 'quiet'}, "
                                f"Prometheus {other[at] or 'quiet'}")
    return minutes, differing, fired, mistakes


def compare_with_sums(slos, ours):
    mistakes = []
    for part in (part for slo in slos for part in slo.parts):
        sums = slo_oracle.firing(part, MINUTES)
        mistakes += [f"{part.name} minute {at}: Highwater {ours[part.name][at] or 'quiet'}, the sums {sums[at] or 'quiet'}"
                     for at in range(MINUTES) if not same_tier(ours[part.name][at], sums[at])]
    for mistake in mistakes[:20]:
        print(mistake)
    assert not mistakes, f"{len(mistakes)} minutes differ from the sums over the raw samples"


def same_tier(said, summed):
    return said.split(" ")[0] == summed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("--series", type=int, default=60)
    parser.add_argument("--time-only", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    random_ = random.Random(arguments.seed)
    slos = [Slo(i, random_, events=i % 2 == 1 and not arguments.time_only)
            for i in range(-(-arguments.series // SERIES_PER_SLO))]
    write_files(folder, slos)
    generated = subprocess.run([arguments.program, "generate", "prometheus", "--interval", "1m", "--rules",
                                str(folder / "rules.yaml")], check=True, capture_output=True, text=True).stdout
    (folder / "prometheus.yaml").write_text(generated)
    ours = firing_in_highwater(arguments.program, folder, slos)
    compare_with_sums(slos, ours)
    if shutil.which("promtool") is None:
        sys.exit("promtool is missing: scripts/bootstrap installs it with Debian's package prometheus")
    minutes, differing, fired, mistakes = compare(slos, ours, firing_in_prometheus(folder, slos))
    for kind in minutes:
        share = 100 * differing[kind] / max(1, minutes[kind])
        print(f"{kind:7}{minutes[kind]:9} minutes,{differing[kind]:7} differ ({share:.3f} %)")
    series = len(slos) * SERIES_PER_SLO
    print(f"{fired} of {series} series fired; seed {arguments.seed}")
    for mistake in mistakes[:20]:
        print(mistake)
    assert fired > series // 4, "the series are too healthy to prove anything"
    assert minutes["clean"] > 0 and not mistakes, f"{len(mistakes)} minutes differ that must not"
    assert differing["other"] <= MOST_OTHER * minutes["other"], "too many minutes differ"


if __name__ == "__main__":
    main()
