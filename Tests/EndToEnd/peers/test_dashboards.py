"""Grafana's dashboards: what generate.py makes, and every query of theirs against a real Prometheus."""

import html
import itertools
import json
import re
import sys
import time

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from support import dashboard_pictures
from support import ROOT, eventually, run
from support.dashboards import FOLDER, NAMES, Scene, View, load
from support.families import documented, family

pytestmark = pytest.mark.peers

# Queries that may find nothing in the scene of this test, and why.
MAY_BE_EMPTY = {
    ("host", "panel 'Time until full' A"): "no file system of the machine need be filling up",
    **{("host", f"panel 'Pressure' {r}"): "a kernel without CONFIG_PSI does not count it" for r in "ABCDEFG"},
    ("exporter", "panel 'Entries left out' C"): "no limit is reached",
    ("exporter", "panel 'Refused TLS handshakes' A"): "nothing is encrypted",
    ("exporter", "panel 'Searches given up' A"): "no command line takes long to search",
    **{("exporter", f"panel 'Files of patterns' {r}"): "the file is named" for r in "AB"},
    **{("host", f"panel 'File systems in trouble' {r}"): "all file systems of the machine may be well" for r in "AB"},
    **{("host", f"panel 'Disk latency' {r}"): "nothing need be read from or written to a disk of the machine" for r in "AB"},
    ("process", "panel 'Restarts by heartbeat run' A"): "the process is not supervised",
    ("overview", "panel 'Hosts' B"): "those that hang go on after a while",
    **{("process", f"panel 'Processes that match' {r}"): "the process has no match in the configuration" for r in "AB"},
    ("process", "panel 'Memory' C"): "only with --collector.process.smaps",
}

# Families of docs/metrics.md that no panel shows and no rule uses, and why.
NOT_SHOWN = {
    "heartbeat_alive": "the state is shown, which says more; it stays for questions of one's own",
    "system_boot_time_seconds": "the uptime is shown, which no step of the clock moves",
}  # fmt: skip

# How families begin that the scene does not have: it names its files, encrypts nothing, does not set --collector.process.smaps, and not
# every kernel counts pressure.
NOT_IN_SCENE = ("heartbeat_pattern_", "heartbeat_exporter_tls_", "process_proportional_", "system_pressure_")

# What Prometheus itself adds.
OF_PROMETHEUS = {"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    s = Scene(tmp_path_factory.mktemp("scene"))
    yield s
    s.stop()


@pytest.fixture(scope="module")
def ready(scene):
    """The scene when everything has happened in it that dashboards show: hangs, crashes, pushes taken and refused."""
    p = scene.prometheus

    def happened():
        scene.push_both()
        return (
            p.value('count(process_start_time_seconds{instance="web-3:9464"})')
            and p.value('sum(changes(process_start_time_seconds{instance="web-3:9464"}[1m])) > 0')
            and p.value('max(max_over_time(heartbeat_age_seconds{instance="web-2:9464"}[1m])) > 3')
            and p.query('ALERTS{alertstate="firing",process="websocket-reader"}')
        )

    eventually(happened, "a hang, a crash, and an alert of them")
    return scene


def look(scene):
    """{name: View}, the process detail of a process that reports numbers and strings."""
    chosen = {"process": {"process": "websocket-reader"}}
    return {n: View(load(n), scene.prometheus, 60, chosen.get(n)) for n in NAMES}


def test_the_files_are_what_the_generator_makes():
    made = run(sys.executable, FOLDER / "generate.py", "--check")
    assert made.returncode == 0, made.stderr + "run: python grafana/generate.py"


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_reads_it_and_writes_the_same(name):
    register_default_plugins()
    dashboard = load(name)
    again = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))
    assert again["panels"] == dashboard["panels"]
    assert again["templating"] == dashboard["templating"]
    assert again["uid"] == f"heartbeat-{name}" and "id" not in again


