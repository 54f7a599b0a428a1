"""Jobs of the clients: in the file, in a folder, and to an exporter; all write what the tool writes."""

import json
import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from support import ENVIRONMENT, ROOT, TOOL, run

PYTHON, NODE = ROOT / "clients" / "python", ROOT / "clients" / "node"


@pytest.fixture(params=["file", "folder", "exporter"])
def place(request, tmp_path, beats, exporter):
    """What a client's manager is made with, and a reader of the entry."""
    if request.param == "folder":
        path = tmp_path / "heartbeat.d"
        path.mkdir()
        return path, lambda: json.loads((path / "backup.json").read_text())
    read = lambda: json.loads(beats.read_text())["processes"]["backup"]  # noqa: E731
    if request.param == "file":
        return beats, read
    return f"http://127.0.0.1:{exporter('--web.enable-push', '--push.allow-unauthenticated').port}", read


def python(place, code):
    code = f"from heartbeat_manager import HeartbeatManager, job\nm = HeartbeatManager({str(place)!r}, raises=True)\n" + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT | {"PYTHONPATH": str(PYTHON)}, capture_output=True, text=True, timeout=120)


def node(place, code):
    code = f"const {{ HeartbeatManager, job }} = require({json.dumps(str(NODE / 'heartbeat.js'))}); const manager = new HeartbeatManager({json.dumps(str(place))}, {{ throws: true }});\n{code}"
    return subprocess.run(["node", "-e", code], env=ENVIRONMENT | {"HEARTBEAT_TOOL": str(TOOL)}, capture_output=True, text=True, timeout=120)


def succeeded(entry, runs=1, failures=0):
    job = entry["job"]
    assert (entry["status"], job["exit_code"], job["runs"], job["failures"]) == ("succeeded", 0, runs, failures) and "pid" not in entry
    assert job["started"] <= job["ended"] == job["last_success"] and job["duration_seconds"] >= 0
    return job


def failed(entry, exit_code, runs, success):
    job = entry["job"]
    assert (entry["status"], job["exit_code"], job["runs"], job["failures"], job["last_success"]) == ("failed", exit_code, runs, runs - 1, success)
    assert job["ended"] > success


def test_python_work_that_ends_well_and_work_that_does_not(place):
    path, entry = place
    assert python(path, 'with job("backup", m) as run: run.data["files"] = 12').returncode == 0
    success = succeeded(entry())["last_success"]
    assert entry()["additional_data"] == {"files": 12}
    result = python(path, 'with job("backup", m) as run:\n    run.data["error"] = "full"\n    raise ValueError("no room")')
    assert result.returncode == 1 and "ValueError: no room" in result.stderr
    failed(entry(), 1, 2, success)
    assert entry()["additional_data"] == {"files": 12, "error": "full"}, "a failure leaves what the last success reported"
    assert python(path, 'with job("backup", m): raise SystemExit(3)').returncode == 3
    failed(entry(), 3, 3, success)


@pytest.mark.parametrize(("leaves", "code"), [("raise SystemExit", 0), ("raise SystemExit(0)", 0), ("raise SystemExit('no')", 1), ("raise SystemExit(259)", 3), ("raise KeyboardInterrupt", 130)])
def test_python_ways_to_leave(tmp_path, leaves, code):
    path = tmp_path / "beats.json"
    python(path, f'with job("backup", m): {leaves}')
    job = json.loads(path.read_text())["processes"]["backup"]["job"]
    assert job["exit_code"] == code and ("last_success" in job) == (code == 0)


def test_python_a_function_that_is_a_job_runs_each_time_it_is_called(place):
    path, entry = place
    result = python(path, '@job("backup", m)\ndef work(): return 5\nassert (work(), work()) == (5, 5)')
    assert result.returncode == 0, result.stderr
    succeeded(entry(), runs=2)


