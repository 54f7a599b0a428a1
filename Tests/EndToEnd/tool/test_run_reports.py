"""What `heartbeat run` tells: its entry at every turn, a service manager above, probes of every kind, an exporter."""

import array
import http.server
import os
import socket
import ssl
import sys
import threading
import time

import pytest

from support import LIMIT, TOOL, eventually, run
from support.certificates import Authority
from support.supervised import end, entry


@pytest.mark.parametrize(
    "flags, script, status, code, number",
    [
        ([], "exit 0", "stopped", 0, None), ([], "exit 3", "failed", 3, None), ([], "kill -9 $$", "failed", 137, 9),
        (["--success-codes", "0,3"], "exit 3", "stopped", 3, None), (["--success-codes", "SIGKILL"], "kill -9 $$", "stopped", 137, 9),
        (["--restart", "on-failure", "--restart-delay", "10ms", "--restart-limit", "2"], "exit 4", "failed", 4, None),
        (["--restart", "always", "--restart-delay", "10ms", "--restart-limit", "3/1h"], "exit 5", "failed", 5, None),
    ],
)  # fmt: skip
def test_the_last_word(supervised, flags, script, status, code, number):
    assert supervised(flags, "bash", "-c", script).wait(timeout=LIMIT) == code
    assert supervised.entry()["status"] == status
    assert (supervised.data()["last_exit_code"], supervised.data().get("last_exit_signal")) == (code, number)


def test_an_operators_end_is_a_stop(supervised):
    p = supervised(["--restart", "always"], "sleep", "300")
    supervised.status("alive")
    before = time.time()
    assert end(p) == 143
    assert supervised.entry()["status"] == "stopped" and supervised.entry()["last_heartbeat"] > before - 0.1


def test_a_restart_is_told_at_once_with_its_time(supervised):
    p = supervised(["--interval", "1h", "--restart", "always", "--restart-delay", "1h", "--restart-max-delay", "2h"], "sh", "-c", "exit 7")
    found = supervised.status("restarting")
    assert found["interval"] == 3600
    told = found["additional_data"]
    assert (told["last_exit_code"], told["restarts_total"]) == (7, 1) and 3500 < told["next_restart"] - time.time() < 3700
    assert end(p) == 143
    assert supervised.entry()["status"] == "stopped"


def test_the_name_is_the_programs(supervised):
    assert run(TOOL, "run", "--file", supervised.file, "--", "/usr/bin/env", "true").returncode == 0
    assert entry(supervised.file, "env")["status"] == "stopped"


SAY = """
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
for line in sys.stdin: s.send(line.rstrip("\\n").replace("|", "\\n").replace("OWN", str(os.getpid())).encode())
"""


