"""Rules, routes and templates as files: what promtool and amtool say of them, and that nothing is left out."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml

from support import LIMIT, ROOT, TOOL, entry, eventually, run, write_beats
from support.alert_rules import (
    ALERTMANAGER, ALERTS, PROMETHEUS, RECORDED, RULE_FILES, RULES, TESTS, assert_right, checks, chosen, group_names, promtool_tests, recorded_in, write_tests,
)  # fmt: skip
from support.prometheus import Prometheus

pytestmark = pytest.mark.peers


def tool(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_promtool_accepts_configuration_and_rules():
    assert "SUCCESS" in tool("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


def generate(*arguments, program="generate.py"):
    return subprocess.run([sys.executable, PROMETHEUS / program, *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT)


@pytest.mark.parametrize("program", ["generate.py", "tests/generate.py"])
def test_the_files_are_what_the_generators_make(program):
    made = generate("--check", program=program)
    assert made.returncode == 0, f"{made.stderr}run: python3 prometheus/{program}"


def made_with(text, folder):
    """{alert or record: rule} of rules that are made with settings of one's own."""
    settings = folder / "my.toml"
    settings.write_text(text)
    made = generate("--settings", settings, "--output", folder / "rules")
    assert made.returncode == 0, made.stderr
    files = sorted((folder / "rules").glob("*.yml"))
    tool("promtool", "check", "rules", *files)
    return {r.get("alert") or r["record"]: r for f in files for g in yaml.safe_load(f.read_text())["groups"] for r in g["rules"]}


def test_settings_of_ones_own_reach_every_rule(tmp_path):
    rules = made_with(
        """
        [selector]
        job = "beats"
        matchers = 'cluster="main"'
        [runbooks]
        base = "https://wiki.tests/heartbeat/"
        [alerts]
        ProcessDead = { severity = "warning", for = "10m" }
        ProcessStopped = { severity = "off" }
        [leave_out]
        ProcessCPUSaturated = "encoder|trainer"
        [thresholds]
        disk_full_share = 0.01
        """,
        tmp_path,
    )
    assert set(rules) == {r.get("alert") or r["record"] for r in RULES} - {"ProcessStopped"}
    dead = rules["ProcessDead"]
    assert (dead["labels"]["severity"], dead["for"], dead["keep_firing_for"]) == ("warning", "10m", "2m")
    assert dead["annotations"]["runbook_url"] == "https://wiki.tests/heartbeat/processdead.md#processdead"
    assert 'process!~"encoder|trainer"' in rules["ProcessCPUSaturated"]["expr"] and "encoder" not in dead["expr"]
    assert "< 0.01" in rules["HostDiskFull"]["expr"]
    for name, rule in rules.items():
        assert 'job="heartbeat"' not in rule["expr"]
        assert rule["expr"].count('job="beats"') == rule["expr"].count('job="beats",cluster="main"') > 0 or name == "Watchdog"


@pytest.mark.parametrize(
    "text, said",
    [
        ("[selektor]\n", "[selektor] is no section; there are: selector, runbooks, alerts, leave_out, thresholds"),
        ("[alerts]\nProcesDead = {}\n", "[alerts] ProcesDead is not known; there are: ProcessDead, "),
        ("[alerts]\nProcessDead = { four = \"1m\" }\n", "[alerts] ProcessDead: four is not known; there are: severity, for, keep"),
        ("[leave_out]\nNobody = \"x\"\n", "[leave_out] Nobody is not known; there are: ProcessDead, "),
        ("[selector\n", "Expected ']' at the end of a table declaration (at line 1, column 10)"),
    ],
)
def test_settings_that_are_wrong_are_named(text, said, tmp_path):
    (tmp_path / "my.toml").write_text(text)
    made = generate("--settings", tmp_path / "my.toml", "--output", tmp_path / "rules")
    assert made.returncode == 1 and made.stderr.startswith(f"{tmp_path / 'my.toml'}: {said}"), made.stderr
    assert not (tmp_path / "rules").exists()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.get("alert") or r["record"])
