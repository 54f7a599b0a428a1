"""Programs under `heartbeat run`, or under another init, and what can be seen of them from outside."""

import contextlib
import json
import os
import signal
import subprocess
import sys

from support import ENVIRONMENT, LIMIT, TOOL, eventually
from support.surroundings import children, descendants  # noqa: F401: for the tests

# Notes the number of each signal that it gets in a file, and ends with status 0 at SIGTERM.
RECORDER = """
import signal, sys, time
def note(number, _):
    with open(sys.argv[1], "a") as log: log.write("%d\\n" % number)
    if number == signal.SIGTERM: sys.exit(0)
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}: signal.signal(number, note)
open(sys.argv[1], "w").close()
while True: time.sleep(0.02)
"""


def recorder(log):
    """The command of a program that notes its signals in a file."""
    return [sys.executable, "-c", RECORDER, str(log)]


def noted(log):
    """What a recorder noted; nothing before it is up."""
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def state(pid):
    """The letter of a process's state; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def lives(pid):
    return state(pid) not in (None, "Z", "X")


def first_of_namespace(pid):
    """The process that is PID 1 in a namespace, at or below `pid`."""
    with open(f"/proc/{pid}/status") as f:
        numbers = next(line for line in f if line.startswith("NSpid:")).split()[1:]
    if len(numbers) > 1 and numbers[-1] == "1":
        return pid
    return next(filter(None, map(first_of_namespace, children(pid))), None)


def guardian(pid):
    """The guardian of a supervisor; None when it has none."""
    for child in children(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), open(f"/proc/{child}/comm") as f:
            if f.read() == "hb-guardian\n" and lives(child):
                return child
    return None


def entry(file, name="p"):
    """What a heartbeat file says of a process; empty when it says nothing."""
    try:
        return json.loads(file.read_text())["processes"][name]
    except (FileNotFoundError, KeyError):
        return {}


def data(file, name="p"):
    return entry(file, name).get("additional_data", {})


class Supervised:
    """Starts programs under `heartbeat run --name p`, each in a session of its own, and leaves none behind."""

    def __init__(self, file):
        self.file, self.started = file, []

    def __call__(self, flags, *command, env=None, under=(), init=None, **streams):
        """`under`: a command that runs the supervisor; `init`: another init's command line in its place."""
        usual = [] if "--interval" in flags else ["--interval", "200ms"]
        own = [TOOL, "run", "--name", "p", "--file", self.file, *usual, *flags, "--"]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True} | streams
        process = subprocess.Popen(
            [str(word) for word in [*under, *(init or own), *command]], env=ENVIRONMENT | (env or {}), text=True,
            **streams)  # fmt: skip
        self.started.append(process)
        return process

    def entry(self):
        return entry(self.file)

    def data(self):
        return data(self.file)

    def status(self, word):
        """Waits until the entry has this status, and gives the entry."""
        return eventually(lambda: (e := self.entry()).get("status") == word and e, f"the status {word}, not {self.entry()}")

    def close(self):
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
                print(process.communicate(timeout=2)[1])


def end(process, number=signal.SIGTERM):
    """Sends a signal and gives the exit status."""
    process.send_signal(number)
    return process.wait(timeout=LIMIT)


def kill_all(pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
