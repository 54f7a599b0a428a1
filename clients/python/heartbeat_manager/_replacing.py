"""New content in a file's place, so that whoever could write the file before can write it after."""

from __future__ import annotations

import errno
import os
import pwd
import stat
from typing import Callable, Dict, Optional, Tuple

from . import _access_list
from ._errors import HeartbeatError, cause_of
from ._aside import Aside
from ._places import Place, give_to_owner, remove, temporary_name, write_new
from ._signals import close, let_through, thread

_groups: Dict[Tuple[int, int], bool] = {}


def replace(place: Place, name: str, content: bytes, old: Optional[os.stat_result], synchronise: bool,
            prefix: str, is_shared: bool = False, aside: Optional[Aside] = None) -> None:
    """Puts new content in a file's place in one step (rename).

    Where that would take the file from its owner, or the folder does not let this user, it is rewritten in place, if
    this user may write it: the caller holds the lock. `prefix` is that of temporary files; `is_shared`: who may write
    the folder may write a new file in it; `aside`: how the old content is kept.
    """
    temporary = temporary_name(prefix)

    def prepare(descriptor: int) -> None:
        if old is not None:
            _hand_over(place, name, descriptor, old)
        else:
            _share(place, descriptor, is_shared)

    try:
        _put(place, temporary, name, content, 0o644 if old is None else 0o600, synchronise, prepare, aside)
    except _TakesAway as problem:
        if old is None or not _rewrite(place, name, content, old, synchronise, aside):
            raise HeartbeatError(str(problem), place.beside(name), "owner") from None
    except OSError as error:
        if old is None or error.errno not in (errno.EACCES, errno.EPERM):
            raise
        if not _rewrite(place, name, content, old, synchronise, aside):
            raise
    else:
        if synchronise:
            place.synchronise()
    if aside:
        aside.told()


def _put(place: Place, temporary: str, name: str, content: bytes, mode: int, synchronise: bool,
         prepare: Callable[[int], None], aside: Optional[Aside]) -> None:
    """Makes the temporary file and renames it. Whatever goes wrong, it is gone again: at once, or, where a signal's handler
    raises twice, with this thread's next beat into the folder."""
    left = thread.temporaries
    folder = os.fstat(place.folder)
    key = (folder.st_dev, folder.st_ino)
    for entry in [entry for entry in left if entry[0] == key]:
        remove(place, entry[1])
        left.remove(entry)
    mine = (key, temporary)
    # Noted before it is made: from there on a handler may raise at any moment.
    left.append(mine)
    is_renamed = False
    try:
        write_new(place, temporary, content, mode, synchronise, prepare)
        if aside:
            aside.move()
        try:
            place.rename(temporary, name)
            is_renamed = True
        except OSError:
            if aside:
                aside.move_back()
            raise
    finally:
        if not is_renamed:
            try:
                os.unlink(temporary, dir_fd=place.folder)
            except OSError as error:
                let_through(error)
        left.remove(mine)


def _share(place: Place, descriptor: int, is_shared: bool) -> None:
    """Lets those write a new file who could put another one in its place: else the first user of a group's folder would
    keep the others from beating. What is one process's own is for the folder's owner, if root makes it."""
    mine, folder = os.fstat(descriptor), os.fstat(place.folder)
    if mine.st_mode & 0o600 != 0o600:  # under such a umask not even the next beat could read it
        os.fchmod(descriptor, stat.S_IMODE(mine.st_mode) | 0o600)
        mine = os.fstat(descriptor)
    if folder.st_mode & stat.S_ISVTX:  # there only its owner could
        return
    if not is_shared:
        give_to_owner(place, descriptor)
        return
    mode = stat.S_IMODE(mine.st_mode)
    if folder.st_mode & 0o020 and _share_by_list(place, descriptor, mine, folder):
        give_to_owner(place, descriptor)
        return
    if folder.st_mode & 0o020:
        try:
            if mine.st_gid != folder.st_gid:
                os.fchown(descriptor, -1, folder.st_gid)
            mode |= 0o660
        except OSError:  # not in that group: the folder is open to this user for another reason
            pass
    if folder.st_mode & 0o002:
        mode |= 0o666
    os.fchmod(descriptor, mode)
    give_to_owner(place, descriptor)


