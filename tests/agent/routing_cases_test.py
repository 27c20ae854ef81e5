"""`highwater test` on routing tests: what fails is said, and mistakes are found before anything runs."""

import pathlib
import subprocess
import sys
import tempfile

CASES = pathlib.Path(__file__).parent / "routing_cases"


def run(binary, text, config="highwater.yaml"):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "routes.yaml"
        file.write_text(f"config: {CASES / config}\n{text}")
        done = subprocess.run([binary, "test", str(file)], capture_output=True, text=True, timeout=60)
        return done.returncode, (done.stdout + done.stderr).replace(folder + "/", "")


def main(binary):
    alert = "alert: {severity: page, topic: payments-a, cluster: prod}, at: 2026-11-30 02:14"
    code, out = run(binary, f"routes:\n  - {{name: wrong, {alert}, team: platform, hears: [pager], escalates: [{{after: 5m, to: lead}}], maintenance: [move]}}\n")
    assert code == 1 and out.splitlines() == [
        "TAP version 13", "1..1", "not ok 1 - routes.yaml: wrong", "# routes.yaml:3:5:",
        "#   expected: it belongs to platform", "#   but was:  it belongs to payments",
        "#   expected: it notifies pager", "#   but was:  it notifies chat, payments",
        "#   expected: it escalates after 5m to lead", "#   but was:  it escalates after 10m to lead, after 30m to manager",
        "#   expected: it is hidden by move", "#   but was:  it is hidden by nothing"], out
    code, out = run(binary, "routes:\n  - {name: wrong, alert: {severity: ticket, alertname: DiskFull, cluster: prod}, at: 2026-11-30 02:14, groups: [{to: mail, by: {cluster: prod}}]}\n")
    assert code == 1 and "expected: it is grouped: mail by cluster=prod" in out, out
    assert "but was:  it is grouped: chat by cluster=prod severity=ticket, mail by cluster=prod severity=ticket" in out, out
    code, out = run(binary, f"routes:\n  - {{name: wrong, {alert}, hears_as_evidence: [pager]}}\n")
    assert code == 1 and "expected: as evidence it notifies pager" in out and "as evidence it notifies chat" in out, out
    code, out = run(binary, f"silences:\n  - {{name: wrong, {alert}, silence: {{matchers: [team=payments]}}, hides: false}}\n")
    assert code == 1 and "expected: the alert is sent" in out and "but was:  the alert is hidden" in out, out

    for text, expected in [
            (f"routes:\n  - {{name: a, {alert}, hears: [pagr]}}\n", "has no receiver 'pagr'"),
            (f"routes:\n  - {{name: a, {alert}}}\n", "the test expects nothing"),
            (f"routes:\n  - {{name: a, {alert}, heard: [pager], team: payments}}\n", "did you mean 'hears'"),
            ("routes:\n  - {name: a, alert: {severity: pag}, at: 2026-11-30, team: a}\n", "'pag' is not a severity"),
            ("routes:\n  - {name: a, alert: [page], at: 2026-11-30, team: a}\n", "'alert' must be the labels"),
            ("routes:\n  - {name: a, alert: {topic: a}, at: tomorrow, team: a}\n", "'at': "),
            ("routes:\n  - {name: a, alert: {topic: a}, team: a}\n", "'at'"),
            ("zone: Europe/Berln\nroutes: []\n", "there is no time zone 'Europe/Berln'"),
            ("silences:\n  - {name: a, alert: {topic: a}, at: 2026-11-30, silence: {matchers: [topic]}, hides: true}\n", "topic"),
            (f"routes:\n  - {{name: a, {alert}, groups: [{{to: mail}}]}}\n", "has no 'by'"),
            (f"routes:\n  - {{name: a, {alert}, groups: [{{to: mail, by: cluster}}]}}\n", "'by' must be labels"),
            (f"routes:\n  - {{name: a, {alert}, groups: mail}}\n", "'groups' must be a list"),
            ("routes: {}\n", "'routes' must be a list of tests")]:
        code, out = run(binary, text)
        assert code == 2 and expected in out and "routes.yaml:" in out and "TAP" not in out, (text, out)
    code, out = run(binary, "routes: []\n", "missing.yaml")
    assert code == 2 and "missing.yaml" in out, out


if __name__ == "__main__":
    main(sys.argv[1])
