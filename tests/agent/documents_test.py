#!/usr/bin/env python3
"""Documents tell the truth: links lead somewhere, commands can be parsed, files and rules are named, examples have no mistakes.

    documents_test.py HIGHWATER REPOSITORY
"""

import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path(sys.argv.pop()).resolve()
HIGHWATER = str(pathlib.Path(sys.argv.pop()).resolve())
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("docs/decisions/*.md"), *REPOSITORY.glob("runbooks/*.md"),
                *REPOSITORY.glob("dashboards/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def anchors_of(text):
    """As GitHub makes them of headings."""
    anchors = set()
    for heading in re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchors.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return anchors


def commands_of(text):
    """Calls of highwater in shell examples, as words; pipes and redirections end one."""
    for language, block in FENCE.findall(text):
        if language not in ("sh", "bash", ""):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            found = re.match(r"\s*(?:sudo |time )?(?:build/\w+/bin/)?highwater (.*)", re.sub(r"\s+#.*", "", line))
            if found:
                words = re.split(r"\s[|>&;]|\s2>|;", found.group(1))[0].split()
                yield line.strip(), [word.strip("'\"") for word in words if "{" not in word and "$" not in word]


def keys_of(schema):
    """The names of all properties in a JSON Schema."""
    if isinstance(schema, list):
        return set().union(*map(keys_of, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {key for key in schema.get("properties", {}) if re.fullmatch(r"\w+", key)}
    return own.union(*map(keys_of, schema.values()))


@functools.cache
def help_of(*command):
    return subprocess.run([HIGHWATER, "help", *command], text=True, capture_output=True, timeout=30, check=False)


class Documents(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for page in PAGES:
            text = re.sub(r"`[^`]*`", "", FENCE.sub("", page.read_text()))
            for target in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"[a-z]+:|\{|/", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                with self.subTest(page=page.name, target=target):
                    self.assertTrue(file.exists())
                    if anchor and file.suffix == ".md":
                        self.assertIn(anchor, anchors_of(file.read_text()))

    def test_commands_can_be_parsed(self):
        """With --help behind it nothing is run, and a command or group that is not there is a mistake."""
        seen = 0
        for page in PAGES:
            for line, words in commands_of(page.read_text()):
                seen += 1
                command = [word for word in words if re.fullmatch(r"[a-z][a-z-]*", word)][:2]
                helps = [help_of(*command[:depth]) for depth in (1, 2)]
                with self.subTest(page=page.name, line=line):
                    self.assertEqual(helps[0].returncode, 0, helps[0].stderr)
                    listed = helps[1].stdout or helps[0].stdout  # the second word is a command, or an argument
                    if "COMMAND [OPTIONS]" in helps[0].stdout and len(command) > 1:
                        self.assertEqual(helps[1].returncode, 0, helps[1].stderr)
                    for option in (word.split("=")[0] for word in words if word.startswith("-") and word != "-"):
                        self.assertRegex(listed, rf"(^|[\s,]){re.escape(option)}\b", "an option that its help does not have")
        self.assertGreater(seen, 20)

    def test_every_metric_rule_key_and_command_is_documented(self):
        docs = {page.name: page.read_text() for page in PAGES}
        everything = "\n".join(docs.values())
        for rule in re.findall(r"^  - name: (\w+)$", (REPOSITORY / "rules/builtin.yaml").read_text(), re.MULTILINE):
            self.assertTrue(f"| {rule} |" in docs["rules.md"], rule)
        for slo in re.findall(r"^  - name: ([\w-]+)$", (REPOSITORY / "rules/builtin_slos.yaml").read_text(), re.MULTILINE):
            self.assertTrue(f"| {slo} |" in docs["rules.md"], slo)
        schema = subprocess.run([HIGHWATER, "generate", "schema", "config"], text=True, capture_output=True, timeout=30, check=True).stdout
        for key in sorted(keys_of(json.loads(schema))):
            self.assertTrue(re.search(rf"\b{key}\b", everything), f"no document names the key '{key}'")

    def test_every_page_of_docs_is_in_the_readme(self):
        readme = (REPOSITORY / "README.md").read_text()
        for page in REPOSITORY.glob("docs/*.md"):
            self.assertTrue(f"(docs/{page.name})" in readme, page.name)

    def test_the_readme_is_short(self):
        self.assertLess(len((REPOSITORY / "README.md").read_text().splitlines()), 150)
        self.assertLess(len((REPOSITORY / "docs/architecture.md").read_text().splitlines()), 300)

    def test_examples_of_the_first_pages_have_no_mistakes(self):
        """Configurations (clusters:, receivers:, rules:) and rules (slos:, alerts:) of the README and the first steps."""
        for name in "README.md", "docs/getting-started.md":
            blocks = [block for language, block in FENCE.findall((REPOSITORY / name).read_text()) if language == "yaml"]
            self.assertGreater(len(blocks), 1)
            for block in blocks:
                config, rules = "clusters: [{name: prod, bootstrap: ['kafka-1:9092']}]\n", "slos: [{use: cluster-availability}]\n"
                if block.startswith(("slos:", "alerts:")):
                    rules, config = block, config + "rules: {files: [rules.yaml]}\n"
                else:
                    config = block if block.startswith("clusters:") else config + block
                with tempfile.TemporaryDirectory() as folder, self.subTest(page=name, block=block):
                    (pathlib.Path(folder) / "highwater.yaml").write_text(config)
                    (pathlib.Path(folder) / "rules.yaml").write_text(rules)
                    ended = subprocess.run([HIGHWATER, "check"], cwd=folder, text=True, capture_output=True, timeout=30, check=False)
                    self.assertEqual(ended.returncode, 0, ended.stdout)


if __name__ == "__main__":
    unittest.main()
