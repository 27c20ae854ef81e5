#!/usr/bin/env python3
"""highwater-import as people meet it: what it prints where, and its exit codes.

    import_command_test.py HIGHWATER HIGHWATER_IMPORT
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

IMPORT = str(pathlib.Path(sys.argv.pop(2)).resolve())
HIGHWATER = str(pathlib.Path(sys.argv.pop(1)).resolve())

SLOTH = """\
version: prometheus/v1
service: payments
slos:
  - name: lag
    objective: 99
    sli: {{raw: {{error_ratio_query: 'avg_over_time(({query})[{{{{.window}}}}:])'}}}}
    alerting: {{annotations: {{runbook: {runbook}}}}}
"""
LAG = "sum by (consumergroup, topic) (kafka_consumergroup_lag) > bool 1000"


def ended(*command, text=None):
    done = subprocess.run(command, input=text, text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stdout, done.stderr


class ImportCommand(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def sloth(self, query=LAG, runbook="lag-growing"):
        return self.write("sloth.yaml", SLOTH.format(query=query, runbook=runbook))

    def test_zero_when_all_was_taken_over(self):
        code, out, err = ended(IMPORT, "sloth", self.sloth())
        self.assertEqual((code, err), (0, ""))
        self.assertIn("sli: group_topic_lag_records\n    per: [group, topic]\n    good: \"<= 1000\"\n", out)
        self.assertNotIn("Not taken over", out)

    def test_what_was_lost_is_on_standard_error_and_in_the_head(self):
        code, out, err = ended(IMPORT, "sloth", self.sloth(query=LAG.replace("bool ", "")))
        self.assertEqual(code, 1)
        self.assertRegex(err, r"sloth\.yaml:4: SLO 'payments-lag': '>' without 'bool'")
        self.assertRegex(out, r"(?m)^#   line 4: SLO 'payments-lag': '>' without 'bool'")

    def test_two_when_nothing_is_left_or_nothing_can_be_read(self):
        code, out, err = ended(IMPORT, "sloth", self.sloth(query="http_requests > bool 3"))
        self.assertEqual(code, 2)
        self.assertIn("no measure of Highwater means the same as 'http_requests'", err)
        self.assertIn("could be taken over", err)
        self.assertIn("there is no rule file to write", out)
        self.assertEqual(ended(IMPORT, "sloth", str(self.folder / "missing.yaml"))[0], 2)
        self.assertEqual(ended(IMPORT, "openslo", self.sloth())[0], 2)
        self.assertEqual(ended(IMPORT, "nobl9", self.sloth())[0], 2)

    def test_help_says_the_exit_codes(self):
        code, out, _ = ended(IMPORT, "--help")
        self.assertEqual(code, 0)
        self.assertIn("Exit codes: 0 everything was taken over 1 with losses, which are listed 2 nothing could be taken over, or the file cannot be read", " ".join(out.split()))

    def test_reads_standard_input(self):
        code, out, _ = ended(IMPORT, "sloth", "-", text=SLOTH.format(query=LAG, runbook="lag-growing"))
        self.assertEqual(code, 0)
        self.assertIn("Imported from standard input", out)

    def test_knows_the_names_of_a_configuration(self):
        (self.folder / "pages").mkdir()
        (self.folder / "pages" / "queue-full.md").write_text("# Queue full\n\n## Meaning\nx\n", encoding="utf-8")
        config = self.write("highwater.yaml", """\
clusters: [{name: prod, bootstrap: "127.0.0.1:9092"}]
runbooks: pages
sources: [{name: app, url: "http://127.0.0.1:1/metrics"}]
measures:
  - {name: app_queue_records, source: app, metric: app_queue_size, unit: records, help: Waiting., dimensions: {group: grp}}
""")
        query = 'max by (grp) (app_queue_size{cluster="prod"}) > bool 5'
        self.assertEqual(ended(IMPORT, "sloth", self.sloth(query, "queue-full"))[0], 2)
        code, out, err = ended(IMPORT, "sloth", "--config", config, self.sloth(query, "queue-full"))
        self.assertIn("sli: app_queue_records\n", out, err)
        self.assertIn("per: [group]\n", out)
        self.assertIn('runbook: "queue-full"\n', out)
        self.assertEqual((code, err), (0, ""))

    def test_what_it_writes_passes_check(self):
        rules = self.write("rules.yaml", ended(IMPORT, "sloth", self.sloth())[1])
        config = self.write("highwater.yaml", f"clusters: [{{name: prod, bootstrap: '127.0.0.1:9092'}}]\nrules: {{files: [{rules}]}}\n")
        self.assertEqual(ended(HIGHWATER, "check", config)[0], 0)

    ALERTMANAGER = """\
