"""Programs of before, with a careless writer and with our module, side by side on one file, under two users; beside them a Node program, and one
under `heartbeat run`, which is the Swift library.

Some seconds; HEARTBEAT_SIDE_BY_SIDE_SECONDS=600 for ten minutes at each rate.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from support import ENVIRONMENT, PATIENCE, TOOL
from support.clients import NODE, PYTHON, as_user

SECONDS = float(os.environ.get("HEARTBEAT_SIDE_BY_SIDE_SECONDS", "4"))
PROGRAMS = Path(__file__).parent / "programs"
GROUP, CARELESS, OURS = 64100, 64101, 64102


class Program:
    def __init__(self, folder, tools, label, user, command, status=0):
        self.name, self.status = label, status
        self.stderr = tools / f"{label}.stderr"
        modules = tools / ("careless" if user == CARELESS else "ours")
        environment = ENVIRONMENT | {"PYTHONPATH": str(modules), "PYTHONDONTWRITEBYTECODE": "1", "NODE_PATH": str(modules), "HEARTBEAT_TOOL": str(modules / "tool")}
        command = [*as_user(user, GROUP), "sh", "-c", 'umask 002; exec "$@"', "sh", *map(str, command)]
        with open(self.stderr, "wb") as stderr:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60 * PATIENCE)
        assert status == self.status, (self.name, status, self.stderr.read_text()[-1000:])
        return self.stderr.read_text()


@pytest.fixture
def shared(common):
    """A folder of a group, as docs/file-format.md recommends it, and one with the programs."""
    folder, tools = common / "shared", common / "tools"
    folder.mkdir()
    os.chown(folder, 0, GROUP)
    folder.chmod(0o2775)
    tools.mkdir()
    for program in [*PROGRAMS.glob("*.py"), *PROGRAMS.glob("*.js")]:
        shutil.copy(program, tools)
    shutil.copytree(PROGRAMS / "careless", tools / "careless")
    shutil.copytree(PYTHON / "heartbeat_manager", tools / "ours" / "heartbeat_manager", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(NODE, tools / "ours" / "heartbeat")
    shutil.copy(TOOL, tools / "ours" / "tool")
    return folder, tools


@pytest.mark.parametrize("rate", [1, 10])
def test_careless_and_careful_programs_share_a_file(rate, shared):
    folder, tools = shared
    file = folder / "heartbeat_status.json"
    now = time.time()
    # Enough others that writing takes a while.
    others = {f"other-{n}": {"last_heartbeat": now, "pid": 1, "status": "alive", "port": n, "note": "x" * 300} for n in range(60)}
    file.write_text(json.dumps({"last_updated": now, "processes": others}, indent=2))
    os.chown(file, CARELESS, GROUP)
    file.chmod(0o664)
    pause = str(1 / rate)

    def python(program, name):
        return ["/usr/bin/python3", "-S", tools / f"{program}.py", name, pause]

    # One careless writer: two would tear each other's file, and nobody could tell whose fault it is.
    careless = [Program(folder, tools, f"careless-{program}", CARELESS, python(program, f"careless-{program}")) for program in ("bidder", "monitor")]
    supervised = [tools / "ours" / "tool", "run", "--name", "supervised", "--interval", f"{1000 // rate}ms", "--", "sleep", "100000"]
    ours = [
        *(Program(folder, tools, name, OURS, python(program, name))
          for program, name in (("bidder", "bidder"), ("websocket_reader", "websocket-reader"), ("script", "test-process"), ("monitor", "monitor"))),
        Program(folder, tools, "node-bidder", OURS, ["node", tools / "bidder.js", "node-bidder", pause]),
        Program(folder, tools, "supervised", OURS, supervised, status=128 + signal.SIGTERM),
    ]  # fmt: skip
    names = {"careless-bidder", "bidder", "websocket-reader", "test-process-1", "test-process-2", "node-bidder", "supervised"}
    try:
        seen, pictures, oldest = Counter(), Counter(), 0.0
        started = time.monotonic()
        warm = None
        while time.monotonic() < started + SECONDS * PATIENCE or warm is None or pictures["whole"] < 20:
            assert time.monotonic() < started + SECONDS * PATIENCE + 120, (warm, pictures, seen)
            time.sleep(0.01)
            assert all(p.process.poll() is None for p in careless + ours)
            try:
                processes = json.loads(file.read_bytes())["processes"]
            except ValueError:  # the careless one is at it
                pictures["torn"] += 1
                continue
            pictures["whole"] += 1
            missing = names - processes.keys()
            if warm is None:
                # A writer that read the file before another's first beat may take that beat back once: a moment to come in.
                warm = time.monotonic() if not missing and time.monotonic() > started + 3 / rate else None
                continue
            seen.update(missing)
            assert {name: processes[name] for name in others} == others
            oldest = max(oldest, *(time.time() - processes[name]["last_heartbeat"] for name in names & processes.keys()))
        said = [p.end() for p in careless]
        assert said[0] == "", "the careless writer's own reader failed on what we wrote"
        said = [p.end() for p in ours]
        assert all("error" not in text and "moved it" not in text for text in said), said
        assert [text for program, text in zip(ours, said) if program.name != "supervised"] == [""] * (len(ours) - 1)
    finally:
        for program in careless + ours:
            program.process.kill()
    print(f"{rate} a second: {pictures}, oldest beat {oldest:.2f} s")
    assert seen == {}
    final = json.loads(file.read_bytes())["processes"]
    assert set(final) == names | set(others)
    for name in names - {"careless-bidder"}:
        assert final[name]["status"] == "stopped" and (name == "supervised" or final[name]["additional_data"]["final"] is True)
    assert sorted(p.name for p in folder.iterdir()) == ["heartbeat_status.json", "heartbeat_status.json.lock"]
    assert (file.stat().st_mode & 0o777, file.stat().st_gid) == (0o664, GROUP)
