#!/usr/bin/env python3
"""Holds every example of the documents, and the built-in rules, against the schemas that the program writes.

    schema_documents_test.py HIGHWATER REPOSITORY

YAML blocks of the documents, and YAML in the Kubernetes manifests' ConfigMaps. A piece of a configuration need
not be whole: there only the outermost `required` is left out. Files of series and of rule tests have no schema.
"""

import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml

NO_SCHEMA = {"tests", "series", "interval", "input_series", "silences", "tls_server_config", "scrape_configs", "apiVersion"}


def mistakes(value, schema):
    return [f"{error.json_path}: {error.message}" for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]


def documents(repository):
    """(where, text) of every YAML that is meant for Highwater."""
    for path in [*sorted((repository / "docs").rglob("*.md")), *sorted(repository.glob("*.md")),
                 *sorted((repository / "deploy").rglob("*.md"))]:
        text = path.read_text()
        for block in re.finditer(r"^```ya?ml\n(.*?)^```", text, re.S | re.M):
            yield f"{path.relative_to(repository)}:{text[:block.start()].count(chr(10)) + 1}", block[1]
    for path in sorted((repository / "deploy").rglob("*.yaml")):
        if "templates" in path.parts:  # of the chart: tests/helm/validate renders them
            continue
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest and manifest.get("kind") == "ConfigMap":
                for name, text in manifest["data"].items():
                    yield f"{path.relative_to(repository)}:{name}", text
    for name in ("builtin.yaml", "builtin_slos.yaml"):
        yield f"rules/{name}", (repository / "rules" / name).read_text()


def schema_of(program, what):
    return json.loads(subprocess.run([program, "generate", "schema", what], check=True, capture_output=True).stdout)


def refuses(schema, value):
    return not jsonschema.Draft202012Validator(schema).is_valid(value)


def check_refusals(rules, config):
    """What the schemas must not let pass, or the rest of this test could not fail."""
    alert = {"name": "Test", "when": "broker_up == 0", "severity": "page", "runbook": "broker-down", "summary": "x"}
    slo = {"name": "test", "sli": "broker_up", "good": "== 1", "objective": "99%", "window": "30d",
           "runbook": "broker-down"}
    assert not refuses(rules, {"alerts": [alert], "slos": [slo, {"use": "consumer-lag"}]})
    for change in ({"when": "no_such_measure > 1"}, {"when": "broker_up"}, {"severity": "critical"}, {"for": "5 min"},
                   {"select": {"no_such_dimension": "x"}}, {"runbook": "a b"}, {"expr": "up"}, {"per": []},
                   {"name": "test"}, {"labels": {"a-b": "x"}}):
        assert refuses(rules, {"alerts": [alert | change]}), change
    for change in ({"sli": "broker_upp"}, {"sli": {"bad": "broker_up", "total": "broker_up"}}, {"objective": 99},
                   {"window": "forever"}, {"tiers": []}, {"tiers": [{"burn": 1, "long": "1h"}]}, {"max_entities": 0},
                   {"no_data": "ok"}, {"use": "no-such-slo"}):
        assert refuses(rules, {"slos": [slo | change]}), change
    cluster = {"name": "prod", "bootstrap": ["kafka-1:9092"]}
    assert not refuses(config, {"clusters": [cluster]})
    secured = cluster | {"security": {"protocol": "SASL_SSL", "mechanism": "SCRAM-SHA-256", "username": "u", "password": {"env": "P"}}}
    assert not refuses(config, {"clusters": [secured]})
    for value in ({}, {"clusters": [cluster | {"security": {"protocol": "TLS"}}]}, {"clusters": [cluster | {"security": {"truststore": "x"}}]},
                  {"clusters": [cluster | {"security": {"password": {"env": "P", "file": "p"}}}]}, {"clusters": []}, {"clusters": [{"name": "prod"}]}, {"clusters": [cluster], "listne": "x"},
                  {"clusters": [cluster], "log": {"level": "loud"}},
                  {"clusters": [cluster], "rules": {"tune": {"NoSuchRule": {"for": "1m"}}}}):
        assert refuses(config, value), value


def check_notifications(config, repository):
    """Every kind of receiver has a section in docs/notifications.md, with a table of its settings and no others."""
    receiver = config["properties"]["receivers"]["items"]
    kinds = [choice["required"][0] for choice in receiver["oneOf"]]
    text = (repository / "docs" / "notifications.md").read_text()
    sections = {part.split("\n", 1)[0]: part for part in re.split(r"^## ", text, flags=re.M)[1:]}
    for kind in kinds:
        keys = set(receiver["properties"][kind]["properties"]) - {"ca_file", "verify", "certificate", "key"}
        documented = set(re.findall(r"^\| `([a-z_]+)` \|", sections.get(kind, ""), re.M))
        assert keys == documented, f"docs/notifications.md, {kind}: {sorted(keys ^ documented)}"
    known = set(re.findall(r"\{(\w+)\}", receiver["properties"]["message"]["description"]))
    rows = re.findall(r"^\| (`.*?`) \|", sections["Your own words"], re.M)
    documented = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert known == documented, f"docs/notifications.md, placeholders: {sorted(known ^ documented)}"


def main():
    program, repository = sys.argv[1], pathlib.Path(sys.argv[2])
    rules, config = schema_of(program, "rules"), schema_of(program, "config")
    for schema in (rules, config):
        jsonschema.Draft202012Validator.check_schema(schema)
    check_refusals(rules, config)
    check_notifications(config, repository)
    part_of_config = {keyword: content for keyword, content in config.items() if keyword != "required"}
    chart = json.loads((repository / "deploy" / "helm" / "highwater" / "values.schema.json").read_text())
    chart.pop("required", None)  # a part of the values; the rest are the chart's own
    counts = {"rules": 0, "configuration": 0, "values of the chart": 0, "without a schema": 0}
    failed = []
    for where, text in documents(repository):
        value = yaml.safe_load(text)
        if NO_SCHEMA & value.keys():
            counts["without a schema"] += 1
            continue
        if "config" in value:
            counts["values of the chart"] += 1
            failed += [f"{where}: {mistake}" for mistake in mistakes(value, chart)]
            continue
        is_rules = "alerts" in value or "slos" in value
        counts["rules" if is_rules else "configuration"] += 1
        failed += [f"{where}: {mistake}" for mistake in mistakes(value, rules if is_rules else part_of_config)]
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    assert counts["rules"] >= 8 and counts["configuration"] >= 3, "where have the examples gone?"
    assert not failed, "\n".join(failed)


if __name__ == "__main__":
    main()
