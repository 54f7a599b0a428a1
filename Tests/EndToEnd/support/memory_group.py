"""A control group whose memory is limited, as service managers and container runtimes make one for a service."""

import os
import subprocess
from pathlib import Path

from support import AS_ROOT, LIMIT

ROOT = Path("/sys/fs/cgroup")


class MemoryGroup:
    """`limit`: its memory in bytes. Of both versions of control groups."""

    def __init__(self, name, limit):
        self.is_second = (ROOT / "cgroup.controllers").exists()
        self.path = (ROOT if self.is_second else ROOT / "memory") / name
        made = f'mkdir "{self.path}" && echo {limit} >"{self.path}/{"memory.max" if self.is_second else "memory.limit_in_bytes"}"'
        if self.is_second:
            made = f'echo +memory >"{ROOT}/cgroup.subtree_control"; {made}'
        self.sh(made)

    def sh(self, script):
        subprocess.run([*AS_ROOT, "sh", "-c", script], check=True, timeout=LIMIT)

    def take(self, pid):
        """Puts a process into it: what that asks for from now on counts."""
        self.sh(f'echo {pid} >"{self.path}/cgroup.procs"')

    @property
    def killed(self):
        """How many processes were killed because it was full."""
        text = (self.path / ("memory.events" if self.is_second else "memory.oom_control")).read_text()
        return next(int(line.split()[1]) for line in text.splitlines() if line.split()[0] == "oom_kill")

    def remove(self):
        """Once its processes have ended."""
        self.sh(f'rmdir "{self.path}"')


def peak(pid):
    """The most resident memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def unique(name):
    return f"{name}-{os.getpid()}"
