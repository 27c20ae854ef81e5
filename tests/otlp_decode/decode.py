#!/usr/bin/env python3
"""Decodes what the trace exporter sends, with the protobuf definitions of OpenTelemetry itself, and
checks that the trace of a page is whole: the poll, the request that failed, the evaluation and the
delivery, under the incident's correlation id.

    decode.py VENV_FOLDER SAMPLE_PROGRAM WORK_FOLDER

SAMPLE_PROGRAM FILE writes the body of a request to FILE.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import otlp_proto

CORRELATION = "ab000000000000000000000000000007"
POLL = "1100000000000000ff00000000000001"


def main():
    venv, program, work = sys.argv[1:4]
    otlp_proto.enter(venv)
    body = pathlib.Path(work) / "otlp_sample.bin"
    subprocess.run([program, str(body)], check=True, timeout=60)
    spans = otlp_proto.spans_of(body.read_bytes())
    try:
        check(spans)
    except AssertionError:
        for span in spans:
            print(span, file=sys.stderr)
        raise
    print(f"{len(spans)} spans are what they should be")


def check(spans):
    for span in spans:
        assert len(span["trace_id"]) == 32 and len(span["span_id"]) == 16, span
        assert span["start_ns"] <= span["end_ns"], span
        assert span["scope"] == "highwater"
        assert span["resource"]["service.name"] == "highwater"
        assert span["resource"]["service.version"]
        assert span["resource"]["deployment.environment"] == "test"
    ids = [span["span_id"] for span in spans]
    assert len(set(ids)) == len(ids), "every span has an id of its own"
    check_incident([span for span in spans if span["trace_id"] == CORRELATION])
    check_poll([span for span in spans if span["trace_id"] == POLL])


def check_incident(spans):
    root = one(spans, "incident BrokerDown")
    assert root["parent_span_id"] == ""
    assert root["kind"] == "internal"
    assert root["status"] == "error" and root["message"] == "Broker 3 of prod is down"
    assert root["attributes"]["alertname"] == "BrokerDown"
    assert root["attributes"]["severity"] == "page"
    assert root["attributes"]["broker"] == "3" and root["attributes"]["cluster"] == "prod"
    assert root["start_ns"] == 1767225700 * 10**9
    assert {"trace_id": POLL, "span_id": "2200000000000001"} in root["links"]

    poll = one(spans, "kafka.poll")
    assert poll["parent_span_id"] == root["span_id"]
    assert poll["links"] == [{"trace_id": POLL, "span_id": "2200000000000001"}]

    request = one(spans, "kafka.request ApiVersions")
    assert request["parent_span_id"] == poll["span_id"]
    assert request["kind"] == "client"
    assert request["status"] == "error"
    # The name of a broker's rack was not UTF-8.
    assert request["message"] == "connection refused by rack \ufffd"
    assert request["attributes"]["broker"] == "3"
    assert request["links"] == [{"trace_id": POLL, "span_id": "2200000000000003"}]

    evaluation = one(spans, "rules.evaluate")
    assert evaluation["parent_span_id"] == root["span_id"]
    assert evaluation["status"] == "unset"

    delivery = one(spans, "notify.deliver")
    assert delivery["parent_span_id"] == root["span_id"]
    assert delivery["kind"] == "client"
    assert delivery["attributes"]["receiver"] == "oncall"
    assert delivery["attributes"]["http.response.status_code"] == "200"
    assert delivery["attributes"]["highwater.incident"] == "7"
    assert len(spans) == 5


def check_poll(spans):
    root = one(spans, "kafka.poll")
    assert root["span_id"] == "2200000000000001" and root["parent_span_id"] == ""
    assert root["end_ns"] - root["start_ns"] == 40_000_000
    assert [link["trace_id"] for link in root["links"]] == [CORRELATION]
    requests = [span for span in spans if span["name"] == "kafka.request ApiVersions"]
    assert [span["attributes"]["broker"] for span in requests] == ["1", "3"]
    assert [span["status"] for span in requests] == ["unset", "error"]
    assert all(span["parent_span_id"] == root["span_id"] for span in requests)
    assert one(spans, "rules.evaluate")


def one(spans, name):
    found = [span for span in spans if span["name"] == name]
    assert len(found) == 1, f"{len(found)} spans named {name}"
    return found[0]


if __name__ == "__main__":
    main()
