"""The clients of Alertmanager's API on the agent itself: the real amtool reads, silences and ends silences."""

import json
import shutil
import subprocess
import urllib.request

from harness import wait_until
from routing import Routed, names


def test_amtool_reads_alerts_and_silences_them(cluster, binary):
    program = shutil.which("amtool")
    assert program, "there is no amtool: scripts/bootstrap installs it with Alertmanager"
    routed = Routed(cluster, binary, "amtool")
    url = f"http://127.0.0.1:{routed.agent.port}"

    def amtool(*arguments):
        done = subprocess.run([program, f"--alertmanager.url={url}", *arguments], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr

    def alerts(*arguments):
        code, output = amtool("alert", "query", "-o", "json", *arguments)
        assert code == 0, output
        return json.loads(output)

    try:
        routed.agent.wait_ready()
        wait_until(lambda: "OrdersBusy" in names(routed.shop) and "AuditBusy" in names(routed.platform), 20, "each team hears of its topic")
        found = alerts()
        assert {alert["labels"]["alertname"] for alert in found} == {"OrdersBusy", "AuditBusy"}, found
        busy = next(alert for alert in found if alert["labels"]["alertname"] == "OrdersBusy")
        assert busy["labels"]["topic"] == "orders" and busy["labels"]["team"] == "shop" and busy["receivers"] == [{"name": "shop"}], busy
        assert busy["fingerprint"] == next(alert["fingerprint"] for _, alert in routed.shop.alerts()), "another fingerprint than receivers get"
        assert [alert["labels"]["topic"] for alert in alerts("topic=~aud.*")] == ["audit"]
        assert alerts("topic!~aud.*", "alertname=AuditBusy") == []

        code, output = amtool("silence", "add", "alertname=OrdersBusy", "topic=~ord.*", "--author=ann", "--comment=new disks", "--duration=1h")
        assert code == 0, output
        number = output.strip()
        assert {alert["labels"]["alertname"] for alert in alerts()} == {"AuditBusy"}
        code, output = amtool("alert", "query", "--silenced", "-o", "json")
        assert [alert["status"]["silencedBy"] for alert in json.loads(output)] == [[number]], output
        code, output = amtool("silence", "query", "-o", "json")
        listed = json.loads(output)
        assert code == 0 and listed[0]["createdBy"] == "ann" and {matcher["name"] for matcher in listed[0]["matchers"]} == {"alertname", "topic"}, output
        _, ours = routed.run("silence", "list", "--no-color")
        assert "new disks" in ours and "ann" in ours, ours

        code, output = amtool("silence", "update", number, "--comment=longer", "--duration=2h")
        assert code == 0, output
        _, output = amtool("silence", "query", "-o", "json")
        updated = json.loads(output)
        assert len(updated) == 1 and updated[0]["comment"] == "longer", output
        code, output = amtool("silence", "expire", updated[0]["id"])
        assert code == 0, output
        assert {alert["labels"]["alertname"] for alert in alerts()} == {"OrdersBusy", "AuditBusy"}
        code, output = amtool("silence", "add", "topic!=orders", "--author=ann", "--comment=no", "--duration=1h")
        assert code != 0 and "what it is not about" in output, output

        def get(path):
            with urllib.request.urlopen(f"{url}/api/v2/{path}", timeout=5) as answer:
                return json.loads(answer.read())

        assert get("receivers") == [{"name": "shop"}, {"name": "platform"}]
        assert {"cluster", "versionInfo", "config", "uptime"} == set(get("status"))
        assert {group["labels"]["alertname"] for group in get("alerts/groups")} == {"OrdersBusy", "AuditBusy"}
    finally:
        routed.close()


TESTS = [test_amtool_reads_alerts_and_silences_them]
