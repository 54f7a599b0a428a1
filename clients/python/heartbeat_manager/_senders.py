"""Beating on a thread of its own, for programs without a loop."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from typing import Callable, Optional

from . import _lock
from ._beats import interval_of
from ._loop import Data, OnError, Rhythm
from ._manager import HeartbeatManager
from ._settings import manager_or
from ._signals import let_out, thread

#: The status of a program whose background sender misses its ticks.
STALLED = "stalled"
#: Seconds for which a forked child looks whether its parent leaves it alone, as a program does that becomes a daemon.
_WATCHES_PARENT_FOR = 5.0
#: The most seconds that the end of the program waits for a beat that is under way.
_LAST_WAIT = 2.0


class HeartbeatSender:
    """Beats every `interval` seconds on a thread of its own, the first time at once:

        with HeartbeatSender("bidder", interval=30, max_silence=120) as sender:
            for item in work:
                sender.tick()

    A thread of its own beats on while the work is deadlocked. So with `max_silence` it stops when nobody called `tick()`
    for so many seconds, and says `stalled` as the status, until the next tick. Where the program has a loop of its own,
    `Heartbeat` is the better choice.

    data:     a mapping, or a function that makes one for each beat
    on_error: gets the exception of a beat that failed (default: it is said on standard error, once)
    """

    def __init__(self, name: str, interval: float = 30.0, data: Data = None, status: Optional[str] = None,
                 manager: Optional[HeartbeatManager] = None, on_error: Optional[OnError] = None, *,
                 max_silence: Optional[float] = None) -> None:
        self.name = name
        # What is no time must not end the thread that waits for it.
        self.interval = max(float(interval_of(interval) or 30.0), 0.01)
        self.data = data
        self.status = status
        self.manager: HeartbeatManager = manager_or(manager, HeartbeatManager)
        self.max_silence = interval_of(max_silence)
        self._rhythm = Rhythm(name, 0, self.interval, self.manager, on_error)
        for setting, value in (("interval", interval), ("max_silence", max_silence)):
            if value is not None and interval_of(value) is None:
                self._rhythm.faults.note(setting, "seconds", value)
        self._stopping = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self._owner = 0
        self._ticked = time.monotonic()
        self._is_stalled = False
        self._beat_at: Optional[float] = None

    def start(self) -> HeartbeatSender:
        """Starts to beat, in this process."""
        if self._thread is None or self._owner != os.getpid():
            self._ticked = time.monotonic()
            self.manager.prepare()
            self._begin(self._run)
            _running.add(self)
        return self

    def tick(self) -> None:
        """The work goes on. Costs next to nothing; in a forked child it starts the beats there."""
        self._ticked = time.monotonic()
        if self._owner and self._owner != os.getpid():
            self.start()

    def stop(self, status: Optional[str] = None) -> None:
        """Stops and waits for a beat that is under way: after this nothing more is written. `status`: a last word."""
        is_ours = self._owner == os.getpid()
        self.end()
        if status is not None and is_ours:
            self._rhythm.send(None, status)

    def __enter__(self) -> HeartbeatSender:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _begin(self, target: Callable[[threading.Event], None], owner: Optional[int] = None) -> None:
        self._stopping.set()
        stopping = self._stopping = threading.Event()  # a thread that was told to stop must not go on by a new start
        self._owner = os.getpid() if owner is None else owner
        try:
            self._thread = threading.Thread(target=target, args=(stopping,), name="heartbeat", daemon=True)
            self._thread.start()
        except RuntimeError as error:  # no thread can be had; an isolated sub-interpreter says so before it is started
            self._thread = None
            self._rhythm.failed(error)

    def end(self, wait: Optional[float] = None) -> None:
        """Stops; waits at most `wait` seconds for a beat that is under way."""
        self._stopping.set()
        beating, self._thread = self._thread, None
        self._owner = 0
        _running.discard(self)
        if beating is not None and beating is not threading.current_thread():
            beating.join(wait)

    def _run(self, stopping: threading.Event) -> None:
        thread.is_ours = True
        following = time.monotonic()
        while not stopping.is_set():
            now = time.monotonic()
            if self._is_silent(now):
                self._say_stalled()
                stopping.wait(min(self.interval, 1.0))
                following = time.monotonic()
                continue
            self._is_stalled = False
            if now >= following:
                at = time.time()
                self._rhythm.send(self.data, self.status)
                self._beat_at = at
                # Beats keep their rhythm; those that a suspended host has missed are not made up for.
                following = max(following + self.interval, time.monotonic())
            stopping.wait(max(0.0, min(following, self._silent_at()) - time.monotonic()) + 0.0001)

    def _silent_at(self) -> float:
        return float("inf") if self.max_silence is None else self._ticked + self.max_silence

    def _is_silent(self, now: float) -> bool:
        return now > self._silent_at()

    def _say_stalled(self) -> None:
        """The status says so; the time stays that of the last beat."""
        if self._is_stalled or self._beat_at is None:
            return
        try:
            self.manager.beat(self.name, None, STALLED, interval=self.interval, at=round(self._beat_at, 6))
            self._is_stalled = True
        except BaseException as error:
            let_out(error)
            self._rhythm.failed(error)

    def in_child(self, may_be_daemon: bool) -> None:
        """After fork: the thread is the parent's. The child goes on only if the parent leaves it alone (a daemon)."""
        owner, self._thread = self._owner, None
        self._stopping = threading.Event()
        if owner and may_be_daemon:
            self._begin(lambda stopping: self._take_over(owner, stopping), owner)

    def _take_over(self, owner: int, stopping: threading.Event) -> None:
        deadline = time.monotonic() + _WATCHES_PARENT_FOR
        while time.monotonic() < deadline and not stopping.wait(0.05):
            if _is_gone(owner):
                self._owner = os.getpid()
                self._run(stopping)
                return


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open("/proc/%d/stat" % pid, "rb") as file:
            return file.read().rpartition(b")")[2].split()[:1] in ([b"Z"], [b"X"])
    except ProcessLookupError:
        return True
    except OSError:
        return not os.path.exists("/proc/%d" % pid) and os.path.exists("/proc/self")


_running: "weakref.WeakSet[HeartbeatSender]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    try:
        _lock.forget_in_child()
        # Who calls fork: the frame below this hook. A child of these is no daemon to be, and a thread that it has not asked for keeps
        # it from a namespace of its own (unshare, setns).
        frame = sys._getframe().f_back  # pyright: ignore[reportPrivateUsage]
        caller = "" if frame is None else str(frame.f_globals.get("__name__"))
        may_be_daemon = caller.partition(".")[0] not in ("subprocess", "multiprocessing")
        for sender in list(_running):
            sender.in_child(may_be_daemon)
    except Exception:  # in a hook of the interpreter nobody could do anything about it
        pass


def _at_exit() -> None:
    for sender in list(_running):
        sender.end(_LAST_WAIT)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
