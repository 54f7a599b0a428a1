"""The Python client by itself, into the one file."""

import json
import os
import sys
import threading
import time

import pytest

from support import ROOT, entry, write_beats
from support.clients import PYTHON, python

sys.path.insert(0, str(PYTHON))
import heartbeat_manager  # noqa: E402
from heartbeat_manager import Heartbeat, HeartbeatError, HeartbeatManager, HeartbeatSender  # noqa: E402


def entries(file):
    return json.loads(file.read_text())["processes"]


def test_it_beats_and_reads(beats):
    manager = HeartbeatManager(beats, raises=True)
    assert manager.get_heartbeat_status("bidder") is None
    manager.send_heartbeat("bidder", {"offset": 140}, status="scanning", interval=60)
    entry = entries(beats)["bidder"]
    assert list(entry) == ["last_heartbeat", "last_heartbeat_formatted", "pid", "status", "interval", "additional_data"]
    assert (entry["pid"], entry["status"], entry["interval"]) == (os.getpid(), "scanning", 60)
    assert entry["additional_data"] == {"offset": 140}
    assert time.strptime(entry["last_heartbeat_formatted"], "%Y-%m-%d %H:%M:%S")
    assert manager.is_process_alive("bidder") and not manager.is_process_alive("bidder", timeout_seconds=0)
    manager.send_heartbeat("bidder")
    assert entries(beats)["bidder"]["additional_data"] == {"offset": 140} and "interval" not in entries(beats)["bidder"]


