"""What a program hands over as settings. A wrong one is said once, when it is handed over, and the usual value taken."""

from __future__ import annotations

import math
from typing import Any, Callable, Optional

from ._errors import HeartbeatError
from ._signals import let_out

#: The most characters of a wrong value that are repeated.
_LONGEST_QUOTATION = 50
#: What senders, loops and jobs need of a manager.
_METHODS = ("beat", "prepare", "say_failure", "tell_job")


class Faults:
    """Checks settings, and tells what is wrong with each, as "name: expected ..., not ..."."""

    def __init__(self, tell: Callable[[HeartbeatError], None]) -> None:
        self._tell = tell

    def note(self, name: str, expected: str, value: Any) -> None:
        self._tell(HeartbeatError("%s: expected %s, not %s; the usual one is taken" % (name, expected, quoted(value))))

    def seconds(self, name: str, value: Any, usual: float) -> float:
        """A time that is not negative; None is the usual one."""
        if value is None:
            return usual
        number = number_of(value)
        if number is None or number < 0:
            self.note(name, "seconds", value)
            return usual
        return number

    def function(self, name: str, value: Any) -> Any:
        """A function, or None."""
        if value is None or callable(value):
            return value
        self._tell(HeartbeatError("%s: expected a function, not %s; none is called" % (name, quoted(value))))
        return None


def size_of(faults: Faults, name: str, value: Any, usual: int) -> int:
    """A number of bytes; None is the usual one."""
    number = None if value is None else number_of(value)
    if number is not None and 0 < number < math.inf:
        return int(number)
    if value is not None:
        faults.note(name, "a number of bytes", value)
    return usual


def manager_or(manager: Any, default: Callable[[], Any]) -> Any:
    """A manager, or the default one in the place of what is none."""
    if manager is not None and all(callable(getattr(manager, method, None)) for method in _METHODS):
        return manager
    usual = default()
    if manager is not None:
        usual.say_failure(HeartbeatError("manager: expected a HeartbeatManager, not %s; the default one is taken" % quoted(manager)))
    return usual


def number_of(value: Any) -> Optional[float]:
    """A number that can be calculated with, or None: no text, no bool, no NaN. Infinity is one."""
    if isinstance(value, (bool, str, bytes)):
        return None
    try:
        number = float(value)
    except BaseException as error:
        let_out(error)
        return None
    return None if math.isnan(number) else number


def quoted(value: Any) -> str:
    """A value as a sentence may repeat it; by its type where it has no text."""
    try:
        text = repr(value)
    except BaseException as error:
        let_out(error)
        text = "a %s" % type(value).__name__
    return text if len(text) <= _LONGEST_QUOTATION else "a %s" % type(value).__name__
