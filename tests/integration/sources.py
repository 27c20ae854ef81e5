"""What only applications know, beside real Kafka brokers: pages of theirs, dead letters, and errors of our own requests."""

import http.server
import threading
import time

from harness import Agent, Receiver, wait_until

PAGE = """\
# TYPE app_records_total counter
app_records_total{{topic="orders",pod="1"}} {first}
app_records_total{{topic="orders",pod="2"}} {second}
# TYPE app_failed_total counter
app_failed_total{{topic="orders",pod="1"}} {failed}
app_queue{{queue="in"}} {queue}
"""
CONNECT = '{"sink": {"status": {"name": "sink", "connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "%s"}]}}}'

MEASURES = """\
sources:
  - {{name: app, url: "{url}/metrics", every: 1s}}
  - {{name: connect, url: "{url}/connect", every: 1s}}
  - {{name: hangs, url: "{url}/hangs", every: 2s, timeout: 2s}}
measures:
  - {{name: records_total, source: app, metric: app_records_total, dimensions: {{group: =payments, topic: topic}}}}
  - {{name: records_failed_total, source: app, metric: app_failed_total, dimensions: {{group: =payments, topic: topic}}}}
  - {{name: app_queue_records, source: app, metric: app_queue, unit: records, dimensions: [queue]}}
  - {{name: hanging_value, source: hangs, metric: x}}
  - {{use: connect-rest, source: connect}}
"""


class Application:
    """A page of metrics, one as Connect's REST interface answers, and one that never answers."""

    def __init__(self):
        self.pages = {"/metrics": PAGE.format(first=1000, second=1000, failed=5, queue=7), "/connect": CONNECT % "RUNNING"}
        self.ending = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802 (the name is http.server's)
                if self.path == "/hangs":
                    outer.ending.wait(60)
                    return
                page = outer.pages[self.path]
                body = page if isinstance(page, bytes) else page.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()


def oldest_part(agent):
    """The age of the oldest observation of Kafka, in seconds."""
    return max(value for (name, labels), value in agent.metrics().items()
               if name == "highwater_collector_age_seconds" and dict(labels)["collector"] in ("brokers", "partitions", "groups"))


def test_pages_of_applications_become_measures_and_disturb_nothing_when_they_break(cluster, binary):
    application, receiver = Application(), Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="sources", extra=MEASURES.format(url=application.url))
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_records_total", group="payments") == 2000, 30, "the pods' counters are added up")
        assert agent.value("highwater_app_queue_records", queue="in") == 7
        wait_until(lambda: agent.value("highwater_connect_task_failed", connector="sink") == 0, 30, "the tasks' states are read")
        wait_until(lambda: agent.value("highwater_source_up", source="hangs") == 0, 30, "a source that hangs is told")
        assert agent.value("highwater_source_up", source="app") == 1

        # A pod is restarted: what it counted before is not taken back.
        application.pages["/metrics"] = PAGE.format(first=1100, second=10, failed=5, queue=7)
        wait_until(lambda: agent.value("highwater_records_total", group="payments") == 2110, 30, "a restart takes nothing back")
        application.pages["/connect"] = CONNECT % "FAILED"
        wait_until(lambda: agent.value("highwater_connect_task_failed", connector="sink") == 1, 30, "the failed task is seen")

        good = application.pages["/metrics"]
        for broken in (good[:-10], "", "<html>Log in</html>\n", good.replace("orders", "\x00"), good.encode("utf-16"),
                       good + good, "#" * (17 << 20) + "\n", good.replace(" 7\n", " many\n")):
            application.pages["/metrics"] = broken
            wait_until(lambda: agent.value("highwater_app_queue_records", queue="in") is None, 30, f"unknown: {broken[:40]!r}")
            assert agent.value("highwater_records_total", group="payments") is None or broken == good + good
            assert agent.value("highwater_connect_task_failed", connector="sink") == 1
            assert oldest_part(agent) < 5, "Kafka is watched as before"
            application.pages["/metrics"] = good
            wait_until(lambda: agent.value("highwater_app_queue_records", queue="in") == 7, 30, "it comes back")
        assert agent.value("highwater_records_total", group="payments") == 2110
        assert receiver.incidents(severity="page") == []
    finally:
        agent.stop()
        application.close()
        receiver.close()


def test_first_dead_letter_is_a_ticket(cluster, binary):
    cluster.create_topic("orders-dlq", 1, 3)
    receiver = Receiver()
    agent = Agent(binary, cluster.servers(), receiver, name="dead-letters")
    try:
        agent.wait_ready()
        wait_until(lambda: agent.value("highwater_topic_records_total", topic="orders-dlq") == 0, 20, "the topic is watched")
        assert receiver.incidents(name="DeadLetters") == []
        begun = time.monotonic()
        cluster.produce("orders-dlq", ["lost"])
        told = wait_until(lambda: receiver.incidents(name="DeadLetters"), 30, "the first dead letter is told")
        assert told[0][1]["labels"]["severity"] == "ticket" and told[0][1]["labels"]["topic"] == "orders-dlq"
        print(f"      told {told[0][0] - begun:.1f} s after its producer was started", flush=True)
        assert agent.value("highwater_dead_letters_since_silence_records", topic="orders-dlq") == 1
    finally:
        agent.stop()
        receiver.close()
        cluster.delete_topic("orders-dlq")


def test_requests_that_a_hung_broker_does_not_answer_are_counted(cluster, binary):
    agent = Agent(binary, cluster.servers(), name="requests")
    try:
        agent.wait_ready()

        def errors(broker):
            return sum(value for (name, labels), value in agent.metrics().items()
                       if name == "highwater_kafka_request_errors_total" and ("broker", str(broker)) in labels)

        def requests(broker):
            return sum(value for (name, labels), value in agent.metrics().items()
                       if name == "highwater_kafka_requests_total" and ("broker", str(broker)) in labels)

        wait_until(lambda: all(requests(broker) > 5 for broker in (1, 2, 3)), 20, "every broker is asked")
        others, hung = errors(1), errors(3)
        cluster.pause(3)
        try:
            wait_until(lambda: errors(3) > hung, 30, "what broker 3 does not answer is counted")
        finally:
            cluster.resume(3)
        assert errors(1) - others <= 3, "the others answer"
    finally:
        agent.stop()


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
