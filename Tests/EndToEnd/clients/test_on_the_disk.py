"""Beats that are to outlive a crash of the host: in which order file and folder reach the disk, and what stays when the disk fails. The kernel's
calls are looked at, and failed, by strace. And a file that others write in place while it is read."""

import json
import os
import re
import shlex
import subprocess
import sys
import time

import pytest

from support import ENVIRONMENT, LIMIT, TOOL, eventually, run
from support.clients import NODE, PYTHON

PYTHON_BEAT = "import sys; from heartbeat_manager import *; HeartbeatManager(sys.argv[1], raises=True, synchronise=sys.argv[2] == 'yes').send_heartbeat('late')"
NODE_BEAT = """const [target, asked] = process.argv.slice(1);
new (require(process.env.CLIENT).HeartbeatManager)(target, { throws: true, synchronise: asked === 'yes' }).sendHeartbeat('late')
.catch((e) => { console.error(e.message); process.exit(1); });"""
BEATS = {
    "tool": ["sh", "-c", f'{shlex.quote(str(TOOL))} send late --file "$1" $([ "$2" = no ] || echo --fsync)', "sh"],
    "python": [sys.executable, "-S", "-c", PYTHON_BEAT],
    "node": ["node", "-e", NODE_BEAT, "--"],
}
CALLS = "fsync,fdatasync,rename,renameat,renameat2"


def beat(kind, target, asked, log, *more):
    environment = ENVIRONMENT | {"PYTHONPATH": str(PYTHON), "CLIENT": str(NODE), "HEARTBEAT_TOOL": str(TOOL)}
    traced = ["strace", "-f", "-qq", "-y", "-o", log, "-e", f"trace={CALLS}", *more]
    return run(*traced, *BEATS[kind], target, "yes" if asked else "no", env=environment)


def steps(log, file):
    """What reached the disk, or got its name, in this order."""
    found = []
    for line in log.read_text().splitlines():
        call, _, rest = line.partition(" ")[2].lstrip().partition("(")
        if "sync" in call:
            path = re.search(r"<([^>]*)>", rest)[1]
            found.append("content" if "tmp-" in path else "folder" if path == str(file.parent) else path)
        elif call.startswith("rename") and f'{file.name}"' in rest:
            found.append("name")
    return found


@pytest.fixture(params=["file", "folder"])
def place(request, tmp_path):
    """What a writer is given, and the file that it writes."""
    folder = tmp_path / "beats.d"
    folder.mkdir()
    file = folder / ("late.json" if request.param == "folder" else "heartbeat_status.json")
    old = {"last_heartbeat": 1e9, "pid": 1, "status": "old"}
    file.write_text(json.dumps(old if request.param == "folder" else {"processes": {"late": old}}))
    return (folder if request.param == "folder" else file), file


@pytest.mark.parametrize("kind", BEATS)
def test_the_content_reaches_the_disk_before_its_name_and_the_name_before_the_end(kind, place, tmp_path):
    target, file = place
    for asked, expected in ((True, ["content", "name", "folder"]), (False, ["name"])):
        log = tmp_path / "calls"
        result = beat(kind, target, asked, log)
        assert result.returncode == 0 and result.stderr == "", result
        assert steps(log, file) == expected, log.read_text()


# What the disk says when the content, or its name, is to be put there, and what to do about it.
FAULTS = {
    "a broken disk": ("fsync", "EIO", "EIO"),
    "no space": ("fsync", "ENOSPC", "free some space, or files (df -i)"),
    "no room for a name": ("rename,renameat,renameat2", "ENOSPC", "free some space, or files (df -i)"),
    "a quota that is used up": ("rename,renameat,renameat2", "EDQUOT", "quota is used up"),
    "a file system that became read-only": ("rename,renameat,renameat2", "EROFS", "mounted read-only"),
}


