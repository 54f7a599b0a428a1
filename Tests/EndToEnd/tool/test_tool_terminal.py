"""`heartbeat monitor` on a terminal: however it ends or stops, the terminal is as it was before."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import pytest

from support import ENVIRONMENT, LIMIT, TOOL, entry, eventually, write_beats


class Terminal:
    """A terminal of its own. What runs on it is the leader of its session, or a child of a shell that is."""

    def __init__(self, lines=24, columns=100):
        self.master, self.slave = pty.openpty()
        self.resize(lines, columns)
        os.set_blocking(self.master, False)
        self.before = self.settings
        self.output = b""
        self.process = None

    def start(self, *command, **options):
        def take():
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

        streams = {"stdin": self.slave, "stdout": self.slave, "stderr": self.slave, **options}
        self.process = subprocess.Popen(
            [str(part) for part in command], env={**ENVIRONMENT, "TERM": "xterm-256color", "PS1": "$ "},
            start_new_session=True, preexec_fn=take, **streams,
        )  # fmt: skip

    def resize(self, lines, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    @property
    def settings(self):
        return termios.tcgetattr(self.slave)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self):
        """All that was printed so far."""
        with contextlib.suppress(BlockingIOError, OSError):
            while select.select([self.master], [], [], 0.02)[0]:
                self.output += os.read(self.master, 65536)
        return self.output.decode(errors="replace")

    def wait(self):
        eventually(lambda: self.read() and self.process.poll() is not None, "it ends")
        self.read()
        return self.process.returncode

    @property
    def is_full_screen(self):
        """Whether the alternate screen is shown and the cursor hidden; both must say the same."""
        text = self.read()
        screen = re.findall(r"\x1b\[\?1049([hl])", text)
        cursor = re.findall(r"\x1b\[\?25([hl])", text)
        shown, hidden = bool(screen) and screen[-1] == "h", bool(cursor) and cursor[-1] == "l"
        assert shown == hidden or screen[-1:] != cursor[-1:], text[-200:]
        return shown and hidden

    @property
    def is_as_before(self):
        return not self.is_full_screen and self.settings == self.before

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for descriptor in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)


@pytest.fixture
def terminal():
    made = []

    def make(**options):
        made.append(Terminal(**options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def monitor(beats, *more, interval="300ms"):
    return [TOOL, "monitor", "--interval", interval, "--file", beats, *more]


def shows(terminal, name="mill"):
    eventually(lambda: terminal.is_full_screen and name in terminal.read(), "the table is there")
    assert not terminal.settings[3] & (termios.ECHO | termios.ICANON), "what is typed is not shown"


ENDS = [
    ("\x1c", None, -signal.SIGQUIT), ("\x03", None, 130), ("q", None, 0), ("Q", None, 0),
    (None, signal.SIGTERM, 0), (None, signal.SIGHUP, 0), (None, signal.SIGQUIT, -signal.SIGQUIT), (None, signal.SIGALRM, -signal.SIGALRM),
    (None, signal.SIGUSR1, -signal.SIGUSR1), (None, signal.SIGXCPU, -signal.SIGXCPU), (None, signal.SIGRTMIN + 3, -(signal.SIGRTMIN + 3)),
    # A crash.
    (None, signal.SIGSEGV, -signal.SIGSEGV), (None, signal.SIGILL, -signal.SIGILL), (None, signal.SIGABRT, -signal.SIGABRT),
    (None, signal.SIGTRAP, -signal.SIGTRAP), (None, signal.SIGBUS, -signal.SIGBUS),
]  # fmt: skip


@pytest.mark.parametrize(("key", "number", "status"), ENDS)
def test_the_terminal_is_as_before(beats, terminal, key, number, status):
    write_beats(beats, {"mill": entry()})
    screen = terminal()
    # No core file of it is wanted.
    screen.start("/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "sh", *monitor(beats))
    shows(screen)
    if key:
        screen.type(key)
    else:
        os.kill(screen.process.pid, number)
    assert screen.wait() == status
    assert screen.is_as_before


def test_also_while_it_watches_other_hosts(beats, exporter, terminal):
    """They are asked by threads of their own: a signal must not reach one that lets it end the process on the spot."""
    write_beats(beats, {"mill": entry()})
    served = exporter()
    for number, status in ((signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGQUIT, -signal.SIGQUIT)):
        screen = terminal()
        screen.start(
            "/bin/sh", "-c", 'ulimit -c 0; exec "$@"', "sh", TOOL, "monitor", "--url", f"http://127.0.0.1:{served.port}",
            "--url", f"http://127.0.0.1:{served.port}",
        )  # fmt: skip
        shows(screen)
        os.kill(screen.process.pid, number)
        assert screen.wait() == status
        assert screen.is_as_before


def test_keys_are_obeyed_while_nobody_has_answered(terminal):
    with contextlib.ExitStack() as silent:
        urls = []
        for _ in range(3):
            listener = silent.enter_context(socket.create_server(("127.0.0.1", 0)))
            urls += ["--url", f"http://127.0.0.1:{listener.getsockname()[1]}"]
        screen = terminal()
        screen.start(TOOL, "monitor", *urls)
        shows(screen, "no answer yet")
        begin = time.monotonic()
        screen.type("q")
        assert screen.wait() == 0 and time.monotonic() - begin < 3
        assert screen.is_as_before


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def monitor_of(shell):
    """The pid of the monitor that a shell has started; None while there is none."""
    with open(f"/proc/{shell}/task/{shell}/children") as file:
        for pid in map(int, file.read().split()):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline") as line:
                if "monitor" in line.read():
                    return pid
    return None


def test_ctrl_z_gives_the_terminal_back_and_fg_takes_it_again(beats, terminal):
    write_beats(beats, {"mill": entry()})
    screen = terminal()
    screen.start("bash", "--norc", "--noprofile", "-i")
    eventually(lambda: "$ " in screen.read(), "the shell is there")
    screen.type(" ".join(map(str, monitor(beats))) + "\n")
    shows(screen)
    pid = eventually(lambda: monitor_of(screen.process.pid), "the monitor runs")
    for stop in (lambda: screen.type("\x1a"), lambda: os.kill(pid, signal.SIGTSTP)):
        stop()
        eventually(lambda: state(pid) == "T" and not screen.is_full_screen, "it has stopped, and the screen is the shell's")
        screen.output = b""
        screen.type("echo a-$((40 + 2))-b\n")
        eventually(lambda: "a-42-b" in screen.read(), "the shell understands what is typed")
        # In the background it leaves the terminal alone.
        screen.type("bg\n")
        eventually(lambda: state(pid) == "T" and "&" in screen.read(), "it has stopped again")
        assert not screen.is_full_screen and "1049" not in screen.read()
        screen.type("fg\n")
        shows(screen)
    screen.type("q")
    eventually(lambda: not screen.is_full_screen and monitor_of(screen.process.pid) is None, "it has ended")
    screen.output = b""
    screen.type("echo c-$((40 + 2))-d\n")
    eventually(lambda: "c-42-d" in screen.read(), "the shell is there")
    screen.type("exit\n")
    screen.wait()


def test_ctrl_z_is_passed_over_where_nobody_could_continue_it(beats, terminal):
    """The leader of a session, as in a container or a new window, has no shell above it: to stop would be for ever."""
    write_beats(beats, {"mill": entry()})
    screen = terminal()
    screen.start(*monitor(beats))
    shows(screen)
    screen.type("\x1a")
    eventually(lambda: screen.read().count("\x1b[?1049h") >= 2, "it goes on")
    screen.type("q")
    assert screen.wait() == 0 and screen.is_as_before


def test_a_terminal_that_is_closed_ends_it(beats, terminal):
    """Also when the hang-up is ignored, as below nohup: it would keep the processor busy with nobody to look."""
    write_beats(beats, {"mill": entry()})
    for command in ([], ["/bin/sh", "-c", 'trap "" HUP; exec "$@"', "sh"]):
        screen = terminal()
        screen.start(*command, *monitor(beats))
        shows(screen)
        os.close(screen.slave)
        os.close(screen.master)
        screen.slave = screen.master = -1
        assert screen.process.wait(timeout=LIMIT) in (0, 1)


def test_without_input_it_sleeps_between_two_looks(beats, terminal):
    write_beats(beats, {"mill": entry()})
    screen = terminal()
    screen.start(*monitor(beats, interval="1h"), stdin=subprocess.DEVNULL)
    eventually(lambda: screen.is_full_screen and "mill" in screen.read(), "the table is there")
    frames = screen.read().count("\x1b[?2026h")
    time.sleep(1)
    assert screen.read().count("\x1b[?2026h") <= frames + 1, "it draws when there is something new"
    os.kill(screen.process.pid, signal.SIGTERM)
    assert screen.wait() == 0 and screen.is_as_before


def test_what_is_wrong_stands_first_and_every_row_can_be_reached(beats, terminal):
    names = {f"worker-{n:03}": entry(age=7200 if n in (150, 181) else 0) for n in range(200)}
    write_beats(beats, names)
    screen = terminal(lines=30)
    screen.start(*monitor(beats, "--timeout", "1h"))

    def picture():
        frames = re.findall(r"\x1b\[\?2026h\x1b\[H(.*?)\x1b\[\?2026l", screen.read(), re.S)
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frames[-1]).replace("\r", "").split("\n") if frames else []

    workers = lambda: re.findall(r"worker-\d{3}", "\n".join(picture()))
    eventually(lambda: workers()[:3] == ["worker-150", "worker-181", "worker-000"], "the dead ones stand first")
    for down, up in (("\x1b[F", "\x1b[H"), ("\x1bOF", "\x1bOH"), ("G", "g"), ("\x1b[6~" * 12, "\x1b[5~" * 12), (" " * 12, "b" * 12), ("j" * 220, "k" * 220), ("\x1b[B" * 220, "\x1bOA" * 220)):
        screen.type(down)
        eventually(lambda: "worker-199" in workers() and any("↓ 0 below" in line for line in picture()), f"{down[:4]!r} leads to the last one")
        screen.type(up)
        eventually(lambda: workers()[:1] == ["worker-150"], f"{up[:4]!r} leads back")
    # Another size: all that is drawn fits, and the last one can be reached.
    for lines, columns in ((5, 40), (60, 200), (1, 40), (24, 80)):
        screen.resize(lines, columns)
        screen.type("G")
        eventually(lambda: "worker-199" in workers() and len(picture()) <= lines, f"it fits {columns} x {lines}")
    # What was in view stays there when one before it dies.
    screen.type("g" + " " * 3)
    eventually(lambda: workers() and workers()[0] > "worker-020" and workers()[-1] != "worker-199", "somewhere in between")
    before = workers()
    write_beats(beats, names | {"worker-005": entry(age=7200)})
    eventually(lambda: "worker-005" in workers(), "it is told")
    assert set(workers()) - {"worker-005"} <= set(before)
    screen.type("q")
    assert screen.wait() == 0 and screen.is_as_before
