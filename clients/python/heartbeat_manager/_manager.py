"""HeartbeatManager: writes and reads heartbeats, wherever they lie."""

from __future__ import annotations

import os
import stat
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, TypeVar, Union

from ._beats import CLOCK_TOLERANCE, Beat, Entry, beat_of, check_name, format_duration, job_beat, time_of, with_data_beside
from ._errors import HeartbeatError, SaidOnce, say
from ._folder import OwnFiles
from ._job_events import JobEvent
from ._one_file import OneFile
from ._push import Exporter, address_of
from ._settings import Faults, number_of, quoted, size_of
from ._signals import inside, let_out, let_through, thread
from ._values import as_object

Store = Union[OneFile, OwnFiles, Exporter]
_Value = TypeVar("_Value")
#: Where heartbeats lie when nobody says otherwise.
DEFAULT_FILE = "heartbeat_status.json"
# The most seconds that a lock or an exporter is waited for: longer ones are too long for the system's own clocks.
_LONGEST_WAIT = 86400.0
# Seconds for which beats of signals' handlers are written that came in the middle of another one; later ones wait.
_MOST_PENDING_TIME = 1.0


def _busy(action: Callable[[], _Value]) -> _Value:
    thread.is_busy = True
    try:
        return inside(action)
    finally:
        thread.is_busy = False


