#!/usr/bin/env python3
"""The program as people meet it: what it prints, and its exit codes.

    command_line_test.py HIGHWATER
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

HIGHWATER = str(pathlib.Path(sys.argv.pop(1)).resolve())


def highwater(*arguments, folder=None, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in ("HIGHWATER_URL", "COLUMNS", "NO_COLOR")}
    ended = subprocess.run([HIGHWATER, *arguments], cwd=folder, text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                           env=environment | variables)
    return ended.returncode, ended.stdout, ended.stderr


def bound_port():
    """A socket that holds a port of loopback, and the port: connections to it are refused, for nobody listens."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        held, self.kafka = bound_port()
        self.addCleanup(held.close)

    def configure(self, listen, more=""):
        (self.folder / "highwater.yaml").write_text(
            f"clusters: [{{name: prod, bootstrap: ['127.0.0.1:{self.kafka}']}}]\n"
            f"listen: 127.0.0.1:{listen}\nstate: {{path: state.db}}\n{more}")

    @contextlib.contextmanager
    def running(self, listen, log=subprocess.DEVNULL):
        agent = subprocess.Popen([HIGHWATER, "run"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=log)
        try:
            end = time.monotonic() + 30
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{listen}/readyz", timeout=5).close()
                    break
                except OSError:
                    self.assertIsNone(agent.poll(), "the agent ended by itself")
                    self.assertLess(time.monotonic(), end, "the agent is not ready")
                    time.sleep(0.1)
            yield agent
        finally:
            agent.kill()
            agent.wait()

    def test_a_misspelt_command_is_put_right(self):
        code, _, error = highwater("statu")
        self.assertEqual((code, error), (2, "highwater: there is no command 'statu': did you mean 'status'?\n"))

    def test_an_unknown_option_is_refused(self):
        code, _, error = highwater("run", "--confg", "x")
        self.assertEqual(code, 2)
        self.assertIn("--confg", error)

    def test_help_and_version_are_no_mistakes(self):
        for arguments in ([], ["--help"], ["help"], ["help", "run"], ["run", "--help"], ["generate"], ["help", "generate", "schema"], ["version"], ["--version"],
                          ["import", "--help"], ["import", "--version"]):
            code, output, error = highwater(*arguments)
            self.assertEqual((code, error), (0, ""), arguments)
            self.assertIn("ighwater", output)

    def test_help_of_an_unknown_command_is_a_mistake(self):
        code, output, error = highwater("help", "generate", "shema")
        self.assertEqual((code, output, error), (2, "", "highwater generate: there is no command 'shema': did you mean 'schema'?\n"))

    def test_help_has_the_width_of_the_terminal(self):
        for columns in "50", "80":
            _, output, _ = highwater("help", "status", COLUMNS=columns)
            lines = [line for line in output.splitlines() if not line.startswith("  highwater")]
            self.assertLessEqual(max(map(len, lines)), int(columns))

    def test_watch_without_a_terminal_names_what_to_use(self):
        for command in "watch", "top":
            code, output, error = highwater(command, TERM="xterm")
            self.assertEqual((code, output), (2, ""))
            self.assertIn("needs a terminal", error)
            self.assertIn("'highwater status'", error)

    def test_watch_refuses_intervals_that_make_no_sense(self):
        for interval in "2", "100ms", "2d":
            code, _, error = highwater("watch", "--interval", interval)
            self.assertEqual(code, 2)
            self.assertIn("--interval", error)

    def test_the_version_is_the_same_everywhere(self):
        _, text, _ = highwater("version")
        _, as_json, _ = highwater("version", "--json")
        build = json.loads(as_json)
        self.assertTrue(text.startswith(f"highwater {build['version']}"))
        self.assertIn(build["commit"], text if build["commit"] != "unknown" else "unknown")

    def test_check_finds_the_mistakes_of_all_files_at_once(self):
        self.configure(9877, "lisen: x\nrules: {files: [rules.yaml], tune: {BrokerDwn: {for: 1m}}}\n")
        (self.folder / "rules.yaml").write_text("alerts:\n  - {name: Mine, when: group_lagg_seconds > 5m}\n")
        code, output, _ = highwater("check", folder=self.folder)
        self.assertEqual(code, 1)
        for line in ("highwater.yaml:4:1: the configuration has no key 'lisen': did you mean 'listen'?\n    4 | lisen: x\n      | ^\n",
                     "did you mean 'BrokerDown'?", "rules.yaml:2:", "group_lagg_seconds", " mistakes in 2 files\n"):
            self.assertIn(line, output)
        lines = [int(line.split(":")[1]) for line in output.splitlines() if line.startswith("highwater.yaml:")]
        self.assertEqual(lines, sorted(lines), "down the file")
        code, output, _ = highwater("check", "--json", folder=self.folder)
        self.assertEqual(code, 1)
        answer = json.loads(output)
        self.assertFalse(answer["ok"])
        self.assertEqual({"file": "highwater.yaml", "line": 4, "column": 1, "what": "the configuration has no key 'lisen'", "advice": "did you mean 'listen'?"},
                         answer["mistakes"][0])
        self.assertEqual({mistake["file"] for mistake in answer["mistakes"]}, {"highwater.yaml", "rules.yaml"})

    def test_check_of_two_files_checks_both(self):
        self.configure(9877, "lisen: x\n")
        (self.folder / "other.yaml").write_text("clusters: [{name: prod, bootstrap: ['127.0.0.1:9092']}]\n")
        code, output, _ = highwater("check", "highwater.yaml", "other.yaml", folder=self.folder)
        self.assertEqual(code, 1)
        self.assertIn("other.yaml: no mistakes: 1 cluster, ", output)
        self.assertIn("1 mistake in 1 file\n", output)

    def test_check_does_not_repeat_secrets(self):
        self.configure(9877, "receivers: [{name: a, webhook: {url: 'https://example.org/hook-hidden', bearer_tokn: tok-hidden}}]\n")
        _, output, _ = highwater("check", folder=self.folder)
        self.assertIn("highwater.yaml:4:", output)
        self.assertNotIn("hidden", output)

    def test_colours_are_only_for_those_who_want_them(self):
        self.configure(9877, "lisen: x\n")
        self.assertNotIn("\x1b", highwater("check", folder=self.folder)[1])
        self.assertIn("\x1b[31m", highwater("check", folder=self.folder, CLICOLOR_FORCE="1")[1])
        self.assertNotIn("\x1b", highwater("check", folder=self.folder, CLICOLOR_FORCE="1", NO_COLOR="1")[1])
        self.assertNotIn("\x1b", highwater("check", "--no-color", folder=self.folder, CLICOLOR_FORCE="1")[1])

    def test_every_mistake_is_said_with_its_place(self):
        self.configure(9877, "lisen: x\nreceivers: [{name: a}]\n")
        for command in ("check", "run"):
            code, output, error = highwater(command, folder=self.folder)
            self.assertEqual(code, 1, command)
            for line in ("highwater.yaml:4:1: the configuration has no key 'lisen': did you mean 'listen'?", "highwater.yaml:5:13: the receiver"):
                self.assertIn(line, output + error, command)

    def test_a_configuration_that_is_not_there_is_named(self):
        code, output, error = highwater("run", "--config", "nowhere.yaml", folder=self.folder)
        self.assertEqual(code, 1)
        self.assertIn("nowhere.yaml", output + error)

    def test_without_a_configuration_init_is_named(self):
        for command in "check", "run":
            code, output, error = highwater(command, folder=self.folder)
            self.assertEqual(code, 1, command)
            self.assertIn("highwater.yaml: there is no configuration here, nor in /etc/highwater: name one with --config, "
                          "or let 'highwater init --bootstrap HOST:PORT' write one", output + error, command)

    def test_route_warns_of_a_label_that_no_alert_has(self):
        self.configure(9877, "receivers: [{name: a, command: {path: /bin/true}}]\n")
        code, output, error = highwater("route", "severity=page", "brokr=2", folder=self.folder)
        self.assertEqual((code, error), (0, "highwater route: warning: no alert has a label 'brokr': did you mean 'broker'?\n"), output)
        self.assertEqual(highwater("route", "severity=page", "broker=2", folder=self.folder)[2], "")

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.configure(port)
            code, output, error = highwater("run", folder=self.folder)
            self.assertEqual(code, 1)
            self.assertEqual(output, "")
            self.assertIn(f"listen on 127.0.0.1:{port}: the port is in use", error)
            self.assertEqual(error.count(f"127.0.0.1:{port}: "), 1, error)

    def test_status_without_an_agent_cannot_say(self):
        code, _, error = highwater("status", "--url", f"http://127.0.0.1:{self.kafka}")
        self.assertEqual(code, 2)
        self.assertIn("is the agent running?", error)

    def test_the_agent_is_found_by_option_variable_or_configuration(self):
        held, other = bound_port()
        self.addCleanup(held.close)
        self.configure(other)
        asked = lambda *arguments, **variables: highwater("status", *arguments, folder=self.folder, **variables)[2]  # noqa: E731
        self.assertIn(f"127.0.0.1:{other}", asked())
        self.assertIn(f"127.0.0.1:{self.kafka}", asked(HIGHWATER_URL=f"http://127.0.0.1:{self.kafka}"))
        self.assertIn(f"127.0.0.1:{other}", asked("-c", "highwater.yaml", HIGHWATER_URL=f"http://127.0.0.1:{self.kafka}"))
        self.assertIn(f"127.0.0.1:{self.kafka}", asked("--url", f"http://127.0.0.1:{self.kafka}", HIGHWATER_URL="http://127.0.0.1:1"))
        (self.folder / "highwater.yaml").write_text(f"listen: ':{other}'\nnonsense: 1\n")
        self.assertIn(f"127.0.0.1:{other}", asked())
        code, _, error = highwater("status", "-c", "nowhere.yaml", folder=self.folder)
        self.assertEqual(code, 2)
        self.assertIn("nowhere.yaml", error)

    def test_status_and_explain_say_where_a_redirect_leads(self):
        class Moved(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(301)
                self.send_header("Location", "https://monitor.example" + self.path)
                self.end_headers()

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Moved) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for command in ("status",), ("incidents",), ("explain", "BrokerDown"):
                code, _, error = highwater(*command, "--url", f"http://127.0.0.1:{server.server_port}/hw/")
                self.assertEqual(code, 2)
                self.assertIn("the agent answered 301: moved to https://monitor.example/hw/api/v1/", error)
            server.shutdown()

    def test_a_cluster_that_cannot_be_reached_is_watched_and_not_called_healthy(self):
        held, listen = bound_port()
        held.close()
        self.configure(listen)
        with self.running(listen) as agent:
            code, output, _ = highwater("status", "--url", f"http://127.0.0.1:{listen}")
            self.assertNotEqual(code, 0, output)
            self.assertNotIn("healthy", output)
            self.assertIn(f"127.0.0.1:{self.kafka} refused", output)
            code, output, _ = highwater("incidents", "--last", "1h", "--url", f"http://127.0.0.1:{listen}")
            self.assertEqual(code, 0, output)
            code, _, error = highwater("incidents", "--last", "soon", "--url", f"http://127.0.0.1:{listen}")
            self.assertEqual(code, 2)
            self.assertIn("--last", error)
            agent.send_signal(signal.SIGINT)
            self.assertEqual(agent.wait(20), 0)

    def test_the_log_says_where_the_status_page_is_and_what_a_stop_waits_for(self):
        held, listen = bound_port()
        held.close()
        self.configure(listen, "log: {format: human}\n")
        log = self.folder / "log"
        with log.open("w") as written, self.running(listen, written) as agent:
            agent.send_signal(signal.SIGTERM)
            self.assertEqual(agent.wait(20), 0)
        self.assertIn(f"status page  url=http://127.0.0.1:{listen}/\n", log.read_text())
        self.assertIn("stopping  signal=SIGTERM  waits=\"for what is being delivered, at most 5 s; a second Ctrl-C ends it at once\"\n", log.read_text())

    def test_a_second_signal_ends_it_at_once_and_says_so(self):
        held, listen = bound_port()
        held.close()
        self.configure(listen)
        log = self.folder / "log"
        with log.open("w") as written, self.running(listen, written) as agent:
            for one in signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT:  # both of them wait when it goes on
                agent.send_signal(one)
            self.assertEqual(agent.wait(20), 130)
        self.assertTrue(log.read_text().endswith("highwater: ended at once, by a second signal: what was being delivered may be lost\n"), log.read_text())

    def test_a_reload_that_fails_is_a_ticket_until_one_works(self):
        held, listen = bound_port()
        held.close()
        self.configure(listen)
        with self.running(listen) as agent:
            def failing():
                with urllib.request.urlopen(f"http://127.0.0.1:{listen}/metrics", timeout=5) as answer:
                    return 'highwater_alert{alertname="ReloadFailing"' in answer.read().decode()

            def comes(wanted):
                end = time.monotonic() + 30
                while failing() != wanted:
                    self.assertLess(time.monotonic(), end, f"ReloadFailing should be {wanted}")
                    time.sleep(0.2)

            self.configure(listen, "lisen: x\n")
            agent.send_signal(signal.SIGHUP)
            comes(True)
            self.configure(listen)
            agent.send_signal(signal.SIGHUP)
            comes(False)

    def test_notify_test_prints_what_each_receiver_answers(self):
        heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name is http.server's)
                heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200 if self.path == "/good" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = f"http://127.0.0.1:{server.server_address[1]}"
        self.configure(9877, f"receivers: [{{name: good, webhook: {{url: '{url}/good'}}}}, {{name: bad, webhook: {{url: '{url}/bad'}}}}]\n")
        code, output, _ = highwater("notify", "test", "good", folder=self.folder)
        self.assertEqual((code, len(heard)), (0, 2))
        self.assertRegex(output, r"^good \(webhook\)\n  firing    delivered \(200\) in [0-9.]+ m?s\n  resolved  delivered \(200\) in ")
        self.assertIn("This is a test of notifications: nothing is wrong", heard[0])
        code, output, _ = highwater("notify", "test", folder=self.folder)
        self.assertEqual(code, 1)
        self.assertIn("bad (webhook)\n  firing    refused: HTTP 404\n", output)
        code, _, error = highwater("notify", "test", "god", folder=self.folder)
        self.assertEqual(code, 2)
        self.assertIn("did you mean 'good'?", error)
        self.configure(9877, f"receivers: [{{name: down, webhook: {{url: 'http://127.0.0.1:{self.kafka}/'}}}}]\n")
        code, output, _ = highwater("notify", "test", folder=self.folder)
        self.assertEqual(code, 1)
        self.assertRegex(output, r"^down \(webhook\)\n  firing    not delivered, the agent would try again: .*\n            the same answer 3 times\n$")


class Completions(unittest.TestCase):
    """What a shell offers; where a shell is not installed, its script is only generated."""

    def completed(self, *words):
        script = 'source <("$0" generate completion bash); COMP_WORDS=(highwater "$@"); COMP_CWORD=$#; _highwater; printf "%s\\n" "${COMPREPLY[@]}"'
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "rules.yaml").touch()
            (pathlib.Path(folder) / "folder").mkdir()
            ended = subprocess.run(["bash", "-c", script, HIGHWATER, *words], cwd=folder, text=True, timeout=30, check=True, capture_output=True)
        self.assertEqual(ended.stderr, "")
        return ended.stdout.split()

    def test_bash_offers_commands_options_words_and_files(self):
        self.assertEqual(self.completed("sta"), ["status"])
        self.assertIn("prometheus", self.completed("generate", ""))
        self.assertEqual(self.completed("generate", "schema", ""), ["config", "rules"])
        self.assertEqual(self.completed("status", "--u"), ["--url"])
        self.assertEqual(self.completed("run", "--config", "ru"), ["rules.yaml"])
        self.assertEqual(self.completed("generate", "man", "f"), ["folder"])
        self.assertEqual(self.completed("import", "sl"), ["sloth"])

    def test_zsh_and_fish_can_read_their_scripts(self):
        for shell in "zsh", "fish":
            code, script, _ = highwater("generate", "completion", shell)
            self.assertEqual(code, 0)
            if shutil.which(shell):
                ended = subprocess.run([shell, "-n", "/dev/stdin"], input=script, text=True, timeout=30, capture_output=True, check=False)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""))

    def test_fish_offers_commands_and_words(self):
        if not shutil.which("fish"):
            self.skipTest("there is no fish")
        for line, expected in (("highwater sta", "status"), ("highwater generate schema c", "config"), ("highwater status --ur", "--url")):
            ended = subprocess.run(["fish", "--no-config", "-c", f"{HIGHWATER} generate completion fish | source; complete -C '{line}'"],
                                   text=True, timeout=30, capture_output=True, check=True)
            self.assertIn(expected, [offer.split("\t")[0] for offer in ended.stdout.splitlines()], line)


class ManualPages(unittest.TestCase):
    def test_groff_reads_them_without_a_warning(self):
        if not shutil.which("groff"):
            self.skipTest("there is no groff")
        with tempfile.TemporaryDirectory() as folder:
            code, output, _ = highwater("generate", "man", folder)
            self.assertEqual(code, 0)
            for page in output.split():
                ended = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-b", page], text=True, timeout=30, capture_output=True, check=False)
                self.assertEqual((ended.returncode, ended.stderr), (0, ""), page)
                self.assertIn("EXIT STATUS", re.sub(r".\x08|\x1b\[[0-9;]*m", "", ended.stdout))


if __name__ == "__main__":
    unittest.main()
