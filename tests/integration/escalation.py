"""Nobody acknowledges, and the agent itself stops working: escalation, heartbeat, and the history of deliveries."""

import http.server
import json
import subprocess
import threading
import time

from harness import WORK, Agent, Receiver, end, takes_long, wait_until

RULES = """\
alerts:
  - {name: OrdersBusy, when: topic_partitions >= 6, select: {topic: orders}, caused_by: [], severity: ticket, runbook: partition-skew, summary: "{topic} is busy"}
"""


class Listener:
    """What a heartbeat is sent to: keeps the moment of each GET."""

    def __init__(self):
        self.beats = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (the name is http.server's)
                outer.beats.append((time.monotonic(), self.path))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/ping/key"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, since=0.0):
        return len([moment for moment, _ in self.beats if moment >= since])

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def firing(receiver):
    return [alert for _, alert in receiver.alerts() if alert["status"] == "firing" and alert["labels"]["alertname"] == "OrdersBusy"]


@takes_long
def test_what_nobody_acknowledges_is_escalated_over_kill_9_and_the_heartbeat_says_whether_all_works(cluster, binary):
    folder = WORK / "escalated"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own.yaml").write_text(RULES)
    oncall, lead, listener = Receiver(), Receiver(), Listener()
    extra = (f"receivers:\n  - {{name: oncall, webhook: {{url: \"{oncall.url}\"}}}}\n  - {{name: lead, webhook: {{url: \"{lead.url}\"}}}}\n"
             "routes: [{to: oncall, escalate: [{after: 1m, to: lead}]}]\n"
             f"heartbeat: {{url: \"{listener.url}\", every: 10s}}\n")
    agent = Agent(binary, cluster.servers()[:2], name="escalated", rules="rules: {files: [own.yaml]}\n", extra=extra)

    def run(*arguments):
        done = subprocess.run([str(binary), *arguments, "--url", f"http://127.0.0.1:{agent.port}"], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr

    try:
        agent.wait_ready()
        began = time.monotonic()
        wait_until(lambda: firing(oncall), 20, "who is on call hears of it")
        told = time.monotonic()
        wait_until(lambda: listener.count(began) >= 2, 30, "two heartbeats")
        number = firing(oncall)[0]["labels"]["incident"]
        _, status = run("status", "--no-color")
        assert "escalates    lead at" in status, status

        # While a receiver takes nothing, and what waits for it is pending, no heartbeat is sent.
        agent.kill()
        agent.start()
        agent.wait_ready()
        wait_until(lambda: firing(lead), 75 - (time.monotonic() - told), "the lead hears of it after a minute")
        waited = time.monotonic() - told
        assert 50 < waited < 75, waited
        assert firing(lead)[0]["annotations"]["escalated"] == "nobody has acknowledged it for 1 min", firing(lead)[0]["annotations"]
        code, output = run("ack", number, "--by", "ann")
        assert code == 0, output

        oncall.refuse = True
        cluster.kill(3)
        wait_until(lambda: "BrokerDown" in {alert["labels"]["alertname"] for _, alert in lead.alerts()} or agent.value(
            "highwater_agent_notifications_queued", receiver="oncall"), 20, "a page waits for a receiver that takes nothing")
        time.sleep(35)  # a failure of 30 s, and what was on its way
        held = time.monotonic()
        time.sleep(21)
        assert listener.count(held) == 0, "heartbeats although a receiver takes nothing"
        assert agent.value("highwater_agent_heartbeats_total", outcome="held") >= 1
        oncall.refuse = False
        wait_until(lambda: listener.count(held) >= 1, 90, "the heartbeat comes back")

        # What was told stands in the history of deliveries, also over kill -9.
        wait_until(lambda: "delivered" in run("notify", "log", "--no-color")[1], 30, "deliveries are listed")
        time.sleep(2)
        agent.kill()
        agent.start()
        agent.wait_ready()
        entries = json.loads(agent.get(f"/api/v1/deliveries?incident={number}"))["deliveries"]
        assert {(entry["receiver"], entry["outcome"]) for entry in entries} >= {("oncall", "delivered"), ("lead", "delivered")}, entries
        failed = [entry for entry in json.loads(agent.get("/api/v1/deliveries?limit=500"))["deliveries"] if entry["outcome"] == "failed"]
        assert failed and failed[0]["receiver"] == "oncall" and failed[0]["attempts"] > 1 and "503" in failed[0]["why"], failed
        assert "oncall: sent 20" in agent.get(f"/incident?id={number}")
    finally:
        code = end(agent.process)
        agent.log.close()
        for one in (oncall, lead, listener):
            one.close()
    assert code == 0, f"exit code {code} after SIGTERM"


TESTS = [test_what_nobody_acknowledges_is_escalated_over_kill_9_and_the_heartbeat_says_whether_all_works]
