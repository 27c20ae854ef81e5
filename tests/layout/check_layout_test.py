"""scripts/check-layout, run on small trees: each with one include that it must find, or must let pass."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check-layout"


class CheckLayout(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def run_with(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, str(SCRIPT), str(self.root)], text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)

    def refused(self, path, include, words):
        ended = self.run_with(path, f"// A file.\n#include {include}\n")
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertTrue(ended.stdout.startswith(f"{path}:2: "), ended.stdout)
        self.assertIn(words, ended.stdout)

    def accepted(self, path, include):
        ended = self.run_with(path, f"#include {include}\n")
        self.assertEqual((ended.returncode, ended.stdout), (0, ""))

    def test_the_core_includes_no_other_room(self):
        self.refused("agent/core/table.h", '"collectors/topics/topics.h"', "agent/core/ must not include collectors/")

    def test_the_core_does_not_include_the_daemon(self):
        self.refused("agent/core/table.h", '"agent/config/config.h"', "must not include agent/")

    def test_middle_rooms_do_not_include_each_other(self):
        self.refused("rules/engine.cpp", '"collectors/topics/topics.h"', "rules/ must not include collectors/")

    def test_middle_rooms_do_not_include_the_daemon(self):
        self.refused("exporters/http/server.cpp", '"agent/config/config.h"', "exporters/ must not include agent/")
        self.refused("agent/store/writer.cpp", '"agent/agent.h"', "agent/store/ must not include agent/")
        self.refused("agent/recording/ring.cpp", '"exporters/web.h"', "agent/recording/ must not include exporters/")

    def test_angle_brackets_do_not_hide_a_room(self):
        self.refused("rules/engine.cpp", "<exporters/metrics.h>", "rules/ must not include exporters/")

    def test_nothing_includes_the_tests(self):
        self.refused("agent/main.cpp", '"tests/simulator/model/world.h"', "agent/ must not include tests/")

    def test_a_path_that_does_not_start_at_the_root_is_found(self):
        self.refused("rules/engine.cpp", '"engine.h"', "not written from the root")

    def test_a_library_outside_its_room_is_found(self):
        for path, header in [("agent/config/config.cpp", "yaml-cpp/yaml.h"), ("rules/select.cpp", "re2/re2.h"),
                             ("collectors/topics/topics.cpp", "asio.hpp"), ("exporters/otlp/push.cpp", "httplib.h"),
                             ("exporters/metrics.cpp", "prometheus/registry.h"), ("rules/store.cpp", "sqlite3.h"),
                             ("agent/core/ids.cpp", "openssl/rand.h"), ("collectors/kafka/a.cpp", "librdkafka/rdkafka.h"),
                             ("exporters/http/page.cpp", "cmark.h"), ("collectors/options.cpp", "CLI/CLI.hpp"),
                             ("exporters/metrics.cpp", "protozero/pbf_writer.hpp")]:
            with self.subTest(header=header):
                self.refused(path, f"<{header}>", "alone")
                (self.root / path).unlink()

    def test_a_heavy_library_in_a_header_is_found(self):
        self.refused("exporters/page.h", "<nlohmann/json.hpp>", "too heavy for a header")

    def test_a_library_that_nobody_listed_is_found(self):
        self.refused("agent/main.cpp", "<boost/optional.hpp>", "of no library listed")

    def test_a_library_in_its_room_passes(self):
        self.accepted("exporters/http/server.cpp", "<httplib.h>")

    def test_standard_and_system_headers_pass(self):
        self.accepted("rules/engine.cpp", "<vector>\n#include <sys/stat.h>\n#include <unistd.h>")

    def test_the_daemon_includes_every_room(self):
        self.accepted("agent/main.cpp", '"rules/engine.h"\n#include "exporters/http/server.h"')

    def test_the_simulator_may_use_asio(self):
        self.accepted("tests/simulator/broker.cpp", "<asio.hpp>")

    def test_a_file_that_is_read_in_another_way_is_found(self):
        for line in ["std::ifstream file(path);", "std::fstream file(path, mode);", 'FILE* file = fopen(path, "r");',
                     "int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);", "const Descriptor file(open(name, O_RDWR));",
                     "int fd = openat(folder, name, O_RDONLY);"]:
            with self.subTest(line=line):
                ended = self.run_with("exporters/runbooks/runbooks.cpp", line + "\n")
                self.assertEqual(ended.returncode, 1, line)
                self.assertTrue(ended.stdout.startswith("exporters/runbooks/runbooks.cpp:1: files are read through"), ended.stdout)

    def test_the_way_to_read_files_and_functions_called_open_pass(self):
        for path, line in [("agent/core/small_file.cpp", "::open(path.c_str(), O_RDONLY | O_NONBLOCK)"),
                           ("agent/state_keeper.cpp", "Store::open(path_);"), ("rules/incidents/incidents.cpp", "std::vector<Incident> open() const;"),
                           ("tests/support.cpp", "std::ifstream file(path);"), ("agent/commands/test.cpp", "std::ofstream out(path);")]:
            ended = self.run_with(path, line + "\n")
            self.assertEqual((ended.returncode, ended.stdout), (0, ""), line)

    def test_a_long_file_is_a_warning_only(self):
        ended = self.run_with("rules/engine.cpp", "\n" * 401)
        self.assertEqual(ended.returncode, 0)
        self.assertIn("warning: 401 lines", ended.stdout)


if __name__ == "__main__":
    unittest.main()
