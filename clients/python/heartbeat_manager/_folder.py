"""A folder in the place of the file: each process has a file of its own there, written by rename, without a lock.

docs/file-format.md has the rules for the names.
"""

from __future__ import annotations

import errno
import os
import re
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._aside import Aside
from ._beats import Beat, is_older, members_of
from ._errors import HeartbeatError, advice_for, cause_of
from ._one_file import SWEEP_EVERY
from ._places import Place, open_folder, read_file, remove, sweep, temporary_name
from ._recognition import has_time, is_torn_entry
from ._replacing import replace
from ._signals import let_through
from ._stillness import SETTLED_AFTER, Stillness
from ._text import bytes_of, object_of, object_text, text_of

SUFFIX = ".json"
#: The longest file name of Linux's file systems, in bytes.
LONGEST_FILE_NAME = 255
#: The most bytes of a process's own file.
LARGEST_FILE = 4 << 20
#: The most files of a folder that are read.
MOST_FILES = 1000000
TEMPORARY = ".heartbeat-tmp-"
#: Seconds after which a temporary file is surely a dead writer's.
TEMPORARY_DEAD_AFTER = 3600.0
# Bytes that stand for themselves in a file name: all but control characters, "/", "%" and DEL.
_ENCODED = re.compile(rb"[\x00-\x1f/%\x7f]|^\.")
_ENCODING = re.compile(rb"%([0-9A-F]{2})")
#: When this program last swept a folder, by its device and number: a manager made anew for each beat is no new writer.
_swept: Dict[Tuple[int, int], float] = {}
_MOST_SWEPT = 1000
#: The most entries that are named when they could not be removed.
_MOST_NAMED = 10
_PAUSES = (0.001, 0.003, 0.01, 0.02, 0.04)


def file_name_of(name: str) -> str:
    """The name of a process's own file: `a/b` is `a%2Fb.json`."""
    try:
        spelt = _ENCODED.sub(lambda match: b"%%%02X" % match.group()[0], name.encode("utf-8"))
    except UnicodeEncodeError:
        raise HeartbeatError("cannot beat: the process name is not Unicode, so no file can have it") from None
    if len(spelt) + len(SUFFIX) > LONGEST_FILE_NAME:
        raise HeartbeatError("cannot beat: as a file name the process name has %d bytes, at most %d are possible" % (
            len(spelt), LONGEST_FILE_NAME - len(SUFFIX)))
    return os.fsdecode(spelt) + SUFFIX


def name_of(file_name: str) -> Optional[str]:
    """The process that a file name belongs to; None when `file_name_of` makes no such name."""
    if not file_name.endswith(SUFFIX):
        return None
    spelt = os.fsencode(file_name[:-len(SUFFIX)])
    try:
        name = _ENCODING.sub(lambda match: bytes([int(match.group(1), 16)]), spelt).decode("utf-8")
        return name if name and file_name_of(name) == file_name else None
    except (UnicodeDecodeError, HeartbeatError):
        return None


