"""A program's own data, made into what JSON can spell. A value that cannot be spelt costs itself, never the beat."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import itertools
import json
import math
import os
import uuid
from collections import abc
from typing import Any, Callable, Dict, Collection, List, Optional, Tuple, cast

from ._signals import let_out

#: The most levels of objects and lists in a process's data; what lies deeper is left out.
DEEPEST = 32
#: The most bytes that the data of one beat may have as JSON; above that the beat goes out without them.
LONGEST_DATA = 1 << 20
#: The longest status word, in bytes of UTF-8.
LONGEST_STATUS = 256
#: The largest process id that Linux gives.
LARGEST_PID = 4194304
#: The most values that are named when they are left out.
MOST_NAMED = 10
# Bytes of JSON that could have been spelt meanwhile, about, for a value that is left out.
_COST_OF_NOTE = 16
# And where it raises: then the handlers of signals are looked through.
_COST_OF_ERROR = 2048
# Integers of more bits are no number for anybody; Python itself refuses to spell those of more than 4,300 digits.
_MOST_BITS = 1024


class _LeftOut(Exception):
    """Why a value is left out."""


class _TooLarge(_LeftOut):
    """It is a member of the data as a whole that is left out, not only what no longer fits."""


class Spelling:
    """Spells data, and collects what had to be left out as "key.path: why"."""

    def __init__(self) -> None:
        self._named: List[str] = []
        self._unnamed = 0
        # Bytes of JSON that still fit, and that may be spelt in all: what is left out for its size has cost time too. What a value
        # refers to twice is spelt twice, so that twenty small objects can be a million.
        self._room = LONGEST_DATA
        self._work = 2 * LONGEST_DATA
        self._floor = 0  # of one member: it must not take the others with it
        self._open: List[int] = []  # the containers that the value lies in: a cycle meets one of them again

    def of_object(self, data: Any, path: str = "") -> Dict[str, Any]:
        """The members of a mapping that can be spelt."""
        spelt: Dict[str, Any] = {}
        most = self._room // 5 + 1  # with its marks the shortest member has five bytes
        members = _items(data, most + 1)
        if len(members) > most:
            raise _too_large()
        for key, value in members:
            try:
                name = _key_of(key)
            except BaseException as error:
                let_out(error)
                self._work -= _COST_OF_ERROR
                self.leave_out(path + "?", "its key has no text")
                continue
            room = self._room
            if not path:
                self._floor = max(0, self._work - LONGEST_DATA)
            try:
                self._spend(len(name) + 3)
                spelt[name] = self._of(value, path + name)
            except _TooLarge as error:
                if path:
                    raise
                self._room = room
                self._note(name, error)
            except BaseException as error:
                self._room = room
                self._note(path + name, error)
        return spelt

    def _note(self, path: str, error: BaseException, what: str = "it was") -> None:
        if isinstance(error, _LeftOut):
            self.leave_out(path, str(error))
        else:
            let_out(error)
            self._work -= _COST_OF_ERROR
            self.leave_out(path, "%s while %s read" % (type(error).__name__, what))

    def _spend(self, size: int) -> None:
        self._room -= size
        self._work -= size
        if self._room < 0 or self._work < self._floor:
            raise _too_large()

    @property
    def left_out(self) -> List[str]:
        """What was left out, as "key.path: why"; of many the first ones, and how many more."""
        return self._named + (["and %d more" % self._unnamed] if self._unnamed else [])

    def of_data(self, value: Any) -> Any:
        """The data of a beat, or None when they cannot be spelt."""
        try:
            return self.of_object(value) if isinstance(value, abc.Mapping) else self._of(value, "data")
        except BaseException as error:
            self._note("data", error, "they were")
            return {} if isinstance(error, _TooLarge) else None

    def leave_out(self, path: str, reason: str) -> None:
        if len(self._named) < MOST_NAMED:
            self._named.append("%s: %s" % (path[:200], reason))
        else:
            self._unnamed += 1
        self._work -= _COST_OF_NOTE

    def _of(self, value: Any, path: str, is_made: bool = False) -> Any:
        """`is_made`: the value was made of another one, and must be no such again: a mock gives one for ever."""
        kind: Any = type(cast(object, value))
        self._spend(len(value) + 3 if kind is str else 2)  # never more than it has with its comma
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return _integer(value)
        if kind is float:
            return _float(value)
        if isinstance(value, enum.Enum):
            return self._of(value.value, path)
        if isinstance(value, str):
            self._spend(len(value))
            return str.__str__(value)
        if isinstance(value, int):
            return _integer(int(value))
        if isinstance(value, (float, decimal.Decimal, fractions.Fraction)):
            return _float(float(value))
        if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
            return value.isoformat()
        if isinstance(value, datetime.timedelta):
            return value.total_seconds()
        if isinstance(value, uuid.UUID):
            return str(value)
        if isinstance(value, os.PathLike):
            return os.fsdecode(cast("os.PathLike[str]", value))
        if isinstance(value, abc.Mapping):
            return self._inside(value, lambda: self.of_object(value, path + "."))
        if isinstance(value, (list, tuple, set, frozenset)):
            items = cast("Collection[Any]", value)
            if 2 * len(items) > self._room + 2:
                raise _too_large()
            return self._inside(value, lambda: self._items_of(list(items), path))
        if is_made:
            raise _cannot_be_written(value)
        return self._foreign(value, path)

    def _foreign(self, value: Any, path: str) -> Any:
        """What other libraries have as numbers and lists of numbers: numpy's scalars and arrays, for one."""
        # First as a list: asked for its item, an array of one is a number, and what numpy has masked is one that it is not.
        for method in ("tolist", "item"):
            function: Optional[Callable[[], Any]] = getattr(value, method, None) if not isinstance(value, type) else None
            if callable(function):
                try:
                    if 2 * _count_of(value) > self._room + 2:
                        raise _too_large()
                    plain = function()
                except _TooLarge:
                    raise
                except BaseException as error:
                    let_out(error)
                    self._work -= _COST_OF_ERROR
                    continue
                if plain is None:
                    raise _LeftOut("a %s without a value" % type(value).__name__[:100])
                if type(plain) is not type(value):
                    return self._of(plain, path, is_made=True)
        raise _cannot_be_written(value)

    def _items_of(self, values: List[Any], path: str) -> List[Any]:
        """An item that cannot be spelt is null, so that the others keep their places."""
        spelt: List[Any] = []
        for number, value in enumerate(values):
            try:
                spelt.append(self._of(value, "%s[%d]" % (path, number)))
            except _TooLarge:
                raise
            except BaseException as error:
                self._note("%s[%d]" % (path, number), error)
                spelt.append(None)
        return spelt

    def _inside(self, container: Any, spell: Callable[[], Any]) -> Any:
        if id(container) in self._open:
            raise _LeftOut("it holds itself")
        if len(self._open) >= DEEPEST:
            raise _LeftOut("more than %d levels deep" % DEEPEST)
        self._open.append(id(container))
        try:
            return spell()
        finally:
            self._open.pop()


