"""Beating from the program's own loop: the better way."""

from __future__ import annotations

import asyncio
import collections
import inspect
import os
import threading
import time
from typing import Any, Callable, Deque, Mapping, Optional, Union

from ._beats import check_name, interval_of
from ._errors import HeartbeatError
from ._manager import HeartbeatManager
from ._settings import Faults, manager_or
from ._signals import let_out, thread
from ._values import word_of

Data = Union[Mapping[str, Any], Callable[[], Optional[Mapping[str, Any]]], None]
OnError = Callable[[Exception], object]

#: Seconds between two beats of a loop.
_EVERY = 10.0
#: The fewest seconds between two beats that come by themselves.
_FEWEST = 0.01
#: A change of the status goes out at once; of many this many in a second.
_MOST_CHANGES = 10
#: Seconds that a beat may take by a manager that does not say so.
_PATIENCE = 2.0


def _default_manager() -> HeartbeatManager:
    # In a program's loop: whoever holds a lock must not hold up the work for long. The next beat comes soon.
    return HeartbeatManager(lock_timeout=1.0, timeout=2.0)


class Rhythm:
    """What lets one beat in many calls go out."""

    def __init__(self, name: str, every: float, interval: Optional[float], manager: Optional[HeartbeatManager],
                 on_error: Optional[OnError]) -> None:
        self.name = name
        self.manager: HeartbeatManager = manager_or(manager, _default_manager)
        self._on_error: Optional[OnError] = None
        self.faults = Faults(self._fault)
        self._on_error = self.faults.function("on_error", on_error)
        self.every = self.faults.seconds("every", every, _EVERY)
        self.interval = interval_of(interval)
        if interval is not None and self.interval is None:
            self.faults.note("interval", "seconds", interval)
        self._last = float("-inf")
        self._word: Optional[str] = None
        self._changes: "Deque[float]" = collections.deque(maxlen=_MOST_CHANGES)
        try:
            check_name(name)
        except HeartbeatError as error:
            self._fault(error)

    def _fault(self, error: HeartbeatError) -> None:
        """A wrong setting is told when it is set, not with each beat."""
        if getattr(self.manager, "raises", False):
            raise error
        self.failed(error)

    def is_due(self, status: Optional[str]) -> bool:
        try:
            word = word_of(status)
        except BaseException as error:  # what has no word; the beat says so
            let_out(error)
            word = None
        now = time.monotonic()
        if now - self._last < self.every:
            if word == self._word or (len(self._changes) == _MOST_CHANGES and now - self._changes[0] < 1.0):
                return False
            self._changes.append(now)
        self._last, self._word = now, word
        return True

    def send(self, data: Data, status: Optional[str], turn: "Optional[_Turn]" = None) -> None:
        own: Any = data
        if callable(data):
            try:
                own = data()
                if inspect.iscoroutine(own):
                    own.close()
                    raise TypeError("data is a coroutine function, which nobody awaits here: give a function that returns the data")
            except BaseException as error:  # the data are an extra, the beat is the message
                let_out(error)
                own = None
                self.failed(error)
        if turn is not None and turn.is_overtaken:
            return
        try:
            self.manager.beat(self.name, own, status, interval=self.interval)
        except BaseException as error:
            let_out(error, has_called=False)
            self.failed(error)
        finally:
            # The pause begins here: one as long as a beat takes to fail would leave the program no time for its work.
            self._last = time.monotonic()

    def failed(self, error: BaseException) -> None:
        if self._on_error is None:
            self.manager.say_failure(error)
            return
        try:
            result = self._on_error(error if isinstance(error, Exception) else RuntimeError(repr(error)))
            if inspect.iscoroutine(result):
                result.close()
                self.manager.say_failure(error)
                raise TypeError("on_error is a coroutine function, which nobody awaits here: give a function that starts a task")
        except BaseException as second:  # the handler's own fault ends neither the beats nor the program
            let_out(second)
            self.manager.say_failure(second)


class _Turn:
    """The place of one beat among those that other threads write: it comes after the one that was begun before it."""

    def __init__(self, before: "Optional[_Turn]") -> None:
        self._before = before
        self._process = os.getpid()
        self._ended = threading.Event()
        #: Whether a later beat has waited for long enough, and is written: this one must not be written over it.
        self.is_overtaken = False
        #: What the event loop waits for; None before it is known.
        self.sending: "Optional[asyncio.Future[None]]" = None

    def wait(self, patience: float) -> None:
        before, self._before = self._before, None
        # A forked child does not have the thread that would end it.
        if before is not None and before._process == os.getpid() and not before._ended.wait(patience):
            before.is_overtaken = True

    def end(self) -> None:
        self._before = None
        self._ended.set()