def _share_by_list(place: Place, descriptor: int, mine: os.stat_result, folder: os.stat_result) -> bool:
    entries = _access_list.of_folder(place.folder)
    # What the folder gives to all new files the kernel has given to this one.
    if not entries or _access_list.of(descriptor):
        return False
    is_of_group = _access_list.take_group(descriptor, mine, folder)
    try:
        _access_list.give(descriptor, _access_list.of_file(entries, mine.st_mode & 0o007, mine, folder, is_of_group))
        return True
    except OSError as error:
        let_through(error)
        return False


class _TakesAway(Exception):
    """The file that was to be replaced belongs to somebody who could not write it any more."""


def _hand_over(place: Place, name: str, descriptor: int, old: os.stat_result) -> None:
    """Gives a new file the owner, the group, the mode and the access control list of the one whose place it takes."""
    mine = os.fstat(descriptor)
    has_owner, has_group = old.st_uid == mine.st_uid, old.st_gid == mine.st_gid
    if not has_owner:
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
            has_owner = has_group = True
        except OSError:
            pass
    if not has_group:
        try:
            os.fchown(descriptor, -1, old.st_gid)
            has_group = True
        except OSError:
            pass
    mode = stat.S_IMODE(old.st_mode) & 0o777
    others = mode & 0o007
    entries = _access_list_of(place, name, old)
    group = _access_list.group_rights(entries) if entries else (mode & 0o070) >> 3
    if not has_group and group & ~others:
        raise _TakesAway("%s: its group %d would lose it, since this user is not in that group; %s" % (
            place.beside(name), old.st_gid, _ADVICE))
    if not has_owner and mode & 0o200 and not others & 0o002 and not _access_list.lets_write(entries, old.st_uid):
        if not (group & 0o2 and has_group and _is_member(old.st_uid, old.st_gid)):
            raise _TakesAway("%s belongs to user %d, who could not write it any more; %s" % (
                place.beside(name), old.st_uid, _ADVICE))
    if entries:
        try:
            _access_list.give(descriptor, entries)
        except OSError as error:
            raise _TakesAway("%s: users whom its access control list names could not use it any more (%s); %s" % (
                place.beside(name), cause_of(error), _ADVICE)) from None
    else:
        _access_list.remove(descriptor)
    os.fchmod(descriptor, mode)


def _access_list_of(place: Place, name: str, old: os.stat_result) -> _access_list.Entries:
    """Whom the old file names beside its owner and group; empty when that is nobody, or when this user may not look."""
    try:
        descriptor = place.open(name, os.O_RDONLY)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.ENOENT):
            raise
        let_through(error)
        return []
    try:
        return _access_list.of(descriptor) if os.path.samestat(os.fstat(descriptor), old) else []
    finally:
        close(descriptor)


_ADVICE = ("share it by group (chgrp, chmod 664, and chmod 2775 for its folder), take a folder in the place of the file "
           "(/run/heartbeat.d), or push to an exporter")


def _is_member(user: int, group: int) -> bool:
    """Whether a user is in a group. A user who is in no list (a container's) counts as one: the file was theirs."""
    known = _groups.get((user, group))
    if known is None:
        try:
            entry = pwd.getpwuid(user)
            known = group in os.getgrouplist(entry.pw_name, entry.pw_gid)
        except (KeyError, OSError):
            known = True
        _groups[user, group] = known
    return known


def _rewrite(place: Place, name: str, content: bytes, old: os.stat_result, synchronise: bool, aside: Optional[Aside]) -> bool:
    """Writes a file in place, so that it stays its owner's; False when this user may not. The lock is held."""
    try:
        descriptor = place.open(name, os.O_RDWR)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY):
            return False
        raise
    try:
        now = os.fstat(descriptor)
        if not os.path.samestat(now, old):
            raise HeartbeatError("%s was replaced while it was being written; try again" % place.beside(name),
                                 place.beside(name), "being_written")
        if not stat.S_ISREG(now.st_mode) or now.st_nlink != 1:
            return False  # another name of it (a hard link) may lie where it means something else
        if aside:
            aside.copy(now)
        if len(content) > now.st_size and hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(descriptor, 0, len(content))  # a full disk is noticed while all is as it was
            except OSError:
                os.ftruncate(descriptor, now.st_size)
                if aside:
                    aside.drop()
                raise
        _write_all(descriptor, content)
        os.ftruncate(descriptor, len(content))
        if synchronise:
            os.fsync(descriptor)
        return True
    finally:
        close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    view, at = memoryview(content), 0
    while view:
        written = os.pwrite(descriptor, view, at)
        view, at = view[written:], at + written
