"""Receivers of notifications as they are run elsewhere: Prometheus' Alertmanager, and an SMTP server."""

import contextlib
import datetime
import email
import email.policy
import json
import shutil
import subprocess
import time
import urllib.request

from harness import ROOT, WORK, Agent, Receiver, end, free_port, takes_long, wait_until

CONFIGURATION = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


class Alertmanager:
    """The real one, alone, without a memory from one start to the next."""

    def __init__(self, name):
        program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
        assert program, "there is no Alertmanager: scripts/bootstrap installs it"
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "alertmanager.yml").write_text(CONFIGURATION)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [program, f"--config.file={self.directory / 'alertmanager.yml'}", f"--storage.path={self.directory / 'data'}",
                        f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        self.process = None

    def start(self):
        shutil.rmtree(self.directory / "data", ignore_errors=True)
        with open(self.directory / "alertmanager.log", "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        wait_until(self.answers, 20, "Alertmanager answers")
        return self

    def stop(self):
        end(self.process)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.loads(answer.read())

    def answers(self):
        try:
            return self.get("/api/v2/status")
        except OSError:
            return None

    def alert(self, name, severity="page"):
        """The alert of that name that fires; None without one."""
        found = [alert for alert in self.get("/api/v2/alerts")
                 if alert["labels"]["alertname"] == name and alert["labels"]["severity"] == severity and ahead(alert["endsAt"]) > 0]
        assert len(found) <= 1, found
        return found[0] if found else None


def ahead(time):
    """How many seconds from now that is."""
    moment = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return (moment - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


@contextlib.contextmanager
def telling(cluster, binary, name, receivers):
    """An agent with these receivers."""
    agent = Agent(binary, cluster.servers()[:2], name=name, extra=f"receivers:\n{receivers}")
    try:
        agent.wait_ready()
        yield agent
    finally:
        code = agent.stop()
    assert code == 0, f"exit code {code} after SIGTERM"


@takes_long
def test_alertmanager_knows_what_fires_also_after_it_was_restarted(cluster, binary):
    alertmanager = Alertmanager("alertmanager").start()
    try:
        # The second member is down all the time.
        urls = f'["{alertmanager.url}", "http://127.0.0.1:9"]'
        with telling(cluster, binary, "tells-alertmanager", f"  - {{name: am, alertmanager: {{urls: {urls}}}}}\n"):
            cluster.kill(1)
            alert = wait_until(lambda: alertmanager.alert("BrokerDown"), 20, "Alertmanager has the alert")
            assert alert["labels"]["broker"] == "1" and alert["annotations"]["runbook_url"], alert
            assert 150 < ahead(alert["endsAt"]) <= 240, alert["endsAt"]
            alertmanager.stop()
            alertmanager.start()
            assert alertmanager.alert("BrokerDown") is None
            again = wait_until(lambda: alertmanager.alert("BrokerDown"), 75, "it has it again")
            assert again["startsAt"] == alert["startsAt"] and again["fingerprint"] == alert["fingerprint"], (alert, again)
            cluster.start_one(1)
            wait_until(lambda: alertmanager.alert("BrokerDown") is None, 90, "it knows the end")
    finally:
        alertmanager.stop()


class SmtpServer:
    """aiosmtpd, which wants STARTTLS and a login."""

    def __init__(self, name):
        self.directory = WORK / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "server.pem"
        key = self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(self.certificate)], check=True, capture_output=True)
        both = self.directory / "both.pem"
        both.write_text(self.certificate.read_text() + key.read_text())
        self.path = self.directory / "mails.jsonl"
        self.path.unlink(missing_ok=True)
        self.process = subprocess.Popen([str(ROOT / "tests" / "integration" / "smtp-receiver"), "--certificate", str(both), "--user", "agent",
                                         "--password", "hunter2", "--out", str(self.path)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline().split()
        assert line[:2] == ["listening", "on"], f"the SMTP server did not start: {line}"
        self.port = int(line[2])

    def mails(self):
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [(json.loads(line), email.message_from_string(json.loads(line)["data"], policy=email.policy.default)) for line in lines]

    def close(self):
        end(self.process)


def notify_test(binary, name, receivers, *arguments):
    """(exit code, output) of `highwater notify test`."""
    directory = WORK / name
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "highwater.yaml"
    config.write_text(f"clusters: [{{name: prod, bootstrap: \"127.0.0.1:9\"}}]\nreceivers:\n{receivers}")
    config.chmod(0o600)
    done = subprocess.run([str(binary), "notify", "test", "--config", str(config), *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_mails_are_one_thread_at_a_real_smtp_server(_, binary):
    server = SmtpServer("smtp")
    settings = f"host: localhost, port: {server.port}, user: agent, from: kafka@example.org, to: [a@example.org, b@example.org]"
    trusting = f"ca_file: {server.certificate}"
    try:
        for name, login, expected in (("wrong", f"password: wrong, {trusting}", "refuses the login"),
                                      ("stranger", "password: hunter2", "the certificate is not accepted: self-signed")):
            code, output = notify_test(binary, "notify-mail", f"  - {{name: {name}, email: {{{settings}, {login}}}}}\n")
            assert code == 1 and expected in output and "hunter2" not in output, output
        code, output = notify_test(binary, "notify-mail", f"  - {{name: mail, email: {{{settings}, password: hunter2, {trusting}}}}}\n")
        assert code == 0 and output.count("delivered (250)") == 2, output
        (first, opened), (_, resolved) = server.mails()
        assert first["encrypted"] and first["to"] == ["a@example.org", "b@example.org"], first
        assert opened["Subject"] == "[TEST PAGE] This is a test of notifications: nothing is wrong"
        assert resolved["References"] == opened["Message-ID"] and resolved["Subject"] == "Re: " + opened["Subject"]
        assert "notification-failing" in opened.get_body(("plain",)).get_content()
        assert "<h2" in opened.get_body(("html",)).get_content()
    finally:
        server.close()


def test_a_command_is_started_for_what_begins_and_what_ends(cluster, binary):
    file = WORK / "command.jsonl"
    file.unlink(missing_ok=True)

    def told():
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["status"] for line in lines if '"alertname":"BrokerDown"' in line]

    command = f"{{path: /bin/sh, arguments: [\"-c\", \"cat >> {file}\"]}}"
    with telling(cluster, binary, "tells-a-command", f"  - {{name: command, command: {command}}}\n"):
        cluster.kill(1)
        wait_until(lambda: told()[:1] == ["firing"], 20, "the command read the page")
        cluster.start_one(1)
        wait_until(lambda: told()[-1:] == ["resolved"], 90, "and its end")


def test_a_page_that_waited_says_what_is_so_when_it_is_sent(cluster, binary):
    receiver = Receiver()
    receiver.refuse = True
    agent = Agent(binary, cluster.servers(), receiver, name="waited")

    def title():
        found = [one["title"] for one in json.loads(agent.get("/api/v1/incidents"))["incidents"] if one["cause"]["alertname"] == "BrokerDown"]
        return found[0] if found else None

    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_broker_up", broker="2") == 1, 30, "broker 2 is up")
        cluster.kill(2)
        first = wait_until(title, 30, "the broker's incident is open")
        time.sleep(6)  # until then it is sent as it was concluded
        wait_until(lambda: title() != first, 60, "others have taken over")
        shown = {title()}
        receiver.refuse = False
        _, alert = wait_until(lambda: shown.add(title()) or receiver.incidents(name="BrokerDown"), 70, "the page is there")[0]
        assert alert["annotations"]["summary"] in shown - {first}, f"{alert['annotations']['summary']} is none of {shown}, or of the first second"
    finally:
        cluster.start_one(2)
        code = agent.stop()
        receiver.close()
    assert code == 0, f"exit code {code} after SIGTERM"


TESTS = [test_a_page_that_waited_says_what_is_so_when_it_is_sent,
         test_a_command_is_started_for_what_begins_and_what_ends,
         test_mails_are_one_thread_at_a_real_smtp_server,
         test_alertmanager_knows_what_fires_also_after_it_was_restarted]
