"""What an init meets, each played to any of `inits.py`. A situation gives nothing when it ends as it should, else a word about what came."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from support import LIMIT
from support.inits import PID_1, Heartbeat
from support.supervised import children, first_of_namespace, lives, noted, recorder, state
from support.surroundings import descendants, text_of

# The answer of one that does not do such a thing at all: it restarts nothing, or belongs to no terminal.
NOT_ITS = "not its task"
SITUATIONS = []


def situation(text):
    """Names the situation as the table does: what should come of it."""

    def decorated(function):
        function.text = text
        SITUATIONS.append(function)
        return function

    return decorated


def until(init, condition, seconds=5.0):
    """Whether it comes to be. Ours has all the time that a slow machine may take; what others do later than this counts as never, and only
    the table says so."""
    deadline = time.monotonic() + (LIMIT if isinstance(init, Heartbeat) else seconds)
    while not (found := condition()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return found


def has_ended(process):
    return lambda: process.poll() is not None


def number_in(path):
    """A number that a program writes in a file, once it is there."""
    return lambda: path.exists() and path.read_text().strip().isdigit() and int(path.read_text())


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


def send(pid, *numbers):
    with contextlib.suppress(ProcessLookupError):
        for number in numbers:
            os.kill(pid, number)


def names(numbers):
    return ", ".join(signal.Signals(number).name for number in numbers)


def shell(text, **paths):
    """A program: a shell that runs this, with the paths in its variables."""
    return ["sh", "-c", "".join(f"{name}={shlex.quote(str(path))}; " for name, path in paths.items()) + text]


# MARK: signals

ORDINARY = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGQUIT, signal.SIGWINCH)


def reach(init, under=()):
    log = init.folder / "log"
    process = init.start(*recorder(log), under=under)
    if not until(init, log.exists):
        return "the program does not start"
    target = until(init, lambda: first_of_namespace(process.pid)) if under else process.pid
    send(target, *ORDINARY)
    until(init, lambda: set(ORDINARY) <= set(noted(log)) or process.poll() is not None, 2)
    if process.poll() is not None:
        return f"{names([-process.returncode]) if process.returncode < 0 else 'one of them'} ends it"
    missing = [number for number in ORDINARY if number not in noted(log)]
    return f"does not hand on {names(missing)}" if missing else None


@situation("SIGHUP, USR1, USR2, ALRM, QUIT and WINCH reach the program")
def signals(init):
    return reach(init)


@situation("The same as PID 1 of a namespace")
def signals_of_pid_1(init):
    return reach(init, PID_1)


@situation("A real-time signal reaches the program, with the number that was queued with it")
def queued(init):
    log = init.folder / "log"
    waiting = (
        "import ctypes, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN]); open(sys.argv[1], 'w').close(); "
        "info = (ctypes.c_int * 32)(); mask = (ctypes.c_ulong * 16)(1 << (signal.SIGRTMIN - 1)); "
        "ctypes.CDLL(None).sigwaitinfo(mask, info); open(sys.argv[1], 'w').write(str(info[6])); import time; time.sleep(300)"
    )
    process = init.start(sys.executable, "-c", waiting, log)
    until(init, log.exists)
    subprocess.run(["/bin/kill", "-q", "4711", "-s", "RTMIN", str(process.pid)], check=True)
    if not until(init, lambda: log.read_text() or process.poll() is not None, 2):
        return "does not hand it on"
    if process.poll() is not None:
        return "it ends"
    return None if log.read_text() == "4711" else "the number is lost"


@situation("SIGHUP that is ignored when it is started (`nohup`) stays ignored")
def nohup(init):
    file = init.folder / "number"
    process = init.start(*shell('echo $$ > "$FILE.new"; mv "$FILE.new" "$FILE"; exec sleep 300', FILE=file), under=["env", "--ignore-signal=HUP"])
    program = until(init, number_in(file))
    send(process.pid, signal.SIGHUP)
    send(program, signal.SIGHUP)
    # What does nothing shows nothing: whoever would end has had its time.
    time.sleep(0.7)
    if process.poll() is not None:
        return "it ends"
    return None if lives(program) else "the program ends"


@situation("Started with SIGCHLD ignored, it sees the end of its program")
def no_child_signal(init):
    runs = init.folder / "runs"
    restart = init.restarts and not isinstance(init, Heartbeat)
    process = init.start(*shell('echo x >> "$RUNS"; exit 3', RUNS=runs), restart=restart, under=["env", "--ignore-signal=CHLD"])
    if restart:
        return None if until(init, lambda: len(lines_of(runs)) > 1) else "waits for ever"
    if not until(init, has_ended(process)):
        return "waits for ever"
    return None if process.returncode == 3 else f"its exit status is {process.returncode}"


# MARK: the end of the program


@situation("Its exit status is the program's, 128 + n after signal n")
def status(init):
    if init.restarts and not isinstance(init, Heartbeat):
        return NOT_ITS
    for script, expected in (("exit 3", 3), ("kill -SEGV $$", 139), ("kill -34 $$", 162)):
        process = init.start("sh", "-c", script)
        if not until(init, has_ended(process)) or process.returncode != expected:
            return f"`{script}`: {process.returncode}"
    return None


@situation("Ctrl-C ends the loop of a shell that runs it")
def loop(init):
    if init.restarts and not isinstance(init, Heartbeat):
        return NOT_ITS
    up, rounds = init.folder / "up", init.folder / "rounds"
    command = shlex.join(map(str, init.command(shell('touch "$UP"; exec sleep 300', UP=up), False)))
    with Terminal(init, ["bash", "-c", f"for i in 1 2 3; do {command}; echo x >> {rounds}; done"]) as terminal:
        until(init, up.exists)
        # Whoever sets the terminal up does so about now.
        time.sleep(0.3)
        terminal.type("\x03")
        until(init, lambda: rounds.exists() or terminal.has_ended(), 3)
        if rounds.exists():
            return "the next round begins"
        return None if terminal.has_ended() else "nothing ends"


@situation("In a terminal the program reads the keyboard; Ctrl-Z suspends it, `fg` resumes it")
def job_control(init):
    if init.restarts and not isinstance(init, Heartbeat):
        return NOT_ITS
    got, back = init.folder / "got", init.folder / "back"
    program = shell('touch "$GOT"; while read -r line; do echo "$line" >> "$GOT"; done < /dev/tty', GOT=got)
    with Terminal(init, ["bash", "--norc", "--noprofile", "-i"]) as terminal:
        terminal.type(shlex.join(map(str, init.command(program, False))) + "\n")
        until(init, got.exists)
        time.sleep(0.3)
        terminal.type("one\n")
        if not until(init, lambda: "one" in lines_of(got)):
            return "the program cannot read"
        terminal.type("\x1a")
        time.sleep(0.3)
        terminal.type(f"\necho x > {back}\n")
        if not until(init, back.exists, 3):
            return "Ctrl-Z does not give the shell back"
        terminal.type("fg\n")
        time.sleep(0.3)
        terminal.type("two\n")
        return None if until(init, lambda: "two" in lines_of(got), 3) else "`fg` does not resume it"


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, init, command):
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(["setsid", "--ctty", "--wait", *command], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        init.started.append(self.process)
        os.close(slave)
        os.set_blocking(self.master, False)

    def type(self, text):
        os.write(self.master, text.encode())

    def has_ended(self):
        # Nobody else reads what is printed, and a full terminal stops who prints.
        with contextlib.suppress(BlockingIOError, OSError):
            os.read(self.master, 65536)
        return self.process.poll() is not None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        below = [self.process.pid, *descendants(self.process.pid)]
        os.close(self.master)
        for pid in below:
            send(pid, signal.SIGCONT, signal.SIGKILL)


# MARK: what the program starts


def named_orphan(pid):
    return [child for child in children(pid) if text_of(Path(f"/proc/{child}/comm")) == "orphan"]


@situation("As PID 1 it reaps orphans: no zombie stays")
def reaped(init):
    done, orphan = init.folder / "done", init.folder / "orphan"
    orphan.write_text(f'#!/bin/sh\necho x >> "{done}"\n')
    orphan.chmod(0o755)
    process = init.start(*shell('for i in 1 2 3 4 5; do ("$ORPHAN" &); done; exec sleep 300', ORPHAN=orphan), under=PID_1)
    until(init, lambda: len(lines_of(done)) == 5)
    first = first_of_namespace(process.pid)
    return None if until(init, lambda: not named_orphan(first), 3) else "zombies stay"


@situation("Not as PID 1: an orphan becomes its child, and is reaped")
def adopted(init):
    parent, orphan = init.folder / "parent", init.folder / "orphan"
    orphan.write_text(f'#!/bin/sh\nsleep 0.3\nawk "{{ print \\$4 }}" /proc/$$/stat > "{parent}"\n')
    orphan.chmod(0o755)
    process = init.start(*shell('("$ORPHAN" &); exec sleep 300', ORPHAN=orphan))
    found = until(init, number_in(parent))
    if found != process.pid:
        return "it goes to the host's init"
    return None if until(init, lambda: not named_orphan(process.pid), 3) else "a zombie stays"


LEAVES = 'export LEFT; setsid sh -c \'echo $$ > "$LEFT.new"; mv "$LEFT.new" "$LEFT"; exec sleep 300\' & until test -e "$LEFT"; do sleep 0.02; done; '


@situation("What the program has started in a session of its own ends with it")
def left_at_the_end(init):
    left = init.folder / "left"
    process = init.start(*shell(LEAVES + "exec sleep 300", LEFT=left))
    helper = until(init, number_in(left))
    send(process.pid, signal.SIGTERM)
    until(init, has_ended(process))
    return stays(helper)


def stays(helper):
    with_it = lives(helper)
    send(helper, signal.SIGKILL)
    return "it stays" if with_it else None


@situation("The next run does not meet it either")
def left_at_a_restart(init):
    if not init.restarts:
        return NOT_ITS
    left, met = init.folder / "left", init.folder / "met"
    program = f'if test -e "$LEFT"; then kill -0 $(cat "$LEFT") 2>/dev/null && echo yes > "$MET" || echo no > "$MET"; exec sleep 300; fi; {LEAVES} exit 1'
    init.start(*shell(program, LEFT=left, MET=met), restart=True)
    helper = until(init, number_in(left))
    until(init, lambda: lines_of(met))
    stays(helper)
    return None if lines_of(met) == ["no"] else "it does"


@situation("`kill -9` of it leaves nothing behind")
def killed(init):
    left = init.folder / "left"
    process = init.start(*shell(LEAVES + "exec sleep 300", LEFT=left))
    helper = until(init, number_in(left))
    below = descendants(process.pid) or [helper]
    process.kill()
    process.wait()
    is_clean = until(init, lambda: not any(map(lives, [helper, *below])), 2)
    for pid in (helper, *below):
        send(pid, signal.SIGKILL)
    return None if is_clean else "the program runs on"


# MARK: stopping


def stopped(init, process, *pids):
    """Asks it to end, and says what does not."""
    send(process.pid, signal.SIGTERM)
    if not until(init, has_ended(process), 6):
        for pid in pids:
            send(pid, signal.SIGKILL)
        return "waits for ever"
    left = [pid for pid in pids if pid and lives(pid)]
    for pid in left:
        send(pid, signal.SIGKILL)
    return "the program runs on" if left else None


def running(init, before, **streams):
    """A program that has written its number, and the process of its init."""
    file = init.folder / "number"
    process = init.start(*shell(f'{before} echo $$ > "$FILE.new"; mv "$FILE.new" "$FILE"; while :; do sleep 0.1; done', FILE=file), **streams)
    return process, until(init, number_in(file))


@situation("SIGTERM ends a program that is suspended")
def stop_suspended(init):
    process, program = running(init, "")
    send(program, signal.SIGSTOP)
    until(init, lambda: state(program) == "T")
    return stopped(init, process, program)


@situation("SIGTERM ends a program that ignores it, after a time")
def stop_stubborn(init):
    process, program = running(init, "trap '' TERM;")
    return stopped(init, process, program)


@situation("SIGTERM between two runs ends it")
def stop_between(init):
    if not init.restarts:
        return NOT_ITS
    runs = init.folder / "runs"
    process = init.start(*shell('echo x >> "$RUNS"; exit 1', RUNS=runs), restart="slowly")
    until(init, runs.exists)
    return stopped(init, process)


@situation("SIGTERM at any moment of its start ends it, and no program stays")
def stop_starting(init):
    for moment in (0, 10, 20, 40, 80, 160, 320):
        file = init.folder / f"number-{moment}"
        process = init.start(*shell('echo $$ > "$FILE"; exec sleep 300', FILE=file))
        time.sleep(moment / 1000)
        send(process.pid, signal.SIGTERM)
        if not until(init, has_ended(process)):
            return "waits for ever"
        if (program := number_in(file)()) and stays(program):
            return "the program runs on"
    return None


# MARK: its own plumbing


def with_output(init, readers):
    """Restarts three times, if it can, and is ended, with its output in a pipe that takes nothing."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    if not readers:
        os.close(reader)
    runs, up = init.folder / "runs", init.folder / "up"
    times = 3 if init.restarts else 1
    program = f"""exec >/dev/null 2>&1; echo x >> "$RUNS"; test $(wc -l < "$RUNS") -lt {times} && exit 1
        trap 'exit 0' TERM; echo $$ > "$UP.new"; mv "$UP.new" "$UP"; while :; do sleep 0.05; done"""
    process = init.start(*shell(program, RUNS=runs, UP=up), restart=init.restarts, stdout=writer, stderr=writer)
    os.close(writer)
    found = until(init, number_in(up), 8)
    result = stopped(init, process, *([found] if found else []))
    if readers:
        os.close(reader)
    if result:
        return result
    return None if found else "does not go on"


