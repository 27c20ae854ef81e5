#!/usr/bin/env python3
"""The program as people meet it: what it prints, and its exit codes.

    command_line_test.py HIGHWATER
"""

import contextlib
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

HIGHWATER = str(pathlib.Path(sys.argv.pop(1)).resolve())


def highwater(*arguments, folder=None):
    ended = subprocess.run([HIGHWATER, *arguments], cwd=folder, text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
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
    def running(self, listen):
        agent = subprocess.Popen([HIGHWATER, "run"], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        for arguments in (["--help"], ["help"], ["run", "--help"], ["version"]):
            code, output, error = highwater(*arguments)
            self.assertEqual((code, error), (0, ""), arguments)
            self.assertIn("ighwater", output)

    def test_every_mistake_is_said_with_its_place(self):
        self.configure(9877, "lisen: x\nreceivers: [{name: a}]\n")
        for command in ("check", "run"):
            code, output, error = highwater(command, folder=self.folder)
            self.assertEqual(code, 1, command)
            for line in ("highwater.yaml:4:1: the configuration has no key 'lisen': did you mean 'listen'?", "highwater.yaml:5:13: a receiver"):
                self.assertIn(line, output + error, command)

    def test_a_configuration_that_is_not_there_is_named(self):
        code, output, error = highwater("run", "--config", "nowhere.yaml", folder=self.folder)
        self.assertEqual(code, 1)
        self.assertIn("nowhere.yaml", output + error)

    def test_a_port_in_use_is_named(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.configure(port)
            code, output, error = highwater("run", folder=self.folder)
            self.assertEqual(code, 1)
            self.assertIn(f"127.0.0.1:{port}", output + error)

    def test_status_without_an_agent_cannot_say(self):
        code, _, error = highwater("status", "--url", f"http://127.0.0.1:{self.kafka}")
        self.assertEqual(code, 2)
        self.assertIn("is the agent running?", error)

    def test_a_cluster_that_cannot_be_reached_is_watched_and_not_called_healthy(self):
        held, listen = bound_port()
        held.close()
        self.configure(listen)
        with self.running(listen) as agent:
            code, output, _ = highwater("status", "--url", f"http://127.0.0.1:{listen}")
            self.assertNotEqual(code, 0, output)
            self.assertNotIn("healthy", output)
            self.assertIn(f"127.0.0.1:{self.kafka} refused", output)
            agent.send_signal(signal.SIGINT)
            self.assertEqual(agent.wait(20), 0)

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


if __name__ == "__main__":
    unittest.main()
