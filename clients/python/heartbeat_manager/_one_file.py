"""The one file that many processes share: each beat takes the lock, merges its own entry, and replaces the file."""

from __future__ import annotations

import errno
import os
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

from ._aside import Aside
from ._beats import Beat, members_of, stale_names
from ._errors import HeartbeatError, advice_for, cause_of
from ._lock import Lock
from ._places import Place, locate, read_file, sweep
from ._replacing import replace
from ._signals import let_through
from ._stillness import SETTLED_AFTER, Stillness
from ._text import Document, Shape, bytes_of, read_document, text_of

#: Seconds between two searches for temporary files of writers that were killed.
SWEEP_EVERY = 3600.0
#: Seconds before each further look at a file that a careless writer may be filling right now.
_PAUSES = (0.001, 0.003, 0.01, 0.02, 0.04)
#: When this program last swept beside a file, by the folder's device and number and the file's name.
_swept: Dict[Tuple[int, int, str], float] = {}
_MOST_SWEPT = 1000


class OneFile:
    """A heartbeat file, by its path."""

    def __init__(self, path: str, lock_timeout: float, synchronise: bool, maximum_size: int,
                 warn: Callable[[str], None]) -> None:
        self.path = path
        self._lock_timeout = lock_timeout
        self._synchronise = synchronise
        self._maximum_size = maximum_size
        self._warn = warn

    def send(self, beat: Beat, retention: float) -> None:
        def merge(document: Document, now: float) -> bool:
            last = now if beat.at is None else beat.at
            document.put(beat.name, members_of(beat, last, document.entry_members(beat.name)))
            if retention > 0:
                stale = stale_names(document.entries().items(), now - retention)
                document.remove([name for name in stale if name != beat.name])
            return True

        self._update(merge)

    def make(self) -> None:
        """Makes the file, without an entry, when there is none."""
        self._update(lambda document, now: False)

    def prune(self, oldest: float, dry_run: bool) -> List[str]:
        removed: List[str] = []

        def merge(document: Document, now: float) -> bool:
            removed.extend(stale_names(document.entries().items(), oldest))
            document.remove(removed)
            if removed:
                document.note_pruned(removed, now)
            return bool(removed)

        # Where there is nothing to remove, no lock is made either.
        document = self._look()
        stale = stale_names(document.entries().items(), oldest) if document else []
        if dry_run or not stale:
            return stale
        self._update(merge, makes=False)
        return removed

    def entries(self) -> Dict[str, Any]:
        document = self._look()
        return document.entries() if document else {}

    def entry(self, name: str) -> Any:
        return self.entries().get(name)

    def _look(self) -> Optional[Document]:
        """The file as it is now; None when there is none, or nothing in it. Takes no lock, changes nothing."""
        try:
            with locate(self.path) as place:
                shape, document, problem, _, _ = self._read(place)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._cannot_read(self.path, error) from error
        if shape in (Shape.BROKEN, Shape.FOREIGN):
            raise HeartbeatError("%s is not a heartbeat file: %s" % (self.path, problem), self.path,
                                 "corrupt" if shape is Shape.BROKEN else "foreign")
        return document

    def _update(self, merge: Callable[[Document, float], bool], makes: bool = True) -> None:
        """Changes the file under its lock. `merge` says whether there is something to write; a missing file is made anyway."""
        try:
            place = locate(self.path)
        except OSError as error:
            raise self._cannot_write(self.path, error) from error
        with place:
            if not makes and not self._is_there(place):
                return
            # Before the lock is made: somebody else's file must not get a lock file beside it either.
            self._refuse_foreign(place)
            with Lock(place, self._lock_timeout):
                self._change(place, merge, makes)

    def _change(self, place: Place, merge: Callable[[Document, float], bool], makes: bool) -> None:
        self._sweep(place)
        try:
            shape, document, problem, old, text = self._read(place)
        except OSError as error:
            raise self._cannot_read(place.path, error) from error
        if shape is Shape.FOREIGN or (shape is Shape.BROKEN and not makes):
            raise self._foreign(place, problem)
        aside = Aside(place, problem, text, self._warn) if shape is Shape.BROKEN else None
        if old is None and not makes:
            return
        document = document or Document([])
        now = round(time.time(), 6)
        if not merge(document, now) and (aside is None and old is not None or not makes):
            return
        content = bytes_of(document.text(now))
        if makes and len(content) > self._maximum_size:  # a larger one could never be read again
            raise self._too_large(place.path)
        try:
            replace(place, place.name, content, old, self._synchronise, place.name + ".tmp-", is_shared=True, aside=aside)
        except OSError as error:
            more = ", or move this damaged file aside" if aside else "; the old content is untouched"
            raise self._cannot_write(place.path, error, more) from error

    def _is_there(self, place: Place) -> bool:
        try:
            place.stat(place.name)
            return True
        except OSError as error:
            let_through(error)
            return False

    def _refuse_foreign(self, place: Place) -> None:
        if self._is_there(place) and not self._is_there_lock(place):
            try:
                shape, _, problem, _, _ = self._read(place)
            except OSError as error:
                raise self._cannot_read(place.path, error) from error
            if shape is Shape.FOREIGN:
                raise self._foreign(place, problem)

    def _is_there_lock(self, place: Place) -> bool:
        try:
            place.stat(place.name + ".lock")
            return True
        except OSError as error:
            let_through(error)
            return False

    def _read(self, place: Place) -> Tuple[Shape, Optional[Document], str, Optional[os.stat_result], bytes]:
        """What the file is, with its stat and its content; looks again at one that seems half written, until nobody writes it any more."""
        looks, stillness = 0, Stillness()
        while True:
            content, status = read_file(place, place.name, self._maximum_size)
            if status is None:
                return Shape.EMPTY, None, "", None, b""
            if len(content) > self._maximum_size:
                raise self._too_large(place.path)
            try:
                shape, document, problem = read_document(text_of(content))
            except HeartbeatError as error:
                raise HeartbeatError("%s: %s" % (place.path, error), place.path, error.cause) from None
            if shape is Shape.OURS:
                return shape, document, problem, status, content
            stillness.note(status)
            if looks >= len(_PAUSES) and (stillness.is_long() or shape is Shape.FOREIGN):
                return shape, None, problem, status, content
            if looks >= len(_PAUSES) and stillness.watched() > 2 * SETTLED_AFTER:
                raise HeartbeatError("%s is being written by somebody, and is never whole" % place.path, place.path,
                                     "being_written")
            time.sleep(_PAUSES[looks] if looks < len(_PAUSES) else 0.05)
            looks += 1

    def _sweep(self, place: Place) -> None:
        """Whoever holds the lock knows that the writers of all temporary files are dead."""
        folder = os.fstat(place.folder)
        key, now = (folder.st_dev, folder.st_ino, place.name), time.monotonic()
        if now - _swept.get(key, now - SWEEP_EVERY) >= SWEEP_EVERY:
            if len(_swept) >= _MOST_SWEPT:
                _swept.clear()
            _swept[key] = now
            sweep(place, place.name + ".tmp-", older_than=float("-inf"))

    def _foreign(self, place: Place, problem: str) -> HeartbeatError:
        return HeartbeatError("%s is not a heartbeat file (%s): it is left as it is; name another file (HEARTBEAT_FILE)" % (
            place.path, problem), place.path, "foreign")

    def _too_large(self, path: str) -> HeartbeatError:
        return HeartbeatError(
            "%s has more than %d bytes, or would have: is it a heartbeat file? Raise the limit or move it away" % (
                path, self._maximum_size), path, "too_large")

    @staticmethod
    def _cannot_read(path: str, error: OSError) -> HeartbeatError:
        advice = ""
        if error.errno == errno.EACCES:
            advice = "; give this user the right to read it, or name another file (HEARTBEAT_FILE)"
        return HeartbeatError("cannot read %s: %s%s" % (path, cause_of(error), advice), path, "read")

    @staticmethod
    def _cannot_write(path: str, error: OSError, more: str = "") -> HeartbeatError:
        return HeartbeatError("cannot write %s: %s%s%s" % (path, cause_of(error), more, advice_for(error, path)), path,
                              "write")
