"""The commands of the program with measures of a configuration: what check accepts, test, generate and replay know."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BINARY = sys.argv.pop(1)

CONFIG = """\
clusters: [{name: prod, bootstrap: "127.0.0.1:1"}]
rules: {files: [rules.yaml]}
sources: [{name: app, url: "http://127.0.0.1:1/metrics"}]
measures:
  - {name: app_queue_records, source: app, metric: queue, unit: records, dimensions: [queue]}
"""
RULES = """\
alerts:
  - {name: QueueDeep, when: app_queue_records > 100, severity: ticket, runbook: lag-growing, summary: "{queue} holds {value}"}
"""
TESTS = """\
rule_files: [rules.yaml]
tests:
  - name: deep
    series: [{series: 'app_queue_records{queue="q"}', values: 1 500x5}]
    expect: [{at: 3m, alerts: [{alertname: QueueDeep}]}]
"""


class Commands(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name, text in (("highwater.yaml", CONFIG), ("rules.yaml", RULES), ("rules_test.yaml", TESTS)):
            (self.folder / name).write_text(text, encoding="utf-8")

    def run_with(self, *arguments):
        return subprocess.run([BINARY, *arguments], cwd=self.folder, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def known(self, *arguments):
        ended = self.run_with(*arguments)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def test_check_knows_them(self):
        self.assertIn("app_queue_records > 100", self.known("check", "--explain", "highwater.yaml"))

    def test_rule_tests_know_them_only_with_the_configuration(self):
        self.assertIn("ok 1", self.known("test", "-c", "highwater.yaml", "rules_test.yaml"))
        without = self.run_with("test", "rules_test.yaml")
        self.assertEqual(without.returncode, 2)
        self.assertIn("there is no measure 'app_queue_records'", without.stderr)

    def test_rules_for_prometheus_know_them(self):
        for arguments in (("-c", "highwater.yaml"), ("--rules", "rules.yaml", "--measures", "highwater.yaml")):
            self.assertIn("highwater_app_queue_records", self.known("generate", "prometheus", *arguments))

    def test_schemas_know_them(self):
        self.assertIn("app_queue_records", self.known("generate", "schema", "rules", "-c", "highwater.yaml"))
        self.assertNotIn("app_queue_records", self.known("generate", "schema", "rules"))

    def test_replay_knows_them(self):
        said = self.known("replay", "-c", "highwater.yaml", "--rules", "rules.yaml", "rules_test.yaml")
        self.assertIn("QueueDeep", said)

    def test_a_wrong_configuration_is_told_with_its_place(self):
        (self.folder / "highwater.yaml").write_text(CONFIG.replace("source: app", "source: ap"), encoding="utf-8")
        ended = self.run_with("test", "-c", "highwater.yaml", "rules_test.yaml")
        self.assertEqual(ended.returncode, 2)
        self.assertIn("highwater.yaml:5", ended.stderr)
        self.assertIn("did you mean 'app'?", ended.stderr)


if __name__ == "__main__":
    unittest.main()
