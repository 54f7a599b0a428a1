"""Has system calls fail in a program and in all that it starts, as an old kernel does, or a container's filter (seccomp(2)).

    python -m support.system_calls ERROR NUMBER... -- COMMAND...
"""

import ctypes
import os
import struct
import sys

# Of x86_64 and of arm64 alike: they came after the numbers were made the same.
CLOSE_RANGE = 436


def refusing(error, *numbers):
    """A command that runs another one to which the kernel refuses these calls."""
    return [sys.executable, os.path.abspath(__file__), str(error), *map(str, numbers), "--"]


def _refuse(error, numbers):
    # struct sock_filter: load the call's number; where it is one of them return SECCOMP_RET_ERRNO, else SECCOMP_RET_ALLOW.
    program = [(0x20, 0, 0, 0)]
    program += [(0x15, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    program += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | error)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    filter_program = Program(len(program), ctypes.cast(code, ctypes.c_void_p))
    # PR_SET_NO_NEW_PRIVS, then PR_SET_SECCOMP with SECCOMP_MODE_FILTER.
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(filter_program), 0, 0):
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    split = sys.argv.index("--")
    _refuse(int(sys.argv[1]), [int(number) for number in sys.argv[2:split]])
    os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])
