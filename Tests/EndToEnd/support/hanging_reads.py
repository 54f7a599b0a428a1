"""A FUSE file system, spoken by itself: shows the files of a folder, and answers no reading of more bytes than the file `most` beside says,
and of its folder so many listings as the file `listings` says; `listed` has how many it was asked for.

    hanging_reads.py BEHIND MOUNTED

What was not answered is answered when those files allow it. Readings come here as they are asked for (FOPEN_DIRECT_IO), so that the one byte
by which the exporter asks whether a file answers is told from a reading of it.
"""

import ctypes
import errno
import os
import select
import stat
import struct
import sys
from pathlib import Path

BEHIND, MOUNTED = (Path(argument) for argument in sys.argv[1:])
MOST, LISTINGS, LISTED = (BEHIND.parent / name for name in ("most", "listings", "listed"))
LOOKUP, GETATTR, STATFS, RELEASE, FLUSH, RELEASEDIR = 1, 3, 17, 18, 25, 29
FORGET, INTERRUPT, BATCH_FORGET = 2, 36, 42
OPEN, READ, INIT, OPENDIR, READDIR = 14, 15, 26, 27, 28
DIRECT_IO = 1

device = os.open("/dev/fuse", os.O_RDWR)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % device
if ctypes.CDLL(None, use_errno=True).mount(b"reads", bytes(MOUNTED), b"fuse.reads", 0, options) != 0:
    sys.exit(os.strerror(ctypes.get_errno()))
# The root is 1.
names = [None, None]
waiting = []
# Of each request for a listing that came, its number.
listed = {}


def most(file):
    try:
        return int(file.read_text())
    except FileNotFoundError:
        return 1 << 30


def answer(unique, body=b"", error=0):
    try:
        os.write(device, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)
    except OSError:
        pass  # nobody waits for it any more


def path(node):
    return BEHIND if names[node] is None else BEHIND / names[node]


def attributes(node):
    status = path(node).lstat()
    times = status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns
    seconds, rest = [t // 10**9 for t in times], [t % 10**9 for t in times]
    return struct.pack("<6Q10I", node, status.st_size, status.st_blocks, *seconds, *rest, status.st_mode, 1, 0, 0, 0, 4096, 0)


def entries():
    body = b""
    for place, name in enumerate(sorted(os.listdir(BEHIND)), 1):
        raw = os.fsencode(name)
        body += struct.pack("<2Q2I", place + 1, place, len(raw), stat.S_IFREG >> 12) + raw + b"\0" * (-len(raw) % 8)
    return body


def serve(code, unique, node, rest):
    if code == INIT:
        answer(unique, struct.pack("<4I2H2I2H8I", 7, 31, 1 << 17, 0, 12, 9, 1 << 17, 1, 32, 0, *[0] * 8))
    elif code == LOOKUP:
        name = os.fsdecode(rest.rstrip(b"\0"))
        if not (BEHIND / name).exists():
            answer(unique, error=errno.ENOENT)
            return
        if name not in names:
            names.append(name)
        node = names.index(name)
        answer(unique, struct.pack("<4Q2I", node, 0, 0, 0, 0, 0) + attributes(node))
    elif code == GETATTR:
        answer(unique, struct.pack("<Q2I", 0, 0, 0) + attributes(node))
    elif code in (OPEN, OPENDIR):
        answer(unique, struct.pack("<Q2I", 0, DIRECT_IO if code == OPEN else 0, 0))
    elif code == READ:
        _, offset, size = struct.unpack_from("<2QI", rest)
        if size > most(MOST):
            waiting.append((code, unique, node, rest))
        else:
            answer(unique, path(node).read_bytes()[offset : offset + size])
    elif code == READDIR:
        _, offset, _ = struct.unpack_from("<2QI", rest)
        if not offset and unique not in listed:
            listed[unique] = len(listed) + 1
            LISTED.write_text(str(len(listed)))
        if listed.get(unique, 0) > most(LISTINGS):
            waiting.append((code, unique, node, rest))
        else:
            answer(unique, b"" if offset else entries())
    elif code == STATFS:
        answer(unique, struct.pack("<5Q10I", 1, 1, 1, 1, 1, 4096, 255, 4096, *[0] * 7))
    elif code in (RELEASE, RELEASEDIR, FLUSH):
        answer(unique)
    elif code not in (FORGET, BATCH_FORGET, INTERRUPT):
        answer(unique, error=errno.ENOSYS)


while True:
    ready, _, _ = select.select([device], [], [], 0.1)
    again, waiting[:] = waiting[:], []
    for request in again:
        serve(*request)
    if not ready:
        continue
    try:
        request = os.read(device, 1 << 18)
    except OSError as error:
        if error.errno == errno.ENOENT:
            continue  # who asked was killed
        break  # it is unmounted, and nobody is in it any more
    _, code, unique, node = struct.unpack_from("<2I2Q", request)
    serve(code, unique, node, request[40:])
