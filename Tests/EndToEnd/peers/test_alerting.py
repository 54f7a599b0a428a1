"""Rules, routes and templates as files: what promtool and amtool say of them, and that nothing is left out."""

import copy
import re
import subprocess

import pytest
import yaml

from support import LIMIT, ROOT, entry, write_beats
from support.alert_rules import ALERTMANAGER, ALERTS, PROMETHEUS, RECORDED, RULE_FILES, RULES, TESTS, checks

pytestmark = pytest.mark.peers


def tool(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_promtool_accepts_configuration_and_rules():
    assert "SUCCESS" in tool("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


@pytest.mark.parametrize("name", ["prometheus.yml", "many-hosts.yml", "shard.yml"])
def test_every_prometheus_that_keeps_samples_has_the_rules(name):
    config = yaml.safe_load((PROMETHEUS / name).read_text())
    assert config["rule_files"] == ["rules/*.yml"] and config["alerting"]["alertmanagers"]
    # Or a beat between two evaluations would not be seen.
    assert config["global"]["evaluation_interval"] == config["global"]["scrape_interval"]


def test_amtool_accepts_configuration_and_templates():
    assert "SUCCESS" in tool("amtool", "check-config", ALERTMANAGER)


@pytest.mark.parametrize(
    "labels, receiver",
    [
        ({"alertname": "ProcessDead", "severity": "critical"}, "critical"),
        ({"alertname": "ProcessFlapping", "severity": "warning"}, "warning"),
        ({"alertname": "ProcessStopped", "severity": "info"}, "info"),
        ({"alertname": "Watchdog", "severity": "none"}, "dead-mans-switch"),
        # A severity that nobody thought of reaches somebody.
        ({"alertname": "DiskOnFire", "severity": "page"}, "critical"),
        ({"alertname": "NoSeverity"}, "critical"),
    ],
    ids=lambda v: v if isinstance(v, str) else v["alertname"],
)
def test_routes(labels, receiver):
    command = ["amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}"]
    assert tool(*command, *(f"{k}={v}" for k, v in labels.items())).split() == [receiver]


@pytest.mark.parametrize("file", TESTS)
def test_unit_tests_of_the_rules(file):
    assert "SUCCESS" in tool("promtool", "test", "rules", PROMETHEUS / "tests" / file)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tested_firing_and_not_firing(alert):
    fires = [bool(c["exp_alerts"]) for _, c in checks(alert)]
    assert True in fires, "no test in which it fires"
    # What always fires has no other side.
    assert False in fires or alert == "Watchdog", "no test in which it does not fire"


def mutants(name):
    """The rules of a name with one thing wrong, {what: change}: the tests must notice each."""
    if name not in ALERTS:
        (expression,) = {r["expr"] for r in RULES if identity(r) == name}
        return {"records something else": {"expr": f"({expression}) * 2 + 1"}}
    rule = ALERTS[name]
    found = {"never fires": {"expr": f"({rule['expr']}) and vector(1) == 0"}}
    return found | {f"without {d}": {d: "0s"} for d in ("for", "keep_firing_for") if d in rule}


def identity(rule):
    return rule.get("alert") or " ".join([rule["record"], *rule.get("labels", {}).values()])


def recorded_in(*texts):
    """The recorded names that PromQL mentions, and those that these are made of."""
    found = set()
    names = {n for text in texts for n in re.findall(r"[a-zA-Z_:][\w:]*", text)} & RECORDED
    while names:
        found |= names
        made_of = [r["expr"] for r in RULES if r.get("record") in names]
        names = ({n for e in made_of for n in re.findall(r"[a-zA-Z_:][\w:]*", e)} & RECORDED) - found
    return found


def only(name, change, folder):
    """Writes, of rules and tests, what concerns one rule, with one thing changed; gives the test files."""
    is_alert = name in ALERTS
    tests, mentioned = {}, []
    for file, content in copy.deepcopy(TESTS).items():
        for test in content["tests"]:
            test["alert_rule_test"] = [c for c in test.get("alert_rule_test", []) if c["alertname"] == name]
            record = name.split()[0]
            test["promql_expr_test"] = [c for c in test.get("promql_expr_test", []) if not is_alert and record in recorded_in(c["expr"])]
            mentioned += [c["expr"] for c in test["promql_expr_test"]]
        content["tests"] = [t for t in content["tests"] if t["alert_rule_test"] or t["promql_expr_test"]]
        if content["tests"]:
            tests[file] = content
    if is_alert:
        mentioned = [change.get("expr", ALERTS[name]["expr"]), *ALERTS[name]["annotations"].values()]
    needed, groups = recorded_in(*mentioned), []
    files = [RULE_FILES["recording.yml"], *RULE_FILES.values()]
    for group in copy.deepcopy([g for f in files for g in f["groups"]]):
        if group["name"] in [g["name"] for g in groups]:
            continue
        group["rules"] = [r for r in group["rules"] if r.get("record") in needed or r.get("alert") == name]
        for rule in group["rules"]:
            if identity(rule) == name:
                rule.update(change)
        groups += [group] if group["rules"] else []
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    for file, content in tests.items():
        content |= {"rule_files": ["rules.yml"], "group_eval_order": [g["name"] for g in groups]}
        (folder / file).write_text(yaml.safe_dump(content))
        yield folder / file


@pytest.mark.parametrize("name", dict.fromkeys(identity(r) for r in RULES))
def test_the_unit_tests_notice_that_a_rule_is_wrong(name, tmp_path):
    def passes(what, change):
        folder = tmp_path / what.replace(" ", "-")
        folder.mkdir()
        command = ["promtool", "test", "rules", *only(name, change, folder)]
        return subprocess.run(command, capture_output=True, timeout=LIMIT).returncode == 0

    assert passes("as it is", {})
    assert [what for what, change in mutants(name).items() if passes(what, change)] == [], "no test says so"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_labels_annotations_and_a_runbook(alert):
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ({"none"} if alert == "Watchdog" else {"critical", "warning", "info"})
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(rule["annotations"].values())
    # As GitHub makes anchors of headings.
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert alert in headings
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert page == "https://heartbeat-exporter.example/docs/runbooks.md" and anchor == alert.lower()


def test_no_runbook_without_an_alert():
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(ALERTS)


def test_inhibition_names_alerts_that_exist():
    rules = yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]
    matchers = [m for r in rules for m in r["source_matchers"] + r["target_matchers"]]
    names = {n for m in matchers for n in re.split(r"\s*!?=~?\s*", m)[1].strip('"').split("|")}
    assert names <= set(ALERTS) and len(names) > 5


def test_what_rules_ask_for_is_in_a_scrape(exporter, beats, tmp_path):
    write_beats(beats, {"bidder": entry(pid=1)})
    (tmp_path / "web.yml").write_text("")
    e = exporter(f"--push.socket={tmp_path / 'push.sock'}", f"--web.config.file={tmp_path / 'web.yml'}")
    present = e.metrics().names() | RECORDED | {"up"}
    for rule in RULES:
        texts = [rule["expr"], *(re.findall(r'printf "(\w+)\{', rule.get("annotations", {}).get("description", "")))]
        for text in texts:
            bare = re.sub(r'"[^"]*"|\{[^}]*\}', "", text)
            used = set(re.findall(r"\b(?:heartbeat|process|system)[\w:]*_[\w:]+|\bheartbeat:\w+|\bup\b", bare))
            assert used <= present, (rule.get("alert") or rule["record"], used - present)
            assert used or bare.strip() == "vector(1)", text


def test_recorded_series_are_documented():
    text = (ROOT / "docs" / "alerting.md").read_text()
    assert {n for n in RECORDED if n not in text and f":{n.rsplit(':')[-1]}" not in text} == set()
