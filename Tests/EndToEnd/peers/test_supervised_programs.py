"""Programs as people run them, under `heartbeat run`: nginx, gunicorn, npm and node, pipelines of a shell, a program of a terminal in tmux."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from support import ENVIRONMENT, LIMIT, TOOL, eventually, free_port
from support.supervised import Supervised, descendants, end, lives

pytestmark = pytest.mark.peers


@pytest.fixture
def supervised(beats):
    started = Supervised(beats)
    yield started
    started.close()


def get(port, path="/"):
    """The text of an answer; nothing while nobody listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


class Asking(threading.Thread):
    """A request whose answer takes a while; `text` is what came."""

    def __init__(self, port, path):
        super().__init__(daemon=True)
        self.port, self.path, self.text = port, path, None
        self.start()

    def run(self):
        self.text = get(self.port, self.path)

    def answer(self):
        self.join(LIMIT)
        return self.text


def test_nginx_reads_its_configuration_anew_and_ends_in_good_order(supervised, tmp_path):
    port, log, settings = free_port(), tmp_path / "error.log", tmp_path / "nginx.conf"

    def configure(word):
        settings.write_text(f"""daemon off; worker_processes 2; pid {tmp_path}/pid; error_log {log} notice; user root;
            events {{ worker_connections 100; }}
            http {{ access_log off; client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;
              uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;
              server {{ listen 127.0.0.1:{port}; root {tmp_path}/files;
                location /slow {{ limit_rate 40k; }} location / {{ return 200 {word}; }} }} }}""")

    def heard(number):
        return f"signal {number.value} (SIG" in log.read_text()

    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "slow").write_text("x" * 100_000)
    configure("one")
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    p = supervised(["--stop-signal", "QUIT", "--stop-timeout", "5m", "--probe", f"http://127.0.0.1:{port}/"],
                   program, "-p", tmp_path, "-c", settings, "-e", log)  # fmt: skip
    supervised.status("alive")
    assert get(port) == "one"
    configure("two")
    p.send_signal(signal.SIGHUP)
    eventually(lambda: get(port) == "two", "the new configuration")
    for number in (signal.SIGWINCH, signal.SIGUSR1):
        p.send_signal(number)
        eventually(lambda: heard(number), number.name)
    assert get(port) == "two"
    # Its end waits for the answers that are under way.
    asking = Asking(port, "/slow")
    time.sleep(0.5)
    assert end(p) == 0
    assert heard(signal.SIGQUIT) and not heard(signal.SIGTERM)
    assert asking.answer() == "x" * 100_000
    assert supervised.entry()["status"] == "stopped"


APP = """
import os, pathlib, time
here = pathlib.Path(__file__).parent
with open(here / "loaded", "a") as f: f.write("x")
def app(environment, start):
    if environment["PATH_INFO"] == "/slow":
        (here / "asked").touch()
        while not (here / "go").exists(): time.sleep(0.05)
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
"""


def test_gunicorn_answers_what_it_was_asked_before_it_read_its_configuration_anew(supervised, tmp_path):
    port, log = free_port(), tmp_path / "log"
    (tmp_path / "app.py").write_text(APP)
    with open(log, "wb") as stream:
        p = supervised(["--probe", f"tcp://127.0.0.1:{port}"], "gunicorn", "--workers=2", f"--bind=127.0.0.1:{port}", f"--chdir={tmp_path}",
                       "--graceful-timeout=300", "--timeout=300", "app:app", stderr=stream)  # fmt: skip

    def workers():
        # Not when it says "Booting worker": then it has not yet taken its signals for its own, and one that comes is lost.
        return (tmp_path / "loaded").stat().st_size if (tmp_path / "loaded").exists() else 0

    eventually(lambda: workers() == 2, "two workers")
    asking = Asking(port, "/slow")
    eventually((tmp_path / "asked").exists, "the request is there")
    p.send_signal(signal.SIGHUP)
    eventually(lambda: workers() == 4, "two new workers")
    assert asking.is_alive()
    (tmp_path / "go").touch()
    assert asking.answer().isdigit()
    p.send_signal(signal.SIGTTIN)
    eventually(lambda: workers() == 5, "one worker more")
    assert "due to signal 1\n" not in log.read_text()
    assert end(p) == 0


