"""Who may use a file or a folder beside its owner, its group and all others: access control lists.

Sources: acl(5), xattr(7); linux/posix_acl_xattr.h, the form in which the kernel takes and gives them. Where a system has none, nobody
is named.
"""

from __future__ import annotations

import os
import struct
from typing import List, Tuple

from ._signals import let_through

#: Of each entry: what it is about, its rights as three bits of a mode, and whom it names.
Entries = List[Tuple[int, int, int]]

_ATTRIBUTE = "system.posix_acl_access"
_HEAD, _ENTRY, _VERSION = struct.Struct("<I"), struct.Struct("<HHI"), 2
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHERS = 1, 2, 4, 8, 16, 32


def of(descriptor: int) -> Entries:
    """That of an open file or folder; empty when its mode says all."""
    if not hasattr(os, "getxattr"):
        return []
    try:
        # By its link: a folder may be open for its path alone (O_PATH), by which nothing is asked of it.
        text = os.getxattr("/proc/self/fd/%d" % descriptor, _ATTRIBUTE)
    except OSError as error:
        let_through(error)
        return []
    if len(text) < _HEAD.size or (len(text) - _HEAD.size) % _ENTRY.size or _HEAD.unpack_from(text)[0] != _VERSION:
        return []
    return [_ENTRY.unpack_from(text, place) for place in range(_HEAD.size, len(text), _ENTRY.size)]


def give(descriptor: int, entries: Entries) -> None:
    """Gives it to a file."""
    os.setxattr(descriptor, _ATTRIBUTE, _HEAD.pack(_VERSION) + b"".join(_ENTRY.pack(*entry) for entry in entries))


def remove(descriptor: int) -> None:
    """Takes from a file what it got from its folder."""
    if not of(descriptor):
        return
    try:
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


def of_file(entries: Entries, others_may: int, is_of_group: bool) -> Entries:
    """That of a file in a folder which has `entries`: who may write the folder may read and write the file.

    Whoever may not gets what others may. `is_of_group`: the file's group is the folder's.
    """
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), 0o7)

    def rights_of(tag: int, rights: int) -> int:
        if tag not in (_OWNER, _MASK, _OTHERS):
            rights &= mask
        may_write = tag in (_OWNER, _MASK) or (rights & 0o2 and (tag != _GROUP or is_of_group))
        return 0o6 if may_write else others_may & 0o6

    return [(tag, rights_of(tag, rights), name) for tag, rights, name in entries]
