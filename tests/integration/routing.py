"""Who hears of what, over kill -9: routes to two teams, and a silence."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from harness import WORK, Agent, Receiver, end, takes_long, wait_until
from receivers import SmtpServer

RULES = """\
alerts:
  - {name: OrdersBusy, when: topic_partitions >= 6, select: {topic: orders}, caused_by: [], severity: ticket, runbook: partition-skew, summary: "{topic} is busy"}
  - {name: AuditBusy, when: topic_partitions >= 6, select: {topic: audit}, caused_by: [], severity: ticket, runbook: partition-skew, summary: "{topic} is busy"}
"""

ROUTING = """\
owners:
  - {team: shop, topics: [orders]}
  - {team: platform, clusters: "*"}
routes:
  - {team: shop, to: shop}
  - {to: platform}
"""


def names(receiver, status="firing"):
    return {alert["labels"]["alertname"] for _, alert in receiver.alerts() if alert["status"] == status}


class Routed:
    """An agent with two receivers, one of each team."""

    def __init__(self, cluster, binary, name):
        self.binary = binary
        self.shop, self.platform = Receiver(), Receiver()
        folder = WORK / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "own.yaml").write_text(RULES)
        receivers = f"receivers:\n  - {{name: shop, webhook: {{url: \"{self.shop.url}\"}}}}\n  - {{name: platform, webhook: {{url: \"{self.platform.url}\"}}}}\n"
        self.agent = Agent(binary, cluster.servers()[:2], name=name, rules="rules: {files: [own.yaml]}\n", extra=receivers + ROUTING)

    def run(self, *arguments):
        done = subprocess.run([str(self.binary), *arguments, "--url", f"http://127.0.0.1:{self.agent.port}"], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    def restart(self):
        self.agent.kill()
        self.agent.start()
        self.agent.wait_ready()

    def close(self):
        code = end(self.agent.process)
        self.agent.log.close()
        self.shop.close()
        self.platform.close()
        assert code == 0, f"exit code {code} after SIGTERM"


def test_teams_hear_of_their_own_and_a_silence_survives_kill_9_without_swallowing_the_end(cluster, binary):
    routed = Routed(cluster, binary, "routed")
    agent = routed.agent
    try:
        agent.wait_ready()
        wait_until(lambda: "OrdersBusy" in names(routed.shop) and "AuditBusy" in names(routed.platform), 20, "each team hears of its topic")
        assert names(routed.shop) == {"OrdersBusy"} and "OrdersBusy" not in names(routed.platform)
        team = next(alert["labels"]["team"] for _, alert in routed.shop.alerts())
        assert team == "shop", team

        code, output = routed.run("silence", "add", "alertname=BrokerDown", "broker=1", "--for", "1h", "--by", "ann", "-m", "new disks")
        assert code == 0 and "it hides nothing now" in output, output
        routed.restart()
        cluster.kill(1)
        wait_until(lambda: agent.value("highwater_alert", alertname="BrokerDown", broker="1") == 1, 20, "the broker is down")
        wait_until(lambda: agent.value("highwater_incidents_silenced", severity="page") == 1, 30, "its incident is silenced")
        assert agent.value("highwater_silences") == 1
        time.sleep(3)
        assert "BrokerDown" not in names(routed.platform), "a silenced page was sent"
        _, status = routed.run("status", "--no-color")
        assert "silence 1 by ann until" in status and "new disks" in status, status

        # The end of the silence tells it; a silence made again does not swallow the end.
        code, output = routed.run("silence", "end", "1")
        assert code == 0, output
        wait_until(lambda: "BrokerDown" in names(routed.platform), 30, "the page is sent when the silence ends")
        code, output = routed.run("silence", "add", "cluster=*", "--until", "resolved", "--by", "ann", "-m", "known", "--json")
        hidden = {incident["title"] for incident in json.loads(output)["hides"]}
        assert code == 0 and any("Broker 1" in title for title in hidden), output
        time.sleep(2)  # what was delivered is on the disk within a second
        routed.restart()
        cluster.start_one(1)
        wait_until(lambda: "BrokerDown" in names(routed.platform, "resolved"), 90, "its end is told, although it is silenced")
        assert "BrokerDown" not in names(routed.shop) | names(routed.shop, "resolved")
    finally:
        routed.close()


def test_only_this_machine_may_silence_and_only_with_json(cluster, binary):
    routed = Routed(cluster, binary, "routed-from-afar")

    def post(headers):
        body = json.dumps({"matchers": ["topic=a"], "for": "1h", "author": "ann", "comment": "test", "preview": True}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{routed.agent.port}/api/v1/silences", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    try:
        routed.agent.wait_ready()
        assert post({"Content-Type": "application/json"}) == 200
        assert post({"Content-Type": "application/x-www-form-urlencoded"}) == 415
        assert post({"Content-Type": "application/json", "Origin": "http://example.com"}) == 403
        assert post({"Content-Type": "application/json", "X-Forwarded-For": "203.0.113.7"}) == 403
        assert json.loads(routed.agent.get("/api/v1/silences"))["silences"] == [], "a preview made a silence"
    finally:
        routed.close()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def test_the_forms_of_the_pages_silence_and_acknowledge(cluster, binary):
    """As a browser sends them; one of another site, or from afar, changes nothing."""
    routed = Routed(cluster, binary, "routed-forms")
    agent = routed.agent
    origin = f"http://127.0.0.1:{agent.port}"

    def send(path, fields, **headers):
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin} | {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(origin + path, data=urllib.parse.urlencode(fields).encode(), headers={k: v for k, v in headers.items() if v})
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Location") or error.read().decode()

    def silences():
        return json.loads(agent.get("/api/v1/silences"))["silences"]

    try:
        agent.wait_ready()
        wait_until(lambda: "OrdersBusy" in names(routed.shop), 20, "the team hears of its topic")
        number = next(alert["labels"]["incident"] for _, alert in routed.shop.alerts())
        form = {"matchers": "alertname=OrdersBusy\r\ntopic=ord*\r\n", "for": "2h", "author": "ann", "comment": "new disks & more"}
        for refused in ({"Origin": None}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"X_Forwarded_For": "203.0.113.7"}):
            assert send("/silences", form | {"action": "add"}, **refused)[0] == 403, refused
            assert send("/incident", {"id": number, "by": "ann", "action": "ack"}, **refused)[0] == 403, refused

        status, page = send("/silences", form | {"action": "preview"})
        assert status == 200 and "Not made yet" in page and "orders is busy" in page and "new disks &amp; more" in page, page
        assert silences() == [], "a preview made a silence"
        status, page = send("/silences", form | {"author": "", "action": "add"})
        assert status == 400 and "Not made:" in page and "topic=ord*" in page, page

        assert send("/silences", form | {"action": "add"}) == (303, "silences")
        made, = silences()
        assert made["matchers"] == ["alertname=OrdersBusy", "topic=ord*"] and made["comment"] == "new disks & more", made
        assert [incident["title"] for incident in made["hides"]] == ["orders is busy"], made
        page = agent.get("/silences")
        assert f"End silence {made['id']}" in page and "orders is busy" in page, page
        assert send("/silences", {"id": made["id"], "action": "end"}) == (303, "silences")
        assert silences() == []

        assert send("/incident", {"id": number, "by": "", "for": "", "action": "ack"})[0] == 400
        assert send("/incident", {"id": number, "by": "ann", "for": "2h", "action": "ack"}) == (303, f"incident?id={number}")
        page = agent.get(f"/incident?id={number}")
        assert "<th>Acknowledged</th><td>by ann until" in page and "Withdraw the acknowledgement" in page, page
        assert send("/incident", {"id": number, "action": "end"}) == (303, f"incident?id={number}")
        assert "<th>Acknowledged</th>" not in agent.get(f"/incident?id={number}")
    finally:
        routed.close()


def test_a_reload_leads_elsewhere_and_an_acknowledgement_survives_kill_9(cluster, binary):
    routed = Routed(cluster, binary, "routed-3")
    agent = routed.agent
    try:
        agent.wait_ready()
        wait_until(lambda: "OrdersBusy" in names(routed.shop), 20, "the team hears of its topic")
        number = next(alert["labels"]["incident"] for _, alert in routed.shop.alerts())
        code, output = routed.run("ack", number, "--by", "ann", "--for", "2h")
        assert code == 0 and f"incident {number} is acknowledged by ann until" in output and "orders is busy" in output, output
        routed.restart()
        _, status = routed.run("status", "--no-color")
        assert "acknowledged by ann until" in status and "team         shop" in status, status

        agent.config.write_text(agent.config.read_text().replace("{team: shop, to: shop}", "{team: shop, to: platform}"))
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "OrdersBusy" in names(routed.platform), 30, "who is named by the new routes hears of what is open")
        shop = [alert["labels"]["alertname"] for _, alert in routed.shop.alerts()]
        assert shop == ["OrdersBusy"], shop
        code, output = routed.run("ack", number, "--end")
        assert code == 0 and "is no longer acknowledged" in output, output
        code, output = routed.run("ack", "999", "--by", "ann")
        assert code == 2 and "no incident 999 is open" in output, output
    finally:
        routed.close()


TOGETHER = """\
routes:
  - {alertname: [OrdersBusy, AuditBusy], to: mail, group_by: [cluster], group_wait: 20s, group_interval: 1m}
  - {severity: [ticket, info], to: []}
  - {to: mail}
