"""Two hundred programs, each under `heartbeat run`, beside the supervisors of Debian's packages: what these take, not the programs."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from harness.server import Failure
from harness.tables import figure, goal, table

PROGRAMS = 200
# What sleeps takes nothing, so that all that is measured is the supervisor's.
PROGRAM = "sleep 100000"


def heartbeat(context, folder):
    """Each with its file in one folder, beating every 30 s, as it does unless told otherwise."""
    beats = folder / "heartbeat.d"
    beats.mkdir()
    tool = context.bin / "heartbeat"
    return [[tool, "run", f"--name=worker-{n}", f"--file={beats}", "--restart=always", "--", *PROGRAM.split()] for n in range(PROGRAMS)]


def supervisord(_, folder):
    settings = folder / "supervisord.conf"
    head = f"[supervisord]\nnodaemon=true\nuser=root\nlogfile={folder}/log\npidfile={folder}/pid\nchildlogdir={folder}\n"
    one = "[program:worker-{}]\ncommand={}\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
    settings.write_text(head + "".join(one.format(n, PROGRAM) for n in range(PROGRAMS)))
    return [["supervisord", "--configuration", settings]]


def runit(_, folder):
    for n in range(PROGRAMS):
        service = folder / "service" / f"worker-{n}"
        service.mkdir(parents=True)
        (service / "run").write_text(f"#!/bin/sh\nexec {PROGRAM}\n")
        (service / "run").chmod(0o755)
    return [["runsvdir", folder / "service"]]


def tini(*_):
    return [["tini", "-s", "--", *PROGRAM.split()] for _ in range(PROGRAMS)]


SUPERVISORS = [
    ("heartbeat run", "beats, restarts, probes", heartbeat), ("supervisord", "restarts", supervisord),
    ("runit (runsvdir, runsv)", "restarts", runit), ("tini", "hands on signals", tini),
]  # fmt: skip


def below(pid):
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += below(int(child))
    return found


def name(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()


def memory(pids):
    """Resident and proportional bytes of all of them."""
    sums = {"Rss:": 0, "Pss:": 0}
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                word, *rest = line.split()
                if word in sums:
                    sums[word] += int(rest[0]) * 1024
    return sums["Rss:"], sums["Pss:"]


def processor(pids):
    """Seconds of all of their threads. A thread that ends takes its own along: none of these does."""
    return sum(int(path.read_text().split()[0]) for pid in pids for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def supervising(roots):
    return [pid for root in roots for pid in below(root) if name(pid) not in ("sleep", None)]


def measure(context, commands, window):
    started = []
    try:
        for command in commands:
            started.append(subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        roots = [process.pid for process in started]
        deadline = time.monotonic() + 120
        while sum(name(pid) == "sleep" for root in roots for pid in below(root)) < PROGRAMS:
            if time.monotonic() > deadline:
                raise Failure(f"{commands[0][0]} did not start {PROGRAMS} programs within 120 s")
            time.sleep(0.5)
        # What belongs to the start is over.
        time.sleep(5)
        pids = supervising(roots)
        before = processor(pids)
        time.sleep(window)
        used = processor(pids) - before
        resident, proportional = memory(pids)
        return len(pids), resident, proportional, used * 60 / window
    finally:
        # supervisord has a session for each program; who is gone takes nothing along.
        left = [pid for process in started for pid in below(process.pid)]
        for process in started:
            # runsvdir would leave its programs to themselves at SIGTERM.
            process.send_signal(signal.SIGHUP if "runsvdir" in str(process.args[0]) else signal.SIGTERM)
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(60)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                if name(pid) in ("sleep", "runsv", "supervisord"):
                    os.kill(pid, signal.SIGKILL)
        for process in started:
            process.wait()


def run(context):
    window = 30 if context.is_quick else 120
    rows, found = [], {}
    for title, does, commands in SUPERVISORS:
        context.say(f"supervised: {title}")
        with context.folder() as folder:
            count, resident, proportional, cpu = measure(context, commands(context, folder), window)
        found[title] = proportional / PROGRAMS, cpu / PROGRAMS
        each = [value / PROGRAMS for value in (resident, proportional, cpu)]
        rows.append([title, does, count, figure(each[1] / (1 << 20)), figure(each[0] / (1 << 20)), figure(each[2] * 1e3)])
    bytes_each, cpu_each = found["heartbeat run"]
    goal("200 programs under heartbeat run: memory (PSS) of each", "under 2 MiB", f"{figure(bytes_each / (1 << 20))} MiB", bytes_each < 2 << 20)
    goal("200 programs under heartbeat run: CPU of each", "under 0.1 % of a core", f"{figure(cpu_each / 60 * 100)} %", cpu_each / 60 < 0.001)
    header = ["", "does", "processes", "MiB of each, PSS", "MiB of each, RSS", "CPU ms of each in a minute"]
    yield f"{PROGRAMS} programs that sleep", table(header, rows, words=2)