class OwnFiles:
    """A folder of heartbeats, by its path."""

    def __init__(self, path: str, synchronise: bool, warn: Callable[[str], None]) -> None:
        self.path = path
        self._synchronise = synchronise
        self._warn = warn

    def send(self, beat: Beat, retention: float) -> None:
        name = file_name_of(beat.name)
        with self._opened(name, "write") as place:
            self._sweep(place, retention, name)
            try:
                members, old, aside = self._old(place)
                last = round(time.time(), 6) if beat.at is None else beat.at
                content = bytes_of(object_text(members_of(beat, last, members), "") + "\n")
                replace(place, name, content, old, self._synchronise, TEMPORARY, aside=aside)
            except OSError as error:
                raise self._cannot("write", place, error) from error

    def make(self) -> None:
        """The folder is made by whoever sets it up, with the mode that lets others in: here it is only looked for."""
        self._opened("x.json", "write").__exit__()

    def entries(self) -> Dict[str, Any]:
        try:
            place = Place(open_folder(self.path), "", os.path.join(self.path, "x"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._cannot_open("read", error) from error
        with place:
            found: Dict[str, Any] = {}
            try:
                names = sorted(place.names())[:MOST_FILES]
            except OSError as error:
                raise HeartbeatError("cannot read %s: %s" % (self.path, cause_of(error)), self.path, "read") from error
            for file_name in names:
                name = name_of(file_name)
                entry = self._entry(place, file_name) if name is not None else None
                if name is not None and entry is not None:
                    found[name] = entry
            return found

    def entry(self, name: str) -> Any:
        try:
            file_name = file_name_of(name)
            folder = open_folder(self.path)
        except (HeartbeatError, FileNotFoundError):
            return None
        except OSError as error:
            raise self._cannot_open("read", error) from error
        with Place(folder, file_name, os.path.join(self.path, file_name)) as place:
            return self._entry(place, file_name)

    def prune(self, oldest: float, dry_run: bool) -> List[str]:
        if dry_run:
            return [name for name, entry in self.entries().items() if is_older(entry, oldest)]
        with self._opened("x.json", "write") as place:
            return self._remove_stale(place, oldest, reads_all=True)

    def _opened(self, file_name: str, task: str) -> Place:
        try:
            return Place(open_folder(self.path), file_name, os.path.join(self.path, file_name))
        except OSError as error:
            raise self._cannot_open(task, error) from error

    def _cannot_open(self, task: str, error: OSError) -> HeartbeatError:
        if error.errno == errno.ENOTDIR and os.path.lexists(self.path.rstrip("/")):
            return HeartbeatError(
                '%s is no folder, and a path that ends in ".d" or "/" is taken for a folder of heartbeats: give the file another '
                "name, or move it away and make the folder (install -d -m 1777 %s)" % (self.path, self.path), self.path,
                "not_a_folder")
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return HeartbeatError("cannot %s heartbeats: there is no folder %s: make it (install -d -m 1777 %s)" % (
                task, self.path, self.path), self.path, task)
        return HeartbeatError("cannot %s in %s: %s" % (task, self.path, cause_of(error)), self.path, task)

    def _old(self, place: Place) -> Tuple[Dict[str, str], Optional[os.stat_result], Optional[Aside]]:
        """The members of the process's file as it is, its stat, and its copy to be if it is damaged. Somebody else's content is refused."""
        looks, stillness = 0, Stillness()
        while True:
            content, status = read_file(place, place.name, LARGEST_FILE)
            if status is None or not content.strip(b"\0 \t\r\n"):
                return {}, status, None
            if len(content) > LARGEST_FILE:
                raise HeartbeatError("%s has more than %d bytes: is it a heartbeat?" % (place.path, LARGEST_FILE),
                                     place.path, "too_large")
            problem = "its root is no object"
            try:
                members = object_of(text_of(content))
            except RecursionError:
                members, problem = None, "it is nested too deeply"
            except ValueError as error:
                members, problem = None, str(error)
                if is_torn_entry(text_of(content)):  # half an entry: a careless writer is at it, or has died
                    stillness.note(status)
                    if looks < len(_PAUSES):
                        time.sleep(_PAUSES[looks])
                        looks += 1
                        continue
                    if stillness.is_long():
                        return {}, status, Aside(place, problem, content, self._warn)
                    # Until the next beat its writer will be done. But a time that lies ahead says nothing: it is watched.
                    if stillness.is_ahead() and stillness.watched() < 2 * SETTLED_AFTER:
                        time.sleep(0.05)
                        continue
                    raise HeartbeatError("%s is being written by somebody" % place.path, place.path,
                                         "being_written") from None
            if members is not None:
                if not members or has_time({member.key: member.value for member in members}):
                    return {member.key: member.raw for member in members}, status, None
                problem = "it has no last_heartbeat that is a number"
            raise HeartbeatError("%s is not a heartbeat (%s): it is left as it is; take another name, or another folder" % (
                place.path, problem), place.path, "foreign")

    def _entry(self, place: Place, file_name: str) -> Optional[Dict[str, Any]]:
        """An entry as it stands in a file; None when it is none."""
        for pause in _PAUSES + (None,):
            try:
                content, status = read_file(place, file_name, LARGEST_FILE)
            except (OSError, HeartbeatError) as error:
                let_through(error)
                return None
            if status is None or len(content) > LARGEST_FILE:
                return None
            try:
                members = object_of(text_of(content))
            except (ValueError, RecursionError):
                if pause is None:
                    return None
                time.sleep(pause)
                continue
            entry = {member.key: member.value for member in members or []}
            return entry if "last_heartbeat" in entry else None
        return None

    def _sweep(self, place: Place, retention: float, own: str) -> None:
        """Once at the start, then once an hour: a beat must cost the same however many files there are. The writer's own file
        stays, however old its last beat: the next one needs it."""
        folder = os.fstat(place.folder)
        key, now = (folder.st_dev, folder.st_ino), time.monotonic()
        if now - _swept.get(key, now - SWEEP_EVERY) < SWEEP_EVERY:
            return
        if len(_swept) >= _MOST_SWEPT:
            _swept.clear()
        _swept[key] = now
        sweep(place, TEMPORARY, TEMPORARY_DEAD_AFTER, is_any=True)
        if retention > 0:
            self._remove_stale(place, time.time() - retention, own)

    def _remove_stale(self, place: Place, oldest: float, own: Optional[str] = None, reads_all: bool = False) -> List[str]:
        removed: List[str] = []
        kept: List[str] = []
        try:
            names = place.names()
        except OSError:
            return removed
        for file_name in names:
            name = name_of(file_name)
            try:
                if name is None or file_name == own:
                    continue
                # What was written lately needs no reading, where it is only about making room. A time that lies ahead
                # says nothing.
                if not reads_all and oldest <= place.stat(file_name).st_mtime <= time.time():
                    continue
                entry = self._entry(place, file_name)
                if entry is not None and is_older(entry, oldest) and self._take_out(place, file_name, oldest):
                    removed.append(name)
            except OSError as error:
                let_through(error)
                if name is not None and error.errno != errno.ENOENT:
                    kept.append("%s (%s)" % (name, self._why_kept(place, file_name, error)))
        if kept and reads_all:  # somebody asked for it; who makes room has done what can be done
            more = len(kept) - _MOST_NAMED
            self._warn("could not remove from %s: %s%s" % (
                self.path, ", ".join(sorted(kept)[:_MOST_NAMED]), " and %d more" % more if more > 0 else ""))
        return removed

    @staticmethod
    def _why_kept(place: Place, file_name: str, error: OSError) -> str:
        try:
            owner = place.stat(file_name).st_uid
            if error.errno in (errno.EACCES, errno.EPERM) and owner != os.geteuid():
                return "its file belongs to user %d" % owner
        except OSError as second:
            let_through(second)
        return cause_of(error)

    def _take_out(self, place: Place, file_name: str, oldest: float) -> bool:
        """Removes a file, unless its process has just beaten: moved away first, looked at, and put back if it is fresh."""
        away = temporary_name(TEMPORARY)
        is_stale = False
        try:
            place.rename(file_name, away)
            entry = self._entry(place, away)
            is_stale = entry is not None and is_older(entry, oldest)
        finally:
            try:
                if not is_stale:  # an even younger one keeps its place
                    os.link(away, file_name, src_dir_fd=place.folder, dst_dir_fd=place.folder, follow_symlinks=False)
            except OSError as error:
                let_through(error)
            remove(place, away)
        return is_stale

    def _cannot(self, task: str, place: Place, error: OSError) -> HeartbeatError:
        advice = advice_for(error, place.path)
        if error.errno in (errno.EACCES, errno.EPERM):
            try:
                owner = place.stat(place.name).st_uid
                if owner != os.geteuid():
                    advice = "; it belongs to user %d: take another name for this process" % owner
            except OSError:
                pass
        return HeartbeatError("cannot %s %s: %s%s" % (task, place.path, cause_of(error), advice), place.path, task)
