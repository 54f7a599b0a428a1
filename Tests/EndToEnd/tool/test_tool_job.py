"""`heartbeat job` and `heartbeat run --job`: what stands in the file, or in the folder, when a job begins and when it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter

from support import ENVIRONMENT, TOOL, eventually, run, schedules


@pytest.fixture(params=["file", "folder"])
def place(request, tmp_path):
    """The value of --file, and a reader of a job's entry."""
    if request.param == "file":
        path = tmp_path / "heartbeat_status.json"
        return path, lambda name="backup": json.loads(path.read_text())["processes"][name]
    path = tmp_path / "heartbeat.d"
    path.mkdir()
    return path, lambda name="backup": json.loads((path / f"{name}.json").read_text())


def tell(path, *arguments):
    result = run(TOOL, "job", *arguments, "--file", path)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_script_says_when_it_begins_and_how_it_ends(place):
    path, entry = place
    tell(path, "start", "backup", "--pid", str(os.getpid()))
    running = entry()
    assert (running["status"], running["pid"]) == ("running", os.getpid()) and set(running["job"]) == {"started"}
    tell(path, "success", "backup", "--data", "files=12")
    first = entry()
    assert first["status"] == "succeeded" and "pid" not in first and first["additional_data"] == {"files": 12}
    job = first["job"]
    assert (job["exit_code"], job["runs"], job["failures"]) == (0, 1, 0) and job["last_success"] == job["ended"]
    assert job["duration_seconds"] == pytest.approx(job["ended"] - job["started"], abs=1e-5)
    tell(path, "fail", "backup", "--exit-code", "3", "--data", "error=full")
    second = entry()
    assert second["status"] == "failed" and second["additional_data"] == {"files": 12, "error": "full"}
    assert (second["job"]["exit_code"], second["job"]["runs"], second["job"]["failures"]) == (3, 2, 1)
    assert second["job"]["last_success"] == job["last_success"] and "duration_seconds" not in second["job"]
    run(TOOL, "send", "backup", "--file", path)
    assert entry()["job"] == second["job"], "a beat that is not about the job leaves what it says of its runs"