route: {receiver: team, routes: [{receiver: pager, matchers: [severity="error"]}]}
receivers:
  - {name: team, webhook_configs: [{url_file: /run/team}]}
  - {name: pager, pagerduty_configs: [{routing_key: k3y}]}
"""

    def test_alertmanager_has_the_same_exit_codes(self):
        file = self.write("alertmanager.yml", self.ALERTMANAGER)
        code, out, err = ended(IMPORT, "alertmanager", file)
        self.assertEqual(code, 1)
        self.assertIn(f"{file}:1: route: no severity of Highwater is like 'error'", err)
        self.assertIn("#   line 1: route: no severity of Highwater is like 'error'", out)
        code, out, err = ended(IMPORT, "alertmanager", "--severity", "error=page", file)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("# Severities: page is error, critical, page; ticket is warning, ticket; info is info.\n", out)
        self.assertIn("  - {severity: page, to: pager}  # line 1\n", out)
        self.assertNotIn("k3y", out)
        for wrong in ("error", "error=urgent", "=page"):
            code, _, err = ended(IMPORT, "alertmanager", "--severity", wrong, file)
            self.assertEqual(code, 2)
            self.assertIn(f"--severity '{wrong}'", err)
        self.assertEqual(ended(IMPORT, "sloth", "--severity", "error=page", self.sloth())[0], 2)
        lost = self.write("lost.yml", "route: {receiver: a}\nreceivers: [{name: a, opsgenie_configs: [{api_key: x}]}]\n")
        code, _, err = ended(IMPORT, "alertmanager", lost)
        self.assertEqual(code, 2)
        self.assertIn("no receiver of", err)

    def test_what_check_would_refuse_of_alertmanagers_routes_is_said(self):
        file = self.write("alertmanager.yml", "route: {receiver: ops, routes: [{receiver: team, matchers: [team=a]}]}\nreceivers:\n"
                          "  - {name: ops, opsgenie_configs: [{api_key: x}]}\n  - {name: team, webhook_configs: [{url_file: /u}]}\n")
        code, out, err = ended(IMPORT, "alertmanager", file)
        self.assertEqual(code, 1)
        self.assertIn("# {to: ops}  # line 1: 'ops' was not taken over (opsgenie)", out)
        self.assertRegex(err, r"the output:\d+:\d+: 'routes' has no line for what no other matches")

    def test_client_properties_have_the_same_exit_codes(self):
        file = self.write("client.properties", "bootstrap.servers=k:9092\nsecurity.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
                          "sasl.username=hw\nsasl.password=hunter2\nacks=all\n")
        code, out, err = ended(IMPORT, "client-properties", file)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("      password: {env: KAFKA_PASSWORD}\n", out)
        self.assertNotIn("hunter2", out)
        config = self.write("highwater.yaml", out)
        self.assertEqual(ended(HIGHWATER, "check", config)[0], 0)
        code, out, err = ended(IMPORT, "client-properties", "-", text="security.protocol=SSL\nssl.cipher.suites=X\n")
        self.assertEqual(code, 1)
        self.assertIn("standard input:2: ssl.cipher.suites: it has no counterpart", err)
        self.assertEqual(ended(IMPORT, "client-properties", self.write("x.yaml", "a: 1\n"))[0], 2)
        self.assertEqual(ended(IMPORT, "client-properties", "-c", config, file)[0], 2)

    def test_highwater_import_starts_it(self):
        self.assertEqual(ended(HIGHWATER, "import", "sloth", self.sloth()), ended(IMPORT, "sloth", self.sloth()))
        self.assertIn("import", ended(HIGHWATER, "--help")[1])

    def test_highwater_import_says_when_it_is_not_installed(self):
        alone = shutil.copy(HIGHWATER, self.folder / "highwater")
        code, _, err = ended(alone, "import", "sloth", self.sloth())
        self.assertEqual(code, 2)
        self.assertIn("install highwater-import beside highwater", err)


if __name__ == "__main__":
    unittest.main()
