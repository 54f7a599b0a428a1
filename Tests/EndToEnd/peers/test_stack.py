"""docker-compose.yml and the Dockerfile for real: built and started by podman, with stand-ins for images that cannot be pulled.

`support/podman.py` and `support/stack/stand-ins` make these.
"""

import contextlib
import email
import email.policy
import json
import os
import re
import stat
import subprocess
import urllib.request

import pytest

from support import AS_ROOT, ENVIRONMENT, ROOT, Samples, entry, eventually, free_port
from support.podman import STACK

pytestmark = [pytest.mark.peers, pytest.mark.costly]


class Compose:
    """docker-compose on our docker-compose.yml, as a user would call it with an .env file."""

    def __init__(self, podman, folder, settings, project):
        self.podman, self.project = podman, project
        self.env = folder / "env"
        self.env.write_text("".join(f"{k}={v}\n" for k, v in settings.items()))

    def __call__(self, *arguments, timeout=600):
        files = ["-f", ROOT / "docker-compose.yml", "-f", STACK / "docker-compose.test.yml"]
        command = self.podman.as_root("docker-compose", "--project-name", self.project, "--env-file", self.env, *files, *arguments)
        result = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, cwd=ROOT)
        assert result.returncode == 0, f"docker-compose {arguments}:\n{result.stdout[-6000:]}\n{result.stderr[-6000:]}"
        return result.stdout

    def container(self, service):
        names = [f"{self.project}_{service}_1", f"{self.project}-{service}-1"]
        return next(n for n in names if self.podman("container", "exists", n, check=False).returncode == 0)

    def logs(self, service):
        with contextlib.suppress(StopIteration):
            result = self.podman("logs", "--tail=40", self.container(service), check=False)
            return result.stdout + result.stderr


@pytest.fixture(scope="module")
def built(podman, tmp_path_factory):
    """The exporter's image, from the Dockerfile, by docker-compose."""
    compose = Compose(podman, tmp_path_factory.mktemp("build"), {"MAILBOX_FOLDER": "/nowhere"}, "heartbeat-build")
    compose("build", "exporter", timeout=2400)
    return podman


def fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
            return response.read().decode()
    except OSError:
        return None


def test_the_image_runs_read_only_without_capabilities_as_nobody_and_sees_the_hosts_processes(built, tmp_path):
    tmp_path.chmod(0o755)
    # Only pytest's own folders keep others out; /tmp stays as it is.
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    own = tmp_path / "the-test.json"
    own.write_text(json.dumps(entry(pid=os.getpid())))
    own.chmod(0o644)
    port, name = free_port(), f"heartbeat-image-{os.getpid()}"
    built(
        "run", "--detach", "--rm", "--name", name, "--read-only", "--read-only-tmpfs=false", "--cap-drop=all", "--pid=host",
        "--security-opt=no-new-privileges", f"--publish=127.0.0.1:{port}:9464", f"--volume={tmp_path}:/run/heartbeat.d:ro",
        "docker.io/library/heartbeat-exporter:0.1.0",
    )  # fmt: skip
    try:
        text = eventually(lambda: fetch(port, "/metrics"), "the container answers")
        samples = Samples(text)
        assert samples.value("process_up", process="the-test") == 1
        own = samples.value("process_start_time_seconds", process="heartbeat-exporter")
        assert own and samples.value("process_threads", process="the-test") > 0

        pid = int(built("inspect", "--format", "{{.State.Pid}}", name))
        with open(f"/proc/{pid}/status") as file:
            status = dict(line.split(":\t", 1) for line in file.read().splitlines())
        assert status["Uid"].split() == ["65532"] * 4 and status["Gid"].split() == ["65532"] * 4
        for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[capabilities], 16) == 0, capabilities
        assert status["NoNewPrivs"] == "1"
        for path in ("/", "/tmp/x", "/usr/bin/x", "/run/heartbeat.d/x"):
            written = built("exec", "--user=0", name, "touch", path, check=False)
            assert written.returncode != 0 and "Read-only" in written.stderr, (path, written.stderr)

        assert built("exec", name, "/usr/bin/heartbeat-exporter", "--health-check") == "healthy\n"
        assert built("healthcheck", "run", name, check=False).returncode == 0
        assert built("exec", name, "/usr/bin/heartbeat", "status", "the-test")
        # The same check fails when nobody answers.
        subprocess.run([*AS_ROOT, "kill", "-STOP", str(pid)], check=True)
        assert built("healthcheck", "run", name, check=False).returncode == 1
        subprocess.run([*AS_ROOT, "kill", "-CONT", str(pid)], check=True)

        libraries = built("exec", name, "ldd", "/usr/bin/heartbeat-exporter")
        assert "not found" not in libraries and "libswift" not in libraries
    finally:
        built("rm", "--force", "--time=5", name, check=False)


@pytest.fixture
def stack(built, tmp_path):
    mailbox = tmp_path / "mailbox"
    mailbox.mkdir()
    ports = {f"{name}_PORT": free_port() for name in ("EXPORTER", "PROMETHEUS", "ALERTMANAGER", "GRAFANA")}
    settings = ports | {
        "MAILBOX_FOLDER": mailbox,
        "DEMO_SCENARIO": "healthy",
        "SMTP_SMARTHOST": "mailbox:2525",
        "SMTP_FROM": "exporter@tests.example",
        "SMTP_REQUIRE_TLS": "false",
        "SMTP_PASSWORD": "'a|b&c #$d'",
        "ALERT_EMAIL": "someone@tests.example",
        "SLACK_URL": "http://mailbox:8080/slack",
        "SLACK_CHANNEL": "'#heartbeats'",
        "DEAD_MANS_SWITCH_URL": "http://mailbox:8080/ping",
        "ALERTMANAGER_URL": "https://alerts.tests.example/alertmanager",
    }
    compose = Compose(built, tmp_path, settings, f"heartbeat{os.getpid()}")
    before = things(built)
    try:
        compose("--profile", "demo", "up", "--detach", "--no-build")
        yield compose, ports, mailbox
    finally:
        for service in ("exporter", "prometheus", "alertmanager", "grafana", "mailbox"):
            print(f"--- {service}:\n{compose.logs(service)}")
        compose("--profile", "demo", "down", "--volumes", "--timeout", "5")
    assert things(built) == before, "docker-compose down left something"


