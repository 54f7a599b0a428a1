"""`heartbeat run` where the kernel shows or allows less than usual: a /proc of other processes, and system calls that are refused."""

import errno
import os
import re
import signal
import subprocess
import time

import pytest

from support import AS_ROOT, LIMIT, eventually
from support.supervised import descendants, guardian, kill_all, lives
from support.system_calls import CLOSE_RANGE, refusing

# A PID namespace of its own with the /proc of the one above, as `unshare -pf` and a sandbox without a /proc of its own leave it.
OUTER_PROC = [*AS_ROOT, "unshare", "--pid", "--fork", "--kill-child"]
# The same, with a shell as its first process: the end of the first one is the end of all of them, whatever anybody does. The numbers begin
# where the host has nobody: there are kernel threads with small ones, which nobody can kill here, but what has their number in the namespace.
BELOW_A_SHELL = [*OUTER_PROC, "sh", "-c", 'echo $(($(cat /proc/sys/kernel/pid_max) - 100)) > /proc/sys/kernel/ns_last_pid; "$@"; sleep 300', "sh"]


def numbers(pid):
    """The numbers of a process, from the outermost namespace inwards."""
    with open(f"/proc/{pid}/status") as f:
        return [int(n) for n in re.search(r"^NSpid:(.*)", f.read(), re.MULTILINE)[1].split()]


def run_below(p):
    """The `heartbeat run` below a process."""
    for pid in descendants(p.pid):
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read() == "heartbeat\n":
                    return pid
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


def test_where_proc_is_another_namespaces_it_ends_at_once_and_says_nothing_of_strangers(supervised):
    begin = time.monotonic()
    p = supervised([], "sh", "-c", "exit 3", under=OUTER_PROC)
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode == 3 and "cannot be ended" not in err and "left out" not in err
    # It looked for seven seconds for the end of somebody else.
    assert time.monotonic() - begin < 5


def test_where_proc_is_another_namespaces_nobody_else_is_killed(supervised):
    """Outside somebody has the number of `heartbeat run`, and a child, whose number somebody has in the namespace."""
    script = """
        echo $((CHILD - 1)) > /proc/sys/kernel/ns_last_pid; sleep 300 & victim=$!
        echo $((PARENT - 1)) > /proc/sys/kernel/ns_last_pid; "$@" & run=$!
        test "$run $victim" = "$PARENT $CHILD" && echo placed
        wait $run; echo "run: $?"; kill -0 $victim && echo unharmed"""
    outside = subprocess.Popen(["sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE, text=True)
    child = outside.stdout.readline().strip()
    try:
        numbers = {"PARENT": str(outside.pid), "CHILD": child}
        p = supervised([], "sh", "-c", "exit 3", under=[*OUTER_PROC, "sh", "-c", script, "sh"], env=numbers)
        out, err = p.communicate(timeout=LIMIT)
        assert out.splitlines() == ["placed", "run: 3", "unharmed"], err
    finally:
        kill_all([int(child), outside.pid])
        outside.communicate()


@pytest.mark.parametrize("leaver", ["setsid sleep 300 &", "setsid env -i sleep 300 &"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_where_proc_is_another_namespaces_nothing_is_left(supervised, leaver, number):
    p = supervised([], "sh", "-c", f"{leaver}\necho up; exec sleep 300", under=BELOW_A_SHELL)
    assert p.stdout.readline() == "up\n"
    run = eventually(lambda: run_below(p), "heartbeat run")
    assert len(numbers(run)) > len(numbers(os.getpid()))
    # Whoever hides is known to the guardian after the first round.
    eventually(lambda: supervised.data().get("uptime_seconds", 0) > 1.5, "the first round")
    left = descendants(run)
    assert len(left) > 2
    try:
        os.kill(run, number)
        eventually(lambda: not [pid for pid in left if lives(pid)], "nothing left", 20)
    finally:
        kill_all([pid for pid in left if lives(pid)])


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM])
def test_kill_9_leaves_nothing_where_close_range_is_refused(supervised, error):
    p = supervised([], "sh", "-c", "setsid sleep 300 &\necho up; exec sleep 300", under=refusing(error, CLOSE_RANGE))
    assert p.stdout.readline() == "up\n"
    watcher = eventually(lambda: guardian(p.pid), "a guardian")
    assert sorted(os.listdir(f"/proc/{watcher}/fd")) == ["3"]
    left = descendants(p.pid)
    assert len(left) > 2
    p.kill()
    p.wait()
    try:
        eventually(lambda: not [pid for pid in left if lives(pid)], "nothing left", 20)
    finally:
        kill_all([pid for pid in left if lives(pid)])
