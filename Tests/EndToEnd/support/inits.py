"""Programs that start, end and restart another one: `heartbeat run` and its peers, all started in the same way."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from support import AS_ROOT, ENVIRONMENT, TOOL
from support.surroundings import descendants, text_of

PID_1 = [*AS_ROOT, "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


class Init:
    """One of them, in a folder of its own. `restarts`: whether it can start the program again.

    `restart` of `start`: whether it is to do so, "slowly" with a long pause if that can be had.
    """

    name, package, restarts = "", "", True

    def __init__(self, folder):
        self.folder = folder
        self.started = []
        folder.mkdir(parents=True)

    def command(self, program, restart):
        """Its command line."""
        raise NotImplementedError

    def script(self, program, name="run"):
        """A file that becomes the program: for those that are configured by files."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nexec {shlex.join(map(str, program))}\n")
        path.chmod(0o755)
        return path

    def start(self, *program, restart=False, under=(), **streams):
        """Starts it around a program, as the leader of a session of its own."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | streams
        command = [str(word) for word in [*under, *self.command(program, restart)]]
        process = subprocess.Popen(command, env=ENVIRONMENT, start_new_session=True, **streams)
        self.started.append(process)
        return process

    def close(self):
        for process in self.started:
            # From above: whoever restarts the others first.
            for pid in (process.pid, *descendants(process.pid)) if process.poll() is None else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        # The program of an init that died of what it was sent is the host's now.
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            if f"{self.folder}/" in text_of(file):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(file.parent.name), signal.SIGKILL)


class Heartbeat(Init):
    name, package = "heartbeat run", ""

    def command(self, program, restart):
        delay = "1h" if restart == "slowly" else "10ms"
        often = ["--restart=always", f"--restart-delay={delay}", f"--restart-max-delay={delay}", "--restart-limit=0"] if restart else []
        return [TOOL, "run", f"--file={self.folder / 'beats.json'}", "--name=p", "--interval=1s", "--stop-timeout=2s", *often, "--", *program]


class Tini(Init):
    name, package, restarts = "tini", "tini", False

    def command(self, program, restart):
        return ["tini", "-s", "-g", "--", *program]


class DumbInit(Init):
    name, package, restarts = "dumb-init", "dumb-init", False

    def command(self, program, restart):
        return ["dumb-init", "--", *program]


class Supervisord(Init):
    name, package = "supervisord", "supervisor"

    def command(self, program, restart):
        settings = self.folder / "supervisord.conf"
        settings.write_text(f"""[supervisord]
nodaemon=true
logfile={self.folder}/supervisord.log
pidfile={self.folder}/supervisord.pid
childlogdir={self.folder}
user=root
[program:p]
command={self.script(program)}
autorestart={"true" if restart else "false"}
startsecs={5 if restart == "slowly" else 0}
startretries=1000000
stopwaitsecs=2
stopasgroup=true
killasgroup=true
stdout_logfile=/dev/fd/1
stdout_logfile_maxbytes=0
redirect_stderr=true
""")
        return ["supervisord", "--configuration", settings]


class Runit(Init):
    name, package = "runsv (runit)", "runit"

    def command(self, program, restart):
        # It always does: there is no setting for it.
        self.script(program, "service/run")
        return ["runsv", self.folder / "service"]


INITS = (Heartbeat, Tini, DumbInit, Supervisord, Runit)


def missing():
    """The programs that are not installed."""
    return [name for name in ("tini", "dumb-init", "supervisord", "runsv", "unshare") if not shutil.which(name)]


def version(init):
    """Which one was asked, by its Debian package."""
    if not init.package:
        return subprocess.run([TOOL, "--version"], capture_output=True, text=True, check=True).stdout.split()[2].rstrip(",")
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", init.package], capture_output=True, text=True, check=True)
    return shown.stdout.strip()
