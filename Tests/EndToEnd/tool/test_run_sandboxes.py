"""`heartbeat run` where the kernel allows less than usual."""

import errno
import os

import pytest

from support import eventually
from support.supervised import descendants, guardian, kill_all, lives
from support.system_calls import CLOSE_RANGE, refusing


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