class Heartbeat:
    """A beat to be called in every round of a program's loop; one in `every` seconds goes out, and every change of status.

        beat = Heartbeat("bidder")
        while True:
            scan()
            beat({"offset": offset})

    It comes from the work itself: when the work hangs, so do the beats. Nothing is ever raised into the program; errors
    are said on standard error, once, or handed to `on_error`.

    every:    the fewest seconds between two beats; like each setting, one of the wrong kind is said at once, and the usual
              one taken
    interval: what a round takes at the most in seconds, if that is known: told to the exporter
    """

    def __init__(self, name: str, *, every: float = _EVERY, interval: Optional[float] = None,
                 manager: Optional[HeartbeatManager] = None, on_error: Optional[OnError] = None) -> None:
        self._rhythm = Rhythm(name, every, interval, manager, on_error)

    def __call__(self, additional_data: Data = None, status: Optional[str] = None) -> None:
        """Says that the program is alive. A function in the place of the data is called only for a beat that goes out."""
        if self._rhythm.is_due(status):
            self._rhythm.send(additional_data, status)

    def stop(self, additional_data: Data = None, status: str = "stopped") -> None:
        """The last word, at once: the program ends as it should."""
        self._rhythm.send(additional_data, status)


class AsyncHeartbeat:
    """The same for asyncio: the file is written on another thread, the event loop does not wait for it.

        beat = AsyncHeartbeat("reader")
        async for message in messages:
            await beat({"messages": count})

    As `async with AsyncHeartbeat("reader", every=30):` it beats by itself for as long as the event loop turns.

    A beat that was begun is written, also when whoever waits for it is cancelled; the beats are written in their order.
    """

    def __init__(self, name: str, *, every: float = _EVERY, interval: Optional[float] = None,
                 manager: Optional[HeartbeatManager] = None, on_error: Optional[OnError] = None) -> None:
        self._rhythm = Rhythm(name, every, interval, manager, on_error)
        own: Any = self._rhythm.manager  # or what does the same
        #: Seconds that a beat may take once it has a thread.
        self._patience: float = max(own.lock_timeout, own.timeout) if isinstance(own, HeartbeatManager) else _PATIENCE
        self._task: "Optional[asyncio.Task[None]]" = None
        self._turn: Optional[_Turn] = None
        self._sending: "Optional[asyncio.Future[None]]" = None

    async def __call__(self, additional_data: Data = None, status: Optional[str] = None) -> None:
        if self._rhythm.is_due(status):
            await self._sent(self._begin(additional_data, status))

    async def stop(self, additional_data: Data = None, status: str = "stopped") -> None:
        await self._sent(self._begin(additional_data, status))

    def _begin(self, data: Data, status: Optional[str]) -> "Optional[asyncio.Future[None]]":
        turn = self._turn = _Turn(self._turn)
        try:
            sending = asyncio.get_running_loop().run_in_executor(None, self._write, turn, data, status)
        except RuntimeError as error:  # no thread can be had: the interpreter ends
            turn.end()
            self._rhythm.failed(error)
            return None
        turn.sending = sending
        sending.add_done_callback(lambda _: turn.end())  # also of an executor that drops its work
        return sending

    def _write(self, turn: _Turn, data: Data, status: Optional[str]) -> None:
        was_ours, thread.is_ours = thread.is_ours, True
        try:
            turn.wait(self._patience)
            self._rhythm.send(data, status, turn)
        finally:
            thread.is_ours = was_ours
            turn.end()
            self._forget_loop(turn.sending)

    @staticmethod
    def _forget_loop(sending: "Optional[asyncio.Future[None]]") -> None:
        """Up to Python 3.9 the end of a beat is told to its loop also when that is closed, and a traceback comes of it."""
        if sending is None or not sending.get_loop().is_closed():
            return
        try:
            sending.cancel()  # a loop that is closed looks at nothing any more: no other thread has it
        except RuntimeError:  # the callbacks cannot be called, and need not be
            pass

    @staticmethod
    async def _sent(sending: "Optional[asyncio.Future[None]]") -> None:
        if sending is not None:
            # Cancelled itself, what still waits for a thread would never be written.
            await asyncio.shield(sending)

    async def __aenter__(self) -> AsyncHeartbeat:
        if self._rhythm.interval is None:
            self._rhythm.interval = interval_of(self._rhythm.every)
        self._sending = self._begin(None, None)
        self._task = asyncio.ensure_future(self._beats())
        return self

    async def __aexit__(self, *_: object) -> None:
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait([task])
        sending, self._sending = self._sending, None
        if sending is not None:
            # All threads may be busy for long with the program's own work: it is written when one is free.
            await asyncio.wait([sending], timeout=self._patience)

    async def _beats(self) -> None:
        while True:
            await self._sent(self._sending)
            await asyncio.sleep(max(self._rhythm.every, _FEWEST))
            self._sending = self._begin(None, None)