"""


@takes_long
def test_tickets_are_one_mail_over_kill_9_and_a_page_does_not_wait_for_them(cluster, binary):
    server = SmtpServer("smtp-together")
    folder = WORK / "together"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.yaml").write_text(RULES)
    mail = (f"receivers:\n  - {{name: mail, email: {{host: localhost, port: {server.port}, user: agent, password: {{env: SMTP_PASSWORD}}, "
            f"ca_file: {server.certificate}, from: kafka@example.org, to: [team@example.org]}}}}\n")
    agent = Agent(binary, cluster.servers()[:2], name="together", rules="rules: {files: [own.yaml]}\n", extra=mail + TOGETHER,
                  environment={"SMTP_PASSWORD": "hunter2"})

    def subjects():
        return [message["Subject"] for _, message in server.mails()]

    def texts():
        return [message.get_body(("plain",)).get_content() for _, message in server.mails()]

    def restart():
        agent.kill()
        agent.start()
        agent.wait_ready()

    try:
        agent.wait_ready()
        for name in ("OrdersBusy", "AuditBusy"):
            wait_until(lambda: agent.value("highwater_alert", alertname=name) == 1, 20, f"{name} is open")
        opened = time.monotonic()
        for _ in range(2):
            time.sleep(2)
            restart()
        cluster.kill(1)
        wait_until(lambda: any(subject.startswith("[PAGE] Broker 1") for subject in subjects()), 15, "the page is told at once")
        wait_until(lambda: [subject for subject in subjects() if "incidents" in subject], 45, "the tickets are one mail")
        assert 15 < time.monotonic() - opened < 60, time.monotonic() - opened
        text, = [text for text in texts() if "incidents (cluster=prod)" in text]
        assert text.startswith("[TICKET] 2 incidents (cluster=prod)") and "2 open, 2 in all" in text, text
        assert "orders is busy" in text and "audit is busy" in text, text
        time.sleep(2)  # what was delivered is on the disk within a second
        restart()
        entries = json.loads(agent.get("/api/v1/deliveries?limit=100"))["deliveries"]
        group, = [entry for entry in entries if entry["group"]]
        assert group["incident"] is None and len(group["incidents"]) == 2 and group["outcome"] == "delivered", group
        assert "with others" in agent.get(f"/incident?id={group['incidents'][0]}")

        # Both end, and so does the group: in the thread that it began.
        (folder / "own.yaml").write_text(RULES.replace(">= 6", ">= 60"))
        agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: any(text.startswith("[RESOLVED] 2 incidents (cluster=prod)") for text in texts()), 30, "the end of both is one mail")
        about = [message for _, message in server.mails() if "2 incidents" in message["Subject"]]
        assert len(about) == 2 and about[1]["References"] == about[0]["Message-ID"], subjects()
        assert not [subject for subject in subjects() if "busy" in subject], subjects()
    finally:
        code = end(agent.process)
        agent.log.close()
        server.close()
    assert code == 0, f"exit code {code} after SIGTERM"


TESTS = [test_tickets_are_one_mail_over_kill_9_and_a_page_does_not_wait_for_them,
         test_the_forms_of_the_pages_silence_and_acknowledge,
         test_a_reload_leads_elsewhere_and_an_acknowledgement_survives_kill_9,
         test_teams_hear_of_their_own_and_a_silence_survives_kill_9_without_swallowing_the_end,
         test_only_this_machine_may_silence_and_only_with_json]
