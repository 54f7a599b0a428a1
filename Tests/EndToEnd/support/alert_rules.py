"""The rules of prometheus/ and their unit tests, as data."""

import subprocess

import yaml

from support import ENVIRONMENT, LIMIT, ROOT

PROMETHEUS = ROOT / "prometheus"
ALERTMANAGER = ROOT / "alertmanager" / "alertmanager.yml"
RULE_FILES = {f.name: yaml.safe_load(f.read_text()) for f in sorted((PROMETHEUS / "rules").glob("*.yml"))}
RULES = [r for f in RULE_FILES.values() for g in f["groups"] for r in g["rules"]]
ALERTS = {r["alert"]: r for r in RULES if "alert" in r}
RECORDED = {r["record"] for r in RULES if "record" in r}
TESTS = {f.name: yaml.safe_load(f.read_text()) for f in sorted((PROMETHEUS / "tests").glob("*.yml"))}


def promtool_tests(*files):
    """`promtool test rules`; it makes much garbage of little memory, and most of what its collector does is for nothing."""
    command = ["promtool", "test", "rules", *map(str, files)]
    return subprocess.run(command, env=ENVIRONMENT | {"GOGC": "400"}, capture_output=True, text=True, timeout=LIMIT)


def group_names():
    """The rules' groups, what is recorded first."""
    files = [RULE_FILES["recording.yml"], *RULE_FILES.values()]
    return list(dict.fromkeys(g["name"] for f in files for g in f["groups"]))


def checks(alert):
    """(file, test) of each expectation about an alert in prometheus/tests."""
    return [
        (file, check)
        for file, content in TESTS.items()
        for group in content["tests"]
        for check in group.get("alert_rule_test", [])
        if check["alertname"] == alert
    ]