class HeartbeatManager:
    """Writes and reads the heartbeats in one file or one folder, or sends them to an exporter.

    Nothing that goes wrong is raised into the program: it is said on standard error, the same sentence once an hour.
    With `raises=True` it is raised, as a HeartbeatError.

    heartbeat_file: the path of a file; or of a folder, in which each process has a file of its own (a path that is a
                    folder, or ends in "/" or ".d"); or http://host:port, https://host:port or the push socket of an
                    exporter: unix:/path, or a path that ends in .sock or is a socket already; default: the environment
                    variable HEARTBEAT_URL, else HEARTBEAT_FILE, else heartbeat_status.json in the working folder
    raises:         whether errors are raised
    timeout:        the most seconds that sending to an exporter may take
    lock_timeout:   the most seconds to wait for the lock of the one file
    retention:      entries whose last beat is older, in seconds, are removed; 0 keeps all
    synchronise:    whether a beat is on the disk before the call returns (fsync)
    maximum_size:   the most bytes a heartbeat file may have
    warn:           gets what is said; default: standard error
    """

    def __init__(self, heartbeat_file: Union[str, "os.PathLike[str]", None] = None, *, raises: bool = False,
                 lock_timeout: float = 5.0, retention: float = 86400.0, synchronise: bool = False,
                 maximum_size: int = 64 << 20, warn: Optional[Callable[[str], None]] = None, timeout: float = 5.0) -> None:
        self.raises = bool(raises)
        self._said = SaidOnce()  # what is worth knowing, though the beat went out
        self._failures = SaidOnce()  # after a success the next one is news
        self._stores: Dict[str, Store] = {}
        self._tell: Callable[[str], None] = say
        faults = Faults(self._fault)
        self._tell = faults.function("warn", warn) or say
        self.timeout = min(faults.seconds("timeout", timeout, 5.0), _LONGEST_WAIT)
        self.lock_timeout = min(faults.seconds("lock_timeout", lock_timeout, 5.0), _LONGEST_WAIT)
        self.retention = faults.seconds("retention", retention, 86400.0)
        self.synchronise = bool(synchronise)
        self.maximum_size = size_of(faults, "maximum_size", maximum_size, 64 << 20)
        self._set_place(heartbeat_file)
        if raises:
            self._store()  # a wrong address is known at once
        self.prepare()

    def _set_place(self, heartbeat_file: Any) -> None:
        self._given: Optional[str] = None
        self._no_place: Optional[HeartbeatError] = None
        if heartbeat_file is not None:
            try:
                self._given = os.fsdecode(heartbeat_file)
            except BaseException as error:
                let_out(error)
                # Not in the usual place: there nobody would look for these beats.
                self._given = ""
                self._no_place = HeartbeatError(
                    "cannot beat: heartbeat_file: expected a path or an address, not %s" % quoted(heartbeat_file))
                self._fault(self._no_place)

    def _fault(self, error: HeartbeatError) -> None:
        if self.raises:
            raise error
        self.say_failure(error)

    def prepare(self) -> None:
        """Imports what beats need. A child that is forked while another thread imports waits for that for ever."""
        if self.file[:6].lower() == "https:":
            try:
                import ssl  # not every Python has it, and it is large
                del ssl
            except ImportError:
                pass  # the beat says so

    @property
    def file(self) -> str:
        """The path or the address."""
        if self._given is not None:
            return self._given
        return os.environ.get("HEARTBEAT_URL") or os.environ.get("HEARTBEAT_FILE") or DEFAULT_FILE

    @property
    def heartbeat_file(self) -> str:
        """The same, by the name that it has in the first heartbeat_manager. It can be set."""
        return self.file

    @heartbeat_file.setter
    def heartbeat_file(self, heartbeat_file: Union[str, "os.PathLike[str]", None]) -> None:
        self._set_place(heartbeat_file)

    def ensure_heartbeat_file_exists(self) -> None:
        """Makes the file when there is none."""
        self._guarded(lambda: self._alone(lambda: self._store().make()), None)

    def send_heartbeat(self, process_name: str, additional_data: Optional[Mapping[str, Any]] = None,
                       status: Optional[str] = None, *, pid: Optional[int] = None, host: Optional[str] = None,
                       interval: Optional[float] = None) -> None:
        """Says that a process is alive.

        additional_data: its own numbers and words, which replace those of its last beat; None leaves them as they are.
                         `status` and `pid` among them are the entry's own. A value that JSON cannot spell is left out
                         and named.
        status:          one word on how it is; default: that of the data, else "alive"
        pid:             default: this process's id; 0 leaves it out, when it means nothing to the exporter
        host:            the host it runs on, for a beat that came from another one
        interval:        seconds between its beats as it intends
        """
        self._guarded(lambda: self.beat(process_name, additional_data, status, pid=pid, host=host, interval=interval), None,
                      is_write=True)

    def read_heartbeat_data(self) -> Dict[str, Any]:
        """The whole as the one file has it: `last_updated` (0 when nobody beat yet) and `processes`."""
        entries = self.all_heartbeats()
        last = max((t for t in map(time_of, entries.values()) if t is not None), default=0.0)
        return {"last_updated": last, "processes": entries}

    def get_process_status(self, process_name: str) -> Optional[Entry]:
        """The entry of a process, with its data also beside `pid` and `status`; None when there is none."""
        entry = as_object(self._guarded(lambda: self._entry(process_name), None))
        return None if entry is None else with_data_beside(entry)

    get_heartbeat_status = get_process_status

    def get_time_since_last_heartbeat(self, process_name: str) -> Optional[float]:
        """Seconds since a process's last beat, negative when it is in the future; None when there is none."""
        last = time_of(self._guarded(lambda: self._entry(process_name), None))
        return None if last is None else time.time() - last

    def _entry(self, process_name: str) -> Any:
        check_name(process_name)
        return inside(lambda: self._store().entry(process_name))

    def is_process_alive(self, process_name: str, timeout_seconds: float = 60.0) -> bool:
        """Whether a process beat within the last `timeout_seconds`."""
        since = self.get_time_since_last_heartbeat(process_name)
        timeout = Faults(self._fault).seconds("timeout_seconds", timeout_seconds, 60.0)
        return since is not None and -CLOCK_TOLERANCE <= since < timeout

    def get_all_processes_status(self) -> Dict[str, Entry]:
        """Every process's entry with its data beside it, and `time_since_heartbeat` (seconds; infinite without a beat),
        `time_since_formatted` and `is_alive` (within 60 s)."""
        found: Dict[str, Entry] = {}
        for name, value in self.all_heartbeats().items():
            entry = as_object(value)
            if entry is not None:
                last = time_of(entry)
                since = float("inf") if last is None else time.time() - last
                found[name] = with_data_beside(entry)
                found[name].update(time_since_heartbeat=since, is_alive=-CLOCK_TOLERANCE <= since < 60.0,
                                   time_since_formatted="never" if last is None else format_duration(since))
        return found

    def all_heartbeats(self) -> Dict[str, Any]:
        """Every process's entry by its name, as it stands; empty when nobody beat yet. Takes no lock.

        Of an exporter also processes that it only expects, without last_heartbeat.
        """
        nothing: Dict[str, Any] = {}
        return self._guarded(lambda: inside(lambda: self._store().entries()), nothing)

    @staticmethod
    def format_duration(seconds: float) -> str:
        """`45s`, `1m 5s`, `2h 3m`."""
        return format_duration(seconds)

    def tell_job(self, process_name: str, event: JobEvent, additional_data: Optional[Mapping[str, Any]] = None) -> None:
        """Says that a run of a job began, or how it ended; `heartbeat_manager.job` does both around the work."""
        self._guarded(lambda: self._send(job_beat(process_name, event, additional_data, self._warn)), None, is_write=True)

    def cleanup_old_processes(self, max_age_hours: float = 24) -> None:
        """Removes the entries whose last beat is older."""
        nobody: List[str] = []
        self._guarded(lambda: self._prune(_age("max_age_hours", max_age_hours) * 3600, False), nobody)

    def prune(self, older_than: Optional[float] = None, dry_run: bool = False) -> List[str]:
        """Removes the entries whose last beat is older, in seconds (default: the retention); returns their names."""
        nobody: List[str] = []
        return self._guarded(lambda: self._prune(self.retention if older_than is None else _age("older_than", older_than), bool(dry_run)),
                             nobody)

    def _prune(self, age: float, dry_run: bool) -> List[str]:
        oldest = time.time() - age
        return self._alone(lambda: self._store().prune(oldest, dry_run))

    def beat(self, process_name: str, additional_data: Any = None, status: Optional[str] = None, *,
             pid: Optional[int] = None, host: Optional[str] = None, interval: Optional[float] = None,
             at: Optional[float] = None) -> None:
        """As send_heartbeat, for who wants errors: raises HeartbeatError. `at`: Unix time of the beat; default: now."""
        self._send(beat_of(process_name, additional_data, status, pid, host, interval, at, self._warn))

    def _send(self, beat: Beat) -> None:
        # Of a job each beginning and each end is told.
        key = (self, beat.name if beat.job is None else "%s\0%s" % (beat.name, beat.job.word))
        if thread.is_busy:
            # A signal's handler beats while this very thread is in the middle of a beat: written right after that one.
            thread.pending[key] = lambda: self._store().send(beat, self.retention)
            return
        thread.pending.pop(key, None)  # of a handler, and older than this one
        self._alone(lambda: self._store().send(beat, self.retention))

    def _alone(self, action: Callable[[], _Value]) -> _Value:
        """Writes in this thread; what handlers beat meanwhile comes right behind it, also when one of them raises."""
        if thread.is_busy:
            raise HeartbeatError("a signal's handler came in the middle of a beat: there it may beat, and no more", self.file)
        try:
            return _busy(action)
        finally:
            if thread.pending:
                self._finish(time.monotonic() + _MOST_PENDING_TIME)

    def _finish(self, deadline: float) -> None:
        """Writes the beats of handlers, also when yet another one raises in the middle of them."""
        raised: Optional[BaseException] = None
        while True:
            try:
                while thread.pending and time.monotonic() < deadline:
                    for key, write in list(thread.pending.items()):
                        try:
                            _busy(write)
                        except Exception as error:
                            let_through(error)
                            self.say_failure(error)
                        if thread.pending.get(key) is write:
                            thread.pending.pop(key, None)
                break
            except BaseException as error:  # another signal: the last word of its handler is still to be written
                raised = error
                if time.monotonic() >= deadline:
                    break
        if raised is not None:
            try:
                raise raised
            finally:
                del raised

    def _store(self) -> Store:
        if self._no_place is not None:
            raise HeartbeatError(str(self._no_place))
        target = self.file
        is_folder = _is_folder(target)
        key = ("folder:" if is_folder else "file:") + target
        store = self._stores.get(key)
        if store is None:
            if not target:
                raise HeartbeatError("cannot beat: the path of the heartbeat file is empty", target)
            address = None if is_folder else address_of(target)
            if address:
                store = Exporter(address, self.timeout, self._warn)
            elif is_folder:
                store = OwnFiles(target, self.synchronise, self._warn)
            else:
                store = OneFile(target, self.lock_timeout, self.synchronise, self.maximum_size, self._warn)
            self._stores = {key: store}
        return store

    def _guarded(self, action: Callable[[], _Value], otherwise: _Value, is_write: bool = False) -> _Value:
        if self.raises:
            try:
                return action()
            except HeartbeatError:
                raise
            except Exception as error:  # an argument that is none
                let_through(error)
                raise HeartbeatError("cannot beat: %s: %s" % (type(error).__name__, error)) from error
        try:
            result = action()
            if is_write:
                self._failures.forget()
            return result
        except Exception as error:  # whatever it is: a heartbeat must not end what it watches
            let_through(error)
            self.say_failure(error)
            return otherwise

    def say_failure(self, error: BaseException) -> None:
        """Says what went wrong, once."""
        try:
            text = str(error) if isinstance(error, HeartbeatError) else "%s: %s" % (type(error).__name__, error)
        except BaseException as second:  # the program's own, whose text is a fault of it
            let_out(second)
            text = type(error).__name__
        if self._failures.is_new(text):
            self._say(text)

    def _warn(self, text: str) -> None:
        if self._said.is_new(text):
            self._say(text)

    def _say(self, text: str) -> None:
        try:
            self._tell(text)
        except BaseException as error:
            let_out(error)


def _age(name: str, value: Any) -> float:
    """A time. One that is none removes nothing: nobody knows what it was to keep."""
    number = number_of(value)
    if number is None or number < 0:
        raise HeartbeatError("%s: expected a number that is not negative, not %s; nothing is removed" % (name, quoted(value)))
    return number


def _is_folder(path: str) -> bool:
    if path.partition(":")[0].lower() in ("http", "https", "unix"):
        return False
    # By its name before it is made: a file in its place would be in the way of whoever makes it.
    if path.endswith(("/", ".d")):
        return True
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError) as error:
        let_through(error)
        return False
