"""Jobs: work that ends, and says when it began and how it ended."""

from __future__ import annotations

import contextlib
import time
from types import TracebackType
from typing import Any, Dict, Optional, Type

from ._job_events import JobEvent
from ._manager import HeartbeatManager
from ._values import as_object


class Job(contextlib.ContextDecorator):
    """A run of a job: `with job("backup"):`, or `@job("backup")` before a function. Work that raises has failed, but for
    `SystemExit` with the exit code 0; the exception goes on as it came.

    What is put into `data` is told at the end, beside what was told before.
    """

    def __init__(self, name: str, manager: HeartbeatManager) -> None:
        self.name = name
        self.data: Dict[str, Any] = {}
        self._manager = manager
        self._began = 0.0

    def _recreate_cm(self) -> "Job":
        return Job(self.name, self._manager)

    def __enter__(self) -> "Job":
        self._began = time.monotonic()
        self._tell(JobEvent(time.time()))
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._tell(JobEvent(time.time(), exit_code_of(error), time.monotonic() - self._began))

    def _tell(self, event: JobEvent) -> None:
        data: Any = self.data if event.exit_code is not None else None
        self._manager.tell_job(self.name, event, None if as_object(data) == {} else data)


def exit_code_of(error: Optional[BaseException]) -> int:
    """How a program ends that raises this: as Python itself has it."""
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        if error.code is None:
            return 0
        return error.code & 0xFF if isinstance(error.code, int) else 1
    return 1