@pytest.fixture
def manager(tmp_path):
    """A service manager's socket."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(30)
    yield listening
    listening.close()


def test_the_manager_hears_the_program(supervised, tmp_path, manager):
    p = supervised([], sys.executable, "-c", SAY, env={"NOTIFY_SOCKET": str(tmp_path / "notify")}, stdin=-1)
    for said, heard in [
        ("READY=1|STATUS=warm", None), ("WATCHDOG=1", None), ("RELOADING=1|MONOTONIC_USEC=5", None), ("STOPPING=1", None),
        ("EXTEND_TIMEOUT_USEC=5000000", None), ("MAINPID=1", f"MAINPID={p.pid}"), ("MAINPID=OWN", f"MAINPID={p.pid}"), ("X_OWN=é", None),
    ]:  # fmt: skip
        p.stdin.write(said + "\n")
        p.stdin.flush()
        got = manager.recv(4096).decode()
        assert got == (heard or said.replace("|", "\n")) or said == "X_OWN=é" and got.endswith("=é")
    eventually(lambda: supervised.data().get("status_text") == "warm" and supervised.data()["ready"], "what it said")
    p.stdin.close()
    assert p.wait(timeout=LIMIT) == 0


def test_open_files_and_barriers_reach_the_manager(supervised, tmp_path, manager):
    program = (
        "import array, os, socket; r, w = os.pipe(); s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); "
        "s.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1)); "
        "s.sendmsg([b'BARRIER=1'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [w]))]); os.close(w); "
        "os.read(r, 1); print('through', flush=True)"
    )
    p = supervised([], sys.executable, "-c", program, env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
    text, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(64))
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    assert text == b"BARRIER=1" and len(descriptors) == 1
    assert p.poll() is None
    os.close(descriptors[0])
    assert p.stdout.readline() == "through\n"


def test_a_barrier_without_a_manager_is_let_go(supervised):
    assert supervised([], "systemd-notify", "--ready").wait(timeout=LIMIT) == 0


def test_what_a_manager_hands_on_is_the_programs(supervised):
    script = "echo $LISTEN_PID $$ $LISTEN_FDS $WATCHDOG_USEC ${WATCHDOG_PID-none}; cat <&3"
    reader, writer = os.pipe()
    os.write(writer, b"through the socket")
    os.close(writer)
    start = 'exec 3<&0 0</dev/null; export LISTEN_PID=$$ WATCHDOG_PID=$$; exec "$@"'
    p = supervised([], "sh", "-c", script, under=["sh", "-c", start, "sh"], env={"LISTEN_FDS": "1", "WATCHDOG_USEC": "2000000"}, stdin=reader)
    own, program, count, watchdog, pid = p.stdout.readline().split()
    assert own == program and (count, watchdog, pid) == ("1", "2000000", "none")
    assert p.stdout.read() == "through the socket"
    os.close(reader)


def test_more_time_to_end(supervised):
    script = (
        "import os, socket, sys, time, signal\ndef ended(*_):\n s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        " s.connect(os.environ['NOTIFY_SOCKET'].replace('@', '\\0', 1)); s.send(b'EXTEND_TIMEOUT_USEC=60000000')\n"
        " time.sleep(1.5); sys.exit(0)\nsignal.signal(signal.SIGTERM, ended); print('up', flush=True)\nwhile True: time.sleep(0.05)"
    )
    p = supervised(["--stop-timeout", "300ms"], sys.executable, "-c", script)
    assert p.stdout.readline() == "up\n"
    assert end(p) == 0


# Notes each SIGTERM. At the first it drains for 3 s, or until the second.
DRAINING = """
import os, signal, socket, sys, time
def note(text):
    with open(sys.argv[1], "a") as log: log.write(text)
def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
        s.send(text.encode())
asked = 0
def ended(*_):
    global asked
    asked += 1
    note("asked ")
