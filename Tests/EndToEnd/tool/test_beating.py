"""Writers: the tool beside other processes, what one reads back, and that no beat is lost."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support import ENVIRONMENT, LIMIT, ROOT, TOOL, eventually, run


def test_a_beat_by_the_tool_is_seen_by_the_exporter(exporter, beats):
    e = exporter()
    result = run(TOOL, "send", "bidder", "--file", beats, "--status", "scanning", "--data", "offset=140", "--pid", os.getpid())
    assert result.returncode == 0, result.stderr
    samples = e.metrics()
    assert samples.value("heartbeat_alive", process="bidder") == 1
    assert samples.value("heartbeat_status", process="bidder", status="scanning") == 1
    assert samples.value("heartbeat_data_offset", process="bidder") == 140
    assert samples.value("process_up", process="bidder") == 1


def test_status_answers_with_its_exit_status(beats):
    now = time.time()
    beats.write_text(
        json.dumps({"processes": {"alive": {"last_heartbeat": now}, "dead": {"last_heartbeat": now - 3600}}})
    )
    status = lambda name: run(TOOL, "status", name, "--file", beats).returncode
    assert [status(n) for n in ("alive", "dead", "unknown")] == [0, 1, 2]


def test_the_file_keeps_what_the_tool_does_not_know(beats):
    beats.write_text(json.dumps({"site": {"a": [1, 2]}, "processes": {"old": {"last_heartbeat": time.time(), "x": "y"}}}))
    assert run(TOOL, "send", "new", "--file", beats).returncode == 0
    content = json.loads(beats.read_text())
    assert content["site"] == {"a": [1, 2]}
    assert content["processes"]["old"]["x"] == "y"
    assert set(content["processes"]) == {"old", "new"}


# The lock is whoever's comes first: beside so many, on a busy machine, one may wait for longer than the tool's five seconds; then it
# asks again, as a program would.
PYTHON_BEATS = """
import sys
sys.path.insert(0, sys.argv[1])
from heartbeat_manager import HeartbeatManager
manager = HeartbeatManager(sys.argv[2], lock_timeout=120, raises=True)
for n in range(1, int(sys.argv[4]) + 1):
    manager.send_heartbeat(sys.argv[3], {"sequence": n})
"""

NODE_BEATS = """
const [client, file, name, count] = process.argv.slice(1);
const { HeartbeatManager } = require(client);
const manager = new HeartbeatManager(file, { throws: true });
(async () => {
  for (let n = 1; n <= Number(count); n++)
    for (;;) {
      try { await manager.sendHeartbeat(name, { sequence: n }); break; }
      // Where the machine is busy, a limit of the tool's or of the client's ends the wait for the lock.
      catch (e) { if (!/gave up waiting for the lock|it was ended by SIGTERM/.test(e.message)) throw e; }
    }
})();
"""

SHELL_BEATS = """
set -e
for n in $(seq 1 "$4"); do
  until said=$("$1" send "$3" --file "$2" --data sequence="$n" 2>&1); do
    case $said in *'gave up waiting for the lock'*) ;; *) echo "$said" >&2; exit 1 ;; esac
  done
done
"""


@pytest.mark.hard
@pytest.mark.long
def test_concurrent_writers_lose_no_beat_and_a_reader_never_fails(beats):
    """Eight processes that use the Python client, the Node client and the tool, beside a reader without a lock."""
    beats.write_text('{"processes": {}}')
    each = 250
    clients = ROOT / "clients"
    commands = {
        "python": [sys.executable, "-c", PYTHON_BEATS, str(clients / "python")],
        "node": ["node", "-e", NODE_BEATS, str(clients / "node")],
        "tool": ["sh", "-c", SHELL_BEATS, "sh", str(TOOL)],
    }
    names = [f"{kind}-{n}" for kind, count in {"python": 3, "node": 2, "tool": 3}.items() for n in range(count)]
    running = [
        subprocess.Popen(
            [*commands[name.split("-")[0]], str(beats), name, str(each)], env=ENVIRONMENT | {"HEARTBEAT_TOOL": str(TOOL)}
        )
        for name in names
    ]
    reads = 0
    while any(p.poll() is None for p in running):
        json.loads(beats.read_text())
        reads += 1
    assert [p.returncode for p in running] == [0] * 8
    assert reads > 100
    last = {n: p["additional_data"]["sequence"] for n, p in json.loads(beats.read_text())["processes"].items()}
    assert last == dict.fromkeys(names, each)


def test_run_beats_for_a_command_and_hands_its_exit_status_on(exporter, beats):
    e = exporter()
    child = subprocess.Popen(
        [TOOL, "run", "--name", "job", "--file", beats, "--interval", "1s", "--", "sh", "-c", "sleep 600"], env=ENVIRONMENT
    )
    try:
        eventually(lambda: e.metrics().value("heartbeat_alive", process="job") == 1, "the command's beat is seen")
        assert e.metrics().value("process_up", process="job") == 1
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(timeout=LIMIT)
    assert run(TOOL, "run", "--name", "job", "--file", beats, "--", "sh", "-c", "exit 7").returncode == 7


def test_the_demo_simulation_beats(exporter, beats):
    e = exporter()
    simulation = subprocess.Popen([TOOL, "simulate", "--scenario", "demo", "--file", beats], env=ENVIRONMENT)
    names = {"websocket-reader", "bidder", "vue-frontend"}
    try:
        eventually(lambda: set(e.metrics().of("heartbeat_age_seconds")) == names, "the three processes beat")
        samples = e.metrics()
        assert {samples.value("process_up", process=n) for n in names} == {1}
        pids = samples.of("heartbeat_pid")
        assert len(set(pids.values())) == 3
    finally:
        simulation.send_signal(signal.SIGTERM)
        simulation.wait(timeout=LIMIT)
    for pid in pids.values():
        eventually(lambda: not os.path.exists(f"/proc/{int(pid)}"), f"the simulated process {int(pid)} ended too")


@pytest.mark.parametrize("flags, stays", [([], False), (["--retention=0"], True), (["--retention=30d"], True)])
def test_send_removes_what_is_older_than_the_retention(tmp_path, flags, stays):
    file = tmp_path / "heartbeat_status.json"
    old = {"last_heartbeat": time.time() - 25 * 3600, "pid": 1}
    file.write_text(json.dumps({"processes": {"old": old}}))
    subprocess.run([TOOL, "send", "new", "--file", file, *flags], check=True)
    assert set(json.loads(file.read_text())["processes"]) == ({"old", "new"} if stays else {"new"})
