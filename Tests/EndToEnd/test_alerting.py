"""Rules, routes and templates as files: what promtool and amtool say of them."""

import subprocess

import pytest

from support import ROOT

pytestmark = pytest.mark.peers
PROMETHEUS = ROOT / "prometheus"
ALERTMANAGER = ROOT / "alertmanager" / "alertmanager.yml"


def tool(*command):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_promtool_accepts_configuration_and_rules():
    assert "SUCCESS" in tool("promtool", "check", "config", PROMETHEUS / "prometheus.yml")


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