@pytest.mark.parametrize("kind", BEATS)
def test_what_the_disk_refuses_leaves_the_old_content_and_says_what_to_do(kind, place, tmp_path):
    target, file = place
    before = file.read_bytes()
    for fault, (calls, error, advice) in FAULTS.items():
        result = beat(kind, target, True, tmp_path / "calls", "-e", f"inject={calls}:error={error}:when=1")
        assert result.returncode != 0 and advice in result.stderr and str(file) in result.stderr, (fault, result)
        assert "Traceback (most recent call last)" not in result.stderr[-300:]
        assert file.read_bytes() == before, fault
        assert [name for name in file.parent.iterdir() if "tmp-" in name.name] == [], fault


# A careless writer is at it between two pieces of one reading: what comes of it is half old and half new, and valid JSON all the same.
REWRITTEN = {
    "python": """
import os, sys
target, file, new = sys.argv[1:]
real = os.read
def read(descriptor, most):
    if os.fstat(descriptor).st_ino != os.stat(file).st_ino:
        return real(descriptor, most)
    os.read = real
    part = real(descriptor, os.fstat(descriptor).st_size // 2)
    with open(file, "r+b") as other:
        other.write(new.encode())
    return part
from heartbeat_manager import HeartbeatManager
os.read = read
HeartbeatManager(target, raises=True).send_heartbeat("late")
""",
    "node": """
const fs = require('node:fs/promises');
const [target, file, now] = process.argv.slice(1);
const open = fs.open;
let isFirst = true;
fs.open = async (path, ...more) => {
  const opened = await open(path, ...more);
  if (!isFirst || !path.endsWith('/late.json')) return opened;
  isFirst = false;
  const old = await opened.readFile('latin1');
  opened.readFile = async () => {
    const other = await open(file, 'r+');
    await other.write(now, 0);
    await other.close();
    return old.slice(0, old.length / 2) + now.slice(old.length / 2);
  };
  return opened;
};
new (require(process.env.CLIENT).HeartbeatManager)(target, { throws: true }).sendHeartbeat('late')
  .catch((e) => { console.error(e.message); process.exit(1); });
""",
}


@pytest.mark.parametrize("kind", REWRITTEN)
def test_what_is_rewritten_while_it_is_read_is_read_again(kind, place):
    target, file = place
    if kind == "node" and target == file:
        return  # the tool writes it: see below
    words = {letter: {"last_heartbeat": int(time.time()), "note": letter * 3000} for letter in "ab"}
    contents = {l: json.dumps(e if target != file else {"processes": {"other": e}}) for l, e in words.items()}
    file.write_text(contents["a"])
    os.utime(file, (time.time() - 60,) * 2)
    command = [*BEATS[kind][:-1], REWRITTEN[kind]] if kind == "python" else ["node", "-e", REWRITTEN[kind], "--"]
    environment = ENVIRONMENT | {"PYTHONPATH": str(PYTHON), "CLIENT": str(NODE)}
    result = run(*command, target, file, contents["b"], env=environment)
    assert result.returncode == 0 and result.stderr == "", result
    written = json.loads(file.read_text())
    assert (written if target != file else written["processes"]["other"])["note"] == "b" * 3000


def test_the_tool_reads_again_what_was_rewritten_while_it_read(tmp_path):
    """strace lets its first reading of the file end late; meanwhile somebody writes the file in place, as long as it was."""
    file, log = tmp_path / "heartbeat_status.json", tmp_path / "calls"
    contents = [json.dumps({"processes": {"other": {"last_heartbeat": int(time.time()), "note": letter}}}) for letter in "ab"]
    file.write_text(contents[0])
    os.utime(file, (time.time() - 60,) * 2)
    traced = ["strace", "-f", "-qq", "-o", log, "-P", file, "-e", "trace=read", "-e", "inject=read:delay_exit=2000000:when=1"]
    process = subprocess.Popen([str(w) for w in (*traced, TOOL, "send", "late", "--file", file)], stderr=subprocess.PIPE, env=ENVIRONMENT, text=True)
    eventually(lambda: log.exists() and "read(" in log.read_text(), "it reads")
    with open(file, "r+") as other:
        other.write(contents[1])
    _, stderr = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, stderr
    assert json.loads(file.read_text())["processes"]["other"]["note"] == "b"
