"""The Python client in the place of the heartbeat_manager that programs import: by name, by position, and never raising."""

import json
import os
import time

import pytest

from support import Exporter, entry, write_beats
from support.clients import python

PROGRAM = r"""
import json, os, time
import heartbeat_manager as module
from heartbeat_manager import HeartbeatManager, get_heartbeat_status, heartbeat_manager, is_process_alive, send_heartbeat

def same(got, expected):
    assert got == expected, (got, expected)

def written(file="heartbeat_status.json"):
    with open(file) as opened:
        return json.load(opened)["processes"]

def put(file, processes):
    with open(file, "w") as opened:  # closed at once, in every Python
        json.dump({"processes": processes}, opened)

send_heartbeat("a")
send_heartbeat("b", {"n": 1})
send_heartbeat(process_name="c", additional_data={"n": 2, "status": "scanning", "pid": 77})
same((written()["c"]["status"], written()["c"]["pid"], written()["c"]["additional_data"]), ("scanning", 77, {"n": 2}))
same((written()["b"]["status"], written()["b"]["pid"]), ("alive", os.getpid()))
same(get_heartbeat_status("b")["n"], 1)
same(get_heartbeat_status(process_name="nobody"), None)
same([is_process_alive("a"), is_process_alive("a", 0), is_process_alive(process_name="a", timeout_seconds=60)], [True, False, True])

m = HeartbeatManager("other.json")
same(m.heartbeat_file, "other.json")
m.ensure_heartbeat_file_exists()
same(written("other.json"), {})
same(m.read_heartbeat_data()["processes"], {})
m.send_heartbeat("x", {"n": 3})
m.ensure_heartbeat_file_exists()
same(list(written("other.json")), ["x"])
same(m.get_process_status("x")["n"], 3)
same(m.get_process_status("nobody"), None)
assert 0 <= m.get_time_since_last_heartbeat("x") < 60
same(m.get_time_since_last_heartbeat("nobody"), None)
same([m.is_process_alive("x"), m.is_process_alive("x", timeout_seconds=0), m.is_process_alive("nobody", 60)], [True, False, False])
put("third.json", {"flat": {"last_heartbeat": time.time() - 65, "pid": 5, "status": "busy", "n": 1},
                   "none": {"pid": 6}, "bad": 7, "text": {"last_heartbeat": time.time(), "additional_data": "words"}})
t = HeartbeatManager(heartbeat_file="third.json")
all_of_them = t.get_all_processes_status()
same(list(all_of_them), ["flat", "none", "text"])
same({k: all_of_them["flat"][k] for k in ("pid", "status", "n", "is_alive", "time_since_formatted")},
     {"pid": 5, "status": "busy", "n": 1, "is_alive": False, "time_since_formatted": "1m 5s"})
assert 65 <= all_of_them["flat"]["time_since_heartbeat"] < 70
same((all_of_them["none"]["is_alive"], all_of_them["none"]["time_since_formatted"], all_of_them["text"]["additional_data"]), (False, "never", "words"))
same([t.format_duration(s) for s in (0, 45, 65, 3599.9, 7380, 90061)], ["0s", "45s", "1m 5s", "59m 59s", "2h 3m", "25h 1m"])
same(HeartbeatManager.format_duration(seconds=5), "5s")
put("fourth.json", {"old": {"last_heartbeat": time.time() - 90000}, "young": {"last_heartbeat": time.time() - 1800}})
f = HeartbeatManager("fourth.json")
f.cleanup_old_processes()
same(list(written("fourth.json")), ["young"])
f.cleanup_old_processes(max_age_hours=0.1)
same(written("fourth.json"), {})
same(f.read_heartbeat_data()["processes"], {})
heartbeat_manager.send_heartbeat("d", {"n": 1})
assert "d" in written()
send_heartbeat("e", "just words")
same(written()["e"]["additional_data"], "just words")
print("done")
"""


def test_every_name_works_as_it_did(tmp_path):
    result = python(PROGRAM, cwd=tmp_path)
    assert (result.stdout, result.stderr) == ("done\n", "")


# Each is done twice in a row; the sentence comes once, and the program goes on.
MISHAPS = {
    "no folder": ("m = HeartbeatManager('none/file.json')", "make the folder"),
    "a wrong address": ("m = HeartbeatManager('ftp://host/x')", "expected http://host:port"),
    "a damaged file": ("open('f', 'w').write('{\"processes\": 3}'); m = HeartbeatManager('f')", "is not a heartbeat file"),
    "nobody listens": ("m = HeartbeatManager('none.sock')", "is the exporter running"),
    "an empty path": ("m = HeartbeatManager('')", "is empty"),
    "a NUL in the path": ("m = HeartbeatManager('a\\0b')", "embedded null"),
    "a folder that is not there": ("m = HeartbeatManager('beats.d')", "install -d"),
    "a device": ("m = HeartbeatManager('/dev/null')", "regular file"),
    "no name": ("m = HeartbeatManager('g'); NAME = ''", "process name"),
    "a name that is no text": ("m = HeartbeatManager('g'); NAME = 3", "process name"),
}