@pytest.mark.parametrize("name", NAMES)
def test_panels_do_not_overlap_and_explain_themselves(name):
    panels = load(name)["panels"]
    cells = [(p, {(x, y) for x in range(g["x"], g["x"] + g["w"]) for y in range(g["y"], g["y"] + g["h"])})
             for p in panels for g in [p["gridPos"]]]  # fmt: skip
    for (one, mine), (other, theirs) in itertools.combinations(cells, 2):
        assert not mine & theirs, f"{one['title']!r} and {other['title']!r} overlap"
    for panel, taken in cells:
        assert max(x for x, _ in taken) < 24, f"{panel['title']!r} is wider than the page"
        if panel["type"] not in ("row", "text"):
            assert panel["title"] and panel["description"], panel
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert len({p["id"] for p in panels}) == len(panels)


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_rules_of_grafanas_dashboard_linter(name):
    """https://github.com/grafana/dashboard-linter: what it asks for, but for `rate` of counters, whose names say it."""
    dashboard = load(name)
    assert dashboard["editable"] is False
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource" and variables["datasource"]["label"] == "Data source"
    for chosen, label in (("job", "Job"), ("instance", "Instance")):
        v = variables[chosen]
        assert (v["label"], v["multi"], v["includeAll"], v["allValue"], v["datasource"]["uid"]) == (label, True, True, ".+", "${datasource}")
    for panel in (p for p in dashboard["panels"] if p["type"] not in ("row", "text")):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        mapped = panel["fieldConfig"]["defaults"].get("mappings")
        assert unit or mapped or panel["type"] == "table", panel["title"]
        if panel["type"] == "table":
            units = {o["matcher"]["options"]: {p["id"]: p["value"] for p in o["properties"]} for o in panel["fieldConfig"]["overrides"]}
            headings = panel["transformations"][-1]["options"]["renameByName"]
            for column, heading in headings.items():
                properties = units.get(heading, {})
                assert not column.startswith("Value") or "unit" in properties or "mappings" in properties, (panel["title"], heading)
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            bare = re.sub(r"\b(?:by|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", target["expr"])
            for metric, chosen in re.findall(r"\b((?:heartbeat|process|system|scrape)[_:][\w:]+|up|ALERTS\w*)\b(\{[^{}]*(?:\$\{[^}]*\}[^{}]*)*\})?", re.sub(r'="process[^"]*"', '=""', bare)):
                if metric == "ALERTS" and 'alertname=~".*Watchdog"' in chosen:
                    continue  # of no exporter
                assert 'job=~"$job' in chosen and 'instance=~"$instance' in chosen, (panel["title"], metric, target["expr"])
            for function, window in re.findall(r"\b(rate|irate|increase)\([^\[]*\[([^\]]*)\]", target["expr"]):
                assert window == "$__rate_interval", (panel["title"], function)


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_dashboards_that_exist_with_variables_that_they_have(name):
    variables = {f"heartbeat-{n}": {v["name"] for v in load(n)["templating"]["list"]} for n in NAMES}
    text = json.dumps(load(name))
    links = re.findall(r'"(/d/[^"]*)"', text)
    assert links, "no link leads on"
    for link in links:
        uid, query = re.fullmatch(r"/d/([\w-]+)\?(.*)", link).groups()
        given = re.findall(r"var-(\w+)=", query) + re.findall(r"\$\{(\w+):queryparam\}", query)
        assert set(given) <= variables[uid], link


@pytest.mark.parametrize("name", NAMES)
def test_the_importable_copy_asks_for_the_data_source(name):
    copy, original = load(name, "import"), load(name)
    assert copy.pop("id") is None
    asked = {i["name"] for i in copy.pop("__inputs")}
    required = {r["id"] for r in copy.pop("__requires")}
    assert {p["type"] for p in copy["panels"]} - {"row"} <= required and "prometheus" in required
    assert copy.pop("__elements") == {}
    used = set(re.findall(r"\$\{(DS_\w+)\}", json.dumps(copy)))
    assert used == asked == {"DS_PROMETHEUS"}
    # What Grafana does when it imports: every ${DS_PROMETHEUS} becomes the chosen source.
    chosen = json.loads(json.dumps(copy).replace("${DS_PROMETHEUS}", "prometheus"))
    chosen["templating"]["list"][0]["current"]["text"] = "Prometheus"
    assert chosen == original


def test_provisioning_leads_to_the_dashboards_and_their_data_source():
    """What docker-compose.yml mounts: the paths in the container, and the uid that the dashboards begin with."""
    folder = FOLDER / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "heartbeat.yml").read_text())["providers"]
    assert source["type"] == "prometheus" and source["url"] == "http://prometheus:9090"
    assert provider["type"] == "file" and provider["options"]["path"] == "/var/lib/grafana/dashboards"
    for name in NAMES:
        (chooser,) = [v for v in load(name)["templating"]["list"] if v["type"] == "datasource"]
        assert chooser["query"] == "prometheus" and chooser["current"] == {"selected": True, "text": source["name"], "value": source["uid"]}


def all_queries(views):
    for name, view in views.items():
        for query in view.variable_queries:
            yield name, query
        for _, queries in view.panels():
            for query in queries:
                yield name, query
        for _, query in view.annotations():
            yield name, query


@pytest.fixture(scope="module")
def asked(ready):
    """[(dashboard, query with its result)] of everything."""
    return list(all_queries(look(ready)))


def test_every_query_returns_data(asked, ready):
    def unexpected(found):
        return {f"{name} / {q.place}": q.expression for name, q in found if not q.result and (name, q.place) not in MAY_BE_EMPTY}

    missing, deadline = unexpected(asked), time.monotonic() + 20
    while missing and time.monotonic() < deadline:  # rates need some scrapes
        ready.push_both()
        missing = unexpected(all_queries(look(ready)))
    assert not missing, json.dumps(missing, indent=1)
    places = {(name, q.place) for name, q in asked}
    assert set(MAY_BE_EMPTY) <= places, f"no longer in a dashboard: {set(MAY_BE_EMPTY) - places}"


