"""One beat, the entry that it becomes, and what is read from entries."""

from __future__ import annotations

import json
import math
import os
import time
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ._errors import HeartbeatError
from ._job_events import KEPT_LONGER, JobEvent, job_behind
from ._settings import number_of, quoted
from ._signals import let_through
from ._values import LONGEST_DATA, Spelling, as_object, json_of, pid_of, word_of

#: A beat that is more than this many seconds in the future does not count as alive.
CLOCK_TOLERANCE = 5.0
#: The longest process name, in bytes of UTF-8.
LONGEST_NAME = 1024
#: The longest interval that a beat can declare, in seconds: 366 days.
LONGEST_INTERVAL = 366 * 86400.0
#: The members of an entry that a beat writes; every other one stays as it is.
KNOWN = ("last_heartbeat", "last_heartbeat_formatted", "pid", "status", "host", "interval", "additional_data")

Entry = Dict[str, Any]


class Beat(NamedTuple):
    """What a program says of itself."""

    name: str
    #: None leaves the data of the last beat.
    data: Any = None
    status: str = "alive"
    #: None leaves it out.
    pid: Optional[int] = None
    host: Optional[str] = None
    #: Seconds between beats as the writer intends.
    interval: Optional[float] = None
    #: Unix time of the beat; None: now.
    at: Optional[float] = None
    #: What happened to it as a job; its data are put beside those of the last beat.
    job: Optional[JobEvent] = None
    #: Unix time at which the program handed it over.
    called: float = 0.0


def beat_of(name: Any, data: Any, status: Any, pid: Any, host: Any, interval: Any, at: Optional[float],
            warn: Callable[[str], None]) -> Beat:
    """A beat of what a program hands over. Only a name that is none is an error; what else is odd is left out and named."""
    called = time.time()
    check_name(name)
    if at is not None and number_of(at) is None:
        raise HeartbeatError("cannot beat: at: expected a Unix time, not %s" % quoted(at))
    spelling = Spelling()
    own: Any = None if data is None else spelling.of_data(data)
    word = word_of(status)
    if status is not None and word is None and not isinstance(status, str):
        spelling.leave_out("status", "a %s is no word" % type(status).__name__)
    number: Optional[int] = pid_of(pid)
    if pid is not None and number is None and not (isinstance(pid, int) and pid == 0):
        spelling.leave_out("pid", "%s is no process id" % quoted(pid))
    members = as_object(own)
    if members is not None:
        word, number = _take_known(members, word, number, pid)
    if own is not None and len(json_of(own)) > LONGEST_DATA // 4:  # a character has at most 4 bytes
        size = len(json_of(own).encode("utf-8"))
        if size > LONGEST_DATA:
            spelling.leave_out("data", "%d bytes are more than %d" % (size, LONGEST_DATA))
            own = {}
    if spelling.left_out:
        warn("the beat of %s goes out without some of its data: %s" % (name, "; ".join(spelling.left_out)))
    if number is None and pid is None:
        number = os.getpid()
    place = host if isinstance(host, str) and host else None
    return Beat(name, own, word or "alive", number, place, interval_of(interval), at, called=called)


def check_name(name: Any) -> None:
    """Raises a HeartbeatError when a process cannot have this name."""
    if not isinstance(name, str) or not name:
        raise HeartbeatError("cannot beat: the process name must be a text that is not empty")
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        raise HeartbeatError("cannot beat: the process name has more than %d bytes" % LONGEST_NAME)


def job_beat(name: Any, event: Any, data: Any, warn: Callable[[str], None]) -> Beat:
    """The beat that tells what happened to a job; its word is that of the job, whatever its data have."""
    if not isinstance(event, JobEvent):
        raise HeartbeatError("cannot tell of a job: expected a JobEvent, not %s" % quoted(event))
    beat = beat_of(name, data, event.status, None, None, None, event.at, warn)
    return beat._replace(status=event.status, job=event, pid=beat.pid if event.exit_code is None else None)