signal.signal(signal.SIGTERM, ended)
if "by itself" in sys.argv: say("STOPPING=1\\nEXTEND_TIMEOUT_USEC=60000000")
note("up ")
while not asked: time.sleep(0.02)
if "in time" not in sys.argv: say("STOPPING=1\\nEXTEND_TIMEOUT_USEC=60000000")
end = time.monotonic() + 3
while time.monotonic() < end and asked < 2: time.sleep(0.02)
note("drained")
"""


@pytest.mark.parametrize(
    "timeout, words, below_a_shell",
    [("60s", "in time", True), ("1s", "extended", True), ("1s", "by itself and in time", False), ("1s", "extended", False)],
)
def test_a_program_that_drains_has_its_time(supervised, tmp_path, timeout, words, below_a_shell):
    """Also as a worker below a shell that ends at once: the end of the shell is not the end of the time."""
    log = tmp_path / "log"
    command = [sys.executable, "-c", DRAINING, str(log), *words.split(" and ")]
    # The shell waits, and so ends of the signal itself.
    p = supervised(["--stop-timeout", timeout], *(["sh", "-c", '"$@"; echo after', "sh"] if below_a_shell else []), *command)
    eventually(lambda: log.exists() and log.read_text(), "it is up")
    assert end(p) == (143 if below_a_shell else 0)
    assert log.read_text() == "up asked drained"


def test_a_first_ping_that_never_comes_is_a_hang(supervised):
    p = supervised(["--start-timeout", "300ms"], "sleep", "300")
    supervised.status("hung")
    assert end(p) == 143


class Server:
    """Answers every GET with a status, encrypted if there is a certificate."""

    def __init__(self, status, certificate=None):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_404_is_reported_as_one(supervised):
    p = supervised(["--probe", f"http://127.0.0.1:{Server(404).port}/x", "--timeout", "1h"], "sleep", "300")
    assert "answered with status 404, expected 2xx or 3xx" in p.stderr.readline()
    # The probe and the first beat go their own ways.
    supervised.status("starting")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.mark.parametrize(
    "flags, host, said",
    [
        (["--probe-ca", "CA"], "127.0.0.1", None), (["--probe-ca", "CA"], "localhost", None), (["--probe-insecure"], "127.0.0.1", None),
        ([], "127.0.0.1", "certificate is not trusted"), (["--probe-ca", "CA"], "elsewhere", "mismatch"),
        (["--probe-ca", "absent.pem"], "127.0.0.1", "absent.pem"),
    ],
)  # fmt: skip
def test_https(supervised, authority, flags, host, said):
    names = "DNS:elsewhere.example" if host == "elsewhere" else "DNS:localhost,IP:127.0.0.1"
    port = Server(200, authority.issue("server", names=names)).port
    host = "127.0.0.1" if host == "elsewhere" else host
    flags = [authority.certificate if flag == "CA" else flag for flag in flags]
    p = supervised(["--probe", f"https://{host}:{port}/", "--timeout", "1h", *flags], "sleep", "300")
    if said:
        assert said in p.stderr.readline()
    else:
        supervised.status("alive")


def test_plain_http_is_no_https(supervised):
    p = supervised(["--probe", f"https://127.0.0.1:{Server(200).port}/", "--timeout", "1h"], "sleep", "300")
    assert "no TLS" in p.stderr.readline()


def test_a_socket_and_a_command(supervised, tmp_path):
    path = tmp_path / "s"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    p = supervised(["--probe", f"unix:{path}"], "sleep", "300")
    supervised.status("alive")
    end(p)
    works = tmp_path / "works"
    works.touch()
    p = supervised(["--probe", f"exec:test -e {works}", "--timeout", "1s"], "sleep", "300")
    supervised.status("alive")
    works.unlink()
    assert "exited with status 1" in p.stderr.readline()
    supervised.status("hung")
    works.touch()
    supervised.status("alive")
    assert end(p) == 143


def test_beats_to_an_exporter(exporter, supervised, tmp_path):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated")
    p = supervised([], "sleep", "300", init=[TOOL, "run", "--name", "p", "--url", f"http://127.0.0.1:{e.port}", "--"])
    eventually(lambda: e.metrics().value("heartbeat_status", process="p", status="alive"), "a beat")
    assert end(p) == 143
    eventually(lambda: e.metrics().value("heartbeat_status", process="p", status="stopped"), "the last word")


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "60"}), (401, {}), (422, {})])
def test_what_an_exporter_refuses_is_not_sent_again_and_again(supervised, status, headers):
    seen = []

    class Refuses(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    p = supervised([], "sleep", "300", init=[TOOL, "run", "--name", "p", "--url", f"http://127.0.0.1:{server.server_port}", "--"])
    eventually(lambda: seen, "a beat")
    time.sleep(3)
    assert len(seen) == 1
    assert end(p) == 143
    # The last word is tried, and once more.
    assert len(seen) <= 4 and any(b"stopped" in body for body in seen)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("flags", [[], ["--job"]])
def test_the_last_word_outlasts_a_moment_of_trouble(supervised, flags):
    """A proxy whose exporter starts anew answers 502 for a moment, and does not say for how long."""
    taken, seen = [], []

    class Recovers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(time.monotonic())
            is_well = seen[-1] - seen[0] > 1
            if is_well:
                taken.append(self.path)
            self.send_response(204 if is_well else 502)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recovers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    p = supervised([], "true", init=[TOOL, "run", *flags, "--name", "p", "--url", f"http://127.0.0.1:{server.server_port}", "--"])
    assert p.wait(timeout=LIMIT) == 0
    assert "did not get through" not in p.stderr.read()
    assert taken and len(seen) < 10
    server.shutdown()
    server.server_close()


def test_a_password_on_the_command_line_is_refused(supervised, tmp_path):
    p = supervised([], "true", init=[TOOL, "run", "--url", "http://u:secret@127.0.0.1:1", "--"])
    out, err = p.communicate(timeout=LIMIT)
    assert p.returncode == 2 and "HEARTBEAT_URL" in err and "secret" not in err
