"""The Python and the Node client, each by itself."""

import json
import os
import sys
import threading
import time

import pytest

from support import ROOT, TOOL, run

sys.path.insert(0, str(ROOT / "clients" / "python"))
import heartbeat_manager  # noqa: E402
from heartbeat_manager import HeartbeatError, HeartbeatManager, HeartbeatSender  # noqa: E402


def test_python_beats_and_reads(beats):
    manager = HeartbeatManager(beats)
    assert manager.get_heartbeat_status("bidder") is None
    manager.send_heartbeat("bidder", {"offset": 140, "ratio": float("nan")}, status="scanning")
    entry = manager.get_heartbeat_status("bidder")
    assert list(entry) == ["last_heartbeat", "last_heartbeat_formatted", "pid", "status", "additional_data"]
    assert entry["additional_data"] == {"offset": 140, "ratio": None}
    assert (entry["pid"], entry["status"]) == (os.getpid(), "scanning")
    assert time.strptime(entry["last_heartbeat_formatted"], "%Y-%m-%d %H:%M:%S")
    assert manager.is_process_alive("bidder") and not manager.is_process_alive("bidder", timeout=0)
    manager.send_heartbeat("bidder")
    assert manager.get_heartbeat_status("bidder")["additional_data"] == {"offset": 140, "ratio": None}


def test_python_functions_use_the_default_file(tmp_path, monkeypatch):
    monkeypatch.delenv("HEARTBEAT_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    heartbeat_manager.send_heartbeat("a", {"x": 1})
    assert json.loads((tmp_path / "heartbeat_status.json").read_text())["processes"]["a"]["additional_data"] == {"x": 1}
    monkeypatch.setenv("HEARTBEAT_FILE", str(tmp_path / "other"))
    assert heartbeat_manager.get_heartbeat_status("a") is None
    assert not heartbeat_manager.is_process_alive("a")


def test_python_keeps_what_it_does_not_know(beats):
    old = {"last_heartbeat": time.time(), "port": "5002", "offset": 3, "z": [1, {"é": "\ud800"}]}
    beats.write_text(json.dumps({"v": 1, "last_updated": 1, "processes": {"b": old, "a": old, "bad": 7}, "w": None}))
    HeartbeatManager(beats).send_heartbeat("a", {"offset": 4})
    content = json.loads(beats.read_text())
    assert list(content) == ["v", "last_updated", "processes", "w"]
    assert list(content["processes"]) == ["b", "a", "bad"]
    assert content["processes"]["b"] == old and content["processes"]["bad"] == 7
    a = content["processes"]["a"]
    assert (a["port"], a["z"], a["additional_data"], "offset" in a) == ("5002", old["z"], {"offset": 4}, False)


def test_python_moves_a_corrupt_file_aside(beats):
    beats.write_text('{"processes": {"a"')
    warnings = []
    HeartbeatManager(beats, warn=warnings.append).send_heartbeat("b")
    aside = [p for p in beats.parent.iterdir() if ".corrupt-" in p.name]
    assert [p.read_text() for p in aside] == ['{"processes": {"a"']
    assert len(warnings) == 1 and str(aside[0]) in warnings[0]
    assert list(json.loads(beats.read_text())["processes"]) == ["b"]


def test_python_retention_and_prune(beats):
    now = time.time()
    ages = {"old": 90_000, "young": 80_000}
    beats.write_text(json.dumps({"processes": {n: {"last_heartbeat": now - age} for n, age in ages.items()}}))
    manager = HeartbeatManager(beats)
    assert manager.prune(dry_run=True) == ["old"]
    HeartbeatManager(beats, retention=0).send_heartbeat("a")
    assert list(manager.all_heartbeats()) == ["old", "young", "a"]
    manager.send_heartbeat("a")
    assert list(manager.all_heartbeats()) == ["young", "a"]
    assert manager.prune(older_than=3600) == ["young"]


def test_python_follows_a_link_and_keeps_the_mode(tmp_path):
    (tmp_path / "data").mkdir()
    link = tmp_path / "link"
    link.symlink_to("data/file")
    HeartbeatManager(link).send_heartbeat("a")
    (tmp_path / "data" / "file").chmod(0o640)
    HeartbeatManager(link).send_heartbeat("b")
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path / "data")) == ["file", "file.lock"]
    assert (tmp_path / "data" / "file").stat().st_mode & 0o777 == 0o640


