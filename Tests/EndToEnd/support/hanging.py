"""A file system that can be made to hang, as one over a network does: bindfs (FUSE), stopped by a signal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from support import AS_ROOT, LIMIT, eventually


class HangingFolder:
    """`folder` is what the exporter sees, `behind` where it comes from, which never hangs.

    It is mounted in a mount namespace of its own, which an exporter enters by `under`: one that hangs would otherwise be met by
    every exporter of every other test, since they look at all file systems of the machine.
    """

    server = ("bindfs", "-f", "-o", "allow_other,nonempty")

    def __init__(self, parent, mounts_at_once=True):
        self.behind, self.folder = parent / "behind", parent / "mounted"
        self.behind.mkdir()
        self.folder.mkdir()
        script = 'echo $$; read go; exec "$@"'
        command = ["sh", "-c", script, "sh", *self.server, self.behind, self.folder]
        self.process = subprocess.Popen(
            [*AS_ROOT, "unshare", "--mount", "--propagation", "private", *command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.pid = int(self.process.stdout.readline())
        self.under = (*AS_ROOT, "nsenter", f"--mount=/proc/{self.pid}/ns/mnt")
        if mounts_at_once:
            self.mount()

    def mount(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        eventually(lambda: f" {self.folder} " in Path(f"/proc/{self.pid}/mountinfo").read_text(), "it is mounted")

    def signal(self, name):
        subprocess.run([*AS_ROOT, "kill", f"-{name}", str(self.pid)], check=True, timeout=LIMIT)

    def hang(self):
        self.signal("STOP")

    def go_on(self):
        self.signal("CONT")

    def replace(self):
        """Takes the mount away from under those that hang in it, who stay there, and mounts a healthy file system at its place."""
        for command in (["umount", "--lazy"], ["mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs"]):
            subprocess.run([*self.under, *command, self.folder], check=True, timeout=LIMIT)

    def write(self, name, text):
        """Writes a file as those see it that are `under`."""
        subprocess.run([*self.under, "tee", self.folder / name], input=text, text=True, stdout=subprocess.DEVNULL, check=True, timeout=LIMIT)

    def assert_sigterm_ends(self, exporter):
        """Hangs, and checks that the exporter ends all the same.

        What bindfs had taken and not answered when it was stopped, the kernel does not give up: such a thread is left until it goes on.
        """
        exporter.signal(signal.SIGTERM)

        def is_over():
            try:
                tasks = [t.read_text() for t in Path(f"/proc/{exporter.process.pid}/task").glob("*/stat")]
            except OSError:
                tasks = []  # one of them ended meanwhile: ask again
            states = {t.rpartition(")")[2].split()[0] for t in tasks}
            return exporter.process.poll() is not None or (states and states <= set("DZX"))

        eventually(is_over, "SIGTERM ends it")
        self.go_on()
        assert exporter.stop() == 0

    def close(self):
        self.go_on()
        self.signal("TERM")
        self.process.wait(timeout=LIMIT)


class HangingReads(HangingFolder):
    """Of this one only readings of more than some bytes hang, or listings, as where a server goes after it was asked whether it is there."""

    server = (sys.executable, str(Path(__file__).with_name("hanging_reads.py")))

    def hang(self, most=1):
        self.limit(most)

    def go_on(self):
        self.limit(1 << 30)

    def limit(self, most):
        self.say("most", most)

    @property
    def listed(self):
        """How many listings it was asked for."""
        return int((self.behind.parent / "listed").read_text())

    def limit_listings(self, most):
        self.say("listings", most)

    def say(self, what, number):
        following = self.behind.parent / f"{what}.next"
        following.write_text(str(number))
        following.rename(self.behind.parent / what)
