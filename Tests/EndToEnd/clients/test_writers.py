"""Writers in three languages: what becomes of the file when they are killed or cannot write."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import AS_ROOT, ENVIRONMENT, LIMIT, ROOT, TOOL, run

PYTHON_CLIENT = ROOT / "clients" / "python"
NODE_CLIENT = ROOT / "clients" / "node"

# Each takes: the file, the name, how many beats. Each beat carries its number; the first is announced on stdout.
PYTHON_WRITER = """
import sys
sys.path.insert(0, %r)
from heartbeat_manager import HeartbeatManager
manager = HeartbeatManager(sys.argv[1], lock_timeout=30, raises=True)
for n in range(1, int(sys.argv[3]) + 1):
    manager.send_heartbeat(sys.argv[2], {"sequence": n})
    if n == 1:
        print("beating", flush=True)
""" % str(PYTHON_CLIENT)

NODE_WRITER = """
const { HeartbeatManager } = require(%s);
const [file, name, count] = process.argv.slice(1);
(async () => {
  const manager = new HeartbeatManager(file, { throws: true });
  for (let n = 1; n <= Number(count); n++) {
    await manager.sendHeartbeat(name, { sequence: n });
    if (n === 1) console.log('beating');
  }
})();
""" % json.dumps(str(NODE_CLIENT))

# The tool is the Swift library's writer.
TOOL_WRITER = """
n=1
while [ $n -le "$3" ]; do
  "$HEARTBEAT_TOOL" send "$2" --file "$1" --data sequence=$n || exit 1
  [ $n -gt 1 ] || echo beating
  n=$((n + 1))
done
"""

WRITERS = {
    "python": [sys.executable, "-S", "-c", PYTHON_WRITER],
    "node": ["node", "-e", NODE_WRITER, "--"],
    "tool": ["sh", "-c", TOOL_WRITER, "sh"],
}


def start(kind, file, name, count, **options):
    command = [*WRITERS[kind], str(file), name, str(count)]
    return subprocess.Popen(
        command, env=ENVIRONMENT | {"HEARTBEAT_TOOL": str(TOOL)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def beat_once(kind, file):
    """One beat by a writer of this kind: its exit status and what it says."""
    writer = start(kind, file, "late", 1)
    _, stderr = writer.communicate(timeout=LIMIT)
    return writer.returncode, stderr.decode()


def leftovers(folder):
    return [p.name for p in folder.iterdir() if ".tmp" in p.name]


def some_entries(number):
    """Entries of other programs, with members that no writer of ours knows."""
    return {f"old-{n}": {"last_heartbeat": time.time(), "port": str(n), "profile": {"ids": [n] * 20}} for n in range(number)}


@pytest.mark.parametrize("kind", ["python", pytest.param("tool", marks=pytest.mark.hard)])
@pytest.mark.long
def test_a_writer_killed_at_any_moment_harms_nothing(kind, tmp_path):
    """100 kills of each kind: 4 files side by side, 25 kills each."""

    def kills(lane):
        dice = random.Random(lane)
        folder = tmp_path / str(lane)
        folder.mkdir()
        file = folder / "heartbeat_status.json"
        old = some_entries(300)
        file.write_text(json.dumps({"site": "x", "processes": old}))
        met = 0
        for _ in range(25):
            writer = start(kind, file, "victim", 1_000_000, start_new_session=True)
            assert writer.stdout.readline() == b"beating\n", writer.stderr.read()
            time.sleep(dice.uniform(0, 0.02))
            os.killpg(writer.pid, signal.SIGKILL)
            writer.communicate()
            met += bool(leftovers(folder))
            content = json.loads(file.read_bytes())
            assert content["site"] == "x"
            assert {n: content["processes"][n] for n in old} == old
        # Nobody holds the lock, and the next writer removes what the dead ones left.
        status, stderr = beat_once(kind, file)
        assert status == 0, stderr
        assert leftovers(folder) == []
        assert "late" in json.loads(file.read_bytes())["processes"]
        return met

    with ThreadPoolExecutor(4) as pool:
        interrupted = sum(pool.map(kills, range(4)))
    print(f"{kind}: {interrupted} of 100 kills left a temporary file")


@pytest.fixture
def mounted(tmp_path):
    """A small tmpfs of its own, as root: 256 KiB."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=True)
    yield folder
    subprocess.run([*AS_ROOT, "umount", folder], check=True)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_leaves_the_old_content_whole(kind, mounted):
    file = mounted / "heartbeat_status.json"
    file.write_text(json.dumps({"processes": some_entries(200)}))
    (mounted / "heartbeat_status.json.lock").touch()
    before = file.read_bytes()
    with pytest.raises(OSError), open(mounted / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)
    status, stderr = beat_once(kind, file)
    assert status != 0
    assert "No space left on device" in stderr and "free some space" in stderr
    assert file.read_bytes() == before
    assert leftovers(mounted) == []
    (mounted / "filler").unlink()
    assert beat_once(kind, file)[0] == 0


@pytest.mark.parametrize("kind", WRITERS)
def test_a_read_only_file_system_is_named_as_the_cause(kind, mounted):
    file = mounted / "heartbeat_status.json"
    file.write_text(json.dumps({"processes": some_entries(3)}))
    before = file.read_bytes()
    subprocess.run([*AS_ROOT, "mount", "-o", "remount,ro", mounted], check=True)
    status, stderr = beat_once(kind, file)
    assert status != 0
    assert "Read-only file system" in stderr and str(file) in stderr
    assert file.read_bytes() == before


@pytest.mark.parametrize("kind", WRITERS)
def test_a_lock_held_by_a_stopped_process_gives_an_error_that_says_what_to_do(kind, beats):
    beats.write_text(json.dumps({"processes": some_entries(3)}))
    before = beats.read_bytes()
    code = "import fcntl,sys,time; f=open(sys.argv[1],'w'); fcntl.flock(f,fcntl.LOCK_EX); print('held',flush=True); time.sleep(600)"
    holder = subprocess.Popen([sys.executable, "-S", "-c", code, f"{beats}.lock"], stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        if kind == "python":
            code = f"import sys; sys.path.insert(0, {str(PYTHON_CLIENT)!r}); import heartbeat_manager as h; " \
                   f"h.HeartbeatManager(sys.argv[1], lock_timeout=0.5, raises=True).send_heartbeat('late')"
            result = run(sys.executable, "-S", "-c", code, beats)
            status, stderr = result.returncode, result.stderr
        else:
            status, stderr = beat_once(kind, beats)
        assert status != 0
        assert f"{beats}.lock" in stderr and f"kill -CONT {holder.pid}" in stderr
        assert beats.read_bytes() == before
    finally:
        holder.kill()
        holder.wait()
    assert beat_once(kind, beats)[0] == 0
