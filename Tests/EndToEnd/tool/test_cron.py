"""Jobs under a real cron daemon: what stands in a crontab is what docs/jobs.md says, as typed."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from support import ENVIRONMENT, TOOL, eventually


@pytest.fixture
def crond(tmp_path):
    """`crond(lines)` starts busybox's daemon with a crontab, and gives what stops it. It wants to be root, if only in a namespace of its own."""
    started = []

    def start(lines):
        folder = tmp_path / "crontabs"
        folder.mkdir()
        (folder / "root").write_text("".join(f"* * * * * {line}\n" for line in lines))
        as_root = [] if os.geteuid() == 0 else ["unshare", "--map-root-user"]
        daemon = subprocess.Popen([*as_root, "busybox", "crond", "-f", "-L", "/dev/stderr", "-c", folder], stdin=subprocess.DEVNULL, stdout=sys.stderr,
                                  env=ENVIRONMENT | {"PATH": f"{TOOL.parent}:{os.environ['PATH']}"})
        started.append(daemon)
        return daemon

    assert shutil.which("busybox"), "busybox is missing: scripts/test installs it"
    yield start
    for daemon in started:
        daemon.kill()
        daemon.wait()


@pytest.mark.long
def test_the_lines_of_a_crontab_tell_of_each_run_and_a_lost_one_is_noticed(exporter, beats, crond, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes: { backup: { schedule: '* * * * *', grace: 10s }, import: { every: 1h }, pushed: { every: 1h } }\n")
    e = exporter(f"--config.file={config}", "--web.enable-push", "--push.allow-unauthenticated")

    def jobs():
        return {p["name"]: p for p in json.loads(e.get("/api/v1/heartbeats").body)["heartbeats"] if p["name"] in ("backup", "import", "pushed")}

    assert {(name, p["state"]) for name, p in jobs().items()} == {("backup", "never"), ("import", "never"), ("pushed", "never")}
    daemon = crond([
        f"heartbeat run --job --name backup --file {beats} -- sh -c 'true'",
        f"sh -c 'exit 3'; heartbeat job success import --exit-code $? --file {beats}",
        f'false; curl -fsS -X POST "http://127.0.0.1:{e.port}/api/v1/heartbeats/pushed/success?exit_code=$?"',
    ])  # fmt: skip
    runs = eventually(lambda: (j := jobs()) and all(((p["job"] or {}).get("runs") or 0) >= 2 for p in j.values()) and j, "each line ran twice", seconds=200)
    assert (runs["backup"]["reason"], runs["backup"]["job"]["failures"], runs["backup"]["job"]["exit_code"]) == ("job_succeeded", 0, 0)
    assert (runs["import"]["state"], runs["import"]["reason"], runs["import"]["job"]["exit_code"]) == ("dead", "job_failed", 3)
    assert (runs["pushed"]["reason"], runs["pushed"]["job"]["exit_code"], runs["pushed"]["job"]["failures"]) == ("job_failed", 1, runs["pushed"]["job"]["runs"])
    daemon.kill()
    daemon.wait()
    eventually(lambda: jobs()["backup"]["reason"] == "job_late", "the lost line is noticed", seconds=150)
    assert jobs()["import"]["reason"] == "job_failed"
