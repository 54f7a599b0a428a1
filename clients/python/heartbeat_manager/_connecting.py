"""A connection to whichever address of a name answers."""

from __future__ import annotations

import encodings.idna  # of names in getaddrinfo; imported in a beat it could hold up a forked child for ever
import errno
import math
import os
import selectors
import socket
import time
from typing import Any, Optional, cast

# What is imported for its effect alone.
_ = encodings.idna
# Seconds for which an address of an exporter's name is tried before the next one is tried beside it (RFC 8305, 5).
_HEAD_START = 0.25


def connect(host: str, port: int, timeout: Optional[float]) -> socket.socket:
    """A connection to the address of a name that answers first.

    One that refuses is followed by the next at once, one that is silent is joined by the next after a moment.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # Of each family in turn: one family may have no way out of this host.
    waiting = [address for address in found if address[0] == found[0][0]]
    for place, address in enumerate(address for address in found if address[0] != found[0][0]):
        waiting.insert(2 * place + 1, address)
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    trying = selectors.DefaultSelector()
    failure = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    try:
        while waiting or trying.get_map():
            if waiting:
                family, kind, protocol, _, target = waiting.pop(0)
                try:
                    _start(trying, socket.socket(family, kind, protocol), target)
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
                    connecting.settimeout(timeout)
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
