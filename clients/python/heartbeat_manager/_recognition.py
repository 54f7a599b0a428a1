"""Whose a file is: a writer changes only what is surely a heartbeat file. docs/file-format.md has the rule, which is the
same for all writers."""

from __future__ import annotations

import enum
import re
from typing import Any, Callable, List, Optional, Tuple

#: The keys that writers of ours put at a file's root.
ROOT_KEYS = ("last_updated", "processes", "pruned", "silences")
_TIME_KEY = "last_heartbeat"
_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]+|\\.)*)(")?')
_SCALAR = re.compile(r"[A-Za-z0-9+.-]+")
_LETTERS = re.compile(r"[A-Za-z]*")


class Kind(enum.Enum):
    """What stands as a value, by its first character."""

    MISSING = 0
    NUMBER = 1
    NULL = 2
    OBJECT = 3
    OTHER = 4

    @property
    def is_time(self) -> bool:
        """Whether it may stand as the time of a beat: null says that there was none yet."""
        return self in (Kind.NUMBER, Kind.NULL)


class End(enum.Enum):
    """How a text ends that is no JSON."""

    #: In the middle: cut off, or followed by the zeros that a host's crash leaves.
    EARLY = 0
    #: In the middle, by something that JSON does not have there.
    DISTURBED = 1
    #: Behind the root's closing brace something follows: a shorter text was written over a longer one.
    FOLLOWED = 2


def kind_at(text: str, position: int) -> Kind:
    """What stands in a text, also when it is cut off."""
    first = text[position:position + 1]
    match = _LETTERS.match(text, position)
    word = match.group() if match else ""
    if word and not any(known.startswith(word) for known in ("NaN", "Infinity", "null")):
        return Kind.OTHER
    if first == "":
        return Kind.MISSING
    if first in "0123456789-NI":  # NaN and Infinity are what Python's json.dump writes
        return Kind.NUMBER
    return {"n": Kind.NULL, "{": Kind.OBJECT}.get(first, Kind.OTHER)


class Signs:
    """What of a file's text tells whose the file is."""

    def __init__(self) -> None:
        self.last_updated = Kind.MISSING
        self.pruned = Kind.MISSING
        self.silences = Kind.MISSING
        #: Of several the last counts, as for every reader.
        self.processes = Kind.MISSING
        #: Whether the root has keys that no writer of ours puts there.
        self.has_other_keys = False
        #: How many entries have a time, and how many have none.
        self.beats = 0
        self.others = 0

    def note(self, key: str, kind: Kind) -> None:
        """Notes the value of a root's key; of `processes` its entries follow."""
        if key == "last_updated":
            self.last_updated = kind
        elif key == "pruned":
            self.pruned = kind
        elif key == "silences":
            self.silences = kind
        elif key == "processes":
            self.processes, self.beats, self.others = kind, 0, 0
        else:
            self.has_other_keys = True

    def note_entry(self, has_time: bool) -> None:
        if has_time:
            self.beats += 1
        else:
            self.others += 1

    def foreign_reason(self) -> str:
        """Why a whole text is somebody else's; empty when it is a heartbeat file."""
        if self.processes not in (Kind.MISSING, Kind.OBJECT):
            return '"processes" is no object'
        if self.beats:
            # An odd entry beside a root of ours, or odd keys beside what our writers leave, silence nobody. Both are too much.
            return "" if self._is_ours_by_beats() else "it has keys that are none of ours, and entries that are no beats"
        if self.processes is Kind.MISSING and not self._is_empty():
            if self.has_other_keys or self.last_updated is not Kind.NUMBER:
                return 'it has no "processes"'
        if self.has_other_keys:
            return 'it has keys that are none of ours, and no beat under "processes"'
        if not self._may_be_ours():
            return '"last_updated" is no time, or "pruned" or "silences" no object'
        if self.others and self.pruned is not Kind.OBJECT:
            return 'nothing under "processes" has a "last_heartbeat" that is a number'
        return ""

    def is_torn(self, end: End) -> bool:
        """Whether a text that is no JSON can only be the beginning of a heartbeat file."""
        if self.beats:
            return self._is_ours_by_beats() and self.processes is Kind.OBJECT
        if end is End.EARLY:
            return self._may_be_ours() and (not self.others or self.pruned is Kind.OBJECT)
        if end is End.DISTURBED:
            return (self._may_be_ours() and self.last_updated is Kind.NUMBER and self.processes is Kind.OBJECT
                    and not self.others)
        return not self._is_empty() and not self.foreign_reason()

    def _is_empty(self) -> bool:
        return not self.has_other_keys and self.last_updated is self.pruned is self.silences is self.processes is Kind.MISSING

    def _is_ours_by_beats(self) -> bool:
        return not self.has_other_keys or self.last_updated is Kind.NUMBER or not self.others

    def _may_be_ours(self) -> bool:
        """Whether nothing at the root speaks against it."""
        return (not self.has_other_keys and self.last_updated in (Kind.MISSING, Kind.NUMBER, Kind.NULL)
                and self.pruned in (Kind.MISSING, Kind.OBJECT)
                and self.silences in (Kind.MISSING, Kind.OBJECT) and self.processes in (Kind.MISSING, Kind.OBJECT))


def kind_of(value: Any) -> Kind:
    """What a value of a text that is JSON is."""
    if value is None:
        return Kind.NULL
    if isinstance(value, dict):
        return Kind.OBJECT
    return Kind.NUMBER if isinstance(value, (int, float)) and not isinstance(value, bool) else Kind.OTHER


def has_time(entry: Any) -> bool:
    """Whether an entry of a text that is JSON has the time of a beat."""
    return isinstance(entry, dict) and _TIME_KEY in entry and kind_of(entry[_TIME_KEY]).is_time


def is_torn_file(text: str) -> bool:
    """Whether a text that is no JSON can only be a heartbeat file that was half written, or damaged."""
    walk, signs = _Walk(text), Signs()

    def member(key: str, is_whole: bool) -> bool:
        if not is_whole:
            signs.has_other_keys |= not any(known.startswith(key) for known in ROOT_KEYS)
            return False
        signs.has_other_keys |= key not in ROOT_KEYS
        if walk.is_at_end():
            return False
        kind = walk.kind()
        signs.note(key, kind)
        if key == "processes" and kind is Kind.OBJECT:
            return walk.object(entry)
        return walk.skip_value()

    def entry(_: str, is_whole: bool) -> bool:
        if not is_whole or walk.is_at_end():
            return False
        if walk.kind() is not Kind.OBJECT:
            signs.note_entry(has_time=False)
            return walk.skip_value()
        found = _Entry(walk)
        is_entry_whole = walk.object(found.member)
        if found.time.is_time:
            signs.note_entry(has_time=True)
        elif is_entry_whole or not found.may_begin or found.time is not Kind.MISSING:
            signs.note_entry(has_time=False)
        return is_entry_whole

    if not walk.is_at_object():
        return False
    return signs.is_torn(End.FOLLOWED if walk.object(member) else walk.end)


def is_torn_entry(text: str) -> bool:
    """Whether a text that is no JSON can only be a process's own file that was half written, or damaged."""
    walk = _Walk(text)
    if not walk.is_at_object():
        return False
    found = _Entry(walk)
    is_whole = walk.object(found.member)
    return found.time.is_time or (not is_whole and walk.end is End.EARLY and found.may_begin
                                  and found.time is Kind.MISSING)


class _Walk:
    """A walk over a text that is no JSON, as far as it goes.

    It is less strict than a parser about values that it passes over: it only says what the text may be the beginning of.
    """

    def __init__(self, text: str) -> None:
        # JSON has no zero byte anywhere: behind the first one comes what a host's crash has left.
        self._text, _, rest = text.partition("\0")
        self._last = End.DISTURBED if rest.strip("\0 \t\r\n") else End.EARLY
        self.end = End.DISTURBED
        self._position = 0
        self._skip_space()

    def is_at_end(self) -> bool:
        return self._position >= len(self._text)

    def is_at_object(self) -> bool:
        return self.kind() is Kind.OBJECT

    def kind(self) -> Kind:
        return kind_at(self._text, self._position)

    def object(self, member: Callable[[str, bool], bool]) -> bool:
        """Walks over an object, as far as it goes; whether it was whole. `member` gets a key, and whether that is whole;
        it passes the value, and says whether that was whole."""
        if not self._pass("{"):
            return False
        if self._pass("}"):
            return True
        while self._text.startswith('"', self._position):
            key, is_whole = self._string()
            if not is_whole:
                if self.is_at_end():
                    member(key, False)
                return False
            if not self._pass(":"):
                if self.is_at_end():
                    member(key, True)
                return False
            if not member(key, True):
                return False
            if self._pass("}"):
                return True
            if not self._pass(","):
                return False
        return False

    def skip_value(self) -> bool:
        """Passes any value; False when it is not whole."""
        closings: List[str] = []
        while True:
            self._skip_space()
            first = self._text[self._position:self._position + 1]
            if first == '"':
                if not self._string()[1]:
                    return False
            elif first and first in "{[":
                closings.append("}" if first == "{" else "]")
                self._position += 1
            elif first and first in "}]":
                if not closings or closings.pop() != first:
                    return False
                self._position += 1
            elif first and first in ",:" and closings:
                self._position += 1
            else:
                match = _SCALAR.match(self._text, self._position)
                if match is None:
                    return False
                self._position = match.end()
            if not closings:
                break
        if self.is_at_end():
            self.end = self._last
        return not self.is_at_end()

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position
        if self.is_at_end():
            self.end = self._last

    def _pass(self, mark: str) -> bool:
        self._skip_space()
        if not self._text.startswith(mark, self._position):
            return False
        self._position += 1
        self._skip_space()
        return True

    def _string(self) -> Tuple[str, bool]:
        """Passes a string; its text as it stands, and whether it ends."""
        match: Optional["re.Match[str]"] = _STRING.match(self._text, self._position)
        if match is None:
            return "", False
        self._position = match.end()
        if self._text[self._position:] == "\\":  # cut off behind the backslash
            self._position += 1
        if match.group(2) is None and self.is_at_end():
            self.end = self._last
        return match.group(1), match.group(2) is not None


class _Entry:
    """What stands in an entry, as far as it goes."""

    def __init__(self, walk: _Walk) -> None:
        self._walk = walk
        self._is_first = True
        #: What stands as its time.
        self.time = Kind.MISSING
        #: Whether what was seen can be the beginning of an entry of ours, whose first key is the time.
        self.may_begin = True

    def member(self, key: str, is_whole: bool) -> bool:
        is_first, self._is_first = self._is_first, False
        if not is_whole:
            if is_first and not _TIME_KEY.startswith(key):
                self.may_begin = False
            return False
        if key != _TIME_KEY:
            if self.time is Kind.MISSING:
                self.may_begin = False
            return self._walk.skip_value()
        self.may_begin = True
        if self._walk.is_at_end():
            return False
        self.time = self._walk.kind()
        return self._walk.skip_value()