def _take_known(data: Dict[str, Any], word: Optional[str], pid: Optional[int],
                given_pid: Any) -> Tuple[Optional[str], Optional[int]]:
    """`status` and `pid` among the data are meant as the entry's own; what is neither a word nor a pid stays there."""
    if "status" in data:
        meant = word_of(data["status"])
        if meant is not None:
            word = word or meant
            del data["status"]
    if "pid" in data:
        number = pid_of(data["pid"])
        if number is not None:
            if given_pid is None:
                pid = number
            del data["pid"]
    return word, pid


def interval_of(value: Any) -> Optional[float]:
    """Seconds between beats, or None when the value is none."""
    number = number_of(value)
    if number is None or not 0 < number <= LONGEST_INTERVAL:
        return None
    return value if type(value) is int else number


def formatted(now: float) -> Optional[str]:
    """The time for people; None with a clock that is far off."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now))
    except (ValueError, OverflowError, OSError) as error:
        let_through(error)
        return None


def members_of(beat: Beat, now: float, old: Mapping[str, str]) -> List[Tuple[str, str]]:
    """The members of the new entry, each with its JSON text: known ones first, then the old entry's others.

    One of those whose key the new data have too goes: its newer value is in additional_data, and one key must not have
    two values.
    """
    members: List[Tuple[str, Any]] = [("last_heartbeat", now)]
    text = formatted(now)
    if text is not None:
        members.append(("last_heartbeat_formatted", text))
    if beat.pid is not None:
        members.append(("pid", beat.pid))
    members.append(("status", beat.status))
    if beat.host is not None:
        members.append(("host", beat.host))
    if beat.interval is not None:
        members.append(("interval", beat.interval))
    spelt = [(key, json_of(value)) for key, value in members]
    if beat.job is not None:
        spelt.append(("job", json_of(job_behind(beat.job, old.get("job")))))
    if beat.data is not None:
        spelt.append(("additional_data", json_of(_beside(beat, old.get("additional_data")))))
    elif "additional_data" in old or not old:
        spelt.append(("additional_data", old.get("additional_data", "{}")))
    fresh = as_object(beat.data) or {}
    spelt.extend((key, text) for key, text in old.items()
                 if (beat.job is None if key == "job" else key not in KNOWN and key not in fresh))
    return spelt


def _beside(beat: Beat, old: Optional[str]) -> Any:
    """A beat's data; of a job together with those that it reported before, so that a failure does not take these away."""
    if beat.job is None or old is None:
        return beat.data
    try:
        before = as_object(json.loads(old, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return beat.data
    return {**(before or {}), **(as_object(beat.data) or {})}


def time_of(entry: Any) -> Optional[float]:
    """An entry's last beat, or None when it has none that can be read."""
    members = as_object(entry)
    last: Any = members.get("last_heartbeat") if members else None
    if isinstance(last, bool) or not isinstance(last, (int, float)):
        return None
    try:
        return float(last) if math.isfinite(last) else None
    except OverflowError:
        return None


def with_data_beside(entry: Entry) -> Entry:
    """An entry with its own data beside its known members, as programs of the first heartbeat_manager read them."""
    data = as_object(entry.get("additional_data"))
    if data is None:
        return dict(entry)
    return {**{key: value for key, value in data.items() if key not in entry}, **entry}


def stale_names(entries: Iterable[Tuple[str, Any]], oldest: float) -> List[str]:
    """The names whose last beat is before a time. An entry without a time is not touched."""
    return [name for name, entry in entries if is_older(entry, oldest)]


def is_older(entry: Any, oldest: float) -> bool:
    """Whether a clean-up of what is older than a time may take an entry: that of a job only much later."""
    last = time_of(entry)
    if last is None:
        return False
    return last + (KEPT_LONGER if as_object((as_object(entry) or {}).get("job")) is not None else 0) < oldest


def format_duration(seconds: Any) -> str:
    """`45s`, `1m 5s`, `2h 3m`; `unknown` of what is no number."""
    try:
        whole = int(seconds)
    except (TypeError, ValueError, OverflowError):
        return "unknown"
    sign, whole = ("-" if whole < 0 else ""), abs(whole)
    if whole < 60:
        return "%s%ds" % (sign, whole)
    if whole < 3600:
        return "%s%dm %ds" % (sign, whole // 60, whole % 60)
    return "%s%dh %dm" % (sign, whole // 3600, whole % 3600 // 60)
