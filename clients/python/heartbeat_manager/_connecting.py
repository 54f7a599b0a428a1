"""A connection to whichever address of a name answers."""

from __future__ import annotations

import encodings.idna  # of names in getaddrinfo; imported in a beat it could hold up a forked child for ever
import errno
import fcntl
import os
import selectors
import socket
import threading
import time
from typing import Any, Dict, List, Optional, Tuple, cast

from ._signals import FIRST_FREE, let_through

# What is imported for its effect alone.
_ = encodings.idna
# Seconds for which an address of an exporter's name is tried before the next one is tried beside it (RFC 8305, 5).
_HEAD_START = 0.25


class _LookUp:
    """What the resolver says of a name, as it is asked on a thread of its own: it has no bound, and nobody can end it."""

    def __init__(self, host: str, port: int) -> None:
        self.process = os.getpid()
        self.found: List[Any] = []
        self.error: Optional[OSError] = None
        self.is_done = False
        # No event: a signal's handler that raises in one could leave its lock behind.
        self._ended = threading.Lock()
        self._ended.acquire()
        threading.Thread(target=self._ask, args=(host, port), name="heartbeat-name", daemon=True).start()

    def _ask(self, host: str, port: int) -> None:
        try:
            self.found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            self.error = error
        except Exception as error:  # a name that no resolver takes
            self.error = OSError(str(error))
        self.is_done = True
        self._ended.release()

    def wait(self, left: float) -> None:
        """Until it has ended, or for so many seconds."""
        if not self.is_done and self._ended.acquire(timeout=max(0.0, left)):
            self._ended.release()


#: Those that are under way, of each name one: while a name server does not answer, beats must not pile threads up.
_looking: Dict[Tuple[str, int], _LookUp] = {}


def _addresses(host: str, port: int, deadline: float) -> List[Any]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError) as error:  # a name
        let_through(error)
    key = (host, port)
    look_up = _looking.get(key)
    # A forked child does not have its parent's thread; and what failed when nobody waited any more is no answer now.
    if look_up is None or look_up.process != os.getpid() or (look_up.is_done and look_up.error is not None):
        try:
            look_up = _looking[key] = _LookUp(host, port)
        except RuntimeError:  # no thread can be had: the interpreter ends
            return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    look_up.wait(deadline - time.monotonic())
    if not look_up.is_done:
        raise OSError("its name was not found in time")
    if _looking.get(key) is look_up:
        _looking.pop(key, None)
    if look_up.error is not None:
        raise look_up.error
    return look_up.found


def open_socket(family: int, kind: int, protocol: int = 0) -> socket.socket:
    """As socket.socket, but never with the number of a standard stream that a daemon has closed: what is printed would be sent."""
    opened = socket.socket(family, kind, protocol)
    if opened.fileno() >= FIRST_FREE:
        return opened
    with opened:
        return socket.socket(family, kind, protocol, fcntl.fcntl(opened.fileno(), fcntl.F_DUPFD_CLOEXEC, FIRST_FREE))


def connect(host: str, port: int, deadline: float) -> socket.socket:
    """A connection to the address of a name that answers first. `deadline`: of time.monotonic.

    One that refuses is followed by the next at once, one that is silent is joined by the next after a moment.
    """
    found = _addresses(host, port, deadline)
    # Of each family in turn: one family may have no way out of this host.
    waiting = [address for address in found if address[0] == found[0][0]]
    for place, address in enumerate(address for address in found if address[0] != found[0][0]):
        waiting.insert(2 * place + 1, address)
    trying = selectors.DefaultSelector()
    failure = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    try:
        while waiting or trying.get_map():
            if waiting:
                family, kind, protocol, _, target = waiting.pop(0)
                try:
                    _start(trying, open_socket(family, kind, protocol), target)
                except OSError as error:
                    failure = error
                    continue
            left = deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout("timed out")
            for key, _ in trying.select(min(left, _HEAD_START if waiting else 60.0)):
                connecting = cast(socket.socket, key.fileobj)
                trying.unregister(connecting)
                number = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if number == 0:
                    connecting.settimeout(max(0.001, deadline - time.monotonic()))
                    connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    return connecting
                connecting.close()
                failure = OSError(number, os.strerror(number))
    finally:
        for key in list(trying.get_map().values()):
            cast(socket.socket, key.fileobj).close()
        trying.close()
    raise failure


def _start(trying: selectors.BaseSelector, connecting: socket.socket, target: Any) -> None:
    """Starts to connect; the selector tells what comes of it."""
    try:
        connecting.setblocking(False)
        number = connecting.connect_ex(target)
        if number not in (0, errno.EINPROGRESS):
            raise OSError(number, os.strerror(number))
        trying.register(connecting, selectors.EVENT_WRITE)
    except BaseException:
        connecting.close()
        raise
