"""What a test inherits from whoever started the run, and what can be seen of the processes that it has started."""

import contextlib
import os
import signal
from pathlib import Path

# Python ignores these itself, and gives them back to the programs that it starts.
OF_PYTHON = {signal.SIGPIPE, signal.SIGXFSZ}
CAN_CHANGE = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
MOST_PROCESSES = 40


def made_plain(starts_programs=True):
    """Undoes for the programs that the tests start what depends on who has started the run and how.

    A shell has what it starts with `&` ignore SIGINT and SIGQUIT, nohup SIGHUP; an ignored signal stays so through every
    exec, and a program that respects that never hears of it.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in CAN_CHANGE - OF_PYTHON:
        if starts_programs and signal.getsignal(number) == signal.SIG_IGN:
            # Not the default: the run goes on when a terminal hangs up, as nohup promises. An exec puts the default in place of a handler.
            signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Whoever ends the run by SIGTERM wants what the tests have started to end too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Who may read a file that a program makes is one of the tests' questions.
    os.umask(0o022)


def children(pid):
    """The processes that a process has started and not yet waited for."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def descendants(pid):
    """What is below a process, parents first."""
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def text_of(path):
    """A file of /proc; empty when it is gone, or not for us."""
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def portrait(pid):
    """A process for people: its command, state and signals, and for each thread where in the kernel it waits."""
    folder = Path(f"/proc/{pid}")
    status = dict(line.split(":\t", 1) for line in text_of(folder / "status").splitlines() if ":\t" in line)
    kept = ("PPid", "State", "SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt")
    lines = [f"{pid}  {text_of(folder / 'cmdline')[:300] or status.get('Name', 'has ended')}"]
    lines.append("    " + "  ".join(f"{name} {status[name].strip()}" for name in kept if name in status))
    for task in sorted(folder.glob("task/*"), key=lambda task: int(task.name)):
        name, place, call = (text_of(task / file) for file in ("comm", "wchan", "syscall"))
        lines.append(f"    thread {task.name} {name}: waits in {place or '?'}, system call {call[:120] or '?'}")
        # For root only.
        lines += [f"        {frame}" for frame in text_of(task / "stack").splitlines()]
    return "\n".join(lines)


def portraits():
    """All processes below this one."""
    found = descendants(os.getpid())
    shown = [portrait(pid) for pid in found[:MOST_PROCESSES]]
    if len(found) > MOST_PROCESSES:
        shown.append(f"and {len(found) - MOST_PROCESSES} more")
    return "\n".join(shown)
