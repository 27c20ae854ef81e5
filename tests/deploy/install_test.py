#!/usr/bin/env python3
"""cmake --install puts what belongs to Highwater where Debian expects it.

    install_test.py CMAKE BUILD_FOLDER
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CMAKE, BUILD = sys.argv[1:3]
EXPECTED = """
bin/highwater bin/highwater-canary bin/highwater-import
lib/systemd/system/highwater.service lib/sysusers.d/highwater.conf
share/bash-completion/completions/highwater share/zsh/vendor-completions/_highwater
share/fish/vendor_completions.d/highwater.fish
share/man/man1/highwater.1 share/man/man1/highwater-generate-prometheus.1
share/doc/highwater/copyright share/doc/highwater/examples/highwater.yaml share/doc/highwater/docs/configuration.md
share/highwater/runbooks/broker-down.md share/highwater/dashboards/highwater-overview.json
""".split()


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def install(self, prefix):
        # The build may belong to somebody else, and its manifest is rewritten by each installation.
        subprocess.run([CMAKE, "--install", BUILD, "--prefix", prefix], env=dict(os.environ, DESTDIR=str(self.root)),
                       check=True, timeout=120, stdout=subprocess.DEVNULL)
        return self.root / prefix.lstrip("/")

    def test_everything_is_where_debian_expects_it(self):
        usr = self.install("/usr")
        for path in EXPECTED:
            self.assertTrue((usr / path).is_file(), path)
        found = {path.relative_to(usr).parts[0] for path in usr.rglob("*") if path.is_file()}
        self.assertEqual(found, {"bin", "lib", "share"})

    def test_the_unit_names_the_programs_where_they_are(self):
        for prefix in "/usr", "/opt/highwater":
            unit = (self.install(prefix) / "lib/systemd/system/highwater.service").read_text(encoding="utf-8")
            programs = re.findall(r"^Exec\w+=(\S+/highwater) ", unit, re.MULTILINE)
            self.assertEqual(set(programs), {f"{prefix}/bin/highwater"})
            self.assertIn("@system-service", unit)

    def test_the_example_configuration_has_no_mistakes(self):
        usr = self.install("/usr")
        ended = subprocess.run([usr / "bin/highwater", "check", usr / "share/doc/highwater/examples/highwater.yaml"], text=True,
                               timeout=30, capture_output=True, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout)

    def test_man_finds_the_pages(self):
        if not shutil.which("man"):
            self.skipTest("there is no man")
        usr = self.install("/usr")
        ended = subprocess.run(["man", "-M", str(usr / "share/man"), "highwater-status"], text=True, timeout=30, capture_output=True,
                               env=dict(os.environ, MANPAGER="cat"), check=False)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertIn("incidents", ended.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
