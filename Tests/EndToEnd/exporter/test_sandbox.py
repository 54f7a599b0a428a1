"""The exporter in a mount namespace of its own, as a container or the sandbox of a unit gives it: what it says of the host is the host's."""

import os
import platform
import shutil
import subprocess

import pytest

from support import AS_ROOT, LIMIT, NO_LEAK_CHECK, entry, write_beats
from support.surroundings import children

pytestmark = pytest.mark.hard
DISK = "the-disk"
CLOCK = r"""
#include <errno.h>
struct timex;
int adjtimex(struct timex *clock) { errno = EPERM; return -1; }
"""


class Sandbox:
    """A process 1 with a file system of one megabyte at a place, and an exporter that sees other mounts than it."""

    def __init__(self, folder, own):
        """`own`: commands that change what the exporter sees; `$P` is the place."""
        self.place = folder / "place"
        self.place.mkdir()
        self.noted = folder / "sandbox"
        inside = f'P="{self.place}"\nmount --make-rprivate /\n{own}\nexec "$@"'
        host = f"set -e\nmount -t tmpfs -o size=1m {DISK} '{self.place}'\nunshare --mount sh -ec '{inside}' sh \"$@\" & wait"
        outside = f'echo $$ > {self.noted}; exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc sh -c "$0" sh "$@"'
        self.under = (*AS_ROOT, "sh", "-c", outside, host)

    def on_the_host(self, *command):
        (first,) = children(int(self.noted.read_text()))
        result = subprocess.run([*AS_ROOT, "nsenter", "--mount", f"--target={first}", *map(str, command)], capture_output=True, text=True, timeout=LIMIT)
        assert result.returncode == 0, result.stderr

    def close(self):
        if self.noted.exists():
            subprocess.run([*AS_ROOT, "kill", "-KILL", self.noted.read_text().strip()], check=False)


@pytest.fixture
def sandbox(exporter, beats, tmp_path):
    """`sandbox(own)`: one, and its exporter, which shows of the host's file systems only that one."""
    made = []

    def make(own, *flags):
        made.append(Sandbox(tmp_path, own))
        return made[0], exporter(*flags, under=made[0].under, env=NO_LEAK_CHECK)

    yield make
    for one in made:
        one.close()


def shown(e, what="size_bytes"):
    """What is said of the disk; empty when it is not shown."""
    return {place: value for (device, _, place), value in e.metrics().of(f"system_filesystem_{what}").items() if device == DISK}


def collector_success(e):
    return e.metrics().value("heartbeat_exporter_collector_success", collector="system")


def test_a_sandbox_that_is_read_only_is_no_host_that_is(sandbox):
    """`ProtectSystem=strict` mounts all read-only for the exporter alone. What turns read-only on the host is seen all the same."""
    s, e = sandbox('mount -o remount,bind,ro "$P"')
    place = str(s.place)
    assert shown(e) == {place: 1 << 20}
    assert shown(e, "readonly") == {place: 0}
    # Not the mount is changed but the file system, as after errors of a disk.
    s.on_the_host("mount", "-o", "remount,ro", place)
    assert shown(e, "readonly") == {place: 1}
    s.on_the_host("mount", "-o", "remount,rw", place)
    assert shown(e, "readonly") == {place: 0}
    s.on_the_host("mount", "-o", "remount,bind,ro", place)
    assert shown(e, "readonly") == {place: 1}
    assert collector_success(e) == 1


@pytest.mark.parametrize(
    "own",
    ['umount "$P"', 'mount -t tmpfs -o size=2m other "$P"', 'umount "$P"; mount -t tmpfs -o size=2m the-disk "$P"'],
    ids=["a folder", "another mount over it", "another of its name"],
)  # fmt: skip
def test_what_else_is_at_the_place_of_a_mount_is_not_shown_for_it(sandbox, own):
    s, e = sandbox(own)
    assert shown(e) == {} and shown(e, "readonly") == {} and shown(e, "device_error") == {}
    assert collector_success(e) == 1
    lines = [line for line in e.stderr.splitlines() if "not seen from here" in line]
    assert len(lines) == 1 and str(s.place) in lines[0], e.stderr


def test_a_file_system_that_the_exporter_sees_elsewhere_is_shown(sandbox, tmp_path):
    """In a container the disk of the host is where a folder of it is mounted."""
    (tmp_path / "elsewhere").mkdir()
    s, e = sandbox(f'mkdir "$P/sub"; mount --bind "$P/sub" "{tmp_path}/elsewhere"; umount "$P"')
    assert shown(e) == {str(s.place): 1 << 20}
    assert shown(e, "readonly") == {str(s.place): 0}
    assert str(s.place) not in e.stderr


def test_the_hosts_root_by_its_mount_and_by_process_1(sandbox, tmp_path):
    (tmp_path / "root").mkdir()
    s, e = sandbox(f'mount --rbind / "{tmp_path}/root"; umount "$P"', f"--path.rootfs={tmp_path}/root")
    assert shown(e) == {str(s.place): 1 << 20}


def test_the_root_of_process_1(sandbox):
    s, e = sandbox('umount "$P"', "--path.rootfs=/proc/1/root")
    assert shown(e) == {str(s.place): 1 << 20} and shown(e, "readonly") == {str(s.place): 0}


def test_a_root_that_is_not_the_hosts(sandbox, tmp_path):
    """A folder that somebody forgot to mount the host's root at: what is mounted elsewhere is found there."""
    (tmp_path / "empty").mkdir()
    s, e = sandbox("", f"--path.rootfs={tmp_path}/empty")
    assert shown(e) == {str(s.place): 1 << 20}


def test_a_clock_that_may_not_be_asked_is_said_once_and_fails_nothing(exporter, tmp_path):
    """As under `ProtectClock=yes`."""
    source, library = tmp_path / "clock.c", tmp_path / "clock.so"
    source.write_text(CLOCK)
    subprocess.run([shutil.which("clang") or "cc", "-shared", "-fPIC", "-o", library, source], check=True, timeout=LIMIT)
    e = exporter(env={"LD_PRELOAD": str(library)})
    for _ in range(2):
        assert e.metrics().value("system_clock_synchronized") is None
        assert collector_success(e) == 1
    lines = [line for line in e.stderr.splitlines() if "source=adjtimex" in line]
    assert len(lines) == 1 and "EPERM" in lines[0], e.stderr


def test_the_name_of_the_host_in_a_container_with_another_one(exporter, beats):
    """Beats that carry it are of this host, and their pids those of its processes."""
    under = (*AS_ROOT, "unshare", "--uts", "sh", "-c", 'hostname the-container; exec "$@"', "sh")
    write_beats(beats, {"bidder": entry(pid=os.getpid()) | {"host": platform.node()}, "other": entry(pid=os.getpid()) | {"host": "elsewhere"}})
    e = exporter(f"--host.name={platform.node()}", under=under, env=NO_LEAK_CHECK)
    samples = e.metrics()
    assert samples.value("process_up", process="bidder") == 1
    assert samples.value("process_up", process="other") is None
    assert {dict(labels)["nodename"] for name, labels in samples if name == "system_info"} == {platform.node()}
    assert exporter(under=under, env=NO_LEAK_CHECK).metrics().value("process_up", process="bidder") is None
