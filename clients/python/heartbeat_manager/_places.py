"""Folders and files in them, opened so that nobody can put a link in the way.

A folder is opened once, step by step; everything in it is named relative to that descriptor. A symbolic link at the
file itself is followed only if it belongs to this user or to root, and lies where nobody else can put another in its place.
"""

from __future__ import annotations

import errno
import os
import random
import re
import stat
import time
from typing import Callable, List, Optional, Tuple

from ._errors import HeartbeatError
from ._signals import close, let_through, open_at

_MOST_LINKS = 40
#: Seconds before each further look at a file that was written while it was read.
_PAUSES = (0.001, 0.003, 0.01, 0.02, 0.04)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # O_NONBLOCK: opening a pipe that nobody writes would wait for ever
#: The name of a temporary file behind its prefix: 16 hexadecimal digits.
_TEMPORARY = re.compile(r"[0-9a-f]{16}")


class Place:
    """A name in an open folder. Close it, or use it in a `with`."""

    def __init__(self, folder: int, name: str, path: str) -> None:
        self.folder = folder
        self.name = name
        #: What errors say.
        self.path = path

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *_: object) -> None:
        close(self.folder)

    def open(self, name: str, flags: int, mode: int = 0o600) -> int:
        return open_at(self.folder, name, flags | _FILE, mode)

    def stat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self.folder, follow_symlinks=False)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new, src_dir_fd=self.folder, dst_dir_fd=self.folder)

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self.folder)

    def beside(self, name: str) -> str:
        """The path of another file in the folder, for people."""
        return os.path.join(os.path.dirname(self.path), name)

    def names(self) -> List[str]:
        """Every name in the folder."""
        descriptor = self._readable()
        try:
            return os.listdir(descriptor)
        finally:
            close(descriptor)

    def synchronise(self) -> None:
        descriptor = self._readable()
        try:
            os.fsync(descriptor)
        finally:
            close(descriptor)

    def _readable(self) -> int:
        return open_at(self.folder, ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_folder(path: str, start: Optional[int] = None) -> int:
    """A descriptor of a folder. `start`: of the folder from which a relative path counts; default: the working folder."""
    folder = _beginning(path, start)
    try:
        rest = _steps(path)
        links = 0
        while rest:
            name = rest.pop()
            try:
                following = open_at(folder, name, _FOLDER | os.O_NOFOLLOW)
            except OSError as error:
                if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                    raise
                target = _target(folder, name, is_file=False)
                if target is None:
                    raise
                links += 1
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
                following = _beginning(target, folder)
                rest.extend(_steps(target))
            # In this order: where a signal's handler raises behind the call, no descriptor is closed twice.
            outer, folder = folder, following
            close(outer)
        return folder
    except BaseException:
        close(folder)
        raise


def locate(path: str) -> Place:
    """Where a file is, or would be: its folder, and its name there, behind those links that may be followed."""
    head, name = os.path.split(path)
    if name in ("", ".", ".."):
        raise HeartbeatError("%s names no file" % (path or "an empty path"), path, "not_a_file")
    folder = open_folder(head)
    try:
        shown = path
        for _ in range(_MOST_LINKS):
            target = _target(folder, name, is_file=True)
            if target is None:
                return Place(folder, name, shown)
            head, name = os.path.split(target)
            shown = os.path.join(os.path.dirname(shown), target)
            following = open_folder(head, folder)
            outer, folder = folder, following
            close(outer)
        raise HeartbeatError("cannot write %s: too many symbolic links" % path, path, "link")
    except BaseException:
        close(folder)
        raise


def _beginning(path: str, start: Optional[int]) -> int:
    if path.startswith("/"):
        return open_at(None, "/", _FOLDER)
    return open_at(start, ".", _FOLDER)


def _steps(path: str) -> List[str]:
    return [step for step in reversed(path.split("/")) if step not in ("", ".")]


def _target(folder: int, name: str, is_file: bool) -> Optional[str]:
    """What a link points to, None when there is no link; raises when it is a link that may not be followed."""
    try:
        target = os.readlink(name, dir_fd=folder)
        link = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        let_through(error)
        return None
    holder = os.fstat(folder)
    trusted = {0, os.geteuid()}
    if not is_file and os.geteuid() != 0:
        # On the way to the folder the folder's owner decides, as with the kernel's protected_symlinks; not over root.
        trusted.add(holder.st_uid)
    if link.st_uid in trusted and holder.st_uid in trusted and not may_others_rename(holder):
        return target
    raise HeartbeatError(
        "%s is a symbolic link of user %d, or others may put one there: it is not followed; name what it points to (%s), "
        "or let it and its folder belong to this user or root" % (name, link.st_uid, target), name, "link")


def may_others_rename(folder: os.stat_result) -> bool:
    """Whether other users than a folder's owner may put something else in the place of what is in it."""
    if folder.st_mode & stat.S_ISVTX:
        return False
    # A user's own group, which has the user's number, has nobody else in it.
    is_own_group = folder.st_gid == folder.st_uid
    return bool(folder.st_mode & 0o002 or (folder.st_mode & 0o020 and not is_own_group))


def read_file(place: Place, name: str, most: int) -> Tuple[bytes, Optional[os.stat_result]]:
    """A file's content, at most one byte more than `most`, and its stat; no stat when there is no file.

    What somebody writes in place while it is read may be half old and half new, and valid all the same: it is read again,
    or the mixture would be written back.
    """
    for pause in (*_PAUSES, None):
        content, status, is_still = _read_once(place, name, most)
        if is_still:
            return content, status
        if pause is not None:
            time.sleep(pause)
    path = place.beside(name)
    raise HeartbeatError("%s is being written by somebody, and is never whole" % path, path, "being_written")


def _read_once(place: Place, name: str, most: int) -> Tuple[bytes, Optional[os.stat_result], bool]:
    """The same as it comes, and whether nobody wrote the file meanwhile."""
    path = place.beside(name)
    try:
        descriptor = place.open(name, os.O_RDONLY)
    except FileNotFoundError:
        return b"", None, True
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise HeartbeatError("%s is a symbolic link: it is not followed; remove it" % path, path, "link") from None
        if error.errno == errno.ENXIO:  # a socket
            raise _not_regular(path) from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _not_regular(path)
        content = bytearray()
        while len(content) <= most:
            part = os.read(descriptor, min(most + 1 - len(content), max(status.st_size + 1 - len(content), 4096)))
            if not part:
                break
            content += part
        after = os.fstat(descriptor)
        return bytes(content), status, (after.st_mtime_ns, after.st_size) == (status.st_mtime_ns, status.st_size)
    finally:
        close(descriptor)


def _not_regular(path: str) -> HeartbeatError:
    return HeartbeatError("%s is not a regular file: name a file that may be replaced" % path, path, "not_a_file")


def temporary_name(prefix: str) -> str:
    return "%s%016x" % (prefix, random.SystemRandom().getrandbits(64))


def write_new(place: Place, name: str, content: bytes, mode: int, synchronise: bool,
              prepare: Optional[Callable[[int], None]] = None) -> None:
    """Makes a file that is not there yet, with what `prepare` does to it. On an error the caller removes it."""
    descriptor = place.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        if prepare:
            prepare(descriptor)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view):]
        if synchronise:
            os.fsync(descriptor)
    finally:
        close(descriptor)


def give_to_owner(place: Place, descriptor: int) -> None:
    """What root makes in a user's folder is the folder's owner's, who could not use it otherwise. Only for a file that was
    made just now: one that is there already may have been brought under its name by somebody."""
    try:
        folder = os.fstat(place.folder)
        if os.geteuid() == 0 and folder.st_uid != 0:
            os.fchown(descriptor, folder.st_uid, -1)
    except OSError as error:  # a file system without owners
        let_through(error)


def remove(place: Place, name: str) -> None:
    try:
        place.unlink(name)
    except OSError as error:
        let_through(error)


def sweep(place: Place, prefix: str, older_than: float, is_any: bool = False) -> None:
    """Removes temporary files that writers left when they were killed, once they are old enough to be surely dead.

    `is_any`: whatever stands behind the prefix; otherwise 16 hexadecimal digits.
    """
    try:
        names = place.names()
    except OSError:
        return
    for name in names:
        if name.startswith(prefix) and (is_any or _TEMPORARY.fullmatch(name[len(prefix):])):
            try:
                # One from the future was made before the clock was set back.
                if abs(time.time() - place.stat(name).st_mtime) >= older_than:
                    place.unlink(name)
            except OSError:
                pass