@pytest.mark.parametrize("mishap", MISHAPS)
def test_nothing_is_raised_into_the_program(mishap, tmp_path):
    setup, sentence = MISHAPS[mishap]
    code = f"""
from heartbeat_manager import *
NAME = 'x'
{setup}
for _ in range(2):
    m.send_heartbeat(NAME)
answers = [m.get_process_status('x'), m.is_process_alive('x'), m.get_all_processes_status(), m.get_time_since_last_heartbeat('x')]
m.read_heartbeat_data(), m.cleanup_old_processes(), m.ensure_heartbeat_file_exists()
print(answers)
"""
    result = python(code, cwd=tmp_path)
    assert result.stdout == "[None, False, {}, None]\n", result.stderr
    lines = [line for line in result.stderr.splitlines() if sentence in line]
    assert len(lines) == len(set(lines)) >= 1, result.stderr


def test_where_the_beats_go_can_be_set_as_it_could(tmp_path):
    code = """
from heartbeat_manager import *
send_heartbeat("first")
heartbeat_manager.heartbeat_file = "second.json"
send_heartbeat("second", {"n": 1})
print(heartbeat_manager.heartbeat_file, list(heartbeat_manager.get_all_processes_status()))
heartbeat_manager.heartbeat_file = None
print(heartbeat_manager.heartbeat_file, list(heartbeat_manager.get_all_processes_status()))
"""
    result = python(code, cwd=tmp_path)
    assert result.stdout == "second.json ['second']\nheartbeat_status.json ['first']\n", result


def test_an_address_in_the_environment_that_is_wrong_does_not_keep_the_module_from_being_imported(tmp_path):
    code = "from heartbeat_manager import send_heartbeat; send_heartbeat('a'); print('on')"
    result = python(code, cwd=tmp_path, env={"HEARTBEAT_URL": "gopher://x"})
    assert result.stdout == "on\n" and "expected http://host:port" in result.stderr


def test_a_closed_standard_error_is_no_harm(tmp_path):
    code = """
import os, sys
from heartbeat_manager import HeartbeatManager
for stream in (None, sys.stderr):
    sys.stderr = stream
    if stream: os.close(2)
    HeartbeatManager("none/file").send_heartbeat("a")
print("on")
"""
    assert python(code, cwd=tmp_path).stdout == "on\n"


STATUSES = [("'scanning'", "scanning"), ("3", "3"), ("True", "true"), ("1.5", "1.5"), ("None", "alive"), ("''", "alive"), ("object()", "alive"),
            ("{'a': 1}", "alive"), ("'é' * 300", "é" * 128), ("'\\ud800x'", "?x")]  # fmt: skip


@pytest.mark.parametrize("spelt, expected", STATUSES)
@pytest.mark.parametrize("way", ["as its own argument", "among the data"])
def test_a_status_is_always_a_word(way, spelt, expected, beats):
    data = f"'s', {{'status': {spelt}}}" if way == "among the data" else f"'s', status={spelt}"
    result = python(f"from heartbeat_manager import *; HeartbeatManager({str(beats)!r}, raises=True).send_heartbeat({data})")
    assert result.returncode == 0, result.stderr
    assert json.loads(beats.read_text())["processes"]["s"]["status"] == expected


def test_the_last_word_is_what_the_exporter_says(beats, exporter):
    code = "from heartbeat_manager import send_heartbeat; send_heartbeat('test', {'status': 'stopped', 'final': True, 'pid': 1})"
    assert python(code, env={"HEARTBEAT_FILE": str(beats)}).stderr == ""
    samples = exporter().metrics()
    assert samples.of("heartbeat_status") == {("test", "stopped"): 1} and samples.of("heartbeat_pid") == {"test": 1}
    assert samples.value("heartbeat_data_final", process="test") == 1


def test_through_an_exporter_the_surface_is_the_same(beats, tmp_path):
    write_beats(beats, {"old": entry(age=65, pid=os.getpid(), n=3)})
    e = Exporter(tmp_path, flags=[f"--push.socket={tmp_path / 'push.sock'}"])
    try:
        code = """
import sys
from heartbeat_manager import HeartbeatManager
m = HeartbeatManager(sys.argv[1], timeout=60)
m.send_heartbeat("a", {"status": "busy", "n": 1, "odd": {1, 2}, "worse": len})
m.send_heartbeat("b", interval=30)
found = m.get_all_processes_status()
print([(k, v["status"], v["n"], v["is_alive"], v["time_since_formatted"][:3]) for k, v in found.items() if k in ("a", "old")])
print(m.get_process_status("a")["n"], m.is_process_alive("old", 3000), m.prune())
"""
        result = python(code, tmp_path / "push.sock")
    finally:
        e.stop()
    first, second = result.stdout.splitlines()
    assert first.startswith("[('old', 'alive', 3, False, '1m "), result
    assert "('a', 'busy', 1, True, " in first and second == "1 True []"
    assert "worse: a builtin_function_or_method" in result.stderr and "removes old heartbeats by itself" in result.stderr
    assert time.time() - json.loads(beats.read_text())["processes"]["b"]["last_heartbeat"] < 600