# The work says how the job stands in its middle; `drive` does all of it.
KINDS = {
    "a coroutine function": ("async def work():\n    await asyncio.sleep(0)\n    stands()\n    end()", "asyncio.run(work())"),
    "a coroutine function behind a decorator": ("def plain(function): return lambda: function()\n@job('backup', m)\n@plain\nasync def work():\n    await asyncio.sleep(0)\n    stands()\n    end()", "asyncio.run(work())"),
    "a generator function": ("def work():\n    assert (yield 1) == 'sent'\n    stands()\n    end()\n    return 7", "assert drive(work(), 'send') == 7"),
    "an asynchronous generator": ("async def work():\n    assert (yield 1) == 'sent'\n    stands()\n    end()", "asyncio.run(drive_async(work()))"),
}  # fmt: skip
DRIVE = """
import asyncio, inspect
def stands(): print(m.get_process_status("backup")["status"])
def drive(work, word):
    assert next(work) == 1
    try: work.send("sent")
    except StopIteration as end: return end.value
async def drive_async(work):
    assert await work.__anext__() == 1
    try: await work.asend("sent")
    except StopAsyncIteration: pass
"""


@pytest.mark.parametrize("kind", KINDS)
def test_python_a_job_lasts_as_long_as_the_work_that_its_function_only_begins(kind, tmp_path):
    path = tmp_path / "beats.json"
    entry = lambda: json.loads(path.read_text())["processes"]["backup"]  # noqa: E731
    work, drive = KINDS[kind]
    decorated = work if "@job" in work else "@job('backup', m)\n" + work
    kept = "" if "behind" in kind else "assert inspect.iscoroutinefunction(work) or inspect.isgeneratorfunction(work) or inspect.isasyncgenfunction(work)\n"
    result = python(path, f"{DRIVE}def end(): pass\n{decorated}\n{kept}{drive}")
    assert (result.returncode, result.stdout) == (0, "running\n"), result.stderr
    success = succeeded(entry())["last_success"]
    result = python(path, f"{DRIVE}def end(): raise ValueError('no room')\n{decorated}\n{drive}")
    assert result.stdout == "running\n" and "ValueError: no room" in result.stderr
    failed(entry(), 1, 2, success)


def test_python_a_generator_that_is_left_before_its_end_has_failed_and_what_is_thrown_reaches_it(tmp_path):
    path = tmp_path / "beats.json"
    code = """
import asyncio
def status(): return m.get_process_status("backup")["status"]
seen = []
@job("backup", m)
def work():
    try: yield 1
    except KeyError: seen.append("thrown"); yield 2
    finally: seen.append("left")
@job("backup", m)
async def later():
    try: yield 1
    except KeyError: seen.append("thrown"); yield 2
    finally: seen.append("left")
async def main():
    it = later()
    assert await it.__anext__() == 1 and await it.athrow(KeyError()) == 2
    await it.aclose(); seen.append(status())
it = work()
assert next(it) == 1 and it.throw(KeyError()) == 2
it.close(); seen.append(status())
asyncio.run(main())
print(*seen)
"""
    result = python(path, code)
    assert result.stdout == "thrown left failed thrown left failed\n", result


def test_python_while_it_runs(place):
    path, entry = place
    running = python(path, 'import os\nwith job("backup", m): os._exit(9)')
    assert running.returncode == 9
    assert entry()["status"] == "running" and set(entry()["job"]) == {"started"} and entry()["pid"] > 0


def test_node_work_that_ends_well_and_work_that_does_not(place):
    path, entry = place
    result = node(path, "job('backup', async (run) => { run.data.files = 12; run.data.ö = { deep: ['é'] }; return 5; }, { manager }).then((value) => console.log(value));")
    assert result.stdout == "5\n", result.stderr
    success = succeeded(entry())["last_success"]
    assert entry()["additional_data"] == {"files": 12, "ö": {"deep": ["é"]}}
    result = node(path, "job('backup', (run) => { run.data.files = 13; run.data.error = 'full'; throw new Error('no room'); }, { manager }).catch((error) => console.log(error.message));")
    assert result.stdout == "no room\n", result.stderr
    failed(entry(), 1, 2, success)
    assert entry()["additional_data"] == {"files": 13, "ö": {"deep": ["é"]}, "error": "full"}, "a failure leaves what the last success reported"
    # Nothing that is put there keeps the end from being told.
    result = node(path, "job('backup', (run) => { run.data = new Proxy({}, { ownKeys() { throw new Error('odd'); } }); }, { manager: new HeartbeatManager(manager.file) });")
    assert result.returncode == 0 and entry()["job"]["runs"] == 3
    assert node(path, "job('backup', (run) => { run.data = 5; throw new Error('no room'); }, { manager }).catch(() => {});").returncode == 0
    assert entry()["job"]["failures"] == 2 and entry()["additional_data"]["error"] == "full"
    success = entry()["job"]["last_success"]
    assert node(path, "job('backup', () => process.exit(9), { manager });").returncode == 9
    assert entry()["status"] == "running" and entry()["job"]["last_success"] == success


