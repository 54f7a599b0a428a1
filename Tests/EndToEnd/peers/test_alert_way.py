"""`heartbeat test-alert` with the real Prometheus and Alertmanager: the alert arrives, or the tool says where it got stuck."""

import json
import re

import pytest

from support import TOOL, eventually, run
from support.alert_messages import Desk
from support.alert_rules import PROMETHEUS
from support.certificates import Authority
from support.prometheus import Prometheus

pytestmark = pytest.mark.peers


@pytest.fixture
def desk(tmp_path, request):
    is_secure = getattr(request, "param", False)
    d = Desk(tmp_path, Authority(tmp_path) if is_secure else None)
    yield d
    print(d.logs())
    d.stop()


@pytest.fixture
def way(exporter, desk, tmp_path):
    """`way(*flags)` runs the tool; `rules`, `target` and `sends` say what is wired."""
    started = []

    class Way:
        def __init__(self):
            self.exporter = exporter()

        def wire(self, rules=True, target=True, sends=True):
            alertmanager = {"static_configs": [{"targets": [f"127.0.0.1:{desk.port}"]}]}
            if desk.scheme == "https":
                alertmanager |= {"scheme": "https", "tls_config": {"ca_file": str(tmp_path / "authority.pem")}, "basic_auth": {"username": "alice", "password": "secret"}}
            config = {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(PROMETHEUS / "rules" / "*.yml")] if rules else [],
                "scrape_configs": [{"job_name": "heartbeat", "static_configs": [{"targets": [f"127.0.0.1:{self.exporter.port}"] if target else []}]}],
                "alerting": {"alertmanagers": [alertmanager] if sends else []},
            }
            self.prometheus = Prometheus(tmp_path, config=json.dumps(config))
            started.append(self.prometheus)
            eventually(lambda: self.prometheus.api("status/buildinfo"), "Prometheus answers")
            return self

        def __call__(self, *flags, file="heartbeat_status.json"):
            urls = (("exporter", self.exporter.port), ("prometheus", self.prometheus.port), ("alertmanager", desk.port))
            return run(TOOL, "test-alert", f"--file={tmp_path / file}", *(f"--{n}=http://127.0.0.1:{p}" for n, p in urls if not any(f.startswith(f"--{n}=") for f in flags)), *flags)

    yield Way()
    for p in started:
        p.stop()


def test_it_reaches_mail_and_slack_and_is_gone_afterwards(way, desk, tmp_path):
    result = way.wire()()
    steps = re.findall(r"^✓ ([^:]+): ", result.stdout, re.M)
    assert result.returncode == 0, result.stdout + result.stderr
    assert steps == ["heartbeat file", "exporter", "Prometheus's scrape", "Prometheus's rule", "Alertmanager", "receiver"]
    assert 'it goes to "critical"' in result.stdout and re.search(r"✓ receiver: sent by (email and slack|email|slack)\n", result.stdout)
    assert "heartbeat-test-alert" not in (tmp_path / "heartbeat_status.json").read_text().split('"pruned"')[0]
    mail = eventually(lambda: next((m for m in desk.mails() if "test alert" in m["Subject"]), None), "the mail has come")
    assert re.fullmatch(r"🔴 A test alert from 127\.0\.0\.1:\d+: nothing is wrong", mail["Subject"])
    assert eventually(lambda: [m for m in desk.slacks() if "test alert" in json.dumps(m)], "the message has come")
    # No other alert is about it.
    eventually(lambda: not way.prometheus.query('ALERTS{alertname="HeartbeatTestAlert"}'), "it is over")
    assert {a["alertname"] for a, _ in way.prometheus.query('max_over_time(ALERTS{process="heartbeat-test-alert",alertstate="firing"}[10m])')} == {"HeartbeatTestAlert"}


