"""`highwater test` and `highwater replay` from outside: what they refuse and how, exit codes, JUnit, JSON."""
import json
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

PROGRAM = Path(sys.argv.pop(1)).resolve()

RULES = """
alerts:
  - {name: Slow, when: broker_response_seconds > 1, for: 2m, severity: page, runbook: r, summary: "slow & <bad>"}
slos:
  - name: answers
    sli: broker_response_seconds
    good: "<= 1"
    objective: 99%
    window: 30d
    runbook: r
"""
SERIES = "{series: 'broker_response_seconds{broker=\"1\"}', values: 0x9 5x20}"


def file_of(test="", series=SERIES, expect="{at: 5m, alerts: []}", top=""):
    return f"""rule_files: [rules.yaml]
{top}
tests:
  - name: one
    {test}
    series:
      - {series}
    expect:
      - {expect}
"""


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("rules.yaml", RULES)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, text=True, timeout=60, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_test(self, text, *arguments):
        self.write("t.yaml", text)
        return self.run_program("test", "t.yaml", *arguments)

    def replay(self, data, *arguments):
        self.write("data.yaml", data)
        return self.run_program("replay", "--rules", "rules.yaml", *arguments, "data.yaml")

    def replayed(self, data, *arguments):
        ended = self.replay(data, "--json", *arguments)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return json.loads(ended.stdout)

    def test_what_is_as_expected_is_zero(self):
        ended = self.run_test(file_of())
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual(ended.stdout, "TAP version 13\n1..1\nok 1 - t.yaml: one\n")

    def test_what_is_not_is_one_and_is_told_with_its_line(self):
        ended = self.run_test(file_of(expect="{at: 15m, alertname: Slow, alerts: []}"))
        self.assertEqual(ended.returncode, 1)
        self.assertIn("not ok 1 - t.yaml: one\n# t.yaml:9:9: at 15m:\n#   not expected: Slow{", ended.stdout)

    def test_each_file_is_tested(self):
        self.write("u.yaml", file_of(expect="{at: 15m, fired: []}"))
        ended = self.run_test(file_of(), "u.yaml")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("1..2\nok 1 - t.yaml: one\nnot ok 2 - u.yaml: one\n", ended.stdout)

    def test_a_report_for_junit_says_the_same(self):
        ended = self.run_test(file_of(expect="{at: 15m, alertname: Slow, alerts: [], pages: 7}"), "--junit", "r.xml")
        self.assertEqual(ended.returncode, 1)
        suite = xml.parse(self.folder / "r.xml").getroot()[0]
        self.assertEqual((suite.get("tests"), suite.get("failures")), ("1", "1"))
        self.assertEqual((suite[0].get("classname"), suite[0].get("name")), ("t.yaml", "one"))
        self.assertIn("slow & <bad>", suite[0][0].text)

    def test_a_report_that_cannot_be_written_is_two(self):
        self.assertEqual(self.run_test(file_of(), "--junit", "no/where.xml").returncode, 2)

    def test_mistakes_are_two_and_are_told_with_line_and_advice(self):
        cases = [
            (file_of(top="intervall: 1m"), "2:1: a test file has no key 'intervall': did you mean 'interval'?"),
            (file_of(top="interval: 1ms"), "'interval' must be between 1s and 1d"),
            (file_of(top="evaluation_interval: 1m"), "'interval' is how far samples lie apart"),
            (file_of(top="start: yesterday"), "'yesterday' is no time: write it like 2026-03-01"),
            (file_of(test="input_series: []"), "the series are 'series' here"),
            (file_of(test="depends: [{what: {topc: a}, on: {broker: 1}}]"),
             "no measure has a dimension 'topc': did you mean 'topic'?"),
            (file_of(series="{series: broker_reponse_seconds, values: 1}"),
             "7:18: there is no measure 'broker_reponse_seconds': did you mean 'broker_response_seconds'?"),
            (file_of(series="{series: broker_response_seconds, values: 1}"),
             "the series does not say which 'broker': add broker=\"...\""),
            (file_of(series="{series: 'broker_response_seconds{brokr=\"1\"}', values: 1}"),
             "has no dimension 'brokr': did you mean 'broker'?"),
            (file_of(series="{series: 'broker_response_seconds{broker=1}', values: 1}"), "stands in quotes"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1}', values: 1}"), "is not closed"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"', values: 1}"), "ends with ',' or '}'"),
            (file_of(series="{series: 'slo_burn_rate', values: 1}"), "is what SLOs say, not what is measured"),
            (file_of(series="{series: 'broker_up{broker=\"1\"}', values: 1 2}"), "is only ever 0 or 1"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1 NaN}"), "is ever NaN"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1 2+3}"),
             "'2+3' does not say how often: write 2+3x5"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1 1x}"), "does not say how often"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1 stal}"), "'stal' is no sample"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: '{{sum:1}}'}"), "is no sample"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1x99999999999999999999}"),
             "is more than 10000000 samples"),
            (file_of(series="{series: 'broker_response_seconds{broker=\"1\"}', values: 1x9999999 1}"),
             "there are more than 10000000 samples"),
            (file_of(series=SERIES + "\n      - " + SERIES), "8:9: this series is there already"),
            (file_of(expect="{at: 9999d, alerts: []}"), "are too much: choose a longer interval"),
            (file_of(expect="{at: 36000d, alerts: []}", top="interval: 1d"), "longer than fifty years"),
            (file_of(expect="{at: 5m}"), "nothing is expected here"),
            (file_of(expect="{at: 5 minutes, alerts: []}"), "'at':"),
            (file_of(expect="{eval_time: 5m, exp_alerts: []}"), "the time is 'at' here"),
            (file_of(expect="{at: 5m, alerts: [Slw]}"), "no rule is named 'Slw': did you mean 'Slow'?"),
            (file_of(expect="{at: 5m, alerts: [{alertname: Slow, severity: critical}]}"), "did you mean 'page'?"),
            (file_of(expect="{at: 5m, alerts: [{alertname: Slow, state: fire}]}"), "there is no state 'fire'"),
            (file_of(expect="{at: 5m, alerts: [{alertname: Slow, tier: 6x}]}"), "only the alerts of SLOs have tiers"),
            (file_of(expect="{at: 5m, alerts: [{alertname: answers, tier: 7x}]}"), "'answers' has no tier '7x'"),
            (file_of(expect="{at: 5m, alerts: [{alertname: Slow, labels: {brker: 1}}]}"),
             "alerts of 'Slow' have no label 'brker': did you mean 'broker'?"),
            (file_of(expect="{at: 5m, budgets: [{slo: answer}]}"), "no SLO is named 'answer'"),
            (file_of(expect="{at: 5m, budgets: [{slo: answers, remaining: most}]}"), "write a percentage"),
            (file_of(expect="{at: 5m, budgets: [{slo: answers, bad: 12}]}"), "write a duration"),
            (file_of(expect="{at: 5m, budgets: [{slo: answers, verdict: fine}]}"), "there is no verdict 'fine'"),
            ("tests: []", "does not say which rules it tests"),
            ("rule_files: [rules.yaml]", "has no 'tests'"),
            ("rule_files: [nowhere.yaml]\ntests: []", "there is no file 'nowhere.yaml'"),
            ("", "the file holds no tests"),
        ]
        for text, words in cases:
            with self.subTest(words=words):
                ended = self.run_test(text)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""), ended.stderr)
                self.assertIn(words, ended.stderr)
                self.assertTrue(ended.stderr.startswith("t.yaml:"), ended.stderr)

    def test_a_mistake_in_the_rules_is_one_of_the_file(self):
        self.write("rules.yaml", "alerts: [{name: Slow}]")
        ended = self.run_test(file_of())
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertTrue(ended.stderr.startswith("rules.yaml:1:"), ended.stderr)

    def test_a_replay_says_when_it_would_have_fired(self):
        fired = self.replayed(f"interval: 30s\nseries: [{SERIES}]")
        self.assertEqual([(f.get("alert"), f.get("slo"), f["entity"], f["from"], f["until"]) for f in fired],
                         [("Slow", None, "broker=1", 7, None), (None, "answers", "", 14, None)])
        self.assertEqual((fired[1]["tier"], fired[1]["severity"]), ("14.4x over 1h and 5m", "page"))

    def test_a_replay_of_what_was_well_is_an_empty_list(self):
        self.assertEqual(self.replayed(f"series: [{SERIES.replace('5x20', '0x20')}]"), [])

    def test_a_comparison_says_which_rules_fired(self):
        self.write("old.yaml", RULES.replace("for: 2m", "for: 0s"))
        fired = self.replayed(f"series: [{SERIES}]", "--against", "old.yaml")
        self.assertEqual([(f.get("alert"), f["from"], f["in"]) for f in fired if "alert" in f],
                         [("Slow", 10, "old"), ("Slow", 12, "new")])
        self.assertEqual([f["in"] for f in fired if "slo" in f], ["both"] * (len(fired) - 2))

    def test_series_of_promtool_are_played_test_by_test(self):
        one = SERIES.replace("broker_response", "highwater_broker_response").replace('broker="1"',
                                                                                     'broker="1",job="highwater"')
        data = f"""rule_files: [alerts.rules]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series: [{one}, {{series: 'up{{job="highwater"}}', values: 1x10}}]
    alert_rule_test: [{{eval_time: 1m, alertname: Slow}}]
  - interval: 10s
    name: faster
    input_series: [{one}]
"""
        ended = self.replay(data, "--json")
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("test 1: note: 1 series of measures that are not known are left out", ended.stderr)
        slow = [f for f in json.loads(ended.stdout) if "alert" in f]
        self.assertEqual([f["data"] for f in slow], ["data.yaml: test 1", "data.yaml: faster"])
        self.assertEqual(slow[0]["from"], 12)
        self.assertAlmostEqual(slow[1]["from"], 100 / 60 + 2, places=6)

    def test_a_replay_of_wrong_files_is_two(self):
        for data in ("series: 1", "serie: []", "series: [{series: up, values: 1}]", "tests: 3",
                     f"interval: 1d\nseries: [{SERIES.replace('5x20', '5x99999')}]"):
            with self.subTest(data=data):
                ended = self.replay(data)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                self.assertRegex(ended.stderr, "^data.yaml:[12]:")

    def test_a_recording_that_is_none_is_two(self):
        (self.folder / "empty").mkdir()
        self.write("recording-0000000001.hwrec", "highwater recording 1\n" + "x" * 100)
        for path, words in (("empty", "empty holds no recording"),
                            ("recording-0000000001.hwrec", "recording-0000000001.hwrec: damaged at byte 22")):
            with self.subTest(path=path):
                ended = self.run_program("replay", "--rules", "rules.yaml", path)
                self.assertEqual((ended.returncode, ended.stdout), (2, ""))
                self.assertIn(words, ended.stderr)


if __name__ == "__main__":
    unittest.main()
