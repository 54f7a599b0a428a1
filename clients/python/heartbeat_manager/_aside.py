"""Damaged files, moved aside so that a person can look at them."""

from __future__ import annotations

import os
import re
import time
from typing import Callable

from ._places import Place, remove

#: How many copies of damaged files are kept.
MOST_ASIDE = 3
_LONGEST_FILE_NAME = 255
_TIME = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


def move_aside(place: Place, problem: str, warn: Callable[[str], None]) -> None:
    """Renames the damaged file to NAME.corrupt-TIME; of more than three such the oldest go. Raises OSError."""
    prefix = place.name + ".corrupt-"
    base = prefix + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    if len(os.fsencode(base)) + 4 > _LONGEST_FILE_NAME:
        base = ".heartbeat.corrupt-" + base[len(prefix):]
    name, number = base, 1
    while _exists(place, name) and number < 100:
        number += 1
        name = "%s-%d" % (base, number)
    place.rename(place.name, name)
    warn("%s is not a heartbeat file any more (%s): moved it to %s and began a new one" % (
        place.path, problem, place.beside(name)))
    try:
        kept = [other for other in place.names() if other.startswith(prefix) and _TIME.fullmatch(other[len(prefix):])]
    except OSError:
        return
    for old in sorted(kept, key=_age)[:-MOST_ASIDE]:
        remove(place, old)


def _age(name: str) -> "tuple[str, int]":
    """Sorts by the time, then by the number behind it."""
    stamp, _, number = name.rpartition(".corrupt-")[2].partition("-")
    return stamp, int(number or 1)


def _exists(place: Place, name: str) -> bool:
    try:
        place.stat(name)
        return True
    except OSError:
        return False
