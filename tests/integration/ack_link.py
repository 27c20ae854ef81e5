"""The link in a message that acknowledges an incident: without a login, once, over kill -9."""

import http.server
import json
import threading
import urllib.parse

from harness import wait_until
from routing import RULES
from web_config import Guarded

EXTERNAL = "https://watch.example.org"


class Ntfy:
    """A server of ntfy that keeps what it is sent."""

    def __init__(self):
        self.messages = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # noqa: N802 (the name is http.server's)
                outer.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/alerts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def links(self, title="orders is busy"):
        return [action["url"] for message in list(self.messages) if title in message["title"] for action in message["actions"] if action["label"] == "Acknowledge"]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def guarded(cluster, binary, name, ntfy, external):
    class Agent(Guarded):
        def write(self, file, text):
            super().write(file, text)
            if file == "web.yml":
                super().write("own.yaml", RULES)

        def start(self):
            if not self.config.read_text().count("own.yaml"):
                self.config.write_text(self.config.read_text() + f"rules: {{files: [own.yaml]}}\n{external}receivers:\n  - {{name: phone, ntfy: {{url: \"{ntfy.url}\"}}}}\n")
            super().start()

        def form(self, path, fields, origin=None):
            return self.curl(path, "-H", f"Origin: {origin or self.url()}", *(part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")))

        def restart(self):
            self.kill()
            self.start()
            self.wait_ready()

    return Agent(cluster, binary, name)


def test_a_link_acknowledges_once_without_a_login_over_kill_9(cluster, binary):
    ntfy = Ntfy()
    agent = guarded(cluster, binary, "ack-link", ntfy, f"external_url: {EXTERNAL}\n")
    try:
        agent.wait_ready()
        wait_until(ntfy.links, 30, "a message with the link")
        link = ntfy.links()[0]
        assert link.startswith(f"{EXTERNAL}/acknowledge?incident="), link
        path = link.removeprefix(EXTERNAL)
        query = urllib.parse.parse_qs(path.partition("?")[2])
        fields = {"incident": query["incident"][0], "token": query["token"][0]}

        def acknowledged():
            incidents = json.loads(agent.get("/api/v1/status"))["incidents"]
            return next((one.get("acknowledged") for one in incidents if str(one["id"]) == fields["incident"]), None)

        # A login is needed for everything else; to look changes nothing.
        assert agent.curl("/")[0] == 401
        for _ in range(2):
            status, page = agent.curl(path)
            assert status == 200 and "orders is busy" in page and "<button>Acknowledge</button>" in page, (status, page)
        assert agent.curl(path, "-I")[0] == 200
        assert not acknowledged()

        # What is not this incident's link, and forms that are not ours.
        wrong = fields["token"][:-1] + ("A" if fields["token"][-1] != "A" else "B")
        other = str(int(fields["incident"]) + 1)
        for incident, token, what in ((fields["incident"], wrong, "not one that this agent has sent"), (fields["incident"], "", "not one that this agent has sent"),
                                      (other, fields["token"], "of another incident")):
            status, page = agent.curl(f"/acknowledge?incident={incident}&token={token}")
            assert status == 403 and what in page and "orders" not in page, (status, page)
            status, page = agent.form("/acknowledge", {"incident": incident, "token": token, "by": "eve"})
            assert status == 403 and what in page, (status, page)
        assert agent.form("/acknowledge", fields | {"by": "eve"}, origin="https://evil.example")[0] == 403
        assert agent.curl("/acknowledge", "--data-urlencode", f"incident={fields['incident']}", "--data-urlencode", f"token={fields['token']}", "-d", "by=eve")[0] == 403
        status, page = agent.form("/acknowledge", fields | {"by": ""})
        assert status == 400 and "role=\"alert\"" in page and "<button>Acknowledge</button>" in page, (status, page)
        assert not acknowledged()

        agent.restart()
        status, page = agent.form("/acknowledge", fields | {"by": "ann <b>"})
        assert status == 200 and "looked after by ann &lt;b&gt;" in page, (status, page)
        assert "ann" in json.dumps(acknowledged()), acknowledged()
        for _ in range(2):
            status, page = agent.form("/acknowledge", fields | {"by": "bob"})
            assert status == 410 and "works once" in page, (status, page)
            status, page = agent.curl(path)
            assert status == 410 and "works once" in page, (status, page)
            agent.restart()
        assert "ann" in json.dumps(acknowledged()), acknowledged()
        assert fields["token"] not in agent.log_path.read_text(), "the link is in the log"
    finally:
        agent.close()
        ntfy.close()


def test_without_an_external_url_no_link_is_sent(cluster, binary):
    ntfy = Ntfy()
    agent = guarded(cluster, binary, "ack-link-none", ntfy, "")
    try:
        agent.wait_ready()
        wait_until(lambda: any("orders is busy" in message["title"] for message in ntfy.messages), 30, "a message")
        assert ntfy.links() == []
        assert agent.curl("/acknowledge?incident=1&token=1.0.1.a")[0] == 401
        assert agent.curl("/acknowledge?incident=1&token=1.0.1.a", login="hatter:tea: time")[0] == 404
    finally:
        agent.close()
        ntfy.close()


TESTS = [test_a_link_acknowledges_once_without_a_login_over_kill_9, test_without_an_external_url_no_link_is_sent]
