#!/usr/bin/env python3
"""Routes imported from Alertmanager lead where Alertmanager's own amtool says; and the example of the documents is true.

    import_amtool_test.py HIGHWATER HIGHWATER_IMPORT REPOSITORY

What needs amtool is skipped where it is not installed (scripts/bootstrap installs it).
"""

import itertools
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(sys.argv.pop(3))
IMPORT = str(pathlib.Path(sys.argv.pop(2)).resolve())
HIGHWATER = str(pathlib.Path(sys.argv.pop(1)).resolve())
AMTOOL = shutil.which("amtool")
CLUSTER = "clusters: [{name: kafka, bootstrap: 'k:1'}]\n"
THEIRS = {"page": "critical", "ticket": "warning", "info": "info"}

RECEIVERS = "receivers:\n" + "".join(f"  - {{name: {name}, webhook_configs: [{{url: 'http://127.0.0.1:1/{name}'}}]}}\n"
                                     for name in ("main", "pager", "chat", "mail"))
TREES = {
    "children before their parent": """\
route:
  receiver: main
  routes:
    - match: {team: payments}
      receiver: mail
      routes:
        - {match: {severity: critical}, receiver: pager}
        - {match_re: {topic: 'orders|refunds'}, receiver: chat}
""",
    "going on": """\
route:
  receiver: main
  routes:
    - {receiver: mail, continue: true}
    - {matchers: [severity="critical"], receiver: pager, continue: true}
    - {matchers: [team=~"pay.*"], receiver: chat}
""",
    "a tree that goes on": """\
route:
  receiver: main
  routes:
    - matchers: [severity=~"critical|warning"]
      receiver: mail
      continue: true
      routes: [{matchers: [team="payments"], receiver: chat}, {matchers: [topic="orders"], receiver: pager, continue: true}]
    - {matchers: [topic="orders"], receiver: chat}
""",
    "negation": """\
route:
  receiver: main
  routes:
    - {matchers: [severity!="info", team!="payments"], receiver: pager}
    - {matchers: ['topic!~"orders|ref.*"'], receiver: chat, continue: true}
    - {matchers: [team=""], receiver: mail}
""",
    "what is not there is empty": """\
route:
  receiver: main
  routes:
    - {matchers: ['team=~"payments|"', topic!=""], receiver: chat}
    - {matchers: ['topic=~"(orders)?"'], receiver: mail}
    - {matchers: ['team!~".+"'], receiver: pager}
""",
}


def run(*command, text=None):
    return subprocess.run(command, input=text, text=True, timeout=60, capture_output=True, check=False)


class Amtool(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    @unittest.skipUnless(AMTOOL, "there is no amtool")
    def test_routes_lead_where_amtool_says(self):
        for name, tree in TREES.items():
            theirs = self.write("theirs.yml", tree + RECEIVERS)
            done = run(IMPORT, "alertmanager", theirs)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)
            ours = self.write("ours.yaml", CLUSTER + done.stdout)
            alerts = itertools.product(THEIRS, ("", "payments"), ("", "orders", "refunds"))
            for severity, team, topic in alerts:
                labels = [f"{key}={value}" for key, value in (("team", team), ("topic", topic)) if value]
                found = run(AMTOOL, "config", "routes", "test", f"--config.file={theirs}", f"severity={THEIRS[severity]}", *labels)
                self.assertEqual(found.returncode, 0, found.stderr)
                route = run(HIGHWATER, "route", "--json", "--config", ours, f"severity={severity}", *labels)
                self.assertEqual(route.returncode, 0, route.stderr)
                self.assertEqual(set(json.loads(route.stdout)["receivers"]), set(found.stdout.strip().split(",")),
                                 f"{name}: {severity} {labels}\n{done.stdout}")

    def test_the_example_of_the_documents_is_true(self):
        text = (REPOSITORY / "docs" / "notifications.md").read_text(encoding="utf-8")
        section = text.split("\n## Moving from Alertmanager\n")[1].split("\n## ")[0]
        before, console, after = re.findall(r"^```\w*\n(.*?)^```", section, re.S | re.M)[:3]
        self.write("alertmanager.yml", before)
        command, losses = console.split("\n", 1)
        self.assertEqual(command, "$ highwater import alertmanager alertmanager.yml > routes.yaml")
        done = subprocess.run([IMPORT, "alertmanager", "alertmanager.yml"], cwd=self.folder, text=True, timeout=60, capture_output=True, check=False)
        self.assertEqual(done.stderr, losses)
        self.assertEqual(done.stdout, after)
        self.assertEqual(done.returncode, 1)
        check = run(HIGHWATER, "check", self.write("highwater.yaml", CLUSTER + after))
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        if AMTOOL:
            self.assertEqual(run(AMTOOL, "check-config", str(self.folder / "alertmanager.yml")).returncode, 0)


if __name__ == "__main__":
    unittest.main()
