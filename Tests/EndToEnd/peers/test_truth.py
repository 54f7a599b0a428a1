"""The truth suite: scenarios with the alerts that they must raise, as promtool's unit tests of what the real exporter serves."""

import re
import subprocess
import sys

import pytest
import yaml

from support import EXPORTER, LIMIT, ROOT
from support.alert_rules import ALERTS, PROMETHEUS, group_names, promtool_tests

pytestmark = [pytest.mark.peers, pytest.mark.shipped]  # the scripted clock is loaded before a sanitizer could be

FOLDER = PROMETHEUS / "tests" / "truth"
FILES = sorted(FOLDER.glob("*.yml"))
SCENARIOS = {t["name"]: t for f in FILES for t in yaml.safe_load(f.read_text())["tests"]}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_what_must_fire_fires_in_time_and_nothing_else(file):
    result = promtool_tests(file)
    assert result.returncode == 0 and "SUCCESS" in result.stdout, result.stdout + result.stderr


@pytest.mark.long
def test_the_exporter_still_serves_what_was_recorded():
    """Every scenario is played once more: what this exporter serves is what the tests are about."""
    command = [sys.executable, PROMETHEUS / "tests" / "truth.py", EXPORTER, "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, f"{result.stdout}{result.stderr}run: python3 prometheus/tests/truth.py EXPORTER"


def test_there_are_enough_scenarios_and_each_is_in_the_table():
    assert len(SCENARIOS) >= 60
    page = (ROOT / "docs" / "alerting.md").read_text()
    rows = re.findall(r"(?m)^\| (.+?) \| (nothing|`.*?) \|", page.split("<!-- table")[1].split("<!-- end of table")[0])
    assert [name for name, _ in rows] == [n.split(": ", 1)[1] for n in ordered(rows)]
    named = set(re.findall(r"`(\w+)`", " ".join(fires for _, fires in rows)))
    assert named == set(ALERTS) - {"Watchdog"}, "every alert has a scenario in which it fires"


def ordered(rows):
    """The names of the scenarios as the table has them; a name that it lacks comes last, and fails the comparison."""
    place = {name: n for n, (name, _) in enumerate(rows)}
    return sorted(SCENARIOS, key=lambda n: place.get(n.split(": ", 1)[1], len(rows)))


@pytest.mark.parametrize(
    "alert, change, scenario",
    [
        ("ProcessDead", {"for": "5m"}, "deaths: crashes"),
        ("ProcessDead", {"expr": 'process_up{job="heartbeat"} == 0 or heartbeat_alive{job="heartbeat"} == 0'}, "deaths: crashes"),
        (
            "ProcessHung",
            {"expr": 'max without (reason) (heartbeat_state{job="heartbeat",state="hung"})', "for": "0s"},
            "rhythms: pauses for 70 s every five minutes, to collect garbage",
        ),
    ],
    ids=["slower", "never", "at the first late beat"],
)
def test_the_suite_notices_rules_that_are_slow_silent_or_hasty(alert, change, scenario, tmp_path):
    """One scenario is enough to notice it; that it passes with the rules as they are, is tested above."""
    rules = tmp_path / "rules"
    rules.mkdir()
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        for rule in (r for g in content["groups"] for r in g["rules"] if r.get("alert") == alert):
            rule.update(change)
        (rules / path.name).write_text(yaml.safe_dump(content))
    content = {"rule_files": [str(rules / "*.yml")], "evaluation_interval": "15s", "group_eval_order": group_names(), "tests": [SCENARIOS[scenario]]}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(content))
    result = promtool_tests(tmp_path / "tests.yml")
    assert result.returncode != 0 and "FAILED" in result.stdout + result.stderr, result