def test_every_expression_looks_at_our_series_alone(rule):
    """process_* and up are names that other programs have too: each has the job beside it."""
    bare = re.sub(r'"[^"]*"', '""', rule["expr"])
    bare = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    unbound = re.findall(r"\b(?:up|(?:heartbeat|process|system)[_:][\w:]+)(?![\w:]|\{job=\"\")", bare)
    assert unbound == [] and ('job="heartbeat"' in rule["expr"] or rule.get("alert") == "Watchdog")


def test_the_same_series_of_another_job_raise_nothing(tmp_path):
    """The series of all the unit tests at once, each test's on a host of its own, and all of another job."""
    series = {}
    tests = [(f"{file}-{n}", t) for file, c in TESTS.items() if "recorded" not in file for n, t in enumerate(c["tests"])]
    for host, test in tests:
        for s in test["input_series"]:
            labels = re.sub(r'instance="([^"]*)"', rf'instance="\1-{host}"', s["series"].replace('job="heartbeat"', 'job="board"'))
            series[labels] = s["values"]
    assert len(series) > 100
    content = {
        "rule_files": [str(PROMETHEUS / "rules" / "*.yml")], "evaluation_interval": "1m", "group_eval_order": group_names(),
        "tests": [{
            "interval": "1m", "input_series": [{"series": k, "values": v} for k, v in series.items()],
            "promql_expr_test": [{
                "expr": '{__name__=~"heartbeat:.+|ALERTS",alertname!~"Watchdog|HeartbeatTargetsMissing"}', "eval_time": t, "exp_samples": []}
                for t in ("10m", "30m", "60m", "90m", "7h")],
        }],
    }  # fmt: skip
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(content))
    assert_right(tmp_path / "tests.yml")


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
def test_unit_tests_of_the_rules(file, tmp_path):
    """Each test with the rules that it asks for: of the others it does not say a word, and they take most of promtool's time."""
    content, files = TESTS[file], []
    loaded = [r.get("alert") for path in content["rule_files"] for g in RULE_FILES[Path(path).name]["groups"] for r in g["rules"]]
    assert "../rules/recording.yml" in content["rule_files"]
    for number, test in enumerate(content["tests"]):
        asked = {c["alertname"] for c in test.get("alert_rule_test", [])}
        assert asked <= set(loaded)
        texts = [c["expr"] for c in test.get("promql_expr_test", [])]
        texts += [t for a in asked for t in (ALERTS[a]["expr"], *ALERTS[a]["annotations"].values())]
        assert not any("ALERTS" in t for t in texts)
        needed = recorded_in(*texts)
        files.append(write_tests(tmp_path, str(number), chosen(lambda r: r.get("record") in needed or r.get("alert") in asked), [test], content["evaluation_interval"]))  # noqa: B023
    assert_right(*files)


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tested_firing_and_not_firing(alert):
    fires = [bool(c["exp_alerts"]) for _, c in checks(alert)]
    assert True in fires, "no test in which it fires"
    # What always fires has no other side.
    assert False in fires or alert == "Watchdog", "no test in which it does not fire"


# What these tell of has happened, and is not undone by a later scrape that finds all well; or it is counted, and one is too few.
EVENTS = {"JobFailed", "HostOutOfMemory", "HeartbeatTestAlert", "ProcessRestarting", "ProcessFlapping", "Watchdog"}


def test_every_alert_that_wakes_somebody_or_is_quick_is_tested_with_one_bad_scrape():
    """At each scrape interval that the documentation allows: one bad scrape is the last one for that long."""
    quick = {a for a, r in ALERTS.items() if r["labels"]["severity"] == "critical" or r["labels"]["severity"] == "warning" and seconds(r.get("for", "0s")) < 300}
    tested = {a: set() for a in quick - EVENTS}
    for test in TESTS["once.yml"]["tests"]:
        for check in test["alert_rule_test"]:
            tested[check["alertname"]].add((test["interval"], bool(check["exp_alerts"])))
    wanted = {(interval, fires) for interval in ("15s", "30s", "45s", "1m", "90s", "2m") for fires in (False, True)}
    assert {a: wanted - t for a, t in tested.items() if t != wanted} == {}


