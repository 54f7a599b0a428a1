"""What a signal's handler may do in the middle of a beat: beat itself, and raise. And what else is raised that is the program's own.

Python runs handlers between two instructions of the main thread: at the entry of a function, behind a call, at the end of a
loop's round. So what must not be torn apart stands in this client without a call in between, and a clean-up that matters
is begun by a `finally` itself, not by the entry of a function that it calls.
"""

from __future__ import annotations

import fcntl
import functools
import inspect
import os
import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple, TypeVar, cast

_Value = TypeVar("_Value")

# How many errors of a chain (`raise ... from ...`) are looked at.
_LONGEST_CHAIN = 20

#: The first descriptor that is none of the standard streams.
FIRST_FREE = 3

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
        #: Whether it is one of this client's own, or lent to it: there is nobody to whom what ends a thread could be passed on.
        self.is_ours = False
        #: Temporary files that this thread has made, or is about to: their folder, by device and number, and their name.
        self.temporaries: List[Tuple[Tuple[int, int], str]] = []


thread = _ThreadState()


def open_at(folder: Optional[int], name: str, flags: int, mode: int = 0o600) -> int:
    """As os.open, noted in the same instant: nobody has to close what a handler that raises has left, `inside` does.

    Never one of the numbers of the standard streams, which a daemon may have closed: what is printed would go into the file."""
    # One call, which no handler can come into: opened and not noted, a descriptor would be lost.
    thread.opened.extend(map(functools.partial(os.open, dir_fd=folder), (name,), (flags,), (mode,)))
    low = thread.opened[-1]
    if low < FIRST_FREE:
        thread.opened.extend(map(fcntl.fcntl, (low,), (fcntl.F_DUPFD_CLOEXEC,), (FIRST_FREE,)))
        at = thread.opened.index(low)
        del thread.opened[at]  # as in `close`
        os.close(low)
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


def of_program(error: Optional[BaseException], has_called: bool = False) -> Optional[BaseException]:
    """What is the program's own in how an error began, if that is known: not for this client to keep. `has_called`: code of the
    program was called on purpose, and what that raises by itself costs the beat and no more."""
    seen = 0
    while error is not None and seen < _LONGEST_CHAIN:
        if _comes_from_handler(error) or not (has_called or thread.is_ours) and _was_set(error):
            return error
        # Not its context: while a handler's error passes, each error of our own has that one in it.
        error = error.__cause__
        seen += 1
    return None


def let_through(error: BaseException, has_called: bool = False) -> None:
    """To be called where an error is not worth a word: raises it if it is the program's own."""
    own = of_program(error, has_called)
    if own is not None:
        try:
            raise own
        finally:
            # An error that the frame which it names holds too is freed at any later time, with all that its frames have.
            # What a handler raises in the `close` of such an object is lost.
            del own, error


def let_out(error: BaseException, has_called: bool = True) -> None:
    """To be called where the program's own code has raised (a function that it handed over, a method of its data): raises
    what is for the program, which is what a signal's handler raised, and what ends a thread of it. On a thread of ours what
    calls `sys.exit` would end the beats alone, without a word."""
    let_through(error, has_called)
    if not isinstance(error, Exception) and not thread.is_ours:
        raise error


def _comes_from_handler(error: BaseException) -> bool:
    trace: Optional[TracebackType] = error.__traceback__
    if trace is None or trace.tb_next is None:
        return False  # of the call itself: a handler has a frame of its own
    handlers: Optional[Set[Any]] = None
    caller = None
    while trace is not None:
        if caller is not None and _was_given(trace.tb_frame, caller):
            return True
        # One that forgets its argument, or gives others to the function in which it was found.
        handlers = _handlers() if handlers is None else handlers
        if trace.tb_frame.f_code in handlers:
            return True
        caller, trace = trace.tb_frame, trace.tb_next
    return False


def _was_given(frame: FrameType, caller: FrameType) -> bool:
    """Whether a function was handed the very frame in which it came: so are handlers of signals called, and hardly anything else.
    By then another one may stand in the place of a handler that works once."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    if not count and not code.co_flags & inspect.CO_VARARGS:
        return False
    values = frame.f_locals
    for name in code.co_varnames[:count]:
        if values.get(name) is caller:
            return True
    rest: Any = values.get(code.co_varnames[count]) if code.co_flags & inspect.CO_VARARGS else None
    return isinstance(rest, tuple) and any(value is caller for value in cast(Any, rest))


def _was_set(error: BaseException) -> bool:
    """Whether an error was set into this thread from outside (PyThreadState_SetAsyncExc), as what ends a work that takes too long
    does it: it has no frame but ours and those of Python's own modules, and is none that these raise."""
    if _is_standard(type(error).__module__) and not (isinstance(error, OSError) and not error.args):  # no call fails without a number
        return False
    trace: Optional[TracebackType] = error.__traceback__
    while trace is not None:
        if not _is_standard(trace.tb_frame.f_globals.get("__name__")):
            return False
        trace = trace.tb_next
    return True


def _is_standard(module: Any) -> bool:
    """Whether a module, by its name, is this client's or one of Python's own. One of which that is not known is."""
    if not isinstance(module, str):
        return True
    if module.startswith(__name__.rpartition(".")[0] + "."):
        return True
    top = module.partition(".")[0]
    known: Any = getattr(sys, "stdlib_module_names", None)
    if known is not None:
        return top in known
    if top == "__main__":  # before Python 3.10
        return False
    file: Any = getattr(sys.modules.get(top), "__file__", None)
    library = os.path.dirname(os.__file__) + os.sep
    return not isinstance(file, str) or (file.startswith(library) and not file[len(library):].startswith(("site-packages", "dist-packages")))


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
