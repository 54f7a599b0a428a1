"""The Python client under every Python 3.8 or later that is on this machine: the system's, those in PATH, those of pyenv, PyPy.

Debian has one version of CPython and, of another version of the language, PyPy: so there are always two at least.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_python_drop_in import PROGRAM

from support.clients import python

MORE = r"""
import asyncio, multiprocessing, signal, threading, time
from heartbeat_manager import *
where = os.environ["HEARTBEAT_FILE"]
manager = HeartbeatManager(where, raises=True)

class Odd: pass
manager.send_heartbeat("odd", {"n": 1, "odd": Odd(), "nan": float("nan"), "huge": 10 ** 5000, "set": {1}})
beat = Heartbeat("loop")
beat(); beat.stop()
async def main():
    async with AsyncHeartbeat("turning", every=0.01): await asyncio.sleep(0.05)
asyncio.run(main())
begun, free = threading.Event(), threading.Event()
def slow(): begun.set(); free.wait(); return {"n": 1}
async def leave():
    waiting = asyncio.ensure_future(AsyncHeartbeat("late")(slow))
    while not begun.is_set(): await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.wait([waiting])
loop = asyncio.new_event_loop()
loop.run_until_complete(leave())
loop.close()
free.set()  # the beat ends when its loop is gone
def work(n): heartbeat_manager.send_heartbeat("pool"); return n
if __name__ == "__main__":
    with HeartbeatSender("master", interval=0.005, max_silence=60) as sender:
        sender.tick()
        with multiprocessing.get_context("fork").Pool(2) as pool: assert pool.map(work, range(10)) == list(range(10))
        pid = os.fork()
        if pid == 0:
            manager.send_heartbeat("child"); os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    for _ in range(2000):
        if "late" in manager.all_heartbeats(): break
        time.sleep(0.01)
    found = manager.all_heartbeats()
    assert {"odd", "late", "loop", "turning", "pool", "master", "child"} <= set(found), set(found)
    assert found["odd"]["additional_data"] == {"n": 1, "set": [1]}, found["odd"]
    assert found["loop"]["status"] == "stopped"
    print("done")
"""


IN_A_SUB_INTERPRETER = r"""
try: import _interpreters as interpreters
except ImportError: import _xxsubinterpreters as interpreters
raised = interpreters.run_string(interpreters.create(), '''
from heartbeat_manager import *
sender = HeartbeatSender("sender").start()
sender.tick(); sender.stop()
manager = HeartbeatManager(raises=True)
manager.send_heartbeat("manager")
manager.get_process_status("manager")["status"] == "alive" and print("done", flush=True)
''')
assert not raised, raised
import os, sys
sys.stdout.flush()
os._exit(0)  # CPython 3.12.1 aborts at the end of a program that has run anything in a sub-interpreter
"""


ASK = "import platform, ssl, sys; print(platform.python_implementation(), '%d.%d' % sys.version_info[:2], sys.executable)"


def pythons():
    """Where each is, by its kind and version: ("CPython", 3.11)."""
    found = {}
    places = [Path("/usr/bin"), *map(Path, os.environ.get("PATH", "").split(":")), *Path.home().glob(".pyenv/versions/*/bin")]
    for place in places:
        for path in sorted(place.glob("p*3*")) if place.is_dir() else []:
            if re.fullmatch(r"python3\.\d+|pypy3(\.\d+)?", path.name):
                # One of pyenv's shims is none when its version is not chosen.
                answer = subprocess.run([path, "-c", ASK], capture_output=True, check=False)
                if answer.returncode == 0:
                    kind, version, executable = answer.stdout.decode().split(maxsplit=2)
                    if int(version[2:]) >= 8:
                        found.setdefault((kind, version), executable.strip())
    return found


@pytest.fixture(scope="module")
def every_python():
    found = pythons()
    print("tried:", ", ".join(" ".join(key) for key in sorted(found)))
    versions = {version for _, version in found}
    assert len(versions) >= 2, f"only {found}; install pypy3, or another CPython beside this one"
    assert sys.version_info[0] == 3 and f"3.{sys.version_info[1]}" in versions, "not even the one that runs these tests"
    return found


def test_every_version_has_the_surface_and_does_no_harm(every_python, tmp_path):
    for (kind, version), path in every_python.items():
        for number, code in enumerate((PROGRAM, "import os\n" + MORE, "import os\n" + MORE)):
            folder = tmp_path / f"{kind}-{version}-{number}"
            (folder / "beats.d").mkdir(parents=True)
            env = {"HEARTBEAT_FILE": str(folder / ("beats.d" if number == 2 else "heartbeat_status.json"))}
            result = python(code, cwd=folder, env=env, interpreter=(path, "-S", "-W", "ignore::DeprecationWarning"), timeout=120)
            assert result.returncode == 0 and result.stdout == "done\n", (kind, version, number, result.stderr)
            assert "Traceback" not in result.stderr, (kind, version, number, result.stderr)


def test_a_sender_in_a_sub_interpreter_without_threads_raises_nothing(every_python, tmp_path):
    tried = 0
    for (kind, version), path in every_python.items():
        if python("import _xxsubinterpreters", interpreter=(path, "-S")).returncode and python("import _interpreters", interpreter=(path, "-S")).returncode:
            continue  # PyPy
        tried += 1
        result = python(IN_A_SUB_INTERPRETER, env={"HEARTBEAT_FILE": str(tmp_path / f"{version}.json")}, interpreter=(path, "-S"), timeout=120)
        assert result.returncode == 0 and result.stdout == "done\n", (kind, version, result.stderr)
        assert "Traceback" not in result.stderr and result.stderr.count("heartbeat: ") <= 1, (kind, version, result.stderr)
        if int(version[2:]) >= 12:
            assert "thread" in result.stderr, (kind, version, result.stderr)
    assert tried
