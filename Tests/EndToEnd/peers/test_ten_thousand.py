"""The alerts about 10,000 processes on one host. promtool's unit tests refuse so many samples, so that a real Prometheus evaluates the rules."""

import shutil
import subprocess

import pytest

from support import ROOT, entry, eventually, write_beats
from support.alert_rules import ALERTS
from support.prometheus import Prometheus

pytestmark = pytest.mark.peers
PROCESSES = 10_000


@pytest.fixture
def prometheus(exporter, tmp_path):
    """Prometheus with the rules as they are shipped, which evaluates them more often, and an exporter of 10,000 processes that beat."""
    beats = {f"worker-{n:05d}": entry(port=n) for n in range(PROCESSES)}
    e = exporter("--heartbeat.timeout=1h")
    file = tmp_path / "heartbeat_status.json"
    write_beats(file, beats)
    shutil.copytree(ROOT / "prometheus" / "rules", tmp_path / "rules")
    p = Prometheus(
        tmp_path,
        config=f"""
            global: {{ scrape_interval: 5s, scrape_timeout: 5s, evaluation_interval: 5s }}
            rule_files: [ rules/*.yml ]
            scrape_configs:
              - job_name: heartbeat
                static_configs: [ {{ targets: [ "127.0.0.1:{e.port}" ] }} ]
            """,
    )
    yield p, file, beats
    p.stop()


def rules(p):
    """The rules of the groups that are evaluated each time, as Prometheus tells of them; nothing before each has been evaluated."""
    data = p.api("rules") or {"groups": []}
    found = [r for g in data["groups"] if g["interval"] <= 60 for r in g["rules"]]
    return found if all(r["health"] != "unknown" for r in found) else []


def raised(p):
    """{alert: processes} of what is about to fire, or fires."""
    found = {}
    for alert in (p.api("alerts") or {"alerts": []})["alerts"]:
        found.setdefault(alert["labels"]["alertname"], set()).add(alert["labels"].get("process"))
    found.pop("Watchdog", None)
    return found


def test_ten_thousand_processes_raise_nothing_and_of_those_that_fail_each_is_named(prometheus):
    p, file, beats = prometheus
    assert eventually(lambda: p.value(f'count(heartbeat_state{{state="alive"}}) == {PROCESSES}'), "all are scraped")
    evaluated = eventually(lambda: rules(p), "each rule was evaluated")
    assert {r["name"]: r.get("lastError") for r in evaluated if r["health"] != "ok"} == {}
    assert {r["name"] for r in evaluated} >= set(ALERTS)
    assert {alert: processes for alert, processes in raised(p).items() if processes - {None}} == {}

    # A stop that was said, a program that ended without a word, one that fell silent.
    ended = subprocess.Popen(["true"])
    ended.wait()
    groups = {"stopped": range(0, 40), "gone": range(40, 80), "silent": range(80, 120)}
    fallen = {kind: {f"worker-{n:05d}" for n in numbers} for kind, numbers in groups.items()}
    for name in fallen["stopped"]:
        beats[name] = entry() | {"status": "stopped"}
    for name in fallen["gone"]:
        beats[name] = entry(pid=ended.pid)
    for name in fallen["silent"]:
        beats[name] = entry(age=2 * 3600)
    write_beats(file, beats)
    wanted = {"ProcessDead": fallen["gone"] | fallen["silent"], "ProcessStopped": fallen["stopped"]}

    def of_processes():
        return {alert: processes & set(beats) for alert, processes in raised(p).items() if processes & set(beats)}

    eventually(lambda: of_processes() == wanted, "exactly those that fell are about to be alerted, each by the alert of its state")
    assert p.value('count(heartbeat_state{state="alive"})') == PROCESSES - 120
