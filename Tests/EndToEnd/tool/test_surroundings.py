"""The tests do not depend on how their run was started, and a failure shows what hangs."""

import subprocess
import sys
from pathlib import Path

from support import eventually, run, surroundings

FOLDER = Path(__file__).resolve().parents[1]
INSIDE = """
import os, signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
from support import surroundings
surroundings.made_plain()
subprocess.run(["sh", "-c", "umask; grep -E 'SigIgn|SigBlk' /proc/self/status"], check=True)
for ignored in (signal.SIGHUP, signal.SIGQUIT):
    os.kill(os.getpid(), ignored)
"""


def test_what_a_shell_has_its_jobs_ignore_reaches_no_program_of_a_test_and_the_run_ignores_it():
    script = 'umask 077; trap "" HUP INT QUIT; exec "$@"'
    result = run("sh", "-c", script, "sh", sys.executable, "-c", INSIDE, FOLDER)
    assert result.returncode == 0, result
    umask, *signals = result.stdout.splitlines()
    assert int(umask, 8) == 0o022, result
    assert [int(line.split()[1], 16) for line in signals] == [0, 0], result


def test_a_process_that_hangs_is_shown_where_it_waits():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        # The pid is there before the program has taken its place.
        eventually(lambda: f"{process.pid}  cat" in surroundings.portraits() and "pipe_read" in surroundings.portraits(), "cat reads")
        shown = surroundings.portraits()
        process.stdin.close()
    assert f"{process.pid}  cat" in shown and "State" in shown and "SigIgn 0000000000000000" in shown, shown
    assert f"thread {process.pid} cat: waits in" in shown, shown
    assert "has ended" in surroundings.portrait(process.pid)
