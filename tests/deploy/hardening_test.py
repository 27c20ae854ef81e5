"""What is installed is built with the compiler's and the linker's protections: of the preset release each command is
looked at, and of a build of that kind the program itself.

    hardening_test.py SOURCE HIGHWATER
"""
import json
import platform
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(".")
HIGHWATER = "highwater"
COMPILED = ["-fstack-protector-strong", "-fstack-clash-protection", "-D_GLIBCXX_ASSERTIONS"]
COMPILED += {"x86_64": ["-fcf-protection"], "aarch64": ["-mbranch-protection=standard"]}.get(platform.machine(), [])


class ReleaseCommands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        configured = subprocess.run(["cmake", "--preset", "release", "-B", cls.folder.name, "-DHIGHWATER_TESTS=OFF"], cwd=SOURCE, text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False)
        assert configured.returncode == 0, configured.stdout

    def test_every_file_is_compiled_with_them(self):
        commands = json.loads((Path(self.folder.name) / "compile_commands.json").read_text(encoding="utf-8"))
        self.assertGreater(len(commands), 100)
        for entry in commands:
            if entry["file"].endswith("/precompiled.cpp"):
                continue  # empty
            words = entry["command"].split()
            for flag in COMPILED:
                self.assertIn(flag, words, entry["file"])
            levels = [word[-1] for word in words if word.startswith("-D_FORTIFY_SOURCE=")]
            self.assertEqual(len(levels), 1, entry["file"])
            self.assertIn(levels[0], "23", entry["file"])
            self.assertIn("-O2", words, entry["file"])
            # The same bytes wherever it is built.
            self.assertIn(f"-ffile-prefix-map={SOURCE.resolve()}=.", words, entry["file"])

    def test_every_program_is_linked_with_them(self):
        text = (Path(self.folder.name) / "build.ninja").read_text(encoding="utf-8")
        found = 0
        for program in ("highwater", "highwater-canary", "highwater-import"):
            link = re.search(rf"^build bin/{program}: .*?^$", text, re.MULTILINE | re.DOTALL).group(0)
            self.assertRegex(link, r"LINK_FLAGS = .*-pie\b.*-Wl,-z,relro,-z,now", program)
            found += 1
        self.assertEqual(found, 3)


def readelf(*options):
    return subprocess.run(["readelf", "--wide", *options, HIGHWATER], text=True, stdout=subprocess.PIPE, timeout=60, check=True).stdout


def is_release():
    cache = (Path(HIGHWATER).parents[1] / "CMakeCache.txt").read_text(encoding="utf-8")
    return re.search(r"^CMAKE_BUILD_TYPE:\w+=Release$", cache, re.MULTILINE) is not None


class ReleaseProgram(unittest.TestCase):
    def setUp(self):
        if not is_release():
            self.skipTest("this is no build of the kind that is installed")

    def test_it_can_lie_anywhere_and_its_tables_are_read_only(self):
        self.assertIn("Type:                              DYN", readelf("--file-header"))
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(readelf("--dynamic"), r"FLAGS.*(BIND_NOW|NOW)")
        self.assertRegex(readelf("--program-headers"), r"GNU_STACK .* RW +0x")

    def test_it_names_no_folder_of_the_build(self):
        self.assertNotIn(str(SOURCE.resolve()).encode() + b"/", Path(HIGHWATER).read_bytes())

    def test_its_buffers_are_guarded(self):
        symbols = readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__(mem|str|v?sn?printf|read|recv)\w*_chk")


if __name__ == "__main__":
    HIGHWATER = sys.argv.pop()
    SOURCE = Path(sys.argv.pop())
    unittest.main()
