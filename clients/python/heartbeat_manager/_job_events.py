"""What happens to a job, and what its entry says of its runs behind that: the object `job`."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, NamedTuple, Optional

from ._values import as_object

#: The entry of a job is kept so many seconds longer than others: there may be a year between two runs.
KEPT_LONGER = 366 * 86400.0
#: The largest exit code, in both directions, and the most runs that are exact.
LARGEST_EXIT_CODE = 4294967295
MOST_RUNS = 2**53


class JobEvent(NamedTuple):
    """A run began (no exit code), or it ended: 0 is a success."""

    #: Unix time.
    at: float
    exit_code: Optional[int] = None
    #: Seconds; None: the time since the last start.
    duration: Optional[float] = None

    @property
    def word(self) -> str:
        """The word by which an exporter is told."""
        return "start" if self.exit_code is None else "fail" if self.exit_code else "success"

    @property
    def status(self) -> str:
        """The status word of the entry behind it."""
        return {"start": "running", "success": "succeeded", "fail": "failed"}[self.word]


def job_behind(event: JobEvent, text: Optional[str]) -> Dict[str, Any]:
    """The object behind an event; keys that nobody knows stay. `text`: that before it, None when there was none."""
    job = _read(text)
    now = round(event.at, 6)
    started, ended = _time(job.get("started")), _time(job.get("ended"))
    if event.exit_code is None:
        job["started"] = now
        return job
    duration = event.duration
    if duration is None and started is not None and (ended is None or ended < started):
        duration = now - started
    job.pop("duration_seconds", None)
    if duration is not None and 0 <= duration < math.inf:
        job["duration_seconds"] = round(duration, 6)
    if started is not None and started > now:  # the clock was set back
        job["started"] = now - (duration if duration is not None and 0 <= duration < math.inf else 0)
    job["ended"] = now
    job["exit_code"] = max(-LARGEST_EXIT_CODE, min(event.exit_code, LARGEST_EXIT_CODE))
    if not event.exit_code:
        job["last_success"] = now
    job["runs"] = min(_count(job.get("runs")) + 1, MOST_RUNS)
    job["failures"] = min(_count(job.get("failures")) + (1 if event.exit_code else 0), MOST_RUNS)
    return job


def _read(text: Optional[str]) -> Dict[str, Any]:
    try:
        return as_object(json.loads(text, parse_constant=lambda _: None)) or {} if text else {}
    except (ValueError, RecursionError):
        return {}


def _time(value: Any) -> Optional[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 < value < 253402300800 else None


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return int(value) if 0 <= value <= MOST_RUNS else 0