@pytest.mark.parametrize("language", [python, node])
def test_the_work_is_done_where_nothing_can_be_told(language, tmp_path):
    absent = tmp_path / "absent" / "beats.json"
    if language is python:
        result = python(absent, "m.raises = False\nwith job('backup', m): print('done')")
    else:
        result = node(absent, "job('backup', () => console.log('done'), { manager: new HeartbeatManager(manager.file) });")
    assert result.stdout == "done\n" and "heartbeat" in result.stderr


@pytest.mark.parametrize("language", [python, node])
def test_a_beat_and_the_clean_up_of_a_client_leave_a_job(language, place):
    path, entry = place
    if "http" in str(path):
        return
    assert run(TOOL, "job", "success", "backup", "--file", path).returncode == 0
    old = time.time() - 10 * 86400
    text = entry()
    text["last_heartbeat"] = old
    if path.is_dir():
        (path / "backup.json").write_text(json.dumps(text))
        os.utime(path / "backup.json", (old, old))
    else:
        path.write_text(json.dumps({"last_updated": old, "processes": {"backup": text}}))
    send = "m.send_heartbeat('other')" if language is python else "manager.sendHeartbeat('other');"
    assert language(path, send).returncode == 0
    assert entry()["job"] == text["job"], "its last success is needed when the next run is due"
    send = "m.send_heartbeat('backup', {'job': 5})" if language is python else "manager.sendHeartbeat('backup', { job: 5 });"
    assert language(path, send).returncode == 0
    assert entry()["job"] == text["job"] and entry()["status"] == "alive"


def test_node_data_that_throw_when_they_are_read_cost_neither_the_work_nor_its_end(place):
    path, entry = place
    result = node(path, "job('backup', (run) => { Object.defineProperty(run, 'data', { get() { throw new Error('no'); } }); return 7; }, { manager }).then(console.log);")
    assert result.stdout == "7\n", result
    succeeded(entry())


def test_node_numbers_that_it_cannot_hold_stay_as_they_were(tmp_path):
    path = tmp_path / "heartbeat.d"
    path.mkdir()
    assert python(path, 'with job("backup", m) as run: run.data["bytes"] = 12345678901234567890').returncode == 0
    assert node(path, "job('backup', (run) => { run.data.files = 1; }, { manager });").returncode == 0
    assert '"bytes": 12345678901234567890' in (path / "backup.json").read_text()


class LosesAnswers:
    """A way to an exporter that hands on every request, and in place of the answer to a job's end resets the connection."""

    def __init__(self, port):
        self.port, self.ends = port, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.server.accept()
            threading.Thread(target=self.carry, args=(connection,), daemon=True).start()

    def carry(self, connection):
        with connection, socket.create_connection(("127.0.0.1", self.port)) as exporter:
            while request := connection.recv(65536):
                exporter.sendall(request)
                answer = exporter.recv(65536)
                if b"/success" in request.split(b"\r\n")[0]:
                    self.ends += 1
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    return
                connection.sendall(answer)


def test_node_an_end_whose_answer_is_lost_is_said_and_counted_once(exporter, beats):
    way = LosesAnswers(exporter("--web.enable-push", "--push.allow-unauthenticated").port)
    result = node(way.address, "job('backup', () => 5, { manager: new HeartbeatManager(manager.file) }).then(console.log);")
    assert (result.returncode, result.stdout) == (0, "5\n") and "cannot beat" in result.stderr, result
    assert way.ends == 1
    succeeded(json.loads(beats.read_text())["processes"]["backup"])


def test_node_an_end_is_not_lost_with_a_kept_connection_that_has_died(exporter, beats):
    port = exporter("--web.enable-push", "--push.allow-unauthenticated", "--web.idle-timeout=1s").port
    # Work that does not let the program hear that the exporter has closed it.
    work = "() => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000); }"
    result = node(f"http://127.0.0.1:{port}", f"job('backup', {work}, {{ manager }});")
    assert result.returncode == 0, result.stderr
    succeeded(json.loads(beats.read_text())["processes"]["backup"])
