"""The agent behind TLS and logins of its own: what curl, browsers and its own command line may do, over renewed and over wrong files."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import urllib.request

from harness import WORK, Agent, end, free_port, takes_long, wait_until

# Of "wonderland" and "tea: time", with the lowest cost.
READER = "alice:wonderland"
WRITER = "hatter:tea: time"
TOKEN = "0123456789abcdef0123456789abcdef"
WEB = """\
tls_server_config: {cert_file: server.pem, key_file: key.pem}
basic_auth_users:
  alice: $2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu
  hatter: $2b$04$ABCDEFGHIJKLMNOPQRSTUuR8Pg9xOyTaO1G8.iGzChCUfrdE/JgfC
write_users: [hatter]
tokens:
  - {name: ci, role: write, token: {file: token}}
"""
SILENCE = json.dumps({"matchers": ["topic=a"], "for": "1h", "author": "ann", "comment": "test", "preview": True})


class Guarded(Agent):
    """An agent that speaks TLS and wants a login."""

    def __init__(self, cluster, binary, name):
        self.folder = WORK / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.binary = binary
        self.renew_certificate()
        self.write("token", TOKEN + "\n")
        self.write("web.yml", WEB)
        super().__init__(binary, cluster.servers()[:2], name=name, extra="web_config: web.yml\n")

    def write(self, name, text):
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def renew_certificate(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=agent", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", self.folder / "key.pem", "-out", self.folder / "server.pem"], check=True, capture_output=True)
        (self.folder / "key.pem").chmod(0o600)

    def url(self, path=""):
        return f"https://127.0.0.1:{self.port}{path}"

    def get(self, path, timeout=5):
        context = ssl.create_default_context(cafile=self.folder / "server.pem")
        request = urllib.request.Request(self.url(path), headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:
            return answer.read().decode()

    def curl(self, path, *options, login=None, trust=True):
        """The status and the body; the status is curl's exit code, below zero, when there is no answer."""
        command = ["curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *(["--cacert", self.folder / "server.pem"] if trust else []), *(["-u", login] if login else []), *options,
                   path if path.startswith("http") else self.url(path)]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            return -done.returncode, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def highwater(self, *arguments, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HIGHWATER_")}
        done = subprocess.run([str(self.binary), *map(str, arguments)], capture_output=True, text=True, timeout=30, env=clean | environment)
        output = done.stdout + done.stderr
        assert not any(secret in output for secret in ("wonderland", "tea: time", TOKEN)), output
        return done.returncode, output

    def close(self):
        code = end(self.process)
        self.log.close()
        log = self.log_path.read_text()
        assert not any(secret in log for secret in ("wonderland", "tea: time", TOKEN, "$2y$", "$2b$")), "a secret is in the log"
        assert code == 0, f"exit code {code} after SIGTERM"


def test_an_agent_with_tls_and_logins_lets_in_who_may(cluster, binary):
    agent = Guarded(cluster, binary, "guarded")
    curl = agent.curl
    try:
        agent.wait_ready()
        assert curl("/metrics", trust=False)[0] == -60, "its certificate is trusted without being named"
        assert curl("/metrics", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0")[0] == -35, "TLS 1.1 was spoken"
        status, body = curl(f"http://127.0.0.1:{agent.port}/metrics")
        assert status == 400 and "https://" in body, body

        # Who reads: everybody with a login, and the probes without one.
        assert [curl(path)[0] for path in ("/", "/metrics", "/api/v1/status", "/nothing")] == [401] * 4
        assert [curl(path)[0] for path in ("/healthz", "/readyz")] == [200, 200]
        assert curl("/metrics", login="alice:wrong")[0] == 401
        for login in (READER, WRITER):
            status, body = curl("/metrics", login=login)
            assert status == 200 and "highwater_agent_certificate_expiry_seconds" in body, body
        assert curl("/metrics", "-H", f"Authorization: Bearer {TOKEN}")[0] == 200

        # Who changes things: only a login with the role write, and no page of the web.
        post = ["-d", SILENCE, "-H", "Content-Type: application/json"]
        assert curl("/api/v1/silences", *post)[0] == 401
        status, body = curl("/api/v1/silences", *post, login=READER)
        assert status == 403 and "role write" in json.loads(body)["error"], body
        assert curl("/api/v1/silences", *post, login=WRITER)[0] == 200
        assert curl("/api/v1/silences", *post, "-H", f"Authorization: Bearer {TOKEN}")[0] == 200
        assert curl("/api/v1/silences", "-d", SILENCE, login=WRITER)[0] == 415, "what a form of any page can send"
        assert curl("/api/v1/silences", *post, "-H", f"Origin: {agent.url()}", login=WRITER)[0] == 403
        assert curl("/-/reload", "-X", "POST", login=READER)[0] == 403
        assert json.loads(curl("/-/reload", "-X", "POST", login=WRITER)[1]) == {"reloaded": True}

        # A browser, which sends the login that it was told once.
        page = curl("/silences", login=WRITER)[1]
        assert "method=\"post\"" in page and "method=\"post\"" not in curl("/silences", login=READER)[1]
        form = ["--data-urlencode", "matchers=topic=orders", "-d", "for=2h", "-d", "author=ann", "-d", "comment=disks", "-d", "action=add"]
        for origin in ("http://evil.example", "null", f"http://127.0.0.1:{agent.port}"):
            assert curl("/silences", *form, "-H", f"Origin: {origin}", login=WRITER)[0] == 403, origin
        assert curl("/silences", *form, login=WRITER)[0] == 403, "it does not say where it is from"
        assert curl("/silences", *form, "-H", f"Origin: {agent.url()}", login=READER)[0] == 403
        assert curl("/silences", *form, "-H", f"Origin: {agent.url()}", login=WRITER)[0] == 303
        made, = json.loads(agent.get("/api/v1/silences"))["silences"]
        assert made["matchers"] == ["topic=orders"], made
    finally:
        agent.close()


def test_the_command_line_finds_an_agent_with_tls_and_logs_in(cluster, binary):
    agent = Guarded(cluster, binary, "guarded-commands")
    trusted = ("--url", agent.url(), "--ca", agent.folder / "server.pem")
    silence = ("silence", "add", "topic=orders", "--for", "1h", "--by", "ann", "-m", "disks")
    try:
        agent.wait_ready()
        code, output = agent.highwater("check", agent.config)
        assert code == 0 and "no mistakes" in output, output
        # By the configuration: the address, the certificate, and a token that can be read.
        code, output = agent.highwater("status", "-c", agent.config)
        assert code in (0, 1) and "prod" in output, output
        code, output = agent.highwater(*silence, "-c", agent.config)
        assert code == 0, output
        assert len(json.loads(agent.get("/api/v1/silences"))["silences"]) == 1
        assert agent.highwater("silence", "end", "1", "-c", agent.config)[0] == 0
        assert agent.highwater("mark", "deployed", "-c", agent.config)[0] == 0
        # From elsewhere: authorities and a login by the environment, or by files.
        code, output = agent.highwater("incidents", HIGHWATER_URL=agent.url(), HIGHWATER_CA=str(agent.folder / "server.pem"), HIGHWATER_LOGIN=READER)
        assert code == 0, output
        code, output = agent.highwater(*silence, *trusted, HIGHWATER_LOGIN=READER)
        assert code == 2 and "role write" in output, output
        agent.write("login", WRITER + "\n")
        code, output = agent.highwater(*silence, *trusted, "--login", agent.folder / "login")
        assert code == 0, output
        code, output = agent.highwater("status", *trusted)
        assert code == 2 and "HIGHWATER_LOGIN" in output, output
        code, output = agent.highwater("status", *trusted, HIGHWATER_LOGIN="alice:wrong")
        assert code == 2 and "wants a login" in output and "wrong" not in output, output
        code, output = agent.highwater("status", "--url", agent.url())
        assert code == 2 and "certificate is not accepted" in output and "--ca" in output, output
        code, output = agent.highwater("status", "--url", f"http://127.0.0.1:{agent.port}")
        assert code == 2 and "speaks TLS" in output, output
    finally:
        agent.close()


@takes_long
def test_renewed_files_are_used_and_wrong_ones_change_nothing(cluster, binary):
    agent = Guarded(cluster, binary, "guarded-renewed")
    try:
        agent.wait_ready()
        former = (agent.folder / "server.pem").read_text()
        agent.renew_certificate()
        wait_until(lambda: agent.curl("/healthz")[0] == 200, 30, "the renewed certificate is used")
        assert agent.process.poll() is None

        # A key that is not the certificate's, and a hash that is none: what was there goes on.
        renewed = (agent.folder / "server.pem").read_text()
        agent.write("server.pem", former)
        wait_until(lambda: "does not belong to the certificate" in agent.log_path.read_text(), 30, "the wrong key is in the log")
        agent.write("server.pem", renewed)
        wait_until(lambda: agent.log_path.read_text().count("files of web_config were read again") == 2, 30, "the right one is read")
        wait_until(lambda: agent.value("highwater_reload_failing") == 0, 30, "nothing is wrong any more")
        agent.write("web.yml", WEB.replace("$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu", "wonderland"))
        wait_until(lambda: "what 'alice' has is no bcrypt hash" in agent.log_path.read_text(), 30, "the wrong hash is in the log")
        wait_until(lambda: agent.value("highwater_reload_failing") == 1, 30, "the mistake is a measure")
        assert agent.curl("/metrics", login=READER)[0] == 200, "the former file is not in force"
        code, output = agent.highwater("check", agent.config)
        assert code == 1 and "no bcrypt hash" in output, output
        agent.write("web.yml", WEB.replace("write_users: [hatter]\n", ""))
        wait_until(lambda: agent.value("highwater_reload_failing") == 0, 30, "the mistake is mended")
        post = ["-d", SILENCE, "-H", "Content-Type: application/json"]
        assert agent.curl("/api/v1/silences", *post, login=WRITER)[0] == 403, "a role that was taken away"
    finally:
        agent.close()


def test_handshakes_that_drip_stop_no_scrape(cluster, binary):
    agent = Guarded(cluster, binary, "guarded-dripped")
    drips = []
    try:
        agent.wait_ready()
        for number in range(256):
            drips.append(socket.create_connection(("127.0.0.1", agent.port), timeout=5))
            if number % 2:
                drips[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
        for _ in range(5):
            for drip in drips:
                try:
                    drip.sendall(b"x")
                except OSError:
                    pass  # it was dropped: there are too many
            assert agent.curl("/metrics", login=READER)[0] == 200
            assert agent.curl("/healthz")[0] == 200
    finally:
        for drip in drips:
            drip.close()
        agent.close()


def test_prometheus_scrapes_an_agent_with_tls_and_a_login(cluster, binary):
    """By what `highwater generate scrape` writes; and Prometheus' own tool reads what both know of the file."""
    agent = Guarded(cluster, binary, "guarded-scraped")
    prometheus = None
    try:
        agent.wait_ready()
        plain = agent.folder / "plain.yml"
        plain.write_text(WEB.partition("write_users")[0])
        subprocess.run(["promtool", "check", "web-config", plain], check=True, capture_output=True)

        code, scrape = agent.highwater("generate", "scrape", "-c", agent.config)
        assert code == 0 and "username: \"alice\"" in scrape, scrape
        agent.write("password", READER.partition(":")[2])
        for file, here in (("highwater-ca.pem", "server.pem"), ("highwater-password", "password")):
            assert f"/etc/prometheus/{file}" in scrape, scrape
            scrape = scrape.replace(f"/etc/prometheus/{file}", str(agent.folder / here))
        agent.write("prometheus.yml", scrape.replace("scrape_interval: 15s", "scrape_interval: 1s"))
        port = free_port()
        with open(agent.folder / "prometheus.log", "wb") as log:
            prometheus = subprocess.Popen(["prometheus", f"--config.file={agent.folder / 'prometheus.yml'}", f"--storage.tsdb.path={agent.folder / 'tsdb'}",
                                           f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

        def up():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query=up", timeout=5) as answer:
                    return [one["value"][1] for one in json.load(answer)["data"]["result"]] == ["1"]
            except OSError:
                return False

        wait_until(up, 30, "Prometheus scrapes the agent")
    finally:
        if prometheus:
            end(prometheus)
        agent.close()


TESTS = [test_an_agent_with_tls_and_logins_lets_in_who_may,
         test_the_command_line_finds_an_agent_with_tls_and_logs_in,
         test_renewed_files_are_used_and_wrong_ones_change_nothing,
         test_handshakes_that_drip_stop_no_scrape,
         test_prometheus_scrapes_an_agent_with_tls_and_a_login]