def mutants(name):
    """The rules of a name with one thing wrong, {what: change}: the tests must notice each."""
    if name not in ALERTS:
        (expression,) = {r["expr"] for r in RULES if identity(r) == name}
        return {"records something else": {"expr": f"({expression}) * 2 + 1"}}
    rule = ALERTS[name]
    found = {"never fires": {"expr": f"({rule['expr']}) and vector(1) == 0"}}
    # Each condition that holds the rest back, left out: lines that begin with a set operator.
    lines = rule["expr"].splitlines()
    for number, line in enumerate(lines):
        operator = re.match(r"\s*(and|unless)\b.*[^(]$", line)
        if operator:
            found[f"without line {number + 1}"] = {"expr": "\n".join(lines[:number] + lines[number + 1 :])}
    return found | {f"without {d}": {d: "0s"} for d in ("for", "keep_firing_for") if d in rule}


def identity(rule):
    return rule.get("alert") or " ".join([rule["record"], *rule.get("labels", {}).values()])


def seconds(text):
    return sum(int(n) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[u] for n, u in re.findall(r"(\d+)([dhms])", text))


def about(name):
    """[(test, evaluation interval)] of one rule: tests with what they say of it alone, those first that take promtool the least time."""
    found = []
    for content in TESTS.values():
        for test in content["tests"]:
            said = [c for c in test.get("alert_rule_test", []) if c["alertname"] == name]
            asked = [c for c in test.get("promql_expr_test", []) if name not in ALERTS and name.split()[0] in recorded_in(c["expr"])]
            if said or asked:
                found.append((test | {"alert_rule_test": said, "promql_expr_test": asked}, content["evaluation_interval"]))

    def steps(case):
        test, interval = case
        return max(seconds(c["eval_time"]) for c in test["alert_rule_test"] + test["promql_expr_test"]) / seconds(interval)

    return sorted(found, key=steps)


def changed(name, change, tests):
    """The rules' groups with what concerns one rule, and one thing changed."""
    if name in ALERTS:
        mentioned = [change.get("expr", ALERTS[name]["expr"]), *ALERTS[name]["annotations"].values()]
    else:
        mentioned = [c["expr"] for test, _ in tests for c in test["promql_expr_test"]]
    needed = recorded_in(*mentioned)
    found = chosen(lambda r: r.get("record") in needed or r.get("alert") == name)
    return [g | {"rules": [r | change if identity(r) == name else r for r in g["rules"]]} for g in found]


def passing(files):
    """Those files of tests that promtool, which says what it thinks of each, finds right."""
    result = promtool_tests(*files)
    told = re.findall(r"(?m)^Unit Testing: +(.+)\n(?:  (SUCCESS))?", result.stdout)
    assert [path for path, _ in told] == list(map(str, files)), result.stdout + result.stderr
    return {path for path, success in told if success}


@pytest.mark.parametrize("name", dict.fromkeys(identity(r) for r in RULES))
def test_the_unit_tests_notice_that_a_rule_is_wrong(name, tmp_path):
    tests = about(name)
    right = changed(name, {}, tests)
    assert_right(*(write_tests(tmp_path, f"as it is {n}", right, [t], interval) for n, (t, interval) in enumerate(tests)))
    # A wrong rule that a test has noticed is noticed: the next one need not look at it.
    unnoticed = {what: changed(name, change, tests) for what, change in mutants(name).items()}
    for number, (test, interval) in enumerate(tests):
        files = {str(write_tests(tmp_path, f"{what} {number}", groups, [test], interval)): what for what, groups in unnoticed.items()}
        unnoticed = {files[path]: unnoticed[files[path]] for path in passing(files)} if files else {}
    assert list(unnoticed) == [], "no test says so"