def test_npm_and_the_node_below_it_end_together(supervised, tmp_path):
    port = free_port()
    (tmp_path / "package.json").write_text(json.dumps({"name": "x", "version": "1.0.0", "scripts": {"serve": "node server.js"}}))
    (tmp_path / "server.js").write_text(
        f"require('http').createServer((_, answer) => answer.end(String(process.pid))).listen({port}, '127.0.0.1')"
    )
    p = supervised(["--probe", f"http://127.0.0.1:{port}/", "--cwd", tmp_path], "npm", "run", "serve")
    supervised.status("alive")
    node = int(get(port))
    assert node in descendants(p.pid)
    # npm has a word of its own for it.
    assert end(p) in (0, 1, 143)
    assert not lives(node) and get(port) is None


def test_a_pipeline_of_a_shell(supervised, tmp_path):
    for script, status in [
        ("yes | head -n 1 > /dev/null", 0), ("set -o pipefail; yes | head -n 1 > /dev/null", 141),
        ("set -o pipefail; seq 3 | tac | (exit 7)", 7),
    ]:  # fmt: skip
        assert supervised([], "bash", "-c", script).wait(timeout=LIMIT) == status
    out = tmp_path / "out"
    p = supervised([], "bash", "-c", f"while :; do echo x; sleep 0.05; done | tee {out} | cat > /dev/null")
    eventually(lambda: out.exists() and out.read_text(), "something goes through it")
    below = descendants(p.pid)
    assert len(below) >= 3
    assert end(p) == 143
    assert not [pid for pid in below if lives(pid)]


SCREEN = """
import curses
def shown(screen):
    last = "none"
    # Whoever waits for a key without end may miss a change of the size that came just before.
    screen.timeout(100)
    while True:
        lines, columns = screen.getmaxyx()
        screen.erase()
        screen.addstr(0, 0, f"screen of {columns} by {lines}, key {last}")
        screen.refresh()
        key = screen.getch()
        if key == curses.KEY_RESIZE: curses.update_lines_cols()
        elif key == ord("q"): return
        elif key > 0: last = chr(key)
curses.wrapper(shown)
"""


@pytest.fixture
def tmux(tmp_path):
    """`tmux(command, ...)` in a server of its own. What a terminal measures, no variable may say: Python sets LINES and COLUMNS."""

    def ask(*command):
        result = subprocess.run(
            ["tmux", "-S", tmp_path / "tmux", "-f", "/dev/null", *command], env=ENVIRONMENT, capture_output=True, text=True, check=True
        )
        return result.stdout

    ask("new-session", "-d", "-x", "80", "-y", "24", "env", "-u", "LINES", "-u", "COLUMNS", "PS1=ready> ", "bash", "--norc", "--noprofile", "-i")
    yield ask
    ask("kill-server")


def test_a_program_of_a_terminal(supervised, tmux, tmp_path):
    script = tmp_path / "screen.py"
    script.write_text(SCREEN)

    def see(text):
        eventually(lambda: text in tmux("capture-pane", "-p"), f"{text!r} on the screen")

    def type_in(*keys):
        tmux("send-keys", *keys)

    see("ready>")
    type_in(f"{TOOL} run --name p --interval 200ms --file {supervised.file} -- {sys.executable} {script}", "Enter")
    see("screen of 80 by 24, key none")
    type_in("x")
    see("key x")
    tmux("resize-window", "-x", "100", "-y", "30")
    see("screen of 100 by 30, key x")
    supervised.status("alive")
    type_in("C-z")
    see("Stopped")
    supervised.status("suspended")
    type_in("fg", "Enter")
    see("screen of 100 by 30, key x")
    supervised.status("alive")
    type_in("q")
    supervised.status("stopped")
    type_in("echo ended with $?", "Enter")
    see("ended with 0")
    # Ctrl-C is the shell's to see as well.
    type_in(f"clear; {TOOL} run --name p --file {supervised.file} -- sleep 1000", "Enter")
    supervised.status("alive")
    type_in("C-c")
    supervised.status("stopped")
    type_in("echo ended with $?", "Enter")
    see("ended with 130")
