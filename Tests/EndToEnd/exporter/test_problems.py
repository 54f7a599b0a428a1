"""What is left out of the heartbeat file is named: in the log, the API, on the page and by `heartbeat status`, not only counted."""

import json
import subprocess
import time

from support import TOOL, eventually, run


def problems_of(server):
    return json.loads(server.get("/api/v1/heartbeats").body)["problems"]


def test_what_is_left_out_is_named_everywhere(exporter, tmp_path):
    file = tmp_path / "heartbeat_status.json"
    good = {"last_heartbeat": time.time()}
    file.write_text(json.dumps({"processes": {"good": good, "bad\x1b[31m": {"pid": 7}, "odd": good | {"pid": "none"}}}))
    server = exporter()

    problems = problems_of(server)
    assert [(p["process"], p["reason"]) for p in problems] == [("bad\x1b[31m", "missing_last_heartbeat"), ("odd", "bad_pid")]
    text = file.read_text()
    assert [text[p["byte"]:].split(":")[0].split("}")[0] for p in problems] == ['"bad\\u001b[31m"', '"none"']
    assert server.get("/metrics").status == 200
    eventually(lambda: server.stderr.count("left out") == 2, "the log names both")
    assert "reason=missing_last_heartbeat" in server.stderr and "reason=bad_pid" in server.stderr

    for arguments in (["--file", file], ["--url", f"http://127.0.0.1:{server.port}"]):
        all_of_them = run(TOOL, "status", *arguments)
        assert all_of_them.returncode == 2, "how a program does whose entry cannot be read is unknown"
        assert "is left out: it has no last_heartbeat" in all_of_them.stderr and "\x1b" not in all_of_them.stderr
        assert 'a part of "odd" is left out' in all_of_them.stderr and "good" in all_of_them.stdout
        bad = run(TOOL, "status", "bad\x1b[31m", *arguments)
        assert bad.returncode == 2 and "is left out" in bad.stderr and "odd" not in bad.stderr
        good_one = run(TOOL, "status", "good", *arguments)
        assert good_one.returncode == 0 and good_one.stderr == ""

    file.write_text(json.dumps({"processes": {"good": good}}))
    assert problems_of(server) == []
    assert run(TOOL, "status", "--file", file).returncode == 0


def test_what_is_left_out_is_named_again_when_it_turns_bad_again_and_of_each_file(exporter, tmp_path):
    files = [tmp_path / "heartbeat_status.json", tmp_path / "second.json"]

    def write(file, last):
        file.write_text(json.dumps({"processes": {"bidder": {"last_heartbeat": last}}}))

    for file in files:
        write(file, "soon")
    server = exporter(f"--heartbeat.file={files[1]}")
    line = 'msg="a heartbeat is left out" process=bidder reason=bad_last_heartbeat'

    def named():
        server.metrics()
        return [sum(line in text and f"file={file}" in text for text in server.stderr.splitlines()) for file in files]

    eventually(lambda: named() == [1, 1], "the log names the entry of each file")
    write(files[0], time.time())
    eventually(lambda: len(problems_of(server)) == 1, "the first is good")
    write(files[0], "later")
    eventually(lambda: named() == [2, 1], "the log names it once more")
    assert named() == [2, 1]


def test_a_change_of_state_stands_in_the_log_once(exporter, tmp_path):
    sleeper = subprocess.Popen(["sleep", "3600"])
    try:
        beat = {"last_heartbeat": time.time(), "pid": sleeper.pid}
        (tmp_path / "heartbeat_status.json").write_text(json.dumps({"processes": {"bidder": beat}}))
        server = exporter()
        assert 'state="alive"' in server.get("/metrics").body.decode()
        assert "changed its state" not in server.stderr, "what is there at the beginning is no change"
    finally:
        sleeper.kill()
        sleeper.wait()
    for _ in range(3):
        assert 'state="dead",reason="pid_gone"' in server.get("/metrics").body.decode()
    line = 'msg="a process has changed its state" process=bidder state=dead reason=pid_gone before=alive'
    eventually(lambda: line in server.stderr, "the log tells")
    server.stop()
    assert server.stderr.count("changed its state") == 1
