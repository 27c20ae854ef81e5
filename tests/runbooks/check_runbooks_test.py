"""scripts/check-runbooks, run on small trees: each with one mistake that it must find."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check-runbooks"

GOOD = """# Broker down

## Meaning

Broker {broker} is down; see [quorum](broker-down.md) and `highwater_broker_up`.

## Impact

Some.

## Diagnosis

1. Look:

   ```
   kafka-topics.sh --bootstrap-server {bootstrap} --describe --topic '{topic}' | grep -v -- 'x'
   # Kafka 4.0 and later
   kafka-cluster.sh list-endpoints --bootstrap-server {bootstrap} --include-fenced-brokers
   timeout 9 kafka-metadata-quorum.sh --bootstrap-server {bootstrap} --command-config f describe --status
   kafka-get-offsets.sh --bootstrap-server {bootstrap} --time -1
   ```

## Mitigation

Start it; do not use `kafka-leader-election.sh --election-type unclean`.
"""

RULE = """alerts:
  - name: BrokerDown
    when: broker_failed == 1
    runbook: broker-down
    summary: "Broker {broker} of {cluster} leads {topic}: {note}"
"""


class CheckRunbooks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        self.write("runbooks/broker-down.md", GOOD)
        self.write("rules/builtin.yaml", RULE)
        self.write("collectors/cluster/brokers.cpp", 'const Measure kUp{"broker_up", "help"};\n')

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def run_script(self):
        return subprocess.run([sys.executable, str(SCRIPT), str(self.root)], text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def expect_mistake(self, words, old=None, new=None):
        if old is not None:
            self.assertIn(old, GOOD)
            self.write("runbooks/broker-down.md", GOOD.replace(old, new))
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn(words, ended.stdout)
        self.assertEqual(len(ended.stdout.splitlines()), 1, ended.stdout)

    def test_a_good_page_passes(self):
        ended = self.run_script()
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_a_missing_section_is_found(self):
        self.expect_mistake("the headings must be", "## Impact\n", "Impact\n")

    def test_an_empty_section_is_found(self):
        self.expect_mistake("the section 'Impact' is empty", "Some.\n", "\n")

    def test_an_unclosed_code_block_is_found(self):
        self.write("runbooks/broker-down.md", GOOD + "\n```\n")
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("has no end", ended.stdout)

    def test_an_unknown_placeholder_is_found(self):
        self.expect_mistake("no label for {brokre}", "{broker} is", "{brokre} is")

    def test_a_placeholder_that_the_alert_has_no_label_for_is_found(self):
        self.write("rules/builtin.yaml", RULE.replace("leads {topic}", "is down"))
        self.expect_mistake("broker-down.md:16: the alert has no label for {topic}")

    def test_the_labels_of_an_aggregated_alert_are_those_of_per(self):
        self.write("rules/builtin.yaml", RULE + "    per: [cluster, topic]\n")
        self.expect_mistake("broker-down.md:5: the alert has no label for {broker}")

    def test_what_is_no_label_is_no_placeholder_of_a_page(self):
        self.expect_mistake("no label for {note}", "{broker} is", "{note} is")

    def test_an_unknown_tool_is_found(self):
        self.expect_mistake("unknown Kafka tool kafka-topic.sh", "kafka-topics.sh", "kafka-topic.sh")

    def test_an_unknown_option_is_found(self):
        self.expect_mistake("kafka-topics.sh has no option --topics", "--topic '", "--topics '")

    def test_an_unknown_option_in_prose_is_found(self):
        self.expect_mistake("has no option --election-kind", "--election-type", "--election-kind")

    def test_an_option_of_the_tool_behind_the_subcommand_is_found(self):
        self.expect_mistake("describe has no option --command-config", "--command-config f describe",
                            "describe --command-config f")

    def test_a_missing_subcommand_is_found(self):
        self.expect_mistake("needs a subcommand", "-config f describe --status", "-config f")

    def test_a_young_command_without_its_version_is_found(self):
        self.expect_mistake("Kafka 4.0 and later", "   # Kafka 4.0 and later\n", "")

    def test_a_command_without_the_cluster_is_found(self):
        self.expect_mistake("is not told the cluster", "kafka-get-offsets.sh --bootstrap-server {bootstrap}",
                            "kafka-get-offsets.sh")

    def test_a_link_to_nowhere_is_found(self):
        self.expect_mistake("a link to quorum.md", "(broker-down.md)", "(quorum.md)")

    def test_an_unknown_metric_is_found(self):
        self.expect_mistake("highwater_broker_alive is no metric", "highwater_broker_up", "highwater_broker_alive")

    def test_a_page_that_a_rule_names_and_that_is_missing_is_found(self):
        self.write("rules/builtin.yaml", RULE + "\n  - name: Second\n    severity: page\n    runbook: lost\n")
        self.expect_mistake("builtin.yaml:9: there is no runbooks/lost.md")

    def test_a_runbook_elsewhere_passes(self):
        self.write("rules/builtin.yaml", RULE + "  - name: Second\n    runbook: https://wiki.example.org/x\n")
        self.assertEqual(self.run_script().returncode, 0)

    def test_a_page_that_no_rule_names_is_found(self):
        self.write("runbooks/lonely.md", GOOD.replace("{broker}", "1").replace("{topic}", "t"))
        self.expect_mistake("runbooks/lonely.md:1: no rule")

    def test_missing_rules_are_found(self):
        (self.root / "rules/builtin.yaml").unlink()
        ended = self.run_script()
        self.assertEqual(ended.returncode, 1)
        self.assertIn("builtin.yaml: missing or empty", ended.stdout)


if __name__ == "__main__":
    unittest.main()
