#!/usr/bin/env python3
"""highwater init on a simulated cluster: what it writes can be checked and run.

    init_test.py HIGHWATER HIGHWATER-SIM SCENARIO
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCENARIO, SIMULATOR, HIGHWATER = (str(pathlib.Path(sys.argv.pop()).resolve()) for _ in range(3))


def highwater(folder, *arguments):
    ended = subprocess.run([HIGHWATER, *arguments], cwd=folder, text=True, timeout=60, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


class Init(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def simulator(self):
        process = subprocess.Popen([SIMULATOR, SCENARIO], stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return process.stdout.readline().split()[1].split(",")

    def test_it_writes_files_without_mistakes_and_overwrites_nothing(self):
        server = self.simulator()[0]
        code, output, error = highwater(self.folder, "init", "--bootstrap", server, "--name", "shop")
        self.assertEqual((code, error), (0, ""), output)
        self.assertIn("shop: 3 brokers, 3 topics, 3 consumer groups", output)
        self.assertIn("with SLOs for payment-service, order-processor, audit-archiver", output)
        code, output, _ = highwater(self.folder, "check", "--json")
        answer = json.loads(output)
        self.assertEqual((code, answer["mistakes"]), (0, []))
        self.assertEqual(answer["valid"][0]["slos"], 4)
        before = (self.folder / "rules.yaml").read_text()
        (self.folder / "highwater.yaml").unlink()
        code, _, error = highwater(self.folder, "init", "--bootstrap", server)
        self.assertEqual(code, 1)
        self.assertIn("rules.yaml exists already; nothing was written", error)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["rules.yaml"])
        self.assertEqual((self.folder / "rules.yaml").read_text(), before)

    def test_it_asks_nothing_without_a_terminal(self):
        code, output, error = highwater(self.folder, "init")
        self.assertEqual((code, output, error), (1, "", "highwater init: name a broker: --bootstrap HOST:PORT\n"))

    def test_a_cluster_that_cannot_be_reached_is_no_reason_to_write(self):
        code, _, error = highwater(self.folder, "init", "-b", "127.0.0.1:1", "--wait", "2s")
        self.assertEqual(code, 1)
        self.assertIn("127.0.0.1:1 refused", error)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_mistaken_address_is_explained(self):
        for address, words in (("kafka", "write it like kafka-1:9092"), ("kafka://a:1", "leave the protocol out")):
            code, _, error = highwater(self.folder, "init", "-b", address)
            self.assertEqual(code, 1)
            self.assertIn(words, error)

    def test_security_goes_into_the_configuration_but_no_secret(self):
        code, _, error = highwater(self.folder, "init", "-b", "127.0.0.1:1", "--security",
                                   "{protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: me, password: hidden}")
        self.assertEqual(code, 1)
        self.assertIn("write {file: PATH} or {env: NAME}", error)
        self.assertNotIn("hidden", error)
        code, _, error = highwater(self.folder, "init", "-b", "127.0.0.1:1", "--security", "{protocol: TLS}")
        self.assertEqual(code, 1)
        self.assertIn("'TLS'", error)


if __name__ == "__main__":
    unittest.main()