def test_the_functions_use_the_default_place(tmp_path, monkeypatch):
    monkeypatch.delenv("HEARTBEAT_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    heartbeat_manager.send_heartbeat("a", {"x": 1})
    assert entries(tmp_path / "heartbeat_status.json")["a"]["additional_data"] == {"x": 1}
    monkeypatch.setenv("HEARTBEAT_FILE", str(tmp_path / "other"))
    assert heartbeat_manager.get_heartbeat_status("a") is None
    assert not heartbeat_manager.is_process_alive("a")


# What others may have written: the text stays as it is, to the last digit and space.
STRANGE = {
    "digits": '{"last_heartbeat": %(now)r, "modulus": ' + "7" * 5000 + "}",
    "floats": '{"last_heartbeat": %(now)r, "a": 1.10, "b": 1e999, "c": -0.0, "d": 1E-400}',
    "words": '{"last_heartbeat": %(now)r, "ratio": NaN, "top": -Infinity}',
    "spaces": '{ "last_heartbeat":%(now)r ,"z":[ 1,{"é":"\\ud800"} ] }',
    "twice": '{"last_heartbeat": 1, "last_heartbeat": %(now)r, "k": 1, "k": 2}',
    "number": "7",
    "latin": '{"last_heartbeat": %(now)r, "city": "Z\udcfcrich"}',
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_others_wrote_stays_byte_for_byte(kind, beats):
    raw = STRANGE[kind] % {"now": time.time()}
    text = '{"v": [1.0], "last_updated": 1, "processes": {"other": %s, "a": {"last_heartbeat": 5, "port": 1.10, "offset": 3}}, "w": 1e2}' % raw
    beats.write_bytes(text.encode("utf-8", "surrogateescape"))
    HeartbeatManager(beats, raises=True).send_heartbeat("a", {"offset": 4})
    written = beats.read_bytes().decode("utf-8", "surrogateescape")
    assert '"other": %s,\n' % raw in written
    assert '"v": [1.0],\n' in written and '"w": 1e2' in written and '"port": 1.10' in written
    assert written.count('"offset"') == 1 and '{"offset": 4}' in written
    assert written.index('"other"') < written.index('"a"') < written.index('"w"')
    assert [p.name for p in beats.parent.iterdir() if "corrupt" in p.name] == []


def test_of_a_name_that_stands_there_twice_one_is_left(beats):
    beats.write_text('{"last_updated": 1, "processes": {"a": {"n": 1}, "b": {"last_heartbeat": 9e9}, "a": {"n": 2}}}')
    HeartbeatManager(beats, raises=True).send_heartbeat("a")
    assert beats.read_text().count('"a"') == 1 and entries(beats)["a"]["n"] == 2 and list(entries(beats)) == ["b", "a"]


def test_retention_and_prune(beats):
    now = time.time()
    ages = {"old": 90_000, "young": 80_000}
    beats.write_text(json.dumps({"processes": {n: {"last_heartbeat": now - age} for n, age in ages.items()}}))
    manager = HeartbeatManager(beats, raises=True)
    before = beats.read_bytes(), sorted(os.listdir(beats.parent))
    assert manager.prune(dry_run=True) == ["old"]
    assert (beats.read_bytes(), sorted(os.listdir(beats.parent))) == before
    HeartbeatManager(beats, retention=0, raises=True).send_heartbeat("a")
    assert list(manager.all_heartbeats()) == ["old", "young", "a"]
    manager.send_heartbeat("a")
    assert list(manager.all_heartbeats()) == ["young", "a"]
    assert manager.prune(older_than=3600) == ["young"]


def test_a_prune_without_anything_to_remove_makes_no_lock(beats):
    manager = HeartbeatManager(beats, raises=True)
    write_beats(beats, {"young": entry()})
    before = beats.read_bytes(), beats.stat().st_ino
    assert manager.prune(60) == []
    manager.cleanup_old_processes()
    assert (beats.read_bytes(), beats.stat().st_ino) == before and os.listdir(beats.parent) == [beats.name]


def test_errors_are_of_one_type_and_say_what_to_do(tmp_path):
    with pytest.raises(HeartbeatError, match="make the folder") as caught:
        HeartbeatManager(tmp_path / "none" / "file", raises=True).send_heartbeat("a")
    assert caught.value.cause == "write"
    for bad in ("", None, 3, "x" * 1025):
        with pytest.raises(HeartbeatError, match="process name"):
            HeartbeatManager(tmp_path / "file", raises=True).send_heartbeat(bad)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(HeartbeatError, match="regular file"):
        HeartbeatManager(tmp_path / "pipe", raises=True).send_heartbeat("a")
    assert not (tmp_path / "file").exists()


def test_no_file_is_made_that_is_too_large_to_be_read(beats):
    manager = HeartbeatManager(beats, maximum_size=1000, raises=True)
    for _ in range(2):  # a new file, and one that is there
        with pytest.raises(HeartbeatError, match="more than 1000 bytes") as caught:
            manager.send_heartbeat("a", {"text": "x" * 1000})
        assert caught.value.cause == "too_large" and "a" not in manager.all_heartbeats()
        manager.send_heartbeat("b")
    assert list(manager.all_heartbeats()) == ["b"]


def test_a_file_that_is_nested_too_deeply_is_left_alone(beats):
    beats.write_text('{"last_updated": 1, "processes": {"a": %s}}' % ("[" * 100_000 + "]" * 100_000))
    before = beats.read_bytes()
    with pytest.raises(HeartbeatError, match="nested") as caught:
        HeartbeatManager(beats, raises=True).send_heartbeat("b")
    assert caught.value.cause == "too_deep" and beats.read_bytes() == before


def test_in_a_loop_one_beat_in_many_goes_out(beats):
    sent = []
    manager = HeartbeatManager(beats, raises=True)
    beat = Heartbeat("bidder", every=3600, interval=60, manager=manager)
    for n in range(1000):
        beat(lambda: sent.append(n) or {"n": n})
    assert sent == [0] and entries(beats)["bidder"]["additional_data"] == {"n": 0} and entries(beats)["bidder"]["interval"] == 60
    beat.stop()
    assert entries(beats)["bidder"]["status"] == "stopped"


def test_a_new_status_does_not_wait_for_its_turn(beats, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("heartbeat_manager._loop.time.monotonic", lambda: clock[0])
    beat = Heartbeat("bidder", every=3600, manager=HeartbeatManager(beats, raises=True))
    said = []
    for status in ("scanning", "waiting", "waiting", "scanning"):
        clock[0] += 2
        beat(status=status)
        said.append(entries(beats)["bidder"]["last_heartbeat"])
    assert said[0] < said[1] == said[2] < said[3]
    for number in range(2, 100):  # but not more than ten in a second, and that one was the first
        beat(status=f"change-{number}")
    assert entries(beats)["bidder"]["status"] == "change-10"
    clock[0] += 1
    beat(status="change-99")
    assert entries(beats)["bidder"]["status"] == "change-99"


def test_a_new_status_goes_out_at_once_behind_a_beat(beats):
    beat = Heartbeat("bidder", manager=HeartbeatManager(beats, raises=True))
    beat({"o": 1})
    beat(status="waiting")
    assert entries(beats)["bidder"]["status"] == "waiting"
    beat(status="waiting")
    beat()
    assert entries(beats)["bidder"]["status"] == "alive" and entries(beats)["bidder"]["additional_data"] == {"o": 1}


def test_the_pause_begins_with_the_end_of_a_beat(beats, monkeypatch):
    """Else one that takes as long to fail as the pause is long would be followed by the next one at once."""
    clock = [100.0]
    monkeypatch.setattr("heartbeat_manager._loop.time.monotonic", lambda: clock[0])
    sent = []

    def slow():
        sent.append(clock[0])
        clock[0] += 10

    beat = Heartbeat("bidder", every=10, manager=HeartbeatManager(beats, raises=True))
    for _ in range(4):
        beat(slow)
        clock[0] += 5
    assert sent == [100, 120]


def test_the_sender_beats_until_it_is_left(beats):
    count, enough = [], threading.Event()

    def data():
        count.append(1)
        if len(count) == 3:
            enough.set()
            raise ValueError("no data this time")
        return {"n": len(count)}

    errors = []
    manager = HeartbeatManager(beats)
    with HeartbeatSender("s", interval=0.01, data=data, manager=manager, on_error=errors.append):
        assert enough.wait(20)
    beaten = len(count)
    time.sleep(0.05)
    assert len(count) == beaten
    assert [type(e) for e in errors] == [ValueError] and entries(beats)["s"]["interval"] == 0.01
    sender = HeartbeatSender("s", manager=manager).start()
    sender.stop("stopped")
    assert entries(beats)["s"]["status"] == "stopped"


def test_a_sender_whose_work_hangs_says_so_and_falls_silent(beats):
    manager = HeartbeatManager(beats, raises=True)
    with HeartbeatSender("s", interval=0.01, manager=manager, max_silence=0.3) as sender:
        deadline = time.monotonic() + 60
        while not beats.exists() or entries(beats)["s"]["status"] != "stalled":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        stalled = entries(beats)["s"]
        time.sleep(0.2)
        assert entries(beats)["s"] == stalled and stalled["last_heartbeat"] < time.time() - 0.2
        sender.tick()
        while entries(beats)["s"]["status"] != "alive":
            assert time.monotonic() < deadline
            sender.tick()
            time.sleep(0.01)
        assert entries(beats)["s"]["last_heartbeat"] > stalled["last_heartbeat"]


def test_temporary_files_of_dead_writers_are_swept_at_a_start_and_not_at_each_beat(beats):
    leftover = beats.parent / (beats.name + ".tmp-0123456789abcdef")
    leftover.touch()
    manager = HeartbeatManager(beats, raises=True)
    manager.send_heartbeat("a")
    assert not leftover.exists()
    leftover.touch()
    manager.send_heartbeat("a")
    assert leftover.exists()


def test_the_examples_of_the_readme_run(tmp_path):
    text = (ROOT / "clients" / "python" / "README.md").read_text()
    blocks = [part.split("```")[0] for part in text.split("```python\n")[1:]]
    assert len(blocks) >= 3
    around = (
        "import itertools, threading\nclass S(Exception): pass\ndef rounds(n=[0]):\n n[0] += 1\n if n[0] > 3: raise S\n return n[0]\n"
        "def scan(): return rounds()\ndef copy(): return 12\ndef work(): pass\noffset = 1\nitems = [1, 2]\n"
    )
    for block in blocks:
        if "http" in block:
            compile(block, "README.md", "exec")
            continue
        body = "\n".join("    " + line for line in block.splitlines())
        result = python(around + "try:\n" + body + "\nexcept S: pass\n", cwd=tmp_path, env={"HEARTBEAT_FILE": str(tmp_path / "f.json")})
        assert result.returncode == 0 and "heartbeat:" not in result.stderr, (block, result.stderr)
    assert "bidder" in entries(tmp_path / "f.json")
