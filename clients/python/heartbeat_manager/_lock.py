"""The exclusive flock on "<file>.lock" that every writer of the one file takes. The lock file itself stays."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import stat
import threading
import time
from typing import Optional

from . import _access_list
from ._errors import HeartbeatError, advice_for, cause_of
from ._places import Place, give_to_owner
from ._signals import close, held, let_through, thread

#: For so many seconds a lock that may not be opened is taken for one that its maker has not opened to others yet.
_LONGEST_BIRTH = 0.05


def forget_in_child() -> None:
    """After fork: a copy of a descriptor would keep a lock that the parent gives back only by its end."""
    me = threading.get_ident()
    thread.temporaries.clear()  # the parent's, which it may be about to rename
    for descriptor, holder in list(held.items()):
        if holder != me and descriptor in held:
            del held[descriptor]
            try:
                os.close(descriptor)
            except OSError:
                pass


class Lock:
    """Holds the lock of a place while it is entered."""

    def __init__(self, place: Place, timeout: float) -> None:
        self._place = place
        self._name = place.name + ".lock"
        self.path = place.beside(self._name)
        self._timeout = timeout
        self._descriptor: Optional[int] = None
        self._born_until = 0.0

    def __enter__(self) -> Lock:
        deadline = time.monotonic() + self._timeout
        self._born_until = min(deadline, time.monotonic() + _LONGEST_BIRTH)
        pause = 0.0002
        while not self._attempt():
            if time.monotonic() >= deadline:
                raise HeartbeatError("gave up waiting for the lock %s after %g s: %s" % (
                    self.path, self._timeout, self._holder()), self.path, "lock_timeout")
            time.sleep(min(pause * random.uniform(0.5, 1), max(0.0, deadline - time.monotonic())))
            pause = min(pause * 1.5, 0.01)
        return self

    def __exit__(self, *_: object) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None and descriptor in held:
            close(descriptor)

    def _attempt(self) -> bool:
        try:
            descriptor = self._open()
        except FileExistsError:  # another writer has made it meanwhile
            return False
        except OSError as error:
            owner = self._owner()
            is_mine = owner == os.geteuid()
            if error.errno == errno.ELOOP:
                raise HeartbeatError("the lock file %s is a symbolic link%s: it is not followed; remove it" % (
                    self.path, "" if is_mine else " of user %d" % owner), self.path, "link") from None
            if error.errno == errno.EACCES and not is_mine:
                if time.monotonic() < self._born_until:  # its maker may not have opened it to others yet
                    return False
                raise HeartbeatError(
                    "cannot open the lock file %s: it belongs to user %d, who lets nobody else open it; have it removed, or take "
                    "a folder in the place of the file (/run/heartbeat.d), or another file (HEARTBEAT_FILE)" % (
                        self.path, owner), self.path, "lock") from error
            raise HeartbeatError("cannot open the lock file %s: %s%s" % (
                self.path, cause_of(error), advice_for(error, self.path)), self.path, "lock") from error
        is_kept, me = False, threading.get_ident()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            mine = os.fstat(descriptor)
            if not stat.S_ISREG(mine.st_mode) or mine.st_nlink > 1:
                raise HeartbeatError("the lock file %s%s is no file of its own: remove it" % (
                    self.path, "" if mine.st_uid == os.geteuid() else " of user %d" % mine.st_uid), self.path, "lock")
            # Somebody may have removed the file between opening and locking it: then this lock guards nothing.
            is_kept = os.path.samestat(mine, self._place.stat(self._name))
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES, errno.ENOENT):
                raise HeartbeatError("cannot lock %s: %s" % (self.path, cause_of(error)), self.path, "lock") from error
        finally:
            if is_kept:
                self._descriptor = descriptor
                held[descriptor] = me
            else:
                close(descriptor)
        return is_kept

    def _open(self) -> int:
        try:
            # First without O_CREAT, which Linux refuses for another user's file in a folder like /tmp.
            descriptor = self._place.open(self._name, os.O_RDWR)
        except FileNotFoundError:
            descriptor = self._place.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._open_to_writers(descriptor)
            give_to_owner(self._place, descriptor)
            return descriptor
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EROFS):
                raise
            return self._place.open(self._name, os.O_RDONLY)  # enough to lock, except on NFS
        self._open_to_writers(descriptor)
        return descriptor

    def _open_to_writers(self, descriptor: int) -> None:
        """Who may write the folder may lock, and nobody else: a lock that readers can take would let them stop the beats."""
        mine = os.fstat(descriptor)
        if mine.st_uid != os.geteuid() or mine.st_nlink != 1 or not stat.S_ISREG(mine.st_mode) or mine.st_size:
            return
        folder = os.fstat(self._place.folder)
        mode = 0o666 if folder.st_mode & 0o002 else 0o660
        is_of_group = mine.st_gid == folder.st_gid
        if mode == 0o660 and folder.st_mode & 0o020:
            # who is not in the folder's group cannot: then its members find the lock held, or not theirs to take
            is_of_group = _access_list.take_group(descriptor, mine, folder)
        try:
            entries = _access_list.of_folder(self._place.folder)
            wanted = _access_list.of_file(entries, 0, mine, folder, is_of_group) if entries else []
            # not what the folder gives to all new files, which may be for readers
            if wanted != _access_list.of(descriptor):
                if wanted:
                    _access_list.give(descriptor, wanted)
                else:
                    _access_list.remove(descriptor)
        except OSError as error:
            let_through(error)
        try:
            if stat.S_IMODE(mine.st_mode) != mode:
                os.fchmod(descriptor, mode)
        except OSError as error:
            let_through(error)

    def _owner(self) -> int:
        try:
            return self._place.stat(self._name).st_uid
        except OSError as error:
            let_through(error)
            return os.geteuid()

    def _holder(self) -> str:
        """Who holds the lock, by /proc/locks, and what to do about it."""
        try:
            inode = self._place.stat(self._name).st_ino
            with open("/proc/locks") as locks:
                fields = [line.split() for line in locks]
            pid = next(int(f[4]) for f in fields
                       if len(f) >= 6 and f[1] == "FLOCK" and int(f[4]) > 0 and int(f[5].split(":")[-1]) == inode)
            with open("/proc/%d/stat" % pid, errors="replace") as file:
                name, _, rest = file.read().partition("(")[2].rpartition(")")
        except (OSError, StopIteration, ValueError):
            return "another writer holds it; find it with: fuser -v %s" % self.path
        if rest.split()[:1] in (["T"], ["t"]):
            return "process %d (%s) holds it and is stopped; let it go on with kill -CONT %d, or end it with kill -9 %d" % (
                pid, name, pid, pid)
        return "process %d (%s) holds it; if it hangs, end it with kill %d" % (pid, name, pid)
