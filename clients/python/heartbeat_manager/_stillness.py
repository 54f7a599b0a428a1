"""For how long nobody has touched a file, as far as one who looks at it again and again can know."""

from __future__ import annotations

import os
import time
from typing import Optional, Tuple

#: Seconds for which a file that is half written, or empty, must stay as it is until it counts as damaged, or as new.
SETTLED_AFTER = 2.0


class Stillness:
    """Begun with the first look."""

    def __init__(self) -> None:
        self._started = self._since = time.monotonic()
        self._stamp: Optional[Tuple[int, int, int]] = None
        self._age = 0.0

    def note(self, status: os.stat_result) -> None:
        """Notes what fstat says now."""
        stamp = (status.st_ino, status.st_size, status.st_mtime_ns)
        if stamp != self._stamp:
            self._since, self._stamp = time.monotonic(), stamp
        self._age = time.time() - status.st_mtime

    def watched(self) -> float:
        """Seconds since the first look."""
        return time.monotonic() - self._started

    def is_ahead(self) -> bool:
        """Whether the file's own time says nothing: the clock was set back, or somebody has set it."""
        return self._age < 0

    def is_long(self) -> bool:
        """Whether it has stayed as it is for long enough to count as damaged, or as new."""
        return max(time.monotonic() - self._since, self._age) >= SETTLED_AFTER