def test_python_errors_are_of_one_type_and_say_what_to_do(tmp_path):
    with pytest.raises(HeartbeatError, match="make the folder") as caught:
        HeartbeatManager(tmp_path / "none" / "file").send_heartbeat("a")
    assert caught.value.cause == "lock"
    for bad in ({"x": object()}, [1], "text"):
        with pytest.raises(HeartbeatError, match="cannot beat"):
            HeartbeatManager(tmp_path / "file").send_heartbeat("a", bad)
    with pytest.raises(HeartbeatError, match="regular file"):
        HeartbeatManager(tmp_path).send_heartbeat("a")


def test_python_makes_no_file_that_is_too_large_to_be_read(beats):
    manager = HeartbeatManager(beats, maximum_size=1000)
    for _ in range(2):  # a new file, and one that is there
        with pytest.raises(HeartbeatError, match="more than 1000 bytes") as caught:
            manager.send_heartbeat("a", {"text": "x" * 1000})
        assert caught.value.cause == "too_large" and "a" not in manager.all_heartbeats()
        manager.send_heartbeat("b")
    assert list(manager.all_heartbeats()) == ["b"]


def test_python_sender_beats_until_it_is_left(beats):
    count, enough = [], threading.Event()

    def data():
        count.append(1)
        if len(count) == 3:
            enough.set()
            raise ValueError("no data this time")
        return {"n": len(count)}

    errors = []
    with HeartbeatSender("s", interval=0.01, data=data, manager=HeartbeatManager(beats), on_error=errors.append):
        assert enough.wait(20)
    beaten = len(count)
    time.sleep(0.05)
    assert len(count) == beaten
    assert [type(e) for e in errors] == [ValueError]


def test_the_python_client_can_be_installed(tmp_path):
    source = ROOT / "clients" / "python"
    copy = tmp_path / "source"  # building leaves folders beside the source
    copy.mkdir()
    for name in ("heartbeat_manager.py", "pyproject.toml", "README.md"):
        (copy / name).write_bytes((source / name).read_bytes())
    # With the setuptools of requirements.txt: nothing is downloaded.
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-build-isolation"]
    result = run(*pip, "--target", tmp_path / "site", copy)
    assert result.returncode == 0, result.stderr
    code = "import heartbeat_manager as h; h.send_heartbeat('installed'); print(h.is_process_alive('installed'))"
    result = run(sys.executable, "-c", code, env={"PYTHONPATH": str(tmp_path / "site")}, cwd=tmp_path)
    assert result.stdout == "True\n", result.stderr


def node(code, cwd, **env):
    result = run("node", "-e", "const h = require(process.argv[1]); (async () => {" + code + "})().catch((e) => { "
                 "console.log(`${e.name} ${e.code}: ${e.message}`); });", ROOT / "clients" / "node", cwd=cwd,
                 env={"HEARTBEAT_TOOL": str(TOOL)} | env)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_node_beats_and_reads(tmp_path):
    printed = node(
        """
        console.log(await h.getHeartbeatStatus('web'), await h.isProcessAlive('web'));
        await h.sendHeartbeat('web', { requests: 3, memory: { rss: 1.5 }, on: true, none: null }, { status: 'busy' });
        console.log((await h.getHeartbeatStatus('web')).pid === process.pid, await h.isProcessAlive('web'));
        """,
        tmp_path,
    )
    assert printed.split("\n") == ["null false", "true true"]
    entry = json.loads((tmp_path / "heartbeat_status.json").read_text())["processes"]["web"]
    assert entry["status"] == "busy"
    assert entry["additional_data"] == {"requests": 3, "memory": {"rss": 1.5}, "on": True, "none": None}


def test_node_background_beats_end_when_stopped(tmp_path):
    printed = node(
        """
        let n = 0;
        const stop = h.startHeartbeat('web', { interval: 0.01, data: () => ({ n: ++n }) });
        while (n < 3) await new Promise((r) => setTimeout(r, 5));
        await stop();
        const beaten = n;
        await new Promise((r) => setTimeout(r, 50));
        console.log(n === beaten, (await h.getHeartbeatStatus('web')).additional_data.n === n);
        """,
        tmp_path,
    )
    assert printed == "true true"


def test_node_errors_say_what_to_do(tmp_path):
    assert "HEARTBEAT_TOOL" in node("await h.sendHeartbeat('a');", tmp_path, HEARTBEAT_TOOL="/nowhere/heartbeat")
    assert "HeartbeatError invalid" in node("await h.sendHeartbeat('');", tmp_path)
    missing = node("await new h.HeartbeatManager('none/file').sendHeartbeat('a');", tmp_path)
    assert "HeartbeatError write" in missing and "make the folder" in missing
    (tmp_path / "bad").write_text("{")
    assert "HeartbeatError corrupt" in node("await new h.HeartbeatManager('bad').getHeartbeatStatus('a');", tmp_path)
