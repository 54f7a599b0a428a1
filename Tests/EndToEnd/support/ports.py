"""Ports of 127.0.0.1 for tests that run side by side."""

import contextlib
import fcntl
import functools
import itertools
import os
import random
import socket
import tempfile
from pathlib import Path


@functools.cache
def own_ports():
    """A part of the ports for this process alone, or two tests that look for one at a time could find the same.

    They are below those that the kernel lends to outgoing connections. Who has which part is said by locks on files, for all runs on this machine.
    """
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    first, parts = 10_000, 64
    size = (lowest - first) // parts
    if size < 100:
        return range(1), None  # 0: the kernel chooses
    for part in random.sample(range(parts), parts):
        with contextlib.suppress(OSError):
            lock = os.open(f"{tempfile.gettempdir()}/heartbeat-test-ports-{part}", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            return range(first + part * size, first + (part + 1) * size), lock
    raise AssertionError(f"{parts} other runs of the tests have taken all ports from {first} to {lowest}")


@functools.cache
def turns():
    """The ports of this process, one after the other: none is given twice before its server had time to take it."""
    ports, _ = own_ports()
    return itertools.cycle(random.sample(ports, len(ports)))


def free_port():
    """A port that nobody listens on, and that no other one who asks, here or in another process of the tests, takes meanwhile."""
    while True:
        with socket.socket() as s:
            with contextlib.suppress(OSError):
                s.bind(("127.0.0.1", next(turns())))
                return s.getsockname()[1]
