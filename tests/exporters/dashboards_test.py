#!/usr/bin/env python3
"""Every panel of every dashboard must show something: a real Prometheus scrapes an agent that watches a simulated
cluster with a slow group and a broker that dies, and answers each panel's query. The files of dashboards/ must be what
the program writes.

    dashboards_test.py HIGHWATER SIMULATOR REPOSITORY WORK_FOLDER
"""

import contextlib
import json
import math
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 200  # seconds for the last panel to have data
CONFIG = """\
clusters:
  - name: demo
    bootstrap: [{servers}]
    poll: {{brokers: 1s, partitions: 1s, groups: 1s, configs: 5s}}
    canary: {{topic: highwater-canary}}
node: {{judges: cluster, log_dirs: [/tmp]}}
listen: 127.0.0.1:{port}
state: {{path: ":memory:"}}
traces: {{endpoint: "http://127.0.0.1:{port}/nowhere"}}
rules: {{files: [rules.yaml]}}
receivers:
  - {{name: oncall, webhook: {{url: "http://127.0.0.1:{port}/healthz"}}}}
"""
# In place of the real one, which writes to a topic: the simulator takes no records.
CANARY = """\
#!/usr/bin/env python3
import json, select, sys, time
sys.stdin.readline()
sent = 0
while not select.select([sys.stdin], [], [], 1)[0]:
    sent += 1
    counts = {"sent": sent, "taken": sent, "refused": 0, "received": sent, "lost": 0, "duplicated": 0}
    partition = {"partition": 0, "counts": counts, "produced": [3000000], "end_to_end": [5000000], "error": ""}
    journey = {"trace": f"{sent:032x}", "send": f"{sent:016x}", "receive": f"{sent + 1000:016x}",
               "sent": time.time_ns(), "produce": 3000000, "end_to_end": 5000000}
    print(json.dumps({"sending": True, "partitions": 1, "probed": [partition], "commits": [4000000],
                      "journeys": [journey]}), flush=True)
"""
RULES = "slos:\n  - use: consumer-lag\n"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **options):
    with open(log, "wb") as output:
        process = subprocess.Popen(list(map(str, command)), stderr=output, **options)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


def ask(port, path, **parameters):
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        return json.load(error)
    except OSError as error:
        return {"status": "error", "errorType": "unavailable", "error": str(error)}


def substituted(expression):
    return re.sub(r"\$(instance|cluster|broker|topic|group|slo)\b", ".*", expression).replace("$__rate_interval", "10s")


def samples_of(port, expression):
    """How many samples that are numbers; raises when Prometheus refuses the query."""
    reply = ask(port, "query", query=substituted(expression))
    if reply["status"] != "success":
        assert reply["errorType"] == "unavailable", f"{expression}: {reply['error']}"
        return 0
    return sum(not math.isnan(float(row["value"][1])) for row in reply["data"]["result"])


def values_of(port, query):
    series, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query).groups()
    return ask(port, f"label/{label}/values", **{"match[]": substituted(series)}).get("data", [])


def has_exemplars(port, expression):
    reply = ask(port, "query_exemplars", query=substituted(expression), start=time.time() - 300, end=time.time())
    return any(re.fullmatch("[0-9a-f]{32}", exemplar["labels"]["trace_id"])
               for series in reply.get("data") or [] for exemplar in series["exemplars"])


