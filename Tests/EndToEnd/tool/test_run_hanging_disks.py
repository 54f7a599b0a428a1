"""`heartbeat run` of a program whose disk hangs, as one over a network does: what cannot be started, or asked, holds up nothing else."""

import os
import signal

import pytest

from support import LIMIT, eventually
from support.hanging import HangingFolder
from support.supervised import noted, recorder


@pytest.fixture
def disk(tmp_path):
    parent = tmp_path / "disk"
    parent.mkdir()
    parent.chmod(0o755)
    disk = HangingFolder(parent)
    yield disk
    disk.close()


def ended(p):
    """The exit status, and what it said, once it has ended by SIGTERM."""
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=60)
    return p.returncode, err


def test_a_start_on_a_disk_that_hangs_is_told_and_ended(supervised, disk):
    disk.hang()
    p = supervised(["--cwd", disk.folder, "--timeout", "1s"], "sleep", "300", under=disk.under)
    supervised.status("starting")
    supervised.status("hung")
    # What the disk has taken and not answered not even SIGKILL ends.
    assert ended(p)[0] == 143
    assert supervised.entry()["status"] == "stopped"


def test_a_start_goes_on_with_its_disk(supervised, disk, tmp_path):
    log = tmp_path / "log"
    disk.hang()
    p = supervised(["--cwd", disk.folder, "--restart", "always"], *recorder(log), under=disk.under)
    supervised.status("starting")
    disk.go_on()
    supervised.status("alive")
    eventually(log.exists, "the program is up")
    assert ended(p)[0] == 0


def test_a_signal_is_kept_until_the_start_is_over(supervised, disk):
    disk.hang()
    p = supervised(["--cwd", disk.folder, "--restart", "always"], "sleep", "300", under=disk.under)
    supervised.status("starting")
    p.send_signal(signal.SIGUSR1)
    disk.go_on()
    assert p.wait(timeout=LIMIT) == 128 + signal.SIGUSR1


@pytest.mark.parametrize("error", ["ENOENT", "ENOTDIR"])
def test_a_start_that_fails_late_has_failed(supervised, disk, error):
    if error == "ENOTDIR":
        disk.write("x", "")
    disk.hang()
    p = supervised(["--cwd", disk.folder / "x", "--restart", "always"], "true", under=disk.under)
    supervised.status("starting")
    disk.go_on()
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode == 126 and "working directory" in err and error in err
    assert supervised.entry()["status"] == "failed"


def test_a_program_whose_disk_hangs_before_it_is_started_again_keeps_nobody(supervised, disk):
    disk.write("serve", "#!/bin/sh\nexec sleep 300\n")
    (disk.behind / "serve").chmod(0o755)
    p = supervised(["--restart", "always", "--restart-delay", "1s"], disk.folder / "serve", under=disk.under)
    program = supervised.status("alive")["pid"]
    disk.hang()
    os.kill(program, signal.SIGKILL)
    supervised.status("restarting")
    supervised.status("starting")
    assert ended(p)[0] == 143


def test_a_command_as_a_probe_on_a_disk_that_hangs_is_no_answer_and_keeps_nobody(supervised, disk, tmp_path):
    log = tmp_path / "log"
    flags = ["--cwd", disk.folder, "--probe", "exec:true", "--timeout", "10s"]
    p = supervised(flags, *recorder(log), under=disk.under)
    supervised.status("alive")
    # Python looks for what it imports in its folder first.
    eventually(log.exists, "the program is up")
    disk.hang()
    supervised.status("hung")
    code, err = ended(p)
    assert code == 0 and signal.SIGTERM in noted(log)
    assert "the probe exec:true fails: no answer within 5s" in err
