"""What goes wrong, and how it is said without harm to the program."""

from __future__ import annotations

import errno
import os
import sys
import time
from typing import Dict, Optional

#: Seconds before the same sentence is said again.
SAID_AGAIN_AFTER = 3600.0
#: How many different sentences are remembered as said.
MOST_SENTENCES = 100


class HeartbeatError(Exception):
    """A heartbeat could not be written or read; the text names the file, the cause and what to do.

    `file` is the path or the URL, `cause` a word: "invalid", "lock_timeout", "lock", "link", "foreign" (not a heartbeat
    file), "corrupt", "being_written", "owner", "too_large", "too_deep", "not_a_file", "read" or "write"; for a URL
    "unreachable", "unavailable" (try again after `retry_after` seconds) or "refused", with the exporter's answer in
    `status`.
    """

    def __init__(self, message: str, file: Optional[str] = None, cause: str = "invalid",
                 status: Optional[int] = None, retry_after: Optional[int] = None) -> None:
        super().__init__(message)
        self.file = file
        self.cause = cause
        self.status = status
        self.retry_after = retry_after


def say(text: str) -> None:
    """A line on standard error, if there is one; nothing that goes wrong there reaches the program."""
    try:
        first = sys.__stderr__
        if sys.stderr is None:  # a daemon, or a program without a console, may have none
            return
        if first is not None and sys.stderr is first:
            # Not through its buffer: what cannot be written stays there, and makes the program's exit status 120.
            os.write(first.fileno(), ("heartbeat: %s\n" % text).encode(first.encoding, "backslashreplace"))
        else:
            print("heartbeat:", text, file=sys.stderr)
    except Exception:
        pass


class SaidOnce:
    """Remembers which sentences were said, so that a program that beats each second says each of them once an hour."""

    def __init__(self) -> None:
        self._said: Dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        now = time.monotonic()
        last = self._said.get(text)
        if last is not None and now - last < SAID_AGAIN_AFTER:
            return False
        if len(self._said) >= MOST_SENTENCES:
            self._said.clear()
        self._said[text] = now
        return True

    def forget(self) -> None:
        """After a success: the next failure is news."""
        if self._said:
            self._said.clear()


def cause_of(error: OSError) -> str:
    """The words and the name of an errno."""
    number = error.errno or 0
    return "%s (%s)" % (os.strerror(number), errno.errorcode.get(number, str(number)))


def advice_for(error: OSError, path: str) -> str:
    """What to do about an error while writing `path`; empty when there is nothing to say."""
    folder = os.path.dirname(path) or "."
    number = error.errno
    if number == errno.ENOSPC:
        return "; free some space, or files (df -i), on the file system of %s" % folder
    if number == errno.EDQUOT:
        return ("; this user's quota is used up: remove files of this user on the file system of %s, or raise it (quota -s)"
                % folder)
    if number == errno.EFBIG:
        return "; the process's file size limit (ulimit -f) is too low"
    if number == errno.EROFS:
        return ("; the file system is mounted read-only (if it should not be, dmesg says why): name a file on another one "
                "(HEARTBEAT_FILE)")
    if number in (errno.EACCES, errno.EPERM):
        return "; give this user the right to write in %s, or name another file (HEARTBEAT_FILE)" % folder
    if number == errno.ENOENT:
        return "; make the folder %s, or name another file (HEARTBEAT_FILE)" % folder
    if number == errno.ENAMETOOLONG:
        return "; a file name has at most 255 bytes"
    return ""
