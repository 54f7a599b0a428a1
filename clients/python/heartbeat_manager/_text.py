"""The text of a heartbeat file: read as spans, so that what others wrote goes back byte for byte."""

from __future__ import annotations

import enum
import json
import re
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from ._errors import HeartbeatError
from ._recognition import Kind, Signs, has_time, is_torn_file, kind_of
from ._values import as_object, json_of

_SPACE = re.compile(r"[ \t\n\r]*")
#: For how many seconds a file tells of what was pruned, and of how many names at most.
_TOLD_FOR = 86400.0
_MOST_TOLD = 1000


class Shape(enum.Enum):
    """What a file's content is taken for."""

    #: A heartbeat file.
    OURS = "a heartbeat file"
    #: Nothing that could be lost.
    EMPTY = "it is empty"
    #: The beginning of a heartbeat file, or one with a fault in it: half written, or damaged.
    BROKEN = "it is no JSON"
    #: Somebody else's.
    FOREIGN = "it holds something else"


class Member(NamedTuple):
    """A member of an object: its key, and key and value as they stand in the text."""

    key: str
    raw_key: str
    raw: str
    value: Any


def _long_integer(digits: str) -> Any:
    # Python spells and reads no integer of more than 4,300 digits; nobody computes with one, its text stays as it is.
    return int(digits) if len(digits) < 1000 else float(digits)


_decode: Callable[[str, int], Tuple[Any, int]] = json.JSONDecoder().raw_decode
_decode_long: Callable[[str, int], Tuple[Any, int]] = json.JSONDecoder(parse_int=_long_integer).raw_decode


def _value_at(text: str, start: int) -> Tuple[Any, int]:
    try:
        return _decode(text, start)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return _decode_long(text, start)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def members_at(text: str, start: int) -> Tuple[List[Member], int]:
    """The members of the object that begins at `start`, and where it ends. Raises ValueError where the text is no JSON."""
    members: List[Member] = []
    position = _skip(text, start + 1)
    if text[position:position + 1] == "}":
        return members, position + 1
    while True:
        key_start = position
        if text[position:position + 1] != '"':
            raise json.JSONDecodeError("Expecting a key in double quotes", text, position)
        key, key_end = _value_at(text, position)
        position = _skip(text, key_end)
        if text[position:position + 1] != ":":
            raise json.JSONDecodeError("Expecting ':'", text, position)
        position = _skip(text, position + 1)
        value, end = _value_at(text, position)
        members.append(Member(key, text[key_start:key_end], text[position:end], value))
        position = _skip(text, end)
        mark = text[position:position + 1]
        if mark == "}":
            return members, position + 1
        if mark != ",":
            raise json.JSONDecodeError("Expecting ',' or '}'", text, position)
        position = _skip(text, position + 1)


def object_of(text: str) -> Optional[List[Member]]:
    """The members of a text that is one object; None when it is other JSON. Raises ValueError when it is none."""
    start = _skip(text, 0)
    if text[start:start + 1] == "{":
        members, end = members_at(text, start)
    else:
        _, end = _value_at(text, start)
        members = None
    end = _skip(text, end)
    if end != len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    return members


