#!/usr/bin/env python3
"""Prometheus must accept what is generated for it: from the built-in rules, the built-in SLOs, the examples of
docs/rules.md, and a file that is hard to quote.

    prometheus_check.py HIGHWATER REPOSITORY WORK_FOLDER
"""

import pathlib
import re
import shutil
import subprocess
import sys

HARD = r"""slos:
  - use: broker-availability
    name: hard-to-quote
    select: {broker: ["1*", "/^[a-z]{2}\\.\"x`%s{{y|z/", "?\\"], cluster: "Zürich ☃"}
    exclude: {cluster: "/a'b/"}
    owner: "{{ .Values }} \"team\" `a` %d"
    labels: {team: "a \\ \"b\": #c"}
    summary: "{broker}: 100 % \"of\" {left}, {exhausted_in} }} {value} # {note}"
    description: |
      several: lines
      - {burn} of {tier}, {objective} in {window} {slo}
    no_data: good
    min_bad: 30s
    keep_firing_for: 90s
    window: 6d1h
  - use: cluster-availability
    window: quarter
    time_zone: Europe/Berlin
alerts:
  - name: Hard
    when: group_topic_lag_records > 1.5
    select: {topic: ["a%sb", '/\d+\.(x|"y")/'], group: "a`b"}
    per: [group]
    for: 1500ms
    keep_firing_for: 1h30m
    severity: info
    runbook: https://wiki.example.com/a?b=%7B#c
    summary: "{count} of {group} at {value}: {note}. {since}"
    labels: {x: "` }`"}
"""


def generate(program, *arguments):
    run = subprocess.run([program, "generate", "prometheus", *map(str, arguments)], capture_output=True, text=True)
    assert run.returncode == 0, f"{arguments}: {run.stderr}"
    return run.stdout


def check(folder, name, text, least):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    run = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True)
    assert run.returncode == 0, f"{name}: {run.stdout}{run.stderr}"
    rules = int(re.search(r"SUCCESS: (\d+) rules found", run.stdout)[1])
    print(f"{name}: {rules} rules")
    assert rules >= least, name


def main():
    program, repository, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if shutil.which("promtool") is None:
        sys.exit("promtool is missing: scripts/bootstrap installs it with Debian's package prometheus")
    folder.mkdir(parents=True, exist_ok=True)

    uses = re.findall(r"^  - name: (\S+)", (repository / "rules" / "builtin_slos.yaml").read_text(), re.M)
    rules = folder / "uses.rules"
    which = {"freshness": "    select: {topic: orders}\n"}
    rules.write_text("slos:\n" + "".join(f"  - use: {name}\n{which.get(name, '')}" for name in uses))
    check(folder, "builtin", generate(program, "--rules", rules, "--builtin"), 17 * len(uses) + 15)

    rules.write_text(HARD)
    check(folder, "hard", generate(program, "--rules", rules, "--interval", "20s", "--url", "https://h.example/"), 30)

    blocks = re.findall(r"^```yaml\n(.*?)^```", (repository / "docs" / "rules.md").read_text(), re.S | re.M)
    number = 0
    for block in blocks:
        if re.match(r"(alerts|slos|defaults):", block):
            number += 1
            rules.write_text(block)
            # What holds at certain times is left out.
            least = 0 if "during:" in block else 1
            check(folder, f"example-{number}", generate(program, "--rules", rules), least)
    assert number >= 6, "where have the examples gone?"

    config = folder / "highwater.yaml"
    config.write_text("clusters: [{name: prod, bootstrap: [localhost:9092]}]\nexternal_url: https://hw.example\n"
                      "rules: {tune: {BrokerStopped: {for: 30m}}}\n")
    text = generate(program, "--config", config, "--builtin")
    assert "https://hw.example/runbooks/broker-stopped" in text and "for: 30m" in text
    check(folder, "config", text, 15)
    assert "groups: []" in generate(program, "--config", config)


if __name__ == "__main__":
    main()
