"""Damaged files, kept under another name so that a person can look at them: `NAME.corrupt-TIME`, and the second one of a
second `NAME.corrupt-TIME-2`."""

from __future__ import annotations

import os
import re
import stat
import time
from typing import Callable, List

from ._places import Place, remove, write_new

#: How many copies of one file are kept.
MOST_ASIDE = 3
_LONGEST_FILE_NAME = 255
_MOST_IN_ONE_SECOND = 999
_END = re.compile(r"\d{8}T\d{6}Z(-\d{1,3})?")
_LONGEST_END = len("20240229T120000Z-999")


class Aside:
    """The copy of a file that will be replaced because it is damaged. To be made by one of `move` and `copy`."""

    def __init__(self, place: Place, problem: str, content: bytes, warn: Callable[[str], None]) -> None:
        self._place = place
        self._problem = problem
        self._content = content
        self._warn = warn
        self._name = ""

    def move(self) -> None:
        """The file itself gets the other name. Raises OSError."""
        name = _next_name(self._place)
        self._place.rename(self._place.name, name)
        self._name = name

    def move_back(self) -> None:
        name, self._name = self._name, ""
        self._place.rename(name, self._place.name)

    def copy(self, old: os.stat_result) -> None:
        """The file stays where it is and what it is: it will be rewritten in place. Raises OSError."""
        name = _next_name(self._place)
        try:
            write_new(self._place, name, self._content, stat.S_IMODE(old.st_mode) & 0o777, False)
            self._name = name
        except FileExistsError:  # somebody else's of this moment
            raise
        except BaseException:
            remove(self._place, name)
            raise

    def drop(self) -> None:
        """Removes the copy again: the file stays as it is."""
        name, self._name = self._name, ""
        remove(self._place, name)

    def told(self) -> None:
        """Says it, once the new file is there; of more than three copies the oldest go, never the one just made."""
        if not self._name:
            return
        self._warn("%s is not a heartbeat file any more (%s): moved it to %s and began a new one" % (
            self._place.path, self._problem, self._place.beside(self._name)))
        others = [name for name in _copies(self._place) if name != self._name]
        for old in sorted(others, key=_age)[:-(MOST_ASIDE - 1)]:
            remove(self._place, old)


def _next_name(place: Place) -> str:
    """Names sort by age: one that has become free is not given again while a younger one of the same second is there."""
    base = _prefix(place) + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    ages = [_age(name) for name in _copies(place)]
    number = min(max((n for stamp, n in ages if base.endswith(stamp)), default=0) + 1, _MOST_IN_ONE_SECOND)
    while number < _MOST_IN_ONE_SECOND and _exists(place, _named(base, number)):  # not every folder can be listed
        number += 1
    return _named(base, number)


def _named(base: str, number: int) -> str:
    return base if number == 1 else "%s-%d" % (base, number)


def _prefix(place: Place) -> str:
    """What the names of a file's copies begin with. All names that are too long to get something appended share one."""
    prefix = place.name + ".corrupt-"
    return prefix if len(os.fsencode(prefix)) + _LONGEST_END <= _LONGEST_FILE_NAME else ".heartbeat.corrupt-"


def _copies(place: Place) -> List[str]:
    prefix = _prefix(place)
    try:
        return [name for name in place.names() if name.startswith(prefix) and _END.fullmatch(name[len(prefix):])]
    except OSError:
        return []


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
