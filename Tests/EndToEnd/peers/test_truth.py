"""The truth suite: scenarios with the alerts that they must raise, as promtool's unit tests of what the real exporter serves."""

import re
import subprocess
import sys

import pytest
import yaml

from support import EXPORTER, LIMIT, ROOT
from support.alert_rules import ALERTS, PROMETHEUS, alerts_possible, assert_right, group_names, is_mute, promtool_tests, write_tests

pytestmark = [pytest.mark.peers, pytest.mark.shipped]  # the scripted clock is loaded before a sanitizer could be

FOLDER = PROMETHEUS / "tests" / "truth"
FILES = sorted(FOLDER.glob("*.yml"))
CONTENTS = {f: yaml.load(f.read_text(), Loader=yaml.CSafeLoader) for f in FILES}
SCENARIOS = {t["name"]: t for c in CONTENTS.values() for t in c["tests"]}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_what_must_fire_fires_in_time_and_nothing_else(file, tmp_path):
    """Each scenario with the alerts that have anything to say there: most of promtool's time goes into rules of which no series is in the scenario."""
    content = CONTENTS[file]
    assert content["rule_files"] == ["../../rules/*.yml"] and set(content["group_eval_order"]) == set(group_names())
    assert_right(*(write_tests(tmp_path, str(n), alerts_possible(t), [t], content["evaluation_interval"]) for n, t in enumerate(content["tests"])))


@pytest.mark.parametrize(
    "expression, is_left_out",
    [
        ('up{job="a"} == 0', False),
        ('up{job="b"} == 0', True),
        ('up{job=~"a|b",instance!="x"}', False),
        ('up{job!~"a|b"}', True),
        ('up{job="a",process=""}', False),
        ('down{job="a"}', True),
        ('absent(down{job="a"})', False),
        ("vector(1)", False),
        ("time() > 5", False),
        ('up{job="a"} unless on (job) down{job="a"}', False),
        ('down{job="a"} unless up{job="a"}', True),
        ('up{job="a"} and on () (count(down{job="a"}) > 0)', True),
        ('down{job="a"} or up{job="a"}', False),
        ('down{job="a"} or up{job="b"}', True),
        ('max without (reason) (down{job="a"} and ignoring (x) up{job="a"})', True),
        ('max without (reason) (down{job="a"} or up{job="a"})', False),
        ('(up{job="a"}) and (down{job="a"})', True),
        # What is not understood can have a value.
        ('label_replace(up{job="a"} and down{job="a"}, "x", "and", "y", "or")', False),
        ('0 * down{job="a"} + up{job="a"}', False),
        ('abs(up or down{job="a"})', False),
    ],
)
def test_only_rules_that_can_say_nothing_are_left_out(expression, is_left_out):
    assert is_mute(expression, [{"__name__": "up", "job": "a", "instance": "host"}]) == is_left_out


@pytest.mark.costly
@pytest.mark.long
def test_the_exporter_still_serves_what_was_recorded():
    """Every scenario is played once more: what this exporter serves is what the tests are about."""
    command = [sys.executable, PROMETHEUS / "tests" / "truth.py", EXPORTER, "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=3 * LIMIT)  # half a minute of a processor, which many share
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