def families(scene):
    """{family} of the exporters; a process's own numbers are one: heartbeat_data_*."""
    meta = scene.prometheus.api("metadata")
    # OpenMetrics, which Prometheus asks for, names counters without their suffix.
    series = {n + "_total" if of[0]["type"] == "counter" and not n.endswith("_total") else n for n, of in meta.items()}
    names = {n for n in series if n.startswith(("heartbeat_", "process_", "system_"))}
    return {family(n) for n in names}


# Words of PromQL that look like metric names.
WORDS = {"sum", "max", "min", "avg", "count", "by", "without", "unless", "and", "or", "on", "ignoring", "group_left", "group_right",
         "bool", "vector", "time", "offset", "topk", "bottomk", "quantile", "clamp_min", "clamp_max", "label_values", "abs", "idelta"}  # fmt: skip


def names_in(expression):
    text = re.sub(r'"[^"]*"', '""', expression)  # label values
    text = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)  # label names
    text = re.sub(r"label_values\((.*),\s*\w+\)", r"\1", text, flags=re.S)
    text = re.sub(r"\[[^]]*\]", " ", text)
    text = re.sub(r"\{[^}]*\}", " ", text)
    found = {n for n in re.findall(r"[A-Za-z_:][A-Za-z0-9_:]*(?!\w|\s*\()", text) if not re.fullmatch(r"\d.*|e\d+", n)}
    return (found - WORDS) | set(re.findall(r'__name__="([\w:]+)"', expression))


def test_every_family_of_the_documentation_is_shown_or_used_by_a_rule():
    """Whatever the scene has: also what needs TLS, a pattern, or another kernel."""
    panels = [t["expr"] for name in NAMES for p in load(name)["panels"] for t in p.get("targets", [])]
    rules = [r["expr"] for p in (ROOT / "prometheus" / "rules").glob("*.yml") for g in yaml.safe_load(p.read_text())["groups"] for r in g["rules"]]
    # One panel asks for each of a process's own numbers, whatever it is called: "$data".
    used = {family(n.replace("$data", "heartbeat_data_x")) for e in panels + rules for n in names_in(e)}
    assert documented() - used == set(NOT_SHOWN), "families that no panel shows and no rule uses, or a reason that is no longer needed"


def test_every_metric_name_exists_and_is_documented(asked, ready):
    rules = ready.prometheus.api("rules")["groups"]
    recorded = {r["name"] for g in rules for r in g["rules"] if r["type"] == "recording"}
    exported = families(ready)
    used = {}
    for name, query in asked:
        for metric in names_in(query.expression):
            used.setdefault(family(metric), []).append(f"{name}: {query.place}")
    unknown = {m: places for m, places in used.items() if m not in documented() | recorded | OF_PROMETHEUS}
    assert not unknown, unknown
    sources = "".join(p.read_text() for p in sorted((ROOT / "Sources" / "Exporter").rglob("*.swift")))
    written = {n for n in re.findall(r'MetricFamily\(\s*"(\w+)"', sources) if not n.startswith(NOT_IN_SCENE)}
    missing = {n for n in written - exported if not n.endswith("_") or not any(e.startswith(n) for e in exported)}  # "heartbeat_job_" + NAME
    assert len(written) > 40 and not missing, f"families that the scene does not have: {missing}"
    assert exported <= documented(), "families that docs/metrics.md does not have"


def test_every_process_and_job_can_be_chosen(ready):
    views = look(ready)
    for name in ("process", "overview", "alerts"):
        assert {"websocket-reader", "mailer", "nightly-report", "backup"} <= {v for v, _ in views[name].options["process"]}, name


def test_the_states_are_those_of_the_api(ready):
    """The expression of the dashboards and the exporter's own conclusions agree, for every state there is."""
    view = look(ready)["overview"]
    panel = next(p for p in view.dashboard["panels"] if p["title"] == "States")
    # The words stand behind their signs.
    words = {k: v["text"].split()[1] for m in panel["fieldConfig"]["defaults"]["mappings"] for k, v in m["options"].items()}
    expression = view.substitute(panel["targets"][0]["expr"])

    def compare():
        drawn = {(m["instance"], m["process"]): words[str(int(v))] for m, v in ready.prometheus.query(expression)}
        told = {}
        for number in (1, 2, 3, 4):
            told |= {(f"web-{number}:9464", p["name"]): p["state"] for p in ready.api(number)["heartbeats"]}
        # The one is a scrape old, the other is now: they are the same soon, or never.
        return drawn if drawn == told and set(drawn.values()) == set(words.values()) else None

    eventually(compare, "all five states, and both sides agree")


def test_the_pictures_of_the_documentation_show_every_panel(ready):
    """Drawn from the same queries: nothing in a dashboard is left out, and each picture is in the documentation."""
    text = (ROOT / "docs" / "dashboards.md").read_text()
    for name, view in look(ready).items():
        drawn, _ = dashboard_pictures.page(view)
        titles = [p["title"] for p, _ in view.panels()]
        assert len(titles) >= len(view.dashboard["panels"])
        for title in titles:
            # A long title is shortened where its panel is narrow.
            assert html.escape(title[:12]) in drawn, title
        picture = f"images/dashboard-{name}.png"
        assert picture in text and (ROOT / "docs" / picture).stat().st_size < 250_000