def things(podman):
    """Every container, network and volume that there is, but for the containers of tests beside this one, which bring neither."""
    names = podman("ps", "--all", "--format={{.Names}}").split()
    others = ("heartbeat-fresh-", "heartbeat-machine-", "heartbeat-systemd-", "heartbeat-units-")
    return [[n for n in names if not n.startswith(others)], podman("network", "ls", "-q"), podman("volume", "ls", "-q")]


def query(port, expression):
    answer = fetch(port, "/api/v1/query?query=" + urllib.request.quote(expression))
    return [(r["metric"], float(r["value"][1])) for r in json.loads(answer)["data"]["result"]] if answer else []


def test_the_stack_starts_and_an_alert_reaches_mail_and_slack(stack):
    compose, ports, mailbox = stack
    prometheus = ports["PROMETHEUS_PORT"]
    services = ("exporter", "prometheus", "alertmanager", "grafana")

    def up(job):
        return [value for _, value in query(prometheus, f'up{{job="{job}"}}')] == [1]

    eventually(lambda: up("heartbeat"), "Prometheus has the exporter up", 120)
    names = {"websocket-reader", "bidder", "vue-frontend"}

    def states():
        return {m["process"] for m, v in query(prometheus, "heartbeat_alive == 1 and on (process) process_up == 1")}

    eventually(lambda: names <= states(), "the simulated processes beat, and their pids are seen", 120)
    # Each program's own health check, as the compose file has it.
    for service in services:
        check = eventually(
            lambda s=service: compose.podman("healthcheck", "run", compose.container(s), check=False).returncode == 0,
            f"{service} is healthy",
            60,
        )
        assert check
    assert "stub" in fetch(ports["GRAFANA_PORT"], "/api/health")
    inspected = json.loads(compose.podman("inspect", *map(compose.container, services)))
    for container in inspected:
        assert container["HostConfig"]["ReadonlyRootfs"], container["Name"]
        assert container["EffectiveCaps"] in (None, []), container["Name"]
        assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped", container["Name"]
        assert "no-new-privileges" in container["HostConfig"]["SecurityOpt"], container["Name"]
    secrets = compose.podman("exec", compose.container("alertmanager"), "cat", "/run/alertmanager/smtp-password")
    assert secrets == "a|b&c #$d"

    compose("--profile", "demo", "kill", "-s", "KILL", "demo")

    def messages(kind):
        return [p.read_bytes() for p in sorted(mailbox.glob(f"*-{kind}"))]

    def arrived():
        mails = [email.message_from_bytes(m, policy=email.policy.default) for m in messages("mail")]
        return [m for m in mails if "bidder" in m["Subject"]] and [m for m in messages("slack") if b"bidder" in m]

    eventually(arrived, "mail and Slack tell that bidder is dead", 240)
    mail = next(m for m in (email.message_from_bytes(m, policy=email.policy.default) for m in messages("mail")) if "bidder" in m["Subject"])
    slack = next(m for m in map(json.loads, messages("slack")) if "bidder" in json.dumps(m))
    runbook = "http://localhost:9090/consoles/docs/runbooks/processdead.md#processdead"
    said = (
        r"Its process is gone\. Last beat \d+ \w{3} \d\d:\d\d:\d\d UTC \((\d+m )?\d+(\.\d+)?s ago\), status \"\w+\"\."
        r"( Memory [\d.]+MiB(, CPU [\d.]+%)?\.)? First: read the end of its log, then start it\."
    )
    since = r"Since \d+ \w{3} \d\d:\d\d UTC"
    assert mail["Subject"] == "🔴 bidder on exporter is dead"
    assert (mail["From"], mail["To"]) == ("exporter@tests.example", "someone@tests.example")
    text = mail.get_body(("plain",)).get_content()
    expected = [r"bidder on exporter is dead", said, since, re.escape(f"What to do: {runbook}"), "",
                r"Alerts and silences: https://alerts\.tests\.example/alertmanager"]  # fmt: skip
    assert re.fullmatch("\n".join(expected), text.strip().replace("\r\n", "\n")), text
    assert f'href="{runbook}"' in mail.get_body(("html",)).get_content()
    (attachment,) = slack["attachments"]
    assert slack["channel"] == "#heartbeats" and attachment["color"] == "#c62828"
    assert attachment["title"] == attachment["fallback"] == "🔴 bidder on exporter is dead"
    assert re.fullmatch(rf"{said}\n{since} · <{re.escape(runbook)}\|What to do>", attachment["text"]), attachment["text"]
    # Each kind goes its own way and is tried again by itself, after a minute when Prometheus found nobody at first: none waits for another.
    eventually(lambda: messages("ping"), "the dead man's switch is called", 240)
    # What the mail leads to is there.
    assert fetch(prometheus, "/consoles/docs/runbooks/processdead.md") == (ROOT / "docs" / "runbooks" / "processdead.md").read_text()