@pytest.mark.parametrize(("command", "code"), [("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("exec /nowhere/at/all", 127)])
def test_run_passes_the_exit_code_on_and_tells_it(place, command, code):
    path, entry = place
    tell(path, "success", "backup")
    success = entry()["job"]["last_success"]
    result = run(TOOL, "run", "--job", "--name", "backup", "--file", path, "--", "sh", "-c", command)
    assert result.returncode == code, result.stderr
    job = entry()["job"]
    assert (job["exit_code"], job["runs"], job["failures"]) == (code, 2, code != 0)
    assert (job["last_success"] == job["ended"]) == (code == 0) and (job["last_success"] == success) == (code != 0)
    assert entry()["status"] == ("succeeded" if code == 0 else "failed") and "pid" not in entry()
    assert job["started"] <= job["ended"] and job["duration_seconds"] >= 0


def test_run_of_a_program_that_is_not_there_is_a_failed_run(place):
    path, entry = place
    result = run(TOOL, "run", "--job", "--name", "backup", "--file", path, "--", "/nowhere/at/all")
    assert result.returncode == 127 and entry()["status"] == "failed" and entry()["job"]["exit_code"] == 127


def test_run_takes_other_exit_codes_for_a_success_where_it_is_told_to(place):
    path, entry = place
    assert run(TOOL, "run", "--job", "--name", "backup", "--success-codes", "0,24", "--file", path, "--", "sh", "-c", "exit 24").returncode == 24
    job = entry()["job"]
    assert (entry()["status"], job["exit_code"], job["failures"]) == ("succeeded", 24, 0) and job["last_success"] == job["ended"]


def test_a_run_tells_its_pid_beats_no_more_and_hands_signals_on(place):
    path, entry = place
    script = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('ready', flush=True); signal.pause()"
    p = subprocess.Popen([TOOL, "run", "--job", "--name", "backup", "--file", path, "--", sys.executable, "-c", script], env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
    assert p.stdout.readline() == "ready\n"
    eventually(lambda: path.exists() and (path.is_file() or any(path.glob("*.json"))), "the start is told")
    running = entry()
    assert running["status"] == "running" and os.path.exists(f"/proc/{running['pid']}") and running["pid"] != p.pid
    p.send_signal(signal.SIGTERM)
    assert p.wait(timeout=60) == 7
    p.stdout.close()
    assert (entry()["status"], entry()["job"]["exit_code"]) == ("failed", 7), "somebody ended it, and its work is not done"


@pytest.mark.parametrize("flag", ["--interval=5s", "--timeout=5s", "--probe=tcp://127.0.0.1:1", "--restart=always", "--on-stale=restart", "--start-timeout=5s"])
def test_run_refuses_what_has_no_meaning_for_a_job(flag):
    result = run(TOOL, "run", "--job", flag, "--", "true")
    assert result.returncode == 2 and f"--job with {flag.split('=')[0]}" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["begin", "a"], 'unknown action "begin": expected one of start, success, fail, next'),
        (["sucess", "a"], "did you mean success?"),
        (["start", "a", "--exit-code", "1"], "--exit-code with start"),
        (["fail", "a", "--pid", "1"], "--pid with fail"),
        (["fail", "a", "--exit-code", "x"], "--exit-code"),
        (["fail", "a", "--data", "x=1,000"], "--data"),
        (["start", ""], "the job's name"),
        (["start"], "start|success|fail|next"),
        (["next", "0 25 * * *"], '"0 25 * * *": hour 25: expected 0 to 23 (character 3)'),
        (["next", "@daily", "--time-zone", "Europe/Atlantis"], "--time-zone"),
    ],
)
def test_mistakes_are_told(arguments, words):
    result = run(TOOL, "job", *arguments)
    assert result.returncode == 2 and words in result.stderr, result.stderr


def test_a_job_is_pushed(exporter, beats):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated")
    url = f"http://127.0.0.1:{e.port}"
    for arguments in (["job", "start", "backup"], ["job", "fail", "backup", "--exit-code", "3", "--data", "error=full"]):
        assert run(TOOL, *arguments, "--url", url).returncode == 0
    entry = json.loads(beats.read_text())["processes"]["backup"]
    assert (entry["status"], entry["job"]["exit_code"], entry["additional_data"]) == ("failed", 3, {"error": "full"})
    assert run(TOOL, "run", "--job", "--name", "other", "--success-codes", "4", "--url", url, "--", "sh", "-c", "exit 4").returncode == 4
    other = json.loads(beats.read_text())["processes"]["other"]
    assert other["status"] == "succeeded" and other["job"]["runs"] == 1 and other["job"]["duration_seconds"] >= 0


def answers(zone, after, texts):
    """What the tool says of schedules: for each the next three Unix times."""
    asked = run(TOOL, "job", "next", "-", "--time-zone", zone, "--after", str(after), "--count", "3", input="\n".join(texts) + "\n")
    assert asked.returncode == 0, asked.stderr
    return [[int(datetime.fromisoformat(t).timestamp()) for t in line.split()] for line in asked.stdout.splitlines()]


@pytest.mark.long
@pytest.mark.parametrize("count", [2_000, pytest.param(10_000, marks=pytest.mark.costly)])
def test_schedules_are_due_when_croniter_has_them_due(count):
    asked = defaultdict(list)
    seed = int(os.environ.get("HEARTBEAT_SEED", time.time()))
    print("HEARTBEAT_SEED =", seed)
    changes = {zone: [t for t, _ in schedules.changes(zone)] for zone in schedules.ZONES}
    for zone, after, text in schedules.cases(seed, count=count):
        # Not each time by itself: a start of the tool costs more than an answer. Near a change of the clocks each hour counts.
        step = 40_000 if any(abs(after - t) < 200_000 for t in changes[zone]) else 4_000_000
        asked[zone, after // step * step].append(text)
    compared = 0
    for (zone, after), texts in asked.items():
        for text, found in zip(texts, answers(zone, after, texts), strict=True):
            assert found == schedules.due(text, zone, after, 3), f"{text} in {zone} after {after}"
            compared += 1
    assert compared == count


@pytest.mark.parametrize("zone", schedules.ZONES)
def test_where_clocks_are_set_forward_it_is_as_croniter_itself_has_it(zone):
    z = ZoneInfo(zone)
    for change in [t for t, step in schedules.changes(zone) if step > 0]:
        hour = datetime.fromtimestamp(change - 60, z).hour + 1
        texts = [f"{minute} {h} * * *" for minute in (0, 15, 29, 30, 59) for h in ("*", f"{hour},{hour + 1}", str(hour), str(hour - 1))]
        for text, found in zip(texts, answers(zone, change - 7200, texts), strict=True):
            it = croniter(text, datetime.fromtimestamp(change - 7200, z))
            assert found == [int(it.get_next(datetime).timestamp()) for _ in range(3)], f"{text} in {zone} at {change}"


def test_data_as_json(place):
    path, entry = place
    tell(path, "success", "backup", "--json", '{"files": 12, "disk": {"free": 0.5}}', "--data", "files=13")
    assert entry()["additional_data"] == {"files": 13, "disk": {"free": 0.5}}
    result = subprocess.run([TOOL, "job", "fail", "backup", "--json", "-", "--file", path], input='{"error": "full"}', text=True, check=True)
    assert result.returncode == 0 and entry()["additional_data"] == {"files": 13, "disk": {"free": 0.5}, "error": "full"}
    for wrong in ("[1]", "{", ""):
        assert run(TOOL, "job", "success", "backup", "--json", wrong, "--file", path).returncode == 2


def test_the_table_says_when_it_is_due(place, tmp_path):
    path, _ = place
    settings = tmp_path / "heartbeat.yml"
    settings.write_text("processes:\n  backup:\n    every: 3h\n")
    tell(path, "success", "backup")
    seen = run(TOOL, "status", "backup", "--file", path, "--config.file", settings)
    assert seen.returncode == 0 and re.search(r"its last run succeeded, next due in (2h 59m|3h 00m)", seen.stdout), seen.stdout
    due = json.loads(run(TOOL, "status", "backup", "--json", "--file", path, "--config.file", settings).stdout)["next_due"]
    assert due == pytest.approx(time.time() + 3 * 3600, abs=60)
    page = run(TOOL, "monitor", "--once", "--file", path, "--config.file", settings)
    assert "next due in" in page.stdout
