"""`heartbeat run` around programs that crash, hang, fork, refuse to end, answer a probe, or speak sd_notify."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from support import ENVIRONMENT, LIMIT, PATIENCE, TOOL, eventually, free_port

pytestmark = pytest.mark.hard


@pytest.fixture
def supervise(beats):
    """`supervise(flags, *command)` starts `heartbeat run --name p`; what is left is killed at the end."""
    started = []

    def start(flags, *command):
        p = subprocess.Popen(
            [TOOL, "run", "--name", "p", "--file", beats, "--interval", "200ms", *flags, "--", *command],
            env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        started.append(p)
        return p

    yield start
    for p in started:
        if p.poll() is None:
            p.kill()
        print(p.communicate(timeout=LIMIT)[1])


def beat(file):
    try:
        return json.loads(file.read_text())["processes"]["p"]
    except (FileNotFoundError, KeyError):
        return None


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def is_pending(pid, number):
    """True while a process was sent the signal and has not taken it."""
    with open(f"/proc/{pid}/status") as f:
        pending = next(line for line in f if line.startswith("ShdPnd:"))
    return bool(int(pending.split()[1], 16) & 1 << number - 1)


def last_beat(file, seconds):
    """The time of the last beat, once none has followed it for so long."""
    last, since = None, 0.0

    def is_silent():
        nonlocal last, since
        if (found := beat(file)["last_heartbeat"]) != last:
            last, since = found, time.monotonic()
        return time.monotonic() - since > seconds

    eventually(is_silent, f"no beat for {seconds} s")
    return last


def finish(p):
    out, err = p.communicate(timeout=LIMIT)
    return p.returncode, out, err


@pytest.mark.parametrize(
    "script, status",
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)],
)
def test_the_exit_status_is_handed_on(supervise, script, status):
    assert finish(supervise([], "sh", "-c", script))[0] == status


def test_no_such_program(supervise):
    status, _, err = finish(supervise(["--restart", "always"], "no-such-program"))
    assert status == 127 and "no-such-program" in err


def test_input_and_output_are_the_programs(beats):
    result = subprocess.run(
        [TOOL, "run", "--name", "p", "--file", beats, "--", "cat"],
        env=ENVIRONMENT, input="through", capture_output=True, text=True, timeout=LIMIT,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "through", "")


def test_it_beats_with_the_programs_pid_while_it_lives(supervise, beats):
    p = supervise([], "sh", "-c", "echo $$; exec sleep 60")
    pid = int(p.stdout.readline())
    first = eventually(lambda: beat(beats), "a beat")
    assert first["pid"] == pid and first["status"] == "alive"
    assert first["additional_data"]["restarts_total"] == 0
    eventually(lambda: beat(beats)["last_heartbeat"] > first["last_heartbeat"], "another beat")
    p.terminate()
    assert finish(p)[0] == 143
    assert not alive(pid)


def test_a_program_that_crashes_is_started_again_and_then_given_up(supervise, beats, tmp_path):
    runs = tmp_path / "runs"
    p = supervise(
        ["--restart", "on-failure", "--restart-delay", "20ms", "--restart-limit", "3"],
        "sh", "-c", f"echo x >> {runs}; exit 9",
    )
    status, _, err = finish(p)
    assert status == 9
    assert runs.read_text().count("x") == 4
    assert "gave up after 3 restarts" in err


def test_restarts_and_the_last_exit_code_ride_along(supervise, beats, tmp_path):
    flag = tmp_path / "second"
    p = supervise(
        ["--restart", "on-failure", "--restart-delay", "20ms"],
        "sh", "-c", f"test -e {flag} && exec sleep 60; touch {flag}; exit 5",
    )
    data = eventually(
        lambda: (d := (beat(beats) or {}).get("additional_data", {})).get("restarts_total") == 1 and d, "a beat of the second run"
    )
    assert data["last_exit_code"] == 5 and data["uptime_seconds"] >= 0
    p.terminate()
    assert finish(p)[0] == 143


def test_success_is_no_reason_to_restart_on_failure(supervise):
    assert finish(supervise(["--restart", "on-failure"], "true"))[0] == 0


def test_signals_reach_the_program(supervise, tmp_path):
    p = supervise([], "sh", "-c", "trap 'echo usr1' USR1; trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.05; done")
    assert p.stdout.readline() == "ready\n"
    p.send_signal(signal.SIGUSR1)
    assert p.stdout.readline() == "usr1\n"
    p.terminate()
    status, out, _ = finish(p)
    assert (status, out) == (3, "term\n")


def test_a_program_that_ignores_sigterm_is_killed(supervise):
    p = supervise(["--stop-timeout", "300ms", "--restart", "always"], "sh", "-c", "trap '' TERM; echo $$; while :; do sleep 0.05; done")
    pid = int(p.stdout.readline())
    p.terminate()
    status, _, err = finish(p)
    assert status == 137 and "killing it" in err
    assert not alive(pid)


def test_a_second_sigint_kills(supervise):
    p = supervise(["--stop-timeout", "1h"], "sh", "-c", "trap '' INT; echo $$; while :; do sleep 0.05; done")
    p.stdout.readline()
    p.send_signal(signal.SIGINT)
    # Two that wait at the same time are one to the kernel.
    eventually(lambda: not is_pending(p.pid, signal.SIGINT), "it takes the first")
    assert p.poll() is None
    p.send_signal(signal.SIGINT)
    assert finish(p)[0] == 137


def test_what_a_program_forks_ends_with_it_and_leaves_no_zombie(supervise):
    script = "sleep 300 & echo $!; (sleep 301 & echo $!); sh -c 'exit 0' & sleep 0.3; exit 0"
    p = supervise([], "sh", "-c", script)
    pids = [int(p.stdout.readline()) for _ in range(2)]
    assert finish(p)[0] == 0
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), "nothing left")


def test_no_zombies_while_it_runs(supervise, beats):
    # The middle shell ends at once: its child becomes the supervisor's, and ends too.
    p = supervise([], "sh", "-c", "for i in 1 2 3 4 5; do (sh -c 'sleep 0.1' &) ; done; echo ready; exec sleep 60")
    p.stdout.readline()

    def zombies():
        with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
            return [c for c in f.read().split() if not alive(int(c))]

    time.sleep(0.5)
    eventually(lambda: zombies() == [], "no zombies")


def test_killing_the_supervisor_kills_the_program_and_its_children(supervise):
    p = supervise([], "sh", "-c", "sleep 300 & echo $! $$; wait")
    pids = [int(x) for x in p.stdout.readline().split()]
    assert all(alive(pid) for pid in pids)
    p.kill()
    p.wait()
    eventually(lambda: not any(alive(pid) for pid in pids), "child and grandchild gone")


SERVER = """
import http.server, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("up", flush=True)
server.serve_forever()
"""


@pytest.mark.parametrize("scheme", ["http", "tcp"])
def test_python_s_http_server_with_a_probe(supervise, beats, tmp_path, scheme):
    port = free_port()
    p = supervise(
        ["--probe", f"{scheme}://127.0.0.1:{port}"],
        sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", tmp_path,
    )
    eventually(lambda: beat(beats), "a beat")
    p.terminate()
    assert finish(p)[0] == 143


@pytest.mark.long
def test_a_node_server_that_hangs_is_restarted(supervise, beats):
    port = free_port()
    script = (
        f"const s = require('http').createServer((q, a) => {{ a.end('ok'); "
        f"if (q.url === '/hang') setTimeout(() => {{ for (;;); }}, 20) }}).listen({port}, '127.0.0.1')"
    )
    p = supervise(
        # Longer than it takes to start, however busy the machine is.
        ["--probe", f"http://localhost:{port}/", "--timeout", f"{8 * PATIENCE:g}s", "--on-stale", "restart", "--stop-timeout", "200ms",
         "--restart-delay", "20ms"],
        "node", "-e", script,
    )
    first = eventually(lambda: (b := beat(beats)) and b["status"] == "alive" and b, "an answer")
    subprocess.run(["curl", "-s", "-o", "/dev/null", f"http://127.0.0.1:{port}/hang"], check=True)
    again = eventually(lambda: (b := beat(beats))["pid"] != first["pid"] and b, "a beat of the next run")
    assert again["additional_data"]["restarts_total"] > first["additional_data"]["restarts_total"]
    p.terminate()
    assert finish(p)[0] in (143, 137)


def test_a_hung_program_that_is_left_alone_stops_beating(supervise, beats):
    port = free_port()
    p = supervise(["--probe", f"http://127.0.0.1:{port}/", "--timeout", "800ms"], sys.executable, "-c", SERVER, str(port))
    p.stdout.readline()
    pid = eventually(lambda: beat(beats), "a beat")["pid"]
    os.kill(pid, signal.SIGSTOP)
    silent = last_beat(beats, 1)
    assert p.poll() is None
    os.kill(pid, signal.SIGCONT)
    eventually(lambda: beat(beats)["last_heartbeat"] > silent, "beats again")


def test_systemd_notify(supervise, beats):
    """The real client: it even waits until its message was taken."""
    p = supervise(
        ["--timeout", "1500ms", "--on-stale", "restart", "--restart-delay", "20ms", "--stop-timeout", "200ms"],
        "sh", "-c",
        "systemd-notify --ready --status='warming up' && systemd-notify WATCHDOG=1 && echo told; exec sleep 300",
    )
    assert p.stdout.readline() == "told\n"
    first = eventually(lambda: "status_text" in (b := beat(beats) or {}).get("additional_data", {}) and b, "the status")
    assert first["additional_data"]["status_text"] == "warming up"
    # It spoke once and then never again: a hang.
    assert p.stdout.readline() == "told\n"
    eventually(lambda: beat(beats)["pid"] != first["pid"], "a beat of the next run")


def test_beats_follow_the_watchdog(supervise, beats):
    script = """
import os, socket, sys
assert int(os.environ["WATCHDOG_USEC"]) == 60_000_000 and "WATCHDOG_PID" not in os.environ
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = os.environ["NOTIFY_SOCKET"].replace("@", "\\0")
for line in sys.stdin:
    s.sendto(line.strip().encode(), name)
"""
    p = subprocess.Popen(
        [TOOL, "run", "--name", "p", "--file", beats, "--interval", "100ms", "--", sys.executable, "-c", script],
        env=ENVIRONMENT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        eventually(lambda: beat(beats), "beats before it speaks")
        p.stdin.write("WATCHDOG=1\n")
        p.stdin.flush()
        silent = last_beat(beats, 1)
        p.stdin.write("WATCHDOG=1\n")
        p.stdin.flush()
        eventually(lambda: beat(beats)["last_heartbeat"] > silent, "the beat of the next ping")
        p.stdin.close()
        assert p.wait(timeout=LIMIT) == 0
    finally:
        p.kill()
        p.wait()
