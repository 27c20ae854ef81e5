"""What stands in deploy/ works with this build: its configurations pass `highwater check`, its ports and arguments fit.

    deploy_test.py HIGHWATER
"""
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
HIGHWATER = "highwater"


def manifests():
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, document


def agents():
    """(file, pod, the container that runs Highwater) of every workload."""
    for name, document in manifests():
        pod = document.get("spec", {}).get("template", {}).get("spec")
        for container in pod["containers"] if pod else []:
            if container["image"].startswith("highwater"):
                yield name, pod, container


def help_of(*arguments):
    ended = subprocess.run([HIGHWATER, *arguments, "--help"], text=True, stdout=subprocess.PIPE, timeout=30, check=True)
    return ended.stdout


class Deploy(unittest.TestCase):
    def test_every_configuration_passes_the_check(self):
        found = 0
        for name, document in manifests():
            if document["kind"] != "ConfigMap":
                continue
            with tempfile.TemporaryDirectory() as folder:
                for file, text in document["data"].items():
                    (Path(folder) / file).write_text(text, encoding="utf-8")
                ended = subprocess.run([HIGHWATER, "check", f"{folder}/highwater.yaml"], text=True, timeout=30,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual(ended.returncode, 0, f"{name}: {ended.stdout}")
            found += 1
        self.assertGreaterEqual(found, 3)

    def test_every_agent_can_keep_its_state(self):
        for name, pod, container in agents():
            mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
            self.assertNotIn("readOnly", mounts["/var/lib/highwater"], name)
            volumes = {volume["name"] for volume in pod["volumes"]}
            self.assertIn(mounts["/var/lib/highwater"]["name"], volumes, name)
        self.assertIn("ENV STATE_DIRECTORY=/var/lib/highwater", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))

    def test_in_pods_the_agent_listens_on_the_port_that_the_manifest_names(self):
        for name, document in manifests():
            if document["kind"] == "ConfigMap":
                config = yaml.safe_load(document["data"]["highwater.yaml"])
                self.assertEqual(config["listen"], "0.0.0.0:9877", name)
        for name, _, container in agents():
            self.assertEqual([port["containerPort"] for port in container["ports"]], [9877], name)

    def test_every_agent_gets_the_configuration_it_is_told_to_read(self):
        for name, pod, container in agents():
            self.assertEqual(container["args"][:2], ["run", "--config"], name)
            mount = next(m for m in container["volumeMounts"] if container["args"][2].startswith(m["mountPath"] + "/"))
            volume = next(v for v in pod["volumes"] if v["name"] == mount["name"])
            maps = [d["metadata"]["name"] for file, d in manifests() if file == name and d["kind"] == "ConfigMap"]
            self.assertIn(volume["configMap"]["name"], maps, name)

    def test_the_unit_calls_the_program_as_it_wants_to_be_called(self):
        unit = (DEPLOY / "highwater.service").read_text(encoding="utf-8")
        for command, option in re.findall(r"^Exec\w+=/usr/bin/highwater (\w+)(?: (--\w+))?", unit, re.MULTILINE):
            self.assertIn(option, help_of(command))

    def test_the_unit_gives_what_the_largest_configuration_needs(self):
        unit = (DEPLOY / "highwater.service").read_text(encoding="utf-8")
        self.assertGreaterEqual(int(re.search(r"^TasksMax=(\d+)$", unit, re.MULTILINE).group(1)), 512)
        self.assertGreaterEqual(int(re.search(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE).group(1)), 65536)
        self.assertRegex(unit, r"(?m)^LimitCORE=0$")
        self.assertRegex(unit, r"(?m)^#LoadCredential=oncall-url:/etc/highwater/secrets/oncall-url$")

    def test_the_user_of_the_unit_is_made(self):
        unit = (DEPLOY / "highwater.service").read_text(encoding="utf-8")
        user = re.search(r"^User=(\w+)$", unit, re.MULTILINE).group(1)
        self.assertRegex((DEPLOY / "highwater.sysusers").read_text(encoding="utf-8"), rf"(?m)^u {user} - ")

    def test_the_unit_leaves_little_exposed(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("there is no systemd-analyze")
        ended = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=15", str(DEPLOY / "highwater.service")], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout[-200:])

    def test_the_configuration_of_the_package_has_no_mistakes_commented_or_not(self):
        text = (DEPLOY / "debian/highwater.yaml").read_text(encoding="utf-8")
        whole = re.sub(r"(?m)^( *)#(?! \S)(.*)$", r"\1\2", text[text.index("clusters:"):]).replace("files: [rules.yaml]", "builtin: true")
        self.assertIn("security", yaml.safe_load(whole)["clusters"][0])
        self.assertIn("receivers", yaml.safe_load(whole))
        for content in text, whole:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "highwater.yaml").write_text(content, encoding="utf-8")
                ended = subprocess.run([HIGHWATER, "check", f"{folder}/highwater.yaml"], text=True, timeout=30, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, check=False)
            self.assertEqual(ended.returncode, 0, ended.stdout)

    def test_no_manifest_writes_a_secret_where_others_read_it(self):
        for name, document in manifests():
            if document["kind"] != "ConfigMap":
                continue
            for receiver in yaml.safe_load(document["data"]["highwater.yaml"]).get("receivers", []):
                self.assertIsInstance(receiver["webhook"]["url"], dict, f"{name}: {receiver['name']}")

    def test_every_secret_of_a_manifest_is_mounted_where_it_is_looked_for(self):
        for name, pod, container in agents():
            config = next(yaml.safe_load(d["data"]["highwater.yaml"]) for file, d in manifests() if file == name and d["kind"] == "ConfigMap")
            for receiver in config.get("receivers", []):
                path = receiver["webhook"]["url"]["file"]
                mount = next(m for m in container["volumeMounts"] if path.startswith(m["mountPath"] + "/"))
                volume = next(v for v in pod["volumes"] if v["name"] == mount["name"])
                self.assertTrue(mount["readOnly"], name)
                self.assertIn("secret", volume, name)

    def test_the_image_calls_the_program_as_it_wants_to_be_called(self):
        dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        self.assertIn('CMD ["run", "--config",', dockerfile)
        self.assertIn("--config", help_of("run"))

    def test_the_image_has_every_program(self):
        dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
        for program in ("highwater", "highwater-canary", "highwater-import"):
            self.assertRegex(dockerfile, rf"COPY --from=build .*/build/bin/{program} .*/usr/bin/")
            self.assertRegex(dockerfile, rf"--target .*\b{program}\b")


if __name__ == "__main__":
    HIGHWATER = sys.argv.pop(1)
    unittest.main()