@pytest.mark.parametrize(
    "wired, file, step, said",
    [
        ({}, "other.json", "exporter", "does not show the process heartbeat-test-alert (status 404)\nDoes the exporter run, and does it read this file?"),
        ({"target": False}, "heartbeat_status.json", "Prometheus's scrape", "has not scraped it\nIs the exporter a target, and up?"),
        ({"rules": False}, "heartbeat_status.json", "Prometheus's rule", "HeartbeatTestAlert does not fire\nAre the rules of prometheus/rules loaded"),
        ({"sends": False}, "heartbeat_status.json", "Alertmanager", "has no such alert\nDoes Prometheus know this Alertmanager?"),
    ],
    ids=lambda v: v if isinstance(v, str) and len(v) < 20 else "",
)
def test_it_says_where_it_got_stuck(way, wired, file, step, said):
    result = way.wire(**wired)("--timeout=8s", file=file)
    assert result.returncode == 1 and f"heartbeat: stuck at {step}: " in result.stderr and said in result.stderr, result.stdout + result.stderr


def test_a_silence_is_named(way, desk):
    matcher = {"name": "alertname", "value": "HeartbeatTestAlert", "isRegex": False}
    times = {"startsAt": "2023-12-20T15:30:56Z", "endsAt": "2123-12-20T15:30:56Z"}
    desk.post_to("silences", {"matchers": [matcher], "createdBy": "test", "comment": "test"} | times)
    result = way.wire()("--timeout=8s")
    assert result.returncode == 1 and "stuck at Alertmanager: " in result.stderr and "holds it back: a silence or an inhibition matches it" in result.stderr


def test_a_receiver_that_takes_nothing_is_named(way, desk):
    mailbox = desk.children.pop(0)
    mailbox.terminate()
    mailbox.wait()
    result = way.wire()("--timeout=30s")
    assert result.returncode == 1 and re.search(r"stuck at receiver: Alertmanager cannot send by (email|slack)", result.stderr), result.stderr
    assert "Alertmanager's log says" in result.stderr


def test_what_is_not_there_is_named(tmp_path):
    result = run(TOOL, "test-alert", f"--file={tmp_path / 'beats.json'}", "--exporter=http://127.0.0.1:1", "--timeout=1s")
    assert result.returncode == 1 and "stuck at exporter: 127.0.0.1:1: Connection refused" in result.stderr
    result = run(TOOL, "test-alert", f"--file={tmp_path / 'no' / 'beats.json'}", "--timeout=1s")
    assert result.returncode == 1 and result.stderr.startswith("heartbeat: stuck at the heartbeat file: ")


@pytest.mark.parametrize("desk", [True], indirect=True)
def test_an_alertmanager_with_encryption_and_a_password(way, desk, tmp_path):
    right, wrong = tmp_path / "alice.secret", tmp_path / "wrong.secret"
    right.write_text("secret\n")
    wrong.write_text("guess\n")
    url = f"https://alice@127.0.0.1:{desk.port}"
    way.wire()
    authority = f"--ca={tmp_path / 'authority.pem'}"
    arrives = way(f"--alertmanager={url}", f"--alertmanager-password-file={right}", authority)
    assert arrives.returncode == 0 and "✓ receiver: sent by " in arrives.stdout, arrives.stdout + arrives.stderr
    # Each is said at once, not after three minutes.
    for flags, said in (
        ([f"--alertmanager={url}", f"--alertmanager-password-file={right}"], "--ca"),
        ([f"--alertmanager={url}", f"--alertmanager-password-file={wrong}", authority], "does not take this user and password (status 401)"),
        ([f"--alertmanager=https://127.0.0.1:{desk.port}", authority], "wants a user and a password (status 401)"),
        ([], f"127.0.0.1:{desk.port} speaks https\nWrite https:// in its URL."),
    ):
        stuck = way(*flags)
        assert stuck.returncode == 1 and "stuck at Alertmanager: " in stuck.stderr and said in stuck.stderr, (flags, stuck)
        assert "secret" not in stuck.stderr and "guess" not in stuck.stderr
    for flags, said in (
        ([f"--alertmanager=https://alice:secret@127.0.0.1:{desk.port}"], "everybody on this host can read a password on a command line"),
        ([f"--alertmanager-password-file={right}"], "--alertmanager-password-file needs a user in --alertmanager: https://USER@HOST"),
    ):
        refused = way(*flags)
        assert refused.returncode == 2 and said in refused.stderr and "alice:secret" not in refused.stderr