def as_object(value: Any) -> Optional[Dict[str, Any]]:
    """A value of JSON as an object; None when it is none."""
    return cast("Dict[str, Any]", value) if isinstance(value, dict) else None


def _key_of(key: Any) -> str:
    """A key as json.dumps spells it, also of an enumeration that is a text or a number; what it refuses by its text."""
    if isinstance(key, str):
        return str.__str__(key)
    if key is None:
        return "null"
    if isinstance(key, (bool, int)):
        return ("true" if key else "false") if isinstance(key, bool) else int.__repr__(key)
    if isinstance(key, float):
        return float.__repr__(key) if math.isfinite(key) else "NaN" if math.isnan(key) else "Infinity" if key > 0 else "-Infinity"
    return str(key)


def _items(data: Any, most: int) -> List[Tuple[Any, Any]]:
    """The first members of a mapping; another thread may change it meanwhile, so several tries."""
    for _ in range(5):
        try:
            return list(itertools.islice(data.items(), most))
        except RuntimeError:
            continue
    return list(itertools.islice(dict(data).items(), most))


def _count_of(value: Any) -> int:
    """How many values an array of another library has, as far as it says so."""
    size: Any = getattr(value, "size", None)
    if type(size) is int:
        return size
    try:
        return len(value) if hasattr(value, "__len__") else 1
    except TypeError:  # one of no dimension has no length
        return 1


def _cannot_be_written(value: Any) -> _LeftOut:
    return _LeftOut("a %s cannot be written as JSON" % type(value).__name__[:100])


def _too_large() -> _TooLarge:
    return _TooLarge("more than %d bytes" % LONGEST_DATA)


def _integer(value: int) -> int:
    if value.bit_length() > _MOST_BITS:
        raise _LeftOut("an integer of %d bits" % value.bit_length())
    return value


def _float(value: float) -> float:
    if not math.isfinite(value):
        raise _LeftOut("%r is not a JSON number" % value)
    return float(value)


def word_of(value: Any) -> Optional[str]:
    """A value as a status word, at most `LONGEST_STATUS` bytes; None when it is none."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = str.__str__(value)
    elif isinstance(value, int):
        text = str(int(value)) if value.bit_length() < 64 else ""
    elif isinstance(value, float):
        text = repr(float(value))
    else:
        return None
    return text.encode("utf-8", "replace")[:LONGEST_STATUS].decode("utf-8", "ignore") or None


def pid_of(value: Any) -> Optional[int]:
    """A value as a process id; None when it is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_PID:
        return int(value)
    return None


def json_of(value: Any, is_short: bool = False) -> str:
    """JSON text without a lone surrogate, so that it can be encoded as UTF-8. `is_short`: without blanks."""
    marks = (",", ":") if is_short else (", ", ": ")
    text = json.dumps(value, ensure_ascii=False, separators=marks, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair: only its escape can be written
        text = json.dumps(value, separators=marks, allow_nan=False)
    return text
