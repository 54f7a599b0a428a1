"""docs/getting-started.md and the uninstalling of docs/upgrading.md: run as they stand there, on a fresh Debian that systemd has booted."""

import os
import re
import shutil

import pytest

from support import BIN, LIMIT, ROOT, eventually, run
from support.podman import STACK, apt_cache

pytestmark = [pytest.mark.peers, pytest.mark.long]

HOME = "/home/you/heartbeat-exporter"
# What a person has who sits before the machine; and a stand-in for the one package that is not Debian's.
PREPARED = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true
apt-get install -qq -y --no-install-recommends sudo perl-base >/dev/null 2>&1
echo 'APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/90small
useradd --create-home --shell /bin/bash you
echo 'you ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/you
echo 'Defaults env_keep += "DEBIAN_FRONTEND"' >>/etc/sudoers.d/you
chown you: /home/you
printf '[Service]\nExecStart=perl /stack/grafana_stub.pl\n[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/grafana-server.service
systemctl daemon-reload
"""


def boxes(name, part=""):
    """[(what stands after the three backticks, the lines)] of a document, or of the part under a heading."""
    text = (ROOT / "docs" / name).read_text()
    if part:
        text = re.split(r"(?m)^#+ ", text.split(f"# {part}\n", 1)[1])[0]
    return re.findall(r"(?m)^```([^\n]*)\n(.*?)^```$", text, re.S)


def looks(lines):
    """[(command, what it prints)] of a box in which both stand."""
    return re.findall(r"(?m)^\$ (.*)\n((?:(?!\$ ).*\n)*)", lines)


def same(text):
    """Times, ages, pids, memory and the width of columns differ from run to run."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC|\d+ [A-Z][a-z]{2} \d\d:\d\d(:\d\d)? UTC", "DATE", text)
    text = re.sub(r"\b(\d+m )?\d+(\.\d+)?m?s\b", "AGE", text)
    text = re.sub(r"[\d.]+[KM]iB|[\d.e-]+%", "AMOUNT", text)
    text = re.sub(r"(?m)(AGE\s+|offset\{.*\} )\d+$|@\[[\d.]+\]", r"\1N", text)
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.fixture
def machine(podman, tmp_path):
    """`machine(command, check=True)` runs it there as a person would, in a copy of this repository."""
    checkout = tmp_path / "heartbeat-exporter"
    for name in ("alertmanager", "deploy", "docs", "examples", "grafana", "prometheus", "scripts"):
        shutil.copytree(ROOT / name, checkout / name, symlinks=True)
    for name in ("CHANGELOG.md", "README.md", "SECURITY.md"):
        shutil.copy(ROOT / name, checkout)
    name = f"heartbeat-machine-{os.getpid()}"
    volumes = [f"--volume={checkout}:{HOME}", f"--volume={STACK}:/stack:ro", *apt_cache()]
    podman("run", "--detach", "--rm", "--name", name, "--systemd=always", *volumes, "localhost/systemd")

    def there(command, check=True):
        result = podman("exec", "--user=you", f"--workdir={HOME}", "--env=DEBIAN_FRONTEND=noninteractive", name, "bash", "-euc", command, check=False)
        assert result.returncode == 0 or not check, f"{command}\n{result.stdout}{result.stderr}"
        return result.stdout + result.stderr

    there.checkout = checkout
    try:
        eventually(lambda: podman("exec", name, "systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), "systemd has started")
        podman("exec", name, "sh", "-c", PREPARED)
        yield there
    finally:
        print(podman("exec", name, "journalctl", "--no-pager", "--lines=80", check=False).stdout)
        podman("rm", "--force", "--time=5", name, check=False)


def follow(machine, found):
    """Does what the boxes say. A box without prompts is run once. What a prompt shows may take its time: it only looks, and is asked again."""
    for kind, lines in found:
        if kind == "sh build":
            built = run("sh", "-c", lines, env={"HEARTBEAT_BIN": str(BIN), "DPKG_DEB_COMPRESSOR_LEVEL": "0"}, cwd=machine.checkout, timeout=LIMIT)
            assert built.returncode == 0, built.stderr
        elif kind == "sh":
            machine(lines)
        elif kind == "console":
            for command, expected in looks(lines):
                said = []

                def as_expected(command=command, expected=expected, said=said):
                    said[:] = same(machine(command, check=False))
                    return said == same(expected)

                try:
                    eventually(as_expected, command, 300)
                except AssertionError:
                    assert said == same(expected), command
        else:
            assert kind == "sh not-run", f"no box of this kind is known here: {kind}"


def test_from_an_empty_machine_to_mail_and_slack_and_back(machine):
    found = boxes("getting-started.md")
    assert [k for k, _ in found].count("sh not-run") == 1 and [k for k, _ in found].count("console") >= 8
    follow(machine, found)
    # The page with a person's own addresses is one that Alertmanager takes.
    assert "SUCCESS" in machine("amtool check-config /etc/prometheus/alertmanager.yml")
    follow(machine, boxes("upgrading.md", "Debian package") + boxes("upgrading.md", "Uninstall"))
    left = machine("sudo find / -xdev -iname '*heartbeat*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/home/*' -not -path '/var/log/*'")
    assert left == ""
    assert "bidder" not in machine("systemctl list-units --all --plain --no-legend 'bidder*' 'postbox*' 'heartbeat*'")


@pytest.mark.parametrize(
    "shown, other",
    [
        ("●  bidder  alive  scanning  2.1s  20341", "✕  bidder  dead   scanning  2.1s  20341"),
        ('process_up{process="bidder"} 1', 'process_up{process="bidder"} 0'),
        ("    Since 20 Dec 15:30 UTC", "    Since 20 Dec 15:30"),
        ("http://localhost:9090/a", "http://localhost:9091/a"),
    ],
)
def test_the_comparison_sees_a_difference_that_matters(shown, other):
    assert same(shown) != same(other)


def test_what_differs_from_run_to_run_is_not_compared():
    assert same("●  bidder  alive  scanning  2.1s  20341\n") == same("●   bidder  alive   scanning  12s   7\n")
    assert same("(1m 47s ago), Memory 1.5MiB, CPU 0.5%") == same("(1m 2.5s ago), Memory 900KiB, CPU 0.1234%")