@situation("Nobody reads its output any more: it goes on, and ends when asked to")
def nobody_reads(init):
    return with_output(init, 1)


@situation("The reader of its output is gone: the same")
def reader_gone(init):
    return with_output(init, 0)


@situation("Started without standard streams (`<&- >&- 2>&-`), no file of its own gets their numbers")
def no_streams(init):
    process, program = running(init, "", under=["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"])
    if not program:
        return "the program does not start"
    own = []
    for number in range(3):
        with contextlib.suppress(OSError):
            own.append(os.readlink(f"/proc/{process.pid}/fd/{number}"))
    result = stopped(init, process, program)
    return result or (None if set(own) <= {"/dev/null"} else "they do")


@situation("200 restarts of a program that ends at once: all come, nothing is left over, no file stays open")
def restarts(init):
    if not init.restarts:
        return NOT_ITS
    runs, up, go = init.folder / "runs", init.folder / "up", init.folder / "go"
    program = """echo x >> "$RUNS"; case $(wc -l < "$RUNS") in 1 | 201) echo $$ > "$UP"; until test -e "$GO"; do sleep 0.05; done ;; esac"""
    process = init.start(*shell(program, RUNS=runs, UP=up, GO=go), restart=True)

    def open_files():
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    until(init, number_in(up))
    time.sleep(0.3)
    before = open_files()
    go.touch()
    until(init, lambda: len(lines_of(runs)) > 1)
    go.unlink()
    begin = time.monotonic()
    if not until(init, lambda: len(lines_of(runs)) >= 201, 8):
        return f"only {len(lines_of(runs)) - 1} in {time.monotonic() - begin:.0f} s: it waits a second before each"
    if not until(init, lambda: not [child for child in children(process.pid) if state(child) == "Z"]):
        return "zombies stay"
    return None if until(init, lambda: open_files() <= before) else "files stay open"
