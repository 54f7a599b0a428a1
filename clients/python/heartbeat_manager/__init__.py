"""Beat from Python: say where others see it that this program is alive and how it is doing.

    from heartbeat_manager import Heartbeat

    beat = Heartbeat("bidder")
    while True:
        scan()
        beat({"offset": offset})

Standard library only, Python 3.8 or later, Linux and other POSIX systems. Nothing is raised into the program, unless it
asks for that (`HeartbeatManager(raises=True)`).

The names of the first heartbeat_manager work unchanged: `send_heartbeat(process_name, additional_data)`,
`get_heartbeat_status`, `is_process_alive`, `HeartbeatManager`, and the manager `heartbeat_manager`.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ._beats import Entry
from ._errors import HeartbeatError
from ._job import Job
from ._loop import AsyncHeartbeat, Heartbeat
from ._manager import HeartbeatManager
from ._senders import HeartbeatSender
from ._settings import manager_or

__all__ = ["AsyncHeartbeat", "Heartbeat", "HeartbeatError", "HeartbeatManager", "HeartbeatSender", "Job", "get_heartbeat_status",
           "heartbeat_manager", "is_process_alive", "job", "send_heartbeat"]
__version__ = "0.1.0"

#: The manager of the default file, or of the default exporter.
heartbeat_manager = HeartbeatManager()


def send_heartbeat(process_name: str, additional_data: Optional[Mapping[str, Any]] = None,
                   status: Optional[str] = None) -> None:
    """Says in the default place that this process is alive."""
    heartbeat_manager.send_heartbeat(process_name, additional_data, status)


def job(name: str, manager: Optional[HeartbeatManager] = None) -> Job:
    """A run of a job, by default in the default place: `with job("backup"):`, or `@job("backup")` before a function."""
    return Job(name, manager_or(manager, lambda: heartbeat_manager))


def get_heartbeat_status(process_name: str) -> Optional[Entry]:
    """The entry of a process in the default place, or None."""
    return heartbeat_manager.get_process_status(process_name)


def is_process_alive(process_name: str, timeout_seconds: float = 60.0) -> bool:
    """Whether a process beat within the last `timeout_seconds`, by the default place."""
    return heartbeat_manager.is_process_alive(process_name, timeout_seconds)
