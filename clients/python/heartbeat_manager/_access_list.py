"""Who may use a file or a folder beside its owner, its group and all others: access control lists.

Sources: acl(5), xattr(7); linux/posix_acl_xattr.h, the form in which the kernel takes and gives them. Where a system has none, nobody
is named.
"""

from __future__ import annotations

import errno
import os
import struct
from typing import List, Tuple, Union

from ._signals import let_through

#: Of each entry: what it is about, its rights as three bits of a mode, and whom it names.
Entries = List[Tuple[int, int, int]]

_NOBODY = 0xFFFFFFFF
_ATTRIBUTE = "system.posix_acl_access"
_HEAD, _ENTRY, _VERSION = struct.Struct("<I"), struct.Struct("<HHI"), 2
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHERS = 1, 2, 4, 8, 16, 32


def of(file: int) -> Entries:
    """That of an open file; empty when its mode says all. Raises OSError when nobody knows."""
    return _read(file) if hasattr(os, "getxattr") else []


def of_folder(folder: int) -> Entries:
    """That of an open folder; empty when its mode says all, or nobody knows."""
    try:
        # By its link: it may be open for its path alone (O_PATH), by which nothing is asked of it.
        return _read("/proc/self/fd/%d" % folder) if hasattr(os, "getxattr") else []
    except OSError as error:
        let_through(error)
        return []


def _read(of_what: Union[int, str]) -> Entries:
    try:
        text = os.getxattr(of_what, _ATTRIBUTE)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EOPNOTSUPP, errno.ENOSYS):
            let_through(error)
            return []
        raise
    if len(text) < _HEAD.size or (len(text) - _HEAD.size) % _ENTRY.size or _HEAD.unpack_from(text)[0] != _VERSION:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return [_ENTRY.unpack_from(text, place) for place in range(_HEAD.size, len(text), _ENTRY.size)]


def give(descriptor: int, entries: Entries) -> None:
    """Gives it to a file."""
    os.setxattr(descriptor, _ATTRIBUTE, _HEAD.pack(_VERSION) + b"".join(_ENTRY.pack(*entry) for entry in entries))


def remove(descriptor: int) -> None:
    """Takes from a file what it got from its folder."""
    try:
        if of(descriptor):
            os.removexattr(descriptor, _ATTRIBUTE)
    except OSError as error:
        let_through(error)


def take_group(descriptor: int, mine: os.stat_result, folder: os.stat_result) -> bool:
    """Gives a file its folder's group; False where this user may not."""
    try:
        if mine.st_gid != folder.st_gid:
            os.fchown(descriptor, -1, folder.st_gid)
        return True
    except OSError as error:
        let_through(error)
        return False


def mask_of(entries: Entries) -> int:
    """What all whom a list names may at the most."""
    return next((rights for tag, rights, _ in entries if tag == _MASK), 0o7)


def group_rights(entries: Entries) -> int:
    """What the file's group may; its mode says instead what all whom the list names may at the most."""
    return next((rights for tag, rights, _ in entries if tag == _GROUP), 0) & mask_of(entries)


def lets_write(entries: Entries, user: int) -> bool:
    """Whether a list names a user who may write."""
    return any(tag == _USER and name == user and rights & mask_of(entries) & 0o2 for tag, rights, name in entries)


def of_file(entries: Entries, others_may: int, mine: os.stat_result, folder: os.stat_result, is_of_group: bool) -> Entries:
    """That of a file in a folder which has `entries`: who may write the folder may read and write the file.

    Whoever may not gets what others may. `is_of_group`: the file's group is the folder's. The folder's owner is an owner no more
    where the file is another user's.
    """
    owner = folder.st_uid if os.geteuid() == 0 else mine.st_uid
    mask = mask_of(entries)
    made: Entries = []
    for tag, rights, name in entries:
        if tag in (_USER, _NAMED_GROUP) and (name == _NOBODY or (tag == _USER and name == folder.st_uid != owner)):
            continue  # whom this user namespace has no number for cannot be named from here
        if tag not in (_OWNER, _MASK, _OTHERS):
            rights &= mask
        may_write = tag in (_OWNER, _MASK) or (rights & 0o2 and (tag != _GROUP or is_of_group))
        made.append((tag, 0o6 if may_write else others_may & 0o6, name))
        if tag == _OWNER and folder.st_uid != owner and rights & 0o2:
            made.append((_USER, 0o6, folder.st_uid))
    return made
