"""Jobs: what the file, the configuration and pushes say of runs, in the metrics and in the API."""

import json
import subprocess
import time

import pytest

from support import eventually, run
from support import TOOL

PATH = "/api/v1/heartbeats"
OPEN = ("--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=0")


def curl(e, path, *arguments):
    url = f"http://127.0.0.1:{e.port}{PATH}/{path}"
    result = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "-X", "POST", *arguments, url], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    body, _, status = result.stdout.rpartition("\n")
    return int(status), body


def job_of(e, name):
    return json.loads(e.get(f"{PATH}/{name}").text)


def series(e, name):
    return {n.removeprefix("heartbeat_job_"): v for (n, labels), v in e.metrics().items() if n.startswith("heartbeat_job_") and dict(labels) == {"process": name}}


def test_a_job_of_the_file_has_its_metrics_and_no_age_limit(exporter, beats, tmp_path):
    now = time.time()
    job = {"started": now - 663.2, "ended": now - 600, "exit_code": 0, "duration_seconds": 63.2, "last_success": now - 600, "runs": 12, "failures": 1}
    beats.write_text(json.dumps({"processes": {"backup": {"last_heartbeat": now - 600, "status": "succeeded", "job": job}, "web": {"last_heartbeat": now}}}))
    configuration = tmp_path / "heartbeat.yml"
    configuration.write_text("processes: {backup: {every: 1h, grace: 10m}, import: {schedule: '30 3 * * *', time_zone: utc}}")
    e = exporter(f"--config.file={configuration}")
    found = series(e, "backup")
    assert found.pop("next_due_timestamp_seconds") == pytest.approx(now + 3000, abs=0.01)
    assert found == {
        "last_success_timestamp_seconds": pytest.approx(now - 600, abs=0.01), "last_start_timestamp_seconds": pytest.approx(now - 663.2, abs=0.01),
        "last_end_timestamp_seconds": pytest.approx(now - 600, abs=0.01), "last_duration_seconds": 63.2, "last_exit_code": 0, "runs_total": 12, "failures_total": 1,
    }  # fmt: skip
    assert [n for n in series(e, "import")] == ["next_due_timestamp_seconds"], "of a job that never ran it is known when it is due"
    assert not series(e, "web")
    for name in ("heartbeat_alive", "heartbeat_timeout_seconds"):
        assert set(e.metrics().of(name)) == {"web"}, "a job does not beat"
    told = job_of(e, "backup")
    assert (told["state"], told["reason"], told["timeout_seconds"]) == ("alive", "job_succeeded", None)
    assert told["job"] | {"next_due": 0, "late_at": 0} == job | {"running": False, "next_due": 0, "late_at": 0}
    assert told["job"]["late_at"] - told["job"]["next_due"] == pytest.approx(600)
    assert (job_of(e, "import")["state"], job_of(e, "web")["job"]) == ("never", None)


@pytest.mark.parametrize("bad", ['"x"', "[1]", "{}", '{"started": "soon"}', '{"ended": 1, "duration_seconds": -5}', '{"started": 1e308}', '{"ended": 1, "runs": 1e999}'])
def test_a_job_that_cannot_be_is_named_and_the_rest_is_served(exporter, beats, bad):
    beats.write_text(f'{{"processes": {{"a": {{"last_heartbeat": {time.time()}, "job": {bad}}}}}}}')
    e = exporter()
    assert e.metrics()["heartbeat_entries_skipped_total", (("reason", "bad_job"),)] == 1
    assert [p["reason"] for p in json.loads(e.get(PATH).text)["problems"]] == ["bad_job"]
    assert set(e.metrics().of("heartbeat_age_seconds")) == {"a"}


def test_a_curl_at_the_end_of_a_crontab_line(exporter, beats):
    e = exporter(*OPEN)
    # With the type that `curl -d ''` gives a body that is not there, too.
    for arguments in ([], ["-d", ""], ["--data-raw", ""]):
        assert curl(e, "backup/start", *arguments) == (204, "")
        assert job_of(e, "backup")["reason"] == "job_running"
        assert curl(e, "backup/success", *arguments) == (204, "")
    assert curl(e, "backup/success?exit_code=0")[0] == 204
    assert job_of(e, "backup")["reason"] == "job_succeeded"
    success = job_of(e, "backup")["job"]["last_success"]
    assert curl(e, "backup/start")[0] == 204
    assert curl(e, "backup/success?exit_code=3")[0] == 204, "the exit code decides"
    told = job_of(e, "backup")
    assert (told["state"], told["reason"], told["status"]) == ("dead", "job_failed", "failed")
    assert (told["job"]["exit_code"], told["job"]["runs"], told["job"]["failures"], told["job"]["last_success"]) == (3, 5, 1, success)
    assert told["job"]["duration_seconds"] >= 0
    assert curl(e, "backup/fail")[0] == 204 and job_of(e, "backup")["job"]["exit_code"] == 1
    assert curl(e, "backup/fail?exit_code=0")[0] == 204 and job_of(e, "backup")["reason"] == "job_succeeded"
    assert json.loads(beats.read_text())["processes"]["backup"]["job"]["last_success"] > success