RUNBOOKS = ROOT / "docs" / "runbooks"


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_has_labels_annotations_and_a_runbook(alert):
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ({"none"} if alert == "Watchdog" else {"critical", "warning", "info"})
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert all(rule["annotations"].values())
    assert "First: " in rule["annotations"]["description"] or alert in {"ProcessStopped", "ProcessForgotten", "HeartbeatTestAlert", "Watchdog"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert page == "{{$externalURL}}/consoles/docs/runbooks/" + f"{alert.lower()}.md" and anchor == alert.lower()
    text = (RUNBOOKS / f"{alert.lower()}.md").read_text()
    assert text.startswith(f"# {alert}\n\n") and "\n1. " in text
    index = (ROOT / "docs" / "runbooks.md").read_text()
    assert f"| [{alert}](runbooks/{alert.lower()}.md) | {rule['labels']['severity']} |" in index


def test_no_runbook_without_an_alert():
    assert sorted(p.stem for p in RUNBOOKS.iterdir()) == sorted(a.lower() for a in ALERTS)


def test_prometheus_serves_the_runbooks(tmp_path):
    """What the alerts lead to: a real Prometheus, started as the documentation says, has each page, unchanged."""
    said = f"--web.console.templates={(PROMETHEUS / 'consoles').relative_to(ROOT)}"
    assert said in (ROOT / "docs" / "alerting.md").read_text() and said in (PROMETHEUS / "prometheus.yml").read_text()
    p = Prometheus(tmp_path, config="global: {}\n", flags=[f"--web.console.templates={PROMETHEUS / 'consoles'}"])
    try:
        eventually(lambda: p.api("status/buildinfo"), "Prometheus answers")
        for page in sorted(RUNBOOKS.iterdir()):
            with urllib.request.urlopen(f"http://127.0.0.1:{p.port}/consoles/docs/runbooks/{page.name}", timeout=10) as answer:
                assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain")
                assert answer.read().decode() == page.read_text()
    finally:
        p.stop()


def test_inhibition_names_alerts_that_exist():
    rules = yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]
    matchers = [m for r in rules for m in r["source_matchers"] + r["target_matchers"]]
    names = {n for m in matchers for n in re.split(r"\s*!?=~?\s*", m)[1].strip('"').split("|")}
    assert names <= set(ALERTS) and len(names) > 5


def test_what_rules_ask_for_is_in_a_scrape(exporter, beats, tmp_path):
    # What heartbeat run says of its program.
    supervised = {"restarts_total": 2, "last_exit_code": 3}
    write_beats(beats, {"bidder": entry(pid=1, age=30, test_alert=0, **supervised)})
    (tmp_path / "heartbeat.yml").write_text("processes: { backup: { every: 24h } }\n")
    (tmp_path / "web.yml").write_text("")
    pattern = f"--heartbeat.file={tmp_path}/*/beat.json"
    e = exporter(pattern, f"--push.socket={tmp_path / 'push.sock'}", f"--web.config.file={tmp_path / 'web.yml'}", f"--config.file={tmp_path / 'heartbeat.yml'}")
    e.metrics()
    write_beats(beats, {"bidder": entry(pid=1, test_alert=0, **supervised)})
    for word in ("start", "success"):
        assert run(TOOL, "job", word, "backup", "--file", beats).returncode == 0
    assert run(TOOL, "silence", "bidder", "--for", "1h", "--file", beats).returncode == 0
    present = e.metrics().names() | RECORDED | {"up"}
    for rule in RULES:
        texts = [rule["expr"], *(re.findall(r"printf `([^`{]+)`", rule.get("annotations", {}).get("description", "")))]
        for text in texts:
            bare = re.sub(r'"[^"]*"|\{[^}]*\}', "", text)
            used = set(re.findall(r"\b(?:heartbeat|process|system)[\w:]*_[\w:]+|\bheartbeat:\w+|\bup\b", bare))
            assert used <= present, (rule.get("alert") or rule["record"], used - present)
            assert used or bare.strip() == "vector(1)", text


def test_recorded_series_are_documented():
    text = (ROOT / "docs" / "alerting.md").read_text()
    assert {n for n in RECORDED if n not in text and f":{n.rsplit(':')[-1]}" not in text} == set()
