"""The sessions of docs/rules.md, run as they are printed: files are what its yaml blocks say, under the name that
the text before them gives; what follows a '$' is run, and must print what stands below it."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = Path(sys.argv.pop(1)).resolve()
DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "rules.md"
SECTIONS = ("## Testing rules", "## Replaying")


def section(text, title):
    start = text.index(title + "\n")
    end = text.find("\n## ", start + 1)
    return text[start:] if end < 0 else text[start:end]


def blocks(text):
    """(kind, what stands between this block and the one before, content)"""
    end = 0
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.S | re.M):
        yield found[1], text[end:found.start()], found[2]
        end = found.end()


def commands(content):
    """(command, what it prints)"""
    parts = re.split(r"^\$ (.*)\n", content, flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


class Sessions(unittest.TestCase):
    maxDiff = None

    def test_each_prints_what_the_document_says(self):
        document = DOCUMENT.read_text(encoding="utf-8")
        ran = 0
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "highwater").symlink_to(PROGRAM)
            environment = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"]}
            for kind, before, content in (b for s in SECTIONS for b in blocks(section(document, s))):
                if kind == "yaml":
                    name = re.findall(r"`(\w+\.yaml)`", before)[-1]
                    (Path(folder) / name).write_text(content, encoding="utf-8")
                if kind != "console":
                    continue
                for command, printed in commands(content):
                    ended = subprocess.run(command, shell=True, cwd=folder, env=environment, text=True,
                                           timeout=60, stdout=subprocess.PIPE, check=False)
                    if os.environ.get("PRINT_SESSIONS"):
                        print(f"$ {command}\n{ended.stdout}", end="")
                    else:
                        self.assertEqual(ended.stdout, printed, command)
                    ran += 1
        self.assertGreaterEqual(ran, 5)


if __name__ == "__main__":
    unittest.main()
