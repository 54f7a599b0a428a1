"""The JSON API: by hand, and by schemathesis from its description."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from support import LIMIT, ROOT, entry, eventually, write_beats


def test_the_list_and_one_process(exporter, beats, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("processes:\n  nightly:\n    display_name: Nightly backup\n    timeout: 36h\n")
    written = time.time()
    write_beats(
        beats,
        {
            "bidder": entry(age=3, pid=os.getpid(), offset=140, memory_usage={"heapTotal": 1.5}, debug=True, note="hi"),
            "a/ö": entry(age=4000, host="web-2", pid=1) | {"additional_data": {"x": [1, None]}},
            "gone": entry(age=1, pid=4194303),
        },
    )
    # No beat but the oldest grows too old while the test runs, however slow the machine is.
    e = exporter(f"--config.file={config}", "--heartbeat.timeout=1h")
    answer = e.get("/api/v1/heartbeats")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    status = json.loads(answer.body)
    assert status["summary"] == {"alive": 1, "hung": 0, "dead": 2, "stopped": 0, "never": 1}
    assert status["file"] == {"up": True}
    by_name = {h["name"]: h for h in status["heartbeats"]}
    assert list(by_name) == ["bidder", "a/ö", "gone", "nightly"]
    bidder = by_name["bidder"]
    assert (bidder["state"], bidder["up"], bidder["pid"], bidder["timeout_seconds"]) == ("alive", True, os.getpid(), 3600)
    assert 3 <= bidder["age_seconds"] <= time.time() - (written - 3)
    assert bidder["data"] == {"offset": 140, "memory_usage": {"heapTotal": 1.5}, "debug": True, "note": "hi"}
    assert bidder["process"]["resident_memory_bytes"] > 1e6 and bidder["process"]["threads"] >= 1
    assert by_name["a/ö"]["state"] == "dead" and by_name["a/ö"]["up"] is None and by_name["a/ö"]["host"] == "web-2"
    assert (by_name["gone"]["state"], by_name["gone"]["up"], by_name["gone"]["process"]) == ("dead", False, None)
    assert (by_name["nightly"]["state"], by_name["nightly"]["display_name"]) == ("never", "Nightly backup")

    one = e.get("/api/v1/heartbeats/a%2F%C3%B6")
    assert one.status == 200 and json.loads(one.body)["data"] == {"x": [1, None]}
    missing = e.get("/api/v1/heartbeats/nobody")
    assert missing.status == 404 and json.loads(missing.body)["error"]["status"] == 404
    assert json.loads(e.get("/api/v2").body)["error"]["status"] == 404
    host = json.loads(e.get("/api/v1/host").body)
    assert host["memory_total_bytes"] > host["memory_available_bytes"] > 0 and host["cpus"] >= 1


def test_an_etag_stays_while_only_the_time_goes_on(exporter, beats):
    write_beats(beats, {"bidder": entry(age=3, n=1)})
    e = exporter("--heartbeat.timeout=1h")
    first = e.get("/api/v1/heartbeats/bidder")
    tag = first.headers["etag"]
    again = e.get("/api/v1/heartbeats/bidder", headers={"If-None-Match": f'"other", {tag}'})
    assert again.status == 304 and again.raw == b"" and again.headers["etag"] == tag
    assert e.get("/api/v1/heartbeats", headers={"If-None-Match": tag}).status == 200, "another document"
    write_beats(beats, {"bidder": entry(age=3, n=2)})
    changed = e.get("/api/v1/heartbeats/bidder", headers={"If-None-Match": tag})
    assert changed.status == 200 and changed.headers["etag"] != tag
    assert e.get("/api/v1/heartbeats", headers={"If-None-Match": "*"}).status == 304


def test_a_process_that_falls_silent_is_another_document(exporter, beats, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("processes:\n  far:\n    timeout: 5s\n")
    e = exporter(f"--config.file={config}")
    paths = ("/api/v1/heartbeats", "/api/v1/heartbeats/far")

    def seen_alive():
        # Of another host: nothing but its silence changes.
        write_beats(beats, {"far": entry(age=0, pid=1, host="web-2")})
        answers = {path: e.get(path) for path in paths}
        states = [json.loads(answers[paths[0]].body)["heartbeats"][0]["state"], json.loads(answers[paths[1]].body)["state"]]
        return answers if states == ["alive", "alive"] else None

    first = eventually(seen_alive, "it is seen alive")
    eventually(lambda: json.loads(e.get(paths[1]).body)["state"] == "dead", "it counts as dead")
    for path in paths:
        tag = first[path].headers["etag"]
        again = e.get(path, headers={"If-None-Match": tag})
        assert again.status == 200 and again.headers["etag"] != tag, path


def test_it_is_compressed_and_has_no_body_for_head(exporter, beats):
    write_beats(beats, {f"worker-{n}": entry(n=n) for n in range(100)})
    e = exporter()
    answer = e.get("/api/v1/heartbeats", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and len(json.loads(answer.body)["heartbeats"]) == 100
    head = e.get("/api/v1/heartbeats", method="HEAD")
    assert head.status == 200 and head.raw == b"" and int(head.headers["content-length"]) > 1000


def test_what_cannot_be_json_is_null_and_the_rest_stays(exporter, beats):
    beats.write_text('{"processes": {"p": {"last_heartbeat": 1e9, "a": NaN, "b": 1e400, "c": "\\ud800", "d": 123456789012345678901}}}')
    data = json.loads(exporter().get("/api/v1/heartbeats/p").body)["data"]
    assert data["a"] is None and data["d"] == 123456789012345678901.0


def test_a_file_that_is_gone_is_said(exporter, beats):
    write_beats(beats, {"bidder": entry()})
    e = exporter()
    assert json.loads(e.get("/api/v1/heartbeats").body)["file"] == {"up": True}
    beats.unlink()
    status = json.loads(e.get("/api/v1/heartbeats").body)
    assert status["file"]["up"] is False and status["file"]["problem"]["reason"] == "missing"
    assert [h["name"] for h in status["heartbeats"]] == ["bidder"]


@pytest.mark.parametrize("seed", [pytest.param(1, marks=pytest.mark.hard), pytest.param(2, marks=pytest.mark.costly)])
@pytest.mark.long
def test_schemathesis_finds_nothing_that_the_description_does_not_say(exporter, beats, tmp_path, seed):
    write_beats(beats, {"bidder": entry(pid=os.getpid(), offset=140), "0": entry()})
    e = exporter("--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=0")
    # What is right of a time depends on the time, which the description can only say in words.
    description = tmp_path / "openapi.yaml"
    text = (ROOT / "docs/openapi.yaml").read_text()
    assert "timestamp: { type: [number, 'null']" in text
    present = f"timestamp: {{ enum: [{int(time.time())}, null]"
    description.write_text(text.replace("timestamp: { type: [number, 'null']", present))
    program = Path(os.sys.executable).with_name("schemathesis")
    result = subprocess.run(
        [program, "--config-file", ROOT / "Tests/EndToEnd/exporter/schemathesis.toml", "run", description,
         "--url", f"http://127.0.0.1:{e.port}", "--checks", "all", "--phases", "examples,coverage,fuzzing",
         "--max-examples", "60", "--seed", str(seed), "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    assert "12 passed" in result.stdout
