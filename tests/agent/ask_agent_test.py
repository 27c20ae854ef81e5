#!/usr/bin/env python3
"""The commands that ask a running agent, against one that answers as it is told.

    ask_agent_test.py HIGHWATER
"""

import http.server
import json
import os
import pathlib
import pty
import subprocess
import sys
import tempfile
import threading
import unittest

HIGHWATER = str(pathlib.Path(sys.argv.pop(1)).resolve())
NOT_INHERITED = ("HIGHWATER_URL", "COLUMNS", "NO_COLOR", "SUDO_USER", "USER", "LOGNAME")


def highwater(*arguments, **variables):
    environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run([HIGHWATER, *arguments], cwd=folder, text=True, timeout=60, capture_output=True, check=False, env=environment | variables)
    return ended.returncode, ended.stdout, ended.stderr


class AskAgent(unittest.TestCase):
    def setUp(self):
        self.answers = {}  # by path: a status and what goes as JSON
        self.asked = []
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                test.asked.append((self.path, json.loads(body) if body else None))
                status, answer = test.answers[self.path.split("?")[0]]
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"

    def ask(self, *arguments, **variables):
        return highwater(*arguments, "--url", self.url, **variables)

    def test_who_acknowledges_is_asked_for_when_the_environment_does_not_say(self):
        self.answers["/api/v1/incidents/1/ack"] = (200, {"incident": 1, "title": "Broker 2 crashed", "acknowledged": "by ann"})
        code, output, error = self.ask("ack", "1")
        self.assertEqual((code, output, self.asked), (2, "", []))
        self.assertEqual(error, "highwater: say who looks after it: --by NAME (the environment names nobody: USER is not set)\n")
        for arguments, variables in ((("--by", "ann"), {}), ((), {"USER": "ann"}), ((), {"LOGNAME": "ann"}), ((), {"USER": "root", "SUDO_USER": "ann"})):
            self.assertEqual(self.ask("ack", "1", *arguments, **variables)[0], 0)
            self.assertEqual(self.asked.pop(), ("/api/v1/incidents/1/ack", {"by": "ann"}))
        self.answers["/api/v1/incidents/1/ack"] = (200, {"incident": 1, "acknowledged": None})
        self.assertEqual(self.ask("ack", "1", "--end")[0], 0, "nobody's name is needed for it")

    def test_whose_silence_it_is_is_asked_for_when_the_environment_does_not_say(self):
        code, _, error = self.ask("silence", "add", "topic=orders", "--for", "2h", "-m", "new disks")
        self.assertEqual((code, self.asked), (2, []))
        self.assertIn("say whose silence it is: --by NAME", error)

    def test_a_silence_of_a_label_that_no_alert_has_is_warned_of(self):
        silence = {"id": 3, "name": "", "matchers": ["brokr=2"], "active": True, "ends": "2026-11-30T08:00:00.000Z", "author": "ann", "comment": "new disks",
                   "warnings": ["no alert has a label 'brokr': did you mean 'broker'?"], "hides": [], "preview": False}
        self.answers["/api/v1/silences"] = (201, silence)
        code, output, _ = self.ask("silence", "add", "brokr=2", "--for", "2h", "-m", "new disks", "--by", "ann")
        self.assertEqual(code, 0)
        self.assertEqual(output, "silence 3: brokr=2 until 2026-11-30 08:00:00 UTC\n"
                                 "warning: no alert has a label 'brokr': did you mean 'broker'?\nit hides nothing now\n")
        self.answers["/api/v1/silences"] = (200, {"silences": [silence], "maintenance": []})
        code, output, _ = self.ask("silence", "list")
        self.assertEqual(code, 0)
        self.assertIn("\n3: no alert has a label 'brokr': did you mean 'broker'?\n", output)

    def test_an_address_that_is_none_is_named_and_nobody_looks_for_the_agent(self):
        for arguments, variables, named in ((("--url", "127.0.0.1:9877"), {}, "--url"), ((), {"HIGHWATER_URL": "127.0.0.1:9877"}, "HIGHWATER_URL")):
            for command in ("status",), ("ack", "1", "--by", "ann"):
                code, output, error = highwater(*command, *arguments, **variables)
                self.assertEqual((code, output), (2, ""))
                self.assertEqual(error, f"highwater: {named}: the URL has no scheme: it starts with http:// or https://: write it like http://127.0.0.1:9877\n")

    def test_the_log_of_deliveries_fits_80_columns_one_line_each(self):
        why = "HTTP 503: the upstream of the receiver is away, and its page of errors is as long as such pages are, with all that nobody reads"
        title = "Broker 2 (prod) crashed: groups archive and billing moved, partition audit-0 offline, 3 partitions failed over"
        entry = {"at": "2026-11-30T08:00:00.000Z", "receiver": "oncall", "incident": 17, "group": None, "title": title, "severity": "page", "status": "firing",
                 "outcome": "failed", "attempts": 3, "why": why, "seconds": 12.0}
        told = entry | {"outcome": "delivered", "why": "", "attempts": 1, "seconds": 0.0123}
        at_once = told | {"seconds": 0.0002}
        repeat = told | {"repeat": True, "seconds": 14400.0}
        answer = {"now": "2026-11-30T08:12:00.000Z", "deliveries": [entry, told, at_once, repeat]}
        self.answers["/api/v1/deliveries"] = (200, answer)
        whole, terminal = pty.openpty()
        self.addCleanup(os.close, whole)
        environment = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        subprocess.run([HIGHWATER, "notify", "log", "--no-color", "--url", self.url], env=environment | {"COLUMNS": "80"}, stdout=terminal, timeout=60, check=True)
        os.close(terminal)
        lines = os.read(whole, 1 << 16).decode().splitlines()
        self.assertEqual(len(lines), 5, lines)
        self.assertLessEqual(max(map(len, lines)), 80, lines)
        self.assertRegex(lines[1], r"^  12 min ago  oncall    17  page  failed 3 times: HTT\u2026  Broker 2 \(prod\) crashed.*\u2026$")
        self.assertIn("delivered in 12 ms ", lines[2])
        self.assertIn("delivered at once  ", lines[3])
        self.assertIn(" repeated  ", lines[4])
        code, output, _ = self.ask("notify", "log")
        self.assertEqual(code, 0)
        self.assertIn(title, output, "a program reads whole titles")
        self.assertLess(max(map(len, output.splitlines())), 220)
        self.assertEqual(json.loads(self.ask("notify", "log", "--json")[1]), answer)


if __name__ == "__main__":
    unittest.main()