def queries_of(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            assert "$" not in re.sub(r"\$(instance|cluster|broker|topic|group|slo|__rate_interval)\b", "", target["expr"]), target["expr"]
            yield f"{dashboard['title']}: {panel['title']}", target["expr"]


def exported_by_default(repository):
    """{family: when it is exported} as docs/metrics.md, which the program writes, says it."""
    families = {}
    for line in (repository / "docs/metrics.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 6 and cells[1].startswith("`"):
            families[cells[1].strip("`")] = cells[5]
    assert len(families) > 100, families
    return families


def family_of(name, families):
    return name if name in families else re.sub("_(bucket|sum|count)$", "", name)


def families_in(expression, families):
    return {families[family_of(name, families)] for name in re.findall(r"\b(?:highwater|process)_[a-z_0-9]+", expression)}


def check_scrape(port, families):
    """Everything that a real agent exports stands in the document."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        names = re.findall(r"^# TYPE (\S+)", reply.read().decode(), re.M)
    unknown = [name for name in names if family_of(name, families) not in families]
    assert len(names) > 80 and not unknown, f"not in docs/metrics.md: {unknown}"


def check_shape(dashboard):
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)), dashboard["title"]
    taken = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
        if panel["type"] != "row":
            assert panel["description"] and panel["targets"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, panel["title"]


def check_kept(repository, folder):
    written = {path.name: path.read_text() for path in folder.glob("*.json")}
    kept = {path.name: path.read_text() for path in (repository / "dashboards").glob("*.json")}
    differing = sorted(name for name in written.keys() | kept.keys() if written.get(name) != kept.get(name))
    assert not differing, f"dashboards/ is not what the program writes: {differing}; run: highwater generate dashboards dashboards"


def main():
    highwater, simulator, repository, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
    if shutil.which("prometheus") is None:
        sys.exit("prometheus is missing: scripts/bootstrap installs it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = folder / "dashboards"
    subprocess.run([highwater, "generate", "dashboards", str(written)], check=True, stdout=subprocess.DEVNULL)
    check_kept(repository, written)
    dashboards = [json.loads(path.read_text()) for path in sorted(written.glob("*.json"))]
    for dashboard in dashboards:
        check_shape(dashboard)

    canary = folder / "highwater-canary"
    canary.write_text(CANARY)
    canary.chmod(0o755)
    # The agent looks for it beside itself.
    beside = shutil.copy(highwater, folder / "highwater")
    scenario = folder / "scenario.yaml"
    scenario.write_text((repository / "tests/simulator/scenarios/demo.yaml").read_text()
                        .replace("topics:\n", "topics:\n  - {name: orders.dlq, partitions: 2, replication_factor: 2, on: [1, 3], produce: 1/s}\n", 1))
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(running([simulator, scenario], folder / "simulator.log", stdout=subprocess.PIPE, text=True))
        ready = cluster.stdout.readline().split()
        assert ready[:1] == ["ready"], ready
        servers = ", ".join(f'"{server}"' for server in ready[1].split(","))
        agent_port, port = free_port(), free_port()
        config = folder / "highwater.yaml"
        config.write_text(CONFIG.format(servers=servers, port=agent_port))
        (folder / "rules.yaml").write_text(RULES)
        stack.enter_context(running([beside, "run", "--config", config], folder / "agent.log"))
        scrape = subprocess.run([highwater, "generate", "scrape", "--config", str(config)], check=True, capture_output=True, text=True).stdout
        assert "scrape_interval: 15s" in scrape, scrape
        (folder / "prometheus.yml").write_text(scrape.replace("scrape_interval: 15s", "scrape_interval: 1s"))
        stack.enter_context(running(["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'tsdb'}",
                                     f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn", "--enable-feature=exemplar-storage"], folder / "prometheus.log"))

        waiting = [query for dashboard in dashboards for query in queries_of(dashboard)]
        families = exported_by_default(repository)
        for where, query in waiting:
            assert "full" not in families_in(query, families), f"{where} needs full detail: {query}"
        variables = [(f"{dashboard['title']}: variable {entry['label']}", entry["query"]["query"]) for dashboard in dashboards
                     for entry in dashboard["templating"]["list"] if entry["type"] == "query"]
        total, deadline = len(waiting), time.monotonic() + PATIENCE
        # What leads from a slow bucket to its trace.
        exemplary = [(f"{dashboard['title']}: {panel['title']}: exemplars", target["expr"]) for dashboard in dashboards
                     for panel in dashboard["panels"] for target in panel.get("targets", [])
                     if target.get("exemplar") and "commit" not in target["expr"]]
        assert exemplary
        while (waiting or variables or exemplary) and time.monotonic() < deadline:
            # What is exported only while it is not 0 may well have no sample; the query must be right all the same.
            waiting = [(where, query) for where, query in waiting
                       if samples_of(port, query) == 0 and "not 0" not in families_in(query, families)]
            variables = [(where, query) for where, query in variables if not values_of(port, query)]
            exemplary = [(where, query) for where, query in exemplary if not has_exemplars(port, query)]
            time.sleep(1)
        check_scrape(agent_port, families)
    waiting += variables + exemplary
    for where, query in waiting:
        print(f"no data: {where}: {query}")
    assert total > 50, total
    sys.exit(1 if waiting else 0)


if __name__ == "__main__":
    main()
