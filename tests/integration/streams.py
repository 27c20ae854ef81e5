"""A Kafka Streams application on real Kafka brokers: its group is of a type of its own, and its internal topics are in use."""

import shutil
import subprocess
import time

from groups import expect
from harness import ROOT, WORK, end, takes_minutes, watched
from quiet_end import expect_quiet_end

VERSION = "4.4.0"  # of the client, which speaks to every broker
PROGRAM = ROOT / "tests" / "integration" / "Flow.java"


def jars():
    """The folder with Kafka Streams and what it needs."""
    folder = WORK / f"streams-{VERSION}"
    if not (folder / ".complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pom.xml").write_text(
            "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>streams</artifactId><version>1</version>"
            "<packaging>pom</packaging><dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-streams</artifactId>"
            f"<version>{VERSION}</version></dependency></dependencies></project>\n")
        subprocess.run(["mvn", "-q", "-f", str(folder / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime",
                        f"-DoutputDirectory={folder}"], check=True, timeout=300)
        (folder / ".complete").touch()
    return folder


@takes_minutes
def test_a_streams_application_at_work_is_seen_and_raises_no_alert(cluster, binary):
    protocol = "streams" if cluster.version >= (4, 2) else "classic"
    cluster.create_topic("flowing", 3, 3)
    state = WORK / "streams-state"
    shutil.rmtree(state, ignore_errors=True)
    producer = cluster.produce_steadily("flowing", 20)
    log = (WORK / "streams.log").open("wb")
    application = subprocess.Popen(["java", "-XX:+UseSerialGC", "-Xmx192m", "-cp", f"{jars()}/*", str(PROGRAM), ",".join(cluster.servers()),
                                    "flowing", "flow", protocol, str(state)], stdout=log, stderr=log, start_new_session=True)
    try:
        with watched(cluster, binary, "streams") as (agent, receiver):
            begun = time.monotonic()
            expect(agent, "group_info", 1, 120, group="flow", type=protocol, state="Stable")
            expect(agent, "group_members", lambda members: members >= 1, 30, group="flow")
            expect(agent, "group_topic_lag_records", lambda lag: lag < 200, 60, group="flow", topic="flowing")
            time.sleep(180)
            assert application.poll() is None, (WORK / "streams.log").read_text()[-3000:]
            expect(agent, "group_info", 1, 20, group="flow", type=protocol, state="Stable")
            expect(agent, "group_topic_lag_records", lambda lag: lag < 200, 20, group="flow", topic="flowing")
            expect_quiet_end(cluster, agent, receiver, begun)
    finally:
        end(application, 20)
        log.close()
        producer.stop()
        for topic in [name for name in cluster.topics() if name.startswith("flow")]:
            cluster.delete_topic(topic)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_")]