def text_of(content: bytes) -> str:
    """Bytes as text. What is no UTF-8 is kept as surrogates, and becomes the same bytes again in `bytes_of`."""
    # Without its byte order mark. Not by the codec that leaves it out: Python imports that at the first use, and a child
    # forked in that moment would wait for ever for the lock of the import.
    return content[3 if content.startswith(b"\xef\xbb\xbf") else 0:].decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class Document:
    """One heartbeat file: the members of its root, and those of `processes`."""

    def __init__(self, root: List[Member]) -> None:
        self._root = root
        self.processes: List[Member] = []
        for member in root:
            if member.key == "processes":  # of a key that stands there twice the last counts
                self.processes = members_at(member.raw, 0)[0] if isinstance(member.value, dict) else []

    def entries(self) -> Dict[str, Any]:
        return {member.key: member.value for member in self.processes}

    def entry_members(self, name: str) -> Dict[str, str]:
        """The members of a process's entry as JSON texts; empty when there is no such entry."""
        found: Dict[str, str] = {}
        for member in self.processes:
            if member.key == name:
                is_object = isinstance(member.value, dict)
                found = {m.key: m.raw for m in members_at(member.raw, 0)[0]} if is_object else {}
        return found

    def put(self, name: str, members: List[Tuple[str, str]]) -> None:
        """Puts an entry in the place of the old one, or at the end."""
        raw = object_text(members, "    ")
        at = [number for number, member in enumerate(self.processes) if member.key == name]
        fresh = Member(name, self.processes[at[-1]].raw_key if at else json_of(name), raw, None)
        if not at:
            self.processes.append(fresh)
        else:
            self.processes[at[-1]] = fresh
            for number in reversed(at[:-1]):
                del self.processes[number]

    def remove(self, names: List[str]) -> None:
        gone = set(names)
        self.processes = [member for member in self.processes if member.key not in gone]

    def note_pruned(self, names: List[str], now: float) -> None:
        """Says that processes were removed on purpose: readers forget them, where they remember what vanishes otherwise.
        It also says that the file is ours, where nothing but an odd entry is left."""
        told: Dict[str, Any] = {}
        for member in self._root:
            if member.key == "pruned":
                told = as_object(member.value) or {}
        young = [(name, time) for name, time in told.items()
                 if name not in names and kind_of(time) is Kind.NUMBER and abs(time) < 1e12 and now - time < _TOLD_FOR]
        members = (young + [(name, now) for name in names])[-_MOST_TOLD:]
        raw = object_text([(name, json_of(time)) for name, time in members], "  ")
        self._root = [member for member in self._root if member.key != "pruned"]
        self._root.append(Member("pruned", '"pruned"', raw, {}))

    def text(self, now: float) -> str:
        """The whole file, with its `last_updated` set."""
        parts: List[str] = []
        inner = object_text([(m.raw_key, m.raw) for m in self.processes], "  ", are_keys_spelt=True)
        last = max((n for n, m in enumerate(self._root) if m.key == "processes"), default=-1)
        if all(member.key != "last_updated" for member in self._root):
            parts.append('"last_updated": %r' % now)
        for number, member in enumerate(self._root):
            if member.key == "last_updated":
                parts.append("%s: %r" % (member.raw_key, now))
            elif member.key != "processes":
                parts.append("%s: %s" % (member.raw_key, member.raw))
            elif number == last:
                parts.append("%s: %s" % (member.raw_key, inner))
        if last < 0:
            parts.append('"processes": ' + inner)
        return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def object_text(members: List[Tuple[str, str]], indent: str, are_keys_spelt: bool = False) -> str:
    """An object with a member on each line; `indent` is that of its closing brace."""
    if not members:
        return "{}"
    inner = "\n" + indent + "  "
    lines = ["%s: %s" % (key if are_keys_spelt else json_of(key), raw) for key, raw in members]
    return "{" + inner + ("," + inner).join(lines) + "\n" + indent + "}"


def read_document(text: str) -> Tuple[Shape, Optional[Document], str]:
    """What a text is, its document if it is ours, and what is wrong with it.

    Raises HeartbeatError ("too_deep") for a file that is nested so deeply that Python does not read it: that is a bound
    of this reader, not a fault of the file.
    """
    if not text.strip("\0 \t\r\n"):
        return Shape.EMPTY, None, "it is empty"
    try:
        root = object_of(text)
        if root is None:
            return Shape.FOREIGN, None, "its root is no object"
        problem = signs_of({member.key: member.value for member in root}).foreign_reason()
        if problem:
            return Shape.FOREIGN, None, problem
        return Shape.OURS, Document(root), ""
    except RecursionError:
        raise HeartbeatError("it is nested too deeply for this reader", cause="too_deep") from None
    except ValueError as error:
        return (Shape.BROKEN if is_torn_file(text) else Shape.FOREIGN), None, str(error)


def signs_of(root: Dict[str, Any]) -> Signs:
    """What of a root object tells whose the file is."""
    signs = Signs()
    for key, value in root.items():
        signs.note(key, kind_of(value))
    for entry in (as_object(root.get("processes")) or {}).values():
        signs.note_entry(has_time(entry))
    return signs
