"""What a signal's handler may do in the middle of a beat: beat itself, and raise.

Python runs handlers between two instructions of the main thread: at the entry of a function, behind a call, at the end of a
loop's round. So what must not be torn apart stands in this client without a call in between, and a clean-up that matters
is begun by a `finally` itself, not by the entry of a function that it calls.
"""

from __future__ import annotations

import fcntl
import functools
import os
import signal
import threading
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple, TypeVar, cast

_Value = TypeVar("_Value")

# How many errors of a chain (`raise ... from ...`) are looked at.
_LONGEST_CHAIN = 20

#: The locks that this process holds: descriptor and thread. A forked child closes those of threads that it does not have.
held: Dict[int, int] = {}


class _ThreadState(threading.local):
    def __init__(self) -> None:
        #: Whether this very thread is in the middle of a beat, by whichever manager.
        self.is_busy = False
        #: By what they replace (a manager and a name): the beats of handlers that came in the middle of another one.
        self.pending: Dict[Tuple[Any, str], Callable[[], None]] = {}
        #: The descriptors that this thread has open.
        self.opened: List[int] = []
        self.is_inside = False
        #: Temporary files that this thread has made, or is about to: their folder, by device and number, and their name.
        self.temporaries: List[Tuple[Tuple[int, int], str]] = []


thread = _ThreadState()


def open_at(folder: Optional[int], name: str, flags: int, mode: int = 0o600) -> int:
    """As os.open, noted in the same instant: nobody has to close what a handler that raises has left, `inside` does."""
    # One call, which no handler can come into: opened and not noted, a descriptor would be lost.
    thread.opened.extend(map(functools.partial(os.open, dir_fd=folder), (name,), (flags,), (mode,)))
    return thread.opened[-1]


def close(descriptor: int) -> None:
    """As os.close, of what `open_at` has opened; a lock is given back with it."""
    opened = thread.opened
    if descriptor not in opened:
        return
    _unlock(descriptor)
    at = opened.index(descriptor)
    # Without a call between forgetting and closing: closed twice, it could be somebody else's.
    del opened[at]
    os.close(descriptor)


def inside(action: Callable[[], _Value]) -> _Value:
    """Does what opens descriptors, and closes those that a handler which raised has left open."""
    opened = thread.opened
    start, is_outer = len(opened), not thread.is_inside
    thread.is_inside = True
    try:
        return action()
    except Exception as error:
        let_through(error)
        raise
    finally:
        if is_outer:
            thread.is_inside = False
            start = 0
        while opened[start:]:
            left = opened[-1]
            _unlock(left)
            if opened[start:] and opened[-1] == left:
                del opened[-1]
                os.close(left)


def _unlock(descriptor: int) -> None:
    # Unlocked before it is closed: a child forked meanwhile has a copy of the descriptor and would keep the lock.
    if descriptor in held:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        if descriptor in held:
            del held[descriptor]


def of_handler(error: Optional[BaseException]) -> Optional[BaseException]:
    """What a signal's handler raised, if that is how an error began: it is the program's own, not for this client to keep."""
    seen = 0
    while error is not None and seen < _LONGEST_CHAIN:
        if _comes_from_handler(error):
            return error
        # Not its context: while a handler's error passes, each error of our own has that one in it.
        error = error.__cause__
        seen += 1
    return None


def let_through(error: BaseException) -> None:
    """To be called where an error is not worth a word: raises it if a signal's handler did."""
    own = of_handler(error)
    if own is not None:
        try:
            raise own
        finally:
            # An error that the frame which it names holds too is freed at any later time, with all that its frames have.
            # What a handler raises in the `close` of such an object is lost.
            del own, error


def let_out(error: BaseException) -> None:
    """To be called where the program's own code has raised (a function that it handed over, a method of its data): raises
    what is for the program, which is what a signal's handler raised, and in the main thread what ends it. On another thread
    what calls `sys.exit` would end the beats alone, without a word."""
    let_through(error)
    if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
        raise error


def _comes_from_handler(error: BaseException) -> bool:
    trace: Optional[TracebackType] = error.__traceback__
    if trace is None or trace.tb_next is None:
        return False  # of the call itself: a handler has a frame of its own
    handlers = _handlers()
    while trace is not None:
        if trace.tb_frame.f_code in handlers:
            return True
        trace = trace.tb_next
    return False


def _handlers() -> Set[Any]:
    found: Set[Any] = set()
    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        for _ in range(10):  # what wraps a function: functools.partial, a decorator, a method
            inner = getattr(handler, "func", None) or getattr(handler, "__wrapped__", None) or getattr(handler, "__func__", None)
            if inner is None:
                break
            handler = inner
        called: Any = getattr(cast(Any, type(handler)), "__call__", None)
        code = getattr(handler, "__code__", None) or getattr(called, "__code__", None)
        if code is not None:
            found.add(code)
    return found
