"""Quotas of Kafka that hold the agent's own requests back, on real Kafka brokers."""

import subprocess
import time

from groups import expect
from harness import TOOLS_VERSION, page, takes_minutes, wait_until, watched
from quiet_end import expect_quiet_end

CLIENT_ID = "highwater"  # of the agent's requests
# Of the time of one thread of a broker, in percent: less than a single answer takes. Kafka then takes nothing of the client for a second
# after each request.
TIGHT = "request_percentage=0.01"


def change_quota(cluster, *how):
    jars = cluster.directory / f"lib-{TOOLS_VERSION}"
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{jars}/*", "kafka.admin.ConfigCommand", "--bootstrap-server", cluster.server(), "--alter",
               "--entity-type", "clients", "--entity-name", CLIENT_ID, *how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


@takes_minutes
def test_a_quota_under_which_everything_times_out_is_named_as_the_cause(cluster, binary):
    """The reasons differ from poll to poll; it is one blindness all the same. Each part that cannot be read has a page."""
    with watched(cluster, binary, "quota", rules="rules: {tune: {MonitorThrottled: {keep_firing_for: 30s}}}\n") as (agent, receiver):
        expect(agent, "broker_up", 1, 20, broker="3")
        time.sleep(5)
        begun = time.monotonic()
        change_quota(cluster, "--add-config", TIGHT)
        try:
            arrived, _ = page(receiver, begun, "MonitorBlind", 200)
            print(f"      paged after {arrived - begun:.0f} s", flush=True)
            wait_until(lambda: receiver.incidents(begun, name="MonitorThrottled"), 60, "the ticket about the quota")
            time.sleep(15)
            blind = [alert["annotations"] for _, alert in receiver.incidents(begun, severity="page", name="MonitorBlind")]
            for told in blind:
                assert "likely cause: quotas hold the agent's requests back" in told["note"], told
            for broker in "123":
                assert agent.value("highwater_kafka_throttled_ratio", broker=broker) > 0.25
        finally:
            ended = time.monotonic()
            change_quota(cluster, "--delete-config", TIGHT.split("=")[0])
        expect_quiet_end(cluster, agent, receiver, begun, pages=[("MonitorBlind", ended)] * len(blind), tickets=["MonitorThrottled"], timeout=300)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