def test_a_push_about_a_job_has_a_name_of_its_own_and_a_body_of_its_own(exporter):
    e = exporter(*OPEN)
    assert curl(e, "a%2Fb%20%C3%A4/success", "-H", "Content-Type: application/json", "-d", '{"additional_data": {"files": 12}}')[0] == 204
    assert job_of(e, "a%2Fb%20%C3%A4")["data"] == {"files": 12}
    assert curl(e, "a%2Fb%20%C3%A4/fail")[0] == 204
    assert job_of(e, "a%2Fb%20%C3%A4")["data"] == {"files": 12}, "a failure leaves what the last success reported"
    # Names that end in these words, and are no events.
    assert curl(e, "x%2Fstart")[0] == 204 and job_of(e, "x%2Fstart")["job"] is None


@pytest.mark.parametrize(
    ("path", "arguments", "status", "words"),
    [
        ("a/begin", [], 404, "/start, /success or /fail"),
        ("a/start/b", [], 404, "%2F"),
        ("/start", [], 404, "the name of a process"),
        ("a/start?exit_code=1", [], 422, "expected nothing behind the path"),
        ("a/fail?exit_code=x", [], 422, "expected an integer such as 3"),
        ("a/fail?exit_code=99999999999999999999", [], 422, "expected an integer such as 3"),
        ("a/fail?exit_code=1&exit_code=2", [], 422, "once"),
        ("a/fail?code=1", [], 422, "expected exit_code"),
        ("a/fail", ["-d", "log"], 415, "application/json"),
        ("a/fail", ["-H", "Content-Type: application/json", "-d", '{"status": "x"}'], 422, "no such key"),
        ("a/fail", ["-H", "Content-Type: application/json", "-d", "[]"], 422, "expected an object"),
        ("a/start", ["-X", "PUT"], 405, "use POST"),
        ("a/start", ["-X", "GET"], 405, "use POST"),
        ("a/start", ["-X", "DELETE"], 405, "use POST"),
        ("heartbeat-exporter/start", [], 422, "the exporter's own"),
    ],
)
def test_what_is_no_event_is_refused(exporter, path, arguments, status, words):
    found, body = curl(exporter(*OPEN), path, *arguments)
    assert found == status and words in body, body


def test_pushes_are_refused_where_pushing_is_off(exporter):
    assert curl(exporter(), "a/start")[0] == 403


def test_start_and_end_in_one_batch_of_the_writer_are_both_told(exporter, beats):
    e = exporter(*OPEN)
    urls = [f"http://127.0.0.1:{e.port}{PATH}/quick/{word}" for _ in range(20) for word in ("start", "success")]
    subprocess.run(["curl", "-sS", "-X", "POST", *urls], check=True, timeout=60)
    job = json.loads(beats.read_text())["processes"]["quick"]["job"]
    assert (job["runs"], job["failures"]) == (20, 0) and job["started"] <= job["ended"] == job["last_success"]


def test_an_entry_of_a_job_outlives_the_clean_up_of_all_writers(exporter, beats):
    old = time.time() - 10 * 86400
    processes = {"weekly": {"last_heartbeat": old, "status": "succeeded", "job": {"ended": old, "exit_code": 0}}, "gone": {"last_heartbeat": old}}
    beats.write_text(json.dumps({"last_updated": old, "processes": processes}))
    assert run(TOOL, "send", "other", "--file", beats).returncode == 0
    assert set(json.loads(beats.read_text())["processes"]) == {"weekly", "other"}
    e = exporter(*OPEN, "--heartbeat.retention=1d")
    assert curl(e, "third")[0] == 204
    eventually(lambda: {h["name"] for h in json.loads(e.get(PATH).text)["heartbeats"]} == {"weekly", "other", "third"}, "all are shown")
