"""The agent's API is what its OpenAPI description says: every path is asked, every answer is compared, and nothing else is in it."""

import functools
import json
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
import yaml

from harness import wait_until
from routing import Routed, names

SOURCES = pathlib.Path(__file__).resolve().parents[2]


def strict(schema):
    """The same schema, which also refuses fields that it does not name."""
    if isinstance(schema, list):
        return [strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and "additionalProperties" not in schema:
        closed["additionalProperties"] = False
    return closed


class Described:
    """A description, and an agent that is held to it."""

    def __init__(self, text, url):
        self.description = yaml.safe_load(text)
        self.schemas = strict(self.description["components"])
        self.url = url
        self.asked = set()

    def resolve(self, node):
        while "$ref" in node:
            found = self.description
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def check(self, path, operation, status, answer, content_type):
        responses = operation["responses"]
        assert str(status) in responses, f"{path} answered {status}, which is not described: {answer[:300]}"
        content = self.resolve(responses[str(status)])["content"]
        kind = content_type.split(";")[0]
        assert kind in content, f"{path}: {kind} is not described"
        if kind == "application/json":
            schema = {**strict(content[kind]["schema"]), "components": self.schemas}
            errors = [f"{list(error.absolute_path)}: {error.message[:300]}" for error in jsonschema.Draft202012Validator(schema).iter_errors(json.loads(answer))]
            assert not errors, f"{path} ({status}): {errors[:5]}"
            return json.loads(answer)
        return answer

    def ask(self, path, body=None, expect=200, **values):
        method = "get" if body is None else "post"
        operation = self.description["paths"][path][method]
        parameters = {entry["name"]: entry for entry in map(self.resolve, operation.get("parameters", []))}
        assert values.keys() <= parameters.keys(), f"{path}: {values.keys() - parameters.keys()} are not described"
        target = path.format(**{name: value for name, value in values.items() if parameters[name]["in"] == "path"})
        query = urllib.parse.urlencode({name: value for name, value in values.items() if parameters[name]["in"] == "query"})
        request = urllib.request.Request(self.url + target + ("?" + query if query else ""))
        for name, value in values.items():
            if parameters[name]["in"] == "header":
                request.add_header(name, value)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
            jsonschema.Draft202012Validator({**strict(operation["requestBody"]["content"]["application/json"]["schema"]), "components": self.schemas}).validate(body)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                status, text, kind = answer.status, answer.read().decode(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            status, text, kind = error.code, error.read().decode(), error.headers["Content-Type"]
        assert status == expect, f"{path} {values}: {status}: {text[:300]}"
        self.asked.add((path, method))
        return self.check(path, operation, status, text, kind)


# The fields that are read of what GitHub sends, among others.
DEPLOYED = {"deployment_status": {"state": "success", "environment": "production"}, "repository": {"full_name": "shop/payments", "private": True},
            "deployment": {"ref": "v1.43", "environment": "production", "sha": "e83c5163316f89bfbde7d9ab23ca2e25604af290"}}


def by_github(ask):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    DEPLOYED["deployment_status"]["created_at"] = now
    hook = functools.partial(ask, "/api/v1/marks/github", group="payments")
    made = hook(DEPLOYED, expect=201, **{"X-GitHub-Event": "deployment_status"})
    assert made["text"] == "shop/payments v1.43 deployed to production", made
    under_way = DEPLOYED | {"deployment_status": {"state": "in_progress"}}
    assert hook(under_way, **{"X-GitHub-Event": "deployment_status"}) == {"noted": False}
    released = {"action": "published", "release": {"tag_name": "v1.43", "published_at": now}, "repository": {"full_name": "shop/payments"}}
    assert hook(released, expect=201, **{"X-GitHub-Event": "release"})["text"] == "shop/payments released v1.43"
    assert hook({"zen": "Keep it logically awesome."}, **{"X-GitHub-Event": "ping"}) == {"noted": False}
    hook({"deployment_status": 7}, expect=400, **{"X-GitHub-Event": "deployment_status"})


def block_of(document, language, containing):
    """A fenced block of a document."""
    text = (SOURCES / "docs" / document).read_text()
    return next(block for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL) if containing in block)


def by_argo_cd(ask):
    """The template of the documents, filled in as Argo CD does."""
    settings = yaml.safe_load(block_of("incidents.md", "yaml", "template.highwater-mark"))
    template = yaml.safe_load(settings["data"]["template.highwater-mark"])["webhook"]["highwater"]
    values = {".app.metadata.name": "payments", ".app.status.sync.revision": "e83c516", ".app.status.operationState.finishedAt":
              time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    body = json.loads(re.sub(r"{{\s*([.\w]+)\s*}}", lambda found: values[found.group(1)], template["body"]))
    assert template["path"] == "/api/v1/marks" and template["method"] == "POST"
    assert ask("/api/v1/marks", body, expect=201)["text"] == "payments synced to e83c516"


def as_annotations(ask):
    """What the query of the documents asks for, and where it looks in the answer."""
    query = json.loads(block_of("incidents.md", "json", "yesoreyeram-infinity-datasource"))["target"]
    now = round(time.time() * 1000)
    times = dict(re.findall(r"[?&](\w+)=\$\{__(from|to)\}", query["url"]))
    assert times == {"since": "from", "until": "to"} and "/api/v1/changes?" in query["url"], query["url"]
    answer = ask("/api/v1/changes", since=now - 3_600_000, until=now + 1000)
    rows = answer[query["root_selector"]]
    assert rows and all(isinstance(row[column["selector"]], str) for row in rows for column in query["columns"]), rows[:2]
    assert ask("/api/v1/changes", since=now + 5000, until=now + 6000)["changes"] == []


def described_in_sources():
    """The paths that the server is told of."""
    texts = [file.read_text() for folder in ("agent", "exporters") for file in (SOURCES / folder).rglob("*.cpp")]
    found = {path for text in texts for path in re.findall(r'"(/api/v1/[^"?]*)"', text)}
    return found - {"/api/v1/"} | {f"/api/v1/{kind}{many}" for kind in ("cluster", "broker", "topic", "group") for many in ("", "s")}


def test_the_api_is_what_its_description_says(cluster, binary):
    text = subprocess.run([str(binary), "generate", "openapi"], capture_output=True, text=True, check=True).stdout
    routed = Routed(cluster, binary, "described")
    api = Described(text, f"http://127.0.0.1:{routed.agent.port}")
    assert set(api.description["paths"]) == described_in_sources(), set(api.description["paths"]) ^ described_in_sources()
    ask = api.ask
    try:
        routed.agent.wait_ready()
        wait_until(lambda: "OrdersBusy" in names(routed.shop), 20, "the team hears of its topic")
        assert ask("/api/v1/openapi.yaml") == text
        cluster.kill(2)
        wait_until(lambda: routed.agent.value("highwater_alert", alertname="BrokerDown", broker="2") == 1, 20, "the page of a dead broker")

        status = ask("/api/v1/status")
        assert status["clusters"][0]["brokers_up"] == 2
        incidents = ask("/api/v1/incidents", last="7d")["incidents"]
        number = next(one["id"] for one in incidents if one["cause"]["alertname"] == "BrokerDown")
        ask("/api/v1/incidents", last="soon", expect=400)
        ask("/api/v1/incidents/{id}/ack", {"by": "ann", "for": "2h"}, id=number)
        assert next(one for one in ask("/api/v1/incidents")["incidents"] if one["id"] == number)["acknowledged"].startswith("by ann")
        ask("/api/v1/incidents/{id}/ack", {"end": True}, id=number)
        ask("/api/v1/incidents/{id}/ack", {"by": ""}, id=number, expect=400)
        ask("/api/v1/incidents/{id}/ack", {"by": "ann"}, id=9999, expect=404)

        for name in ("BrokerDown", "LagTooOld", "consumer-lag"):
            ask("/api/v1/explain", name=name, expect=404 if name == "consumer-lag" else 200)
        ask("/api/v1/explain", name="BrokerDown", entity="broker=2")

        brokers = ask("/api/v1/brokers")
        assert [one["name"] for one in brokers["brokers"]] == ["1", "2", "3"] and brokers["next"] is None, brokers
        assert [one["measures"]["broker_up"] for one in brokers["brokers"]] == [1, 0, 1], brokers
        two = ask("/api/v1/broker", cluster="prod", name="2")
        assert any(one["id"] == number for one in two["incidents"]), two["incidents"]
        ask("/api/v1/broker", cluster="prod", name="7", expect=404)
        assert [one["name"] for one in ask("/api/v1/clusters")["clusters"]] == ["prod"]
        ask("/api/v1/cluster", name="prod")
        topics = ask("/api/v1/topics", limit=1, cluster="prod")
        assert len(topics["topics"]) == 1 and topics["count"] > 1 and topics["next"] == 1, topics
        following = ask("/api/v1/topics", **{"from": topics["next"]}, limit=1000)
        assert len(following["topics"]) == topics["count"] - 1 and following["next"] is None
        assert ask("/api/v1/topics", search="ORDER")["topics"][0]["name"] == "orders"
        ask("/api/v1/topic", cluster="prod", name="orders")
        group = ask("/api/v1/groups")["groups"][0]["name"]
        whole = ask("/api/v1/group", cluster="prod", name=group)
        by_topic = next(table for table in whole["tables"] if table["dimensions"] == ["topic"])
        assert "group_topic_lag_records" in by_topic["rows"][0]["measures"], by_topic

        known = [row for row in by_topic["rows"] if row["measures"]["group_topic_lag_records"] is not None]
        if known:
            topic = known[0]["labels"]["topic"]
            assert ask("/api/v1/lag", group=group, topic=topic)["unit"] == "records"
            ask("/api/v1/lag", group=group, topic=topic, cluster="prod", unit="seconds")
        ask("/api/v1/lag", group="nobody", expect=404)
        ask("/api/v1/lag", group=group, unit="hours", expect=400)

        ask("/api/v1/marks", {"text": "deploy payments 1.42", "labels": {"topic": "orders"}}, expect=201)
        ask("/api/v1/marks", {"text": " "}, expect=400)
        by_github(ask)
        by_argo_cd(ask)
        as_annotations(ask)
        changes = ask("/api/v1/changes", hours=1)["changes"]
        assert any(change["mark"] and change["text"] == "deploy payments 1.42" for change in changes), changes

        wanted = {"matchers": ["broker=2"], "for": "2h", "author": "ann", "comment": "new disks"}
        preview = ask("/api/v1/silences", wanted | {"preview": True})
        assert preview["hides"] and "would_have_hidden" in preview, preview
        made = ask("/api/v1/silences", wanted, expect=201)
        ask("/api/v1/silences", {"matchers": [], "author": "", "comment": "", "for": "2h"}, expect=400)
        ask("/api/v1/silences", {"matchers": ["broker=77"], "author": "a", "comment": "b", "until": "resolved"}, expect=409)
        assert [one["id"] for one in ask("/api/v1/silences")["silences"]] == [made["id"]]
        ask("/api/v1/silences/{id}/end", {}, id=made["id"])
        ask("/api/v1/silences/{id}/end", {}, id=made["id"], expect=404)
        noted = [change["text"] for change in ask("/api/v1/changes", hours=1)["changes"]]
        for what in ("made", "ended"):
            assert any(text.startswith(f"{what}: silence {made['id']} by ann") and "new disks" in text for text in noted), noted

        wait_until(lambda: ask("/api/v1/deliveries")["deliveries"], 30, "something was delivered")
        ask("/api/v1/deliveries", incident=number, limit=5)
        ask("/api/v1/series", measure="broker_up", cluster="prod", expect=404)
        assert ask("/api/v1/series", measure="broker_up", cluster="prod", broker="2", hours=1)["points"], "there is no curve"

        # All that the group reads is unknown while nobody can answer for it: never a number.
        for broker in (1, 3):
            cluster.kill(broker)
        wait_until(lambda: routed.agent.value("highwater_alert", alertname="ClusterUnreachable") == 1, 60, "the page of a dead cluster")
        wait_until(lambda: status_of(api.url, f"/api/v1/lag?group={urllib.parse.quote(group)}") == 503, 60, "the lag is unknown")
        assert "unknown" in ask("/api/v1/lag", group=group, expect=503)
        left = {(path, method) for path, operations in api.description["paths"].items() for method in operations} - api.asked
        assert not left, f"not tried: {left}"
    finally:
        routed.close()


def status_of(url, target):
    try:
        with urllib.request.urlopen(url + target, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


TESTS = [test_the_api_is_what_its_description_says]
