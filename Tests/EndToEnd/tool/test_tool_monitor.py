"""`heartbeat monitor`, `simulate`, `status`, `send`, `prune` and the tool's own words, as people and scripts see them."""

import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

from support import ENVIRONMENT, LIMIT, PATIENCE, TOOL, entry, eventually, free_port, run, write_beats


def write(beats, **ages):
    now = time.time()
    entry = lambda age: {"last_heartbeat": now - age, "pid": os.getpid(), "status": "alive"}
    beats.write_text(json.dumps({"processes": {name: entry(age) for name, age in ages.items()}}))


FRAME = r"\x1b\[\?2026h(.*?)\x1b\[\?2026l"


def in_terminal(*command, columns, lines=24, until=lambda text: False, environment=None):
    """What the command writes to a terminal; it gets SIGTERM when `until` is true of it. Returns (status, text)."""
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.execve(command[0], [str(c) for c in command], {**ENVIRONMENT, "TERM": "xterm", **(environment or {})})
    data = b""
    os.set_blocking(master, False)
    end, is_told = time.monotonic() + LIMIT, False
    status = None
    while status is None:
        try:
            data += os.read(master, 65536)
        except (BlockingIOError, OSError):
            time.sleep(0.02)
        done, result = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(result)
        elif not is_told and (until(data.decode(errors="replace")) or time.monotonic() > end):
            os.kill(pid, signal.SIGTERM)
            is_told = True
    try:
        data += os.read(master, 65536)
    except (BlockingIOError, OSError):
        pass
    os.close(master)
    return status, data.decode()


def test_piped_it_prints_one_plain_page(beats):
    write(beats, bidder=1, reader=time.clock_gettime(time.CLOCK_BOOTTIME) + 500)
    result = run(TOOL, "monitor", "--file", beats)
    assert result.returncode == 0 and "\x1b" not in result.stdout
    assert re.search(r"● +bidder +alive", result.stdout)
    assert re.search(r"✕ +reader +dead +its pid belongs to another process now", result.stdout), "the pid is ours: a process that began after its last beat"
    assert "CPU" in result.stdout and "RAM" in result.stdout and "disk" in result.stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 132])
def test_in_a_terminal_it_fits(beats, columns):
    write(beats, **{"bidder": 1, "入札者のプロセス": 2, "x" * 200: 3, "evil\x1b[2J\n": 1})
    status, text = in_terminal(TOOL, "monitor", "--file", beats, "--interval", "300ms", columns=columns,
                               until=lambda text: len(re.findall(FRAME, text, re.S)) >= 2)  # fmt: skip
    assert status == 0
    assert text.startswith("\x1b[?1049h") and text.rstrip("\x00").endswith("\x1b[?1049l"), "the screen comes back"
    assert "\x1b[2J" not in text, "what is in the file moves no cursor and never clears: that would flicker"
    assert "\x1b[32m" in text, "colours"
    frames = re.findall(FRAME, text, re.S)
    assert len(frames) >= 2
    for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frames[-1]).replace("\r", "").split("\n"):
        wide = sum(0x2E80 <= ord(c) <= 0xFFEF for c in line)
        assert len(line) + wide <= columns, line


def test_no_color(beats):
    write(beats, bidder=1)
    _, text = in_terminal(TOOL, "monitor", "--once", "--file", beats, columns=80, environment={"NO_COLOR": "1"})
    assert "bidder" in text and "\x1b" not in text


def test_it_tells_what_changes(beats):
    write(beats, bidder=0)
    # The time-out is long enough for a busy machine to show the beat before.
    _, text = in_terminal(
        TOOL, "monitor", "--file", beats, "--interval", "200ms", "--timeout", f"{3 * PATIENCE:g}s", columns=100,
        until=lambda text: "is hung: no beat for" in text,
    )  # fmt: skip
    assert "is hung: no beat for" in text


def test_another_host(beats, exporter):
    write(beats, bidder=1, reader=500)
    e = exporter()
    url = f"http://127.0.0.1:{e.port}"
    result = run(TOOL, "monitor", "--url", url, "--url", "http://127.0.0.1:1")
    assert re.search(r"● +bidder +alive", result.stdout)
    assert re.search(r"[✕▲] +reader", result.stdout)
    assert "refused" in result.stdout
    assert re.search(r"CPU .*RAM", result.stdout)


@pytest.fixture
def gateway():
    """One host and port with two exporters behind it, each below a path: /a/ has a program that is alive, /b/ has the same one dead."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            place, _, page = self.path[1:].partition("/")
            state = {"a": ("alive", "beating"), "b": ("dead", "silent")}.get(place)
            program = {"name": "worker", "state": state and state[0], "reason": state and state[1], "age_seconds": 1, "pid": ord(place[0])}
            body = {"api/v1/heartbeats": {"heartbeats": [program]}, "api/v1/host": {"load1": 1}}.get(page)
            self.send_response(200 if state and body else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_two_exporters_behind_one_host_are_told_from_each_other(gateway):
    urls = [word for path in ("/a/", "/b/metrics") for word in ("--url", f"http://{gateway}{path}")]
    result = run(TOOL, "monitor", "--once", *urls)
    assert f"{gateway}/a " in result.stdout and f"{gateway}/b " in result.stdout, result.stdout
    gone = run(TOOL, "status", "--url", f"http://{gateway}/c")
    assert gone.returncode == 2 and f"{gateway}/c: " in gone.stderr, gone


@pytest.mark.parametrize("paths", [("/a/", "/b/"), ("/a/", "/a/")])
def test_what_one_exporter_says_is_no_change_of_another_ones(gateway, paths):
    urls = [word for path in paths for word in ("--url", f"http://{gateway}{path}")]
    _, text = in_terminal(TOOL, "monitor", *urls, "--interval", "100ms", columns=140,
                          until=lambda text: len(re.findall(FRAME, text, re.S)) >= 12)  # fmt: skip
    assert "worker" in text and "CHANGES" not in text, text[-3000:]


@pytest.mark.parametrize("terminal", ["dumb", ""])
def test_a_terminal_that_only_takes_lines_gets_one_page(beats, terminal):
    write(beats, bidder=1)
    status, text = in_terminal(TOOL, "monitor", "--file", beats, columns=80, environment={"TERM": terminal})
    assert status == 0 and "bidder" in text and "\x1b" not in text, text


@pytest.mark.parametrize("lines", [2, 3, 4, 5])
def test_on_a_terminal_of_few_rows_who_is_dead_is_seen(beats, lines):
    write(beats, fine=1, late=500)
    _, text = in_terminal(TOOL, "monitor", "--file", beats, columns=80, lines=lines, until=lambda text: len(re.findall(FRAME, text, re.S)) >= 1)
    frame = re.findall(FRAME, text, re.S)[0]
    assert "1 of 2 alive" in frame and "late" in frame, frame


@pytest.mark.parametrize("scenario", ["healthy", "hang", "crash", "flapping", "clock-skew", "demo"])
def test_scenarios_start_real_processes_that_end_with_it(beats, scenario):
    p = subprocess.Popen(
        [TOOL, "simulate", "--scenario", scenario, "--interval", "100ms", "--timeout", "1s", "--file", beats],
        env=ENVIRONMENT,
    )
    try:
        processes = eventually(
            lambda: beats.exists() and len(found := json.loads(beats.read_text())["processes"]) == 3 and found, "three beats"
        )
        assert set(processes) == {"websocket-reader", "bidder", "vue-frontend"}
        pids = {entry["pid"] for entry in processes.values()}
        assert len(pids) == 3 and p.pid not in pids
        age = lambda name: time.time() - json.loads(beats.read_text())["processes"][name]["last_heartbeat"]
        if scenario in ("hang", "flapping", "demo"):
            eventually(lambda: age("websocket-reader") > 1 > age("bidder"), "the first one silent for longer than its timeout")
            assert os.path.exists(f"/proc/{processes['websocket-reader']['pid']}")
        if scenario == "crash":
            eventually(lambda: not os.path.exists(f"/proc/{processes['websocket-reader']['pid']}"), "the first one ends")
        if scenario == "clock-skew":
            assert age("websocket-reader") < 0 < age("bidder")
    finally:
        p.terminate()
        assert p.wait(timeout=LIMIT) == 0
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_a_suspended_simulated_process_does_not_hold_up_the_end(beats):
    process = subprocess.Popen([TOOL, "simulate", "--file", beats, "--interval", "1s"], env=ENVIRONMENT)
    children = lambda: [int(pid) for pid in run("pgrep", "-P", process.pid).stdout.split()]
    eventually(lambda: beats.exists() and len(json.loads(beats.read_text())["processes"]) == 3, "all beat")
    pids = children()
    os.kill(pids[1], signal.SIGSTOP)
    eventually(lambda: "(stopped)" in open(f"/proc/{pids[1]}/status").read(), "one is suspended")
    begin = time.monotonic()
    process.terminate()
    try:
        assert process.wait(20) == 0 and time.monotonic() - begin < 10
    finally:
        process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


def test_simulated_processes_die_with_a_killed_parent(beats):
    p = subprocess.Popen([TOOL, "simulate", "--interval", "100ms", "--file", beats], env=ENVIRONMENT)
    processes = eventually(
        lambda: beats.exists() and len(found := json.loads(beats.read_text())["processes"]) == 3 and found, "three beats"
    )
    p.kill()
    p.wait()
    eventually(lambda: not any(os.path.exists(f"/proc/{e['pid']}") for e in processes.values()), "all gone")


def test_many_names(beats):
    p = subprocess.Popen([TOOL, "simulate", "--processes", "2000", "--interval", "500ms", "--file", beats], env=ENVIRONMENT)
    try:
        eventually(lambda: beats.exists() and len(json.loads(beats.read_text())["processes"]) == 2000, "2000 names")
    finally:
        p.terminate()
        assert p.wait(timeout=LIMIT) == 0


# Runs a command whose caller has gone: in a session of its own ("apart"), or in that of who adopts it.
ORPHAN = """
import os, sys, time
if os.fork() == 0:
    if sys.argv[1] == "apart": os.setsid()
    former = os.getpid()
    if os.fork() == 0:
        deadline = time.monotonic() + 20
        while os.getppid() == former and time.monotonic() < deadline: time.sleep(0.01)
        os.execv(sys.argv[2], sys.argv[2:])
    os._exit(0)
os.wait()
"""
# Adopts orphans, as a user's service manager does; waits for all of them.
ADOPTER = """
import ctypes, os, subprocess, sys
assert ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) == 0  # PR_SET_CHILD_SUBREAPER
subprocess.run(sys.argv[1:], check=True)
try:
    while True: os.wait()
except ChildProcessError: pass
"""


@pytest.mark.parametrize(
    ("above", "place"), [([], "apart"), ([sys.executable, "-c", ADOPTER], "apart"), ([TOOL, "run", "--name", "r"], "here")]
)
def test_a_caller_that_has_gone_is_not_named(beats, above, place):
    """Process 1 takes its place, or another one that adopts orphans, which says nothing of it."""
    if above[:2] == [TOOL, "run"]:
        above = [*above, "--file", beats, "--"]
    orphan = [sys.executable, "-c", ORPHAN, place, TOOL, "send", "orphan", "--file", beats]
    # The program waits for the beat: what it leaves behind would be ended.
    waiting = ["bash", "-c", '"$@" && until grep -q orphan "$0"; do sleep 0.05; done 2> /dev/null', beats]
    subprocess.run([*above, *waiting, *orphan], env=ENVIRONMENT, check=True, timeout=LIMIT)
    assert "pid" not in json.loads(beats.read_text())["processes"]["orphan"]


def test_a_caller_that_is_there_is_named(beats):
    run(TOOL, "send", "child", "--file", beats)
    assert json.loads(beats.read_text())["processes"]["child"]["pid"] == os.getpid()


def test_the_types_of_sent_data(beats):
    data = ["n=140", "x=-1.5e3", "t=true", "f=false", "s=a=b", "z=007", "e="]
    flags = [word for pair in data for word in ("--data", pair)]
    assert run(TOOL, "send", "p", "--file", beats, "--json", '{"deep": {"k": [1]}}', *flags).returncode == 0
    entry = json.loads(beats.read_text())["processes"]["p"]
    assert entry["additional_data"] == {
        "deep": {"k": [1]}, "n": 140, "x": -1500, "t": True, "f": False, "s": "a=b", "z": 7, "e": "",
    }
    assert entry["pid"] == os.getpid(), "the process that called it"


def test_data_from_standard_input(beats):
    send = lambda text: subprocess.run(
        [TOOL, "send", "p", "--file", beats, "--json", "-"], input=text, env=ENVIRONMENT, capture_output=True, text=True
    )
    assert send('{"a": 1}').returncode == 0
    for wrong in ('{"a": }', "[1]", "", "{" * 100_000):
        result = send(wrong)
        assert result.returncode == 2 and "standard input: " in result.stderr, wrong[:20]
    assert "at byte 6" in send('{"a": }').stderr
    assert send('{"a": "' + "x" * (1 << 20) + '"}').returncode == 1
    assert json.loads(beats.read_text())["processes"]["p"]["additional_data"] == {"a": 1}


def test_status_of_all_and_as_json(beats):
    assert run(TOOL, "status", "--file", beats).returncode == 2
    write(beats, a=1)
    assert run(TOOL, "status", "--file", beats).returncode == 0
    write(beats, a=1, b=500)
    result = run(TOOL, "status", "--file", beats, "--json")
    assert result.returncode == 1
    assert [(e["name"], e["alive"]) for e in json.loads(result.stdout)] == [("a", True), ("b", False)]
    assert [(e["state"], e["reason"]) for e in json.loads(result.stdout)][0] == ("alive", "beating")
    beats.write_text(json.dumps({"processes": {"b": {"last_heartbeat": time.time() - 500}}}))
    result = run(TOOL, "status", "b", "--file", beats)
    assert result.returncode == 1 and re.search(r"✕ +b +dead +no beat within its timeout", result.stdout)
    assert run(TOOL, "status", "b", "--timeout", "10m", "--file", beats).returncode == 0
    beats.write_text("not json")
    assert run(TOOL, "status", "a", "--file", beats).returncode == 2


def test_prune(beats):
    write(beats, young=1, old=100_000)
    result = run(TOOL, "prune", "--dry-run", "--file", beats)
    assert result.stdout == 'would remove "old"\n' and "old" in beats.read_text()
    assert run(TOOL, "prune", "--file", beats).stdout == 'removed "old"\n'
    assert set(json.loads(beats.read_text())["processes"]) == {"young"}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_prune_by_name(kind, tmp_path):
    """Whatever their age; what is not there is said."""
    place = tmp_path / ("own.d" if kind == "folder" else "beats.json")
    if kind == "folder":
        place.mkdir()
    for name in ("a", "eu/b", "c"):
        assert run(TOOL, "send", name, "--file", place).returncode == 0

    def left():
        return {line.split()[1] for line in run(TOOL, "status", "--file", place).stdout.splitlines()} & {"a", "eu/b", "c"}

    result = run(TOOL, "prune", "a", "nobody", "--dry-run", "--file", place)
    assert (result.returncode, result.stdout) == (1, 'would remove "a"\n') and f'there is no "nobody" in {place}' in result.stderr
    assert left() == {"a", "eu/b", "c"}
    result = run(TOOL, "prune", "eu/b", "c", "--file", place)
    assert (result.returncode, result.stdout, result.stderr) == (0, 'removed "eu/b"\nremoved "c"\n', "")
    assert left() == {"a"}
    result = run(TOOL, "prune", "eu/b", "--file", place)
    assert (result.returncode, result.stdout) == (1, "") and f'there is no "eu/b" in {place}; readers are told to forget it' in result.stderr
    nowhere = run(TOOL, "prune", "eu/b", "--file", tmp_path / "none.json")
    assert nowhere.returncode == 1 and nowhere.stderr.endswith("none.json\n") and not (tmp_path / "none.json").exists(), nowhere
    result = run(TOOL, "prune", "a", "--older-than", "1h", "--file", place)
    assert result.returncode == 2 and "exclude each other" in result.stderr and left() == {"a"}


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_prune_forgets_what_has_vanished(kind, tmp_path, exporter):
    """Its entry was wiped by a careless writer: there is nothing to remove, and readers go on remembering it."""
    place = tmp_path / ("own.d" if kind == "folder" else "beats.json")
    if kind == "folder":
        place.mkdir()
    for name in ("kept", "wiped"):
        assert run(TOOL, "send", name, "--file", place).returncode == 0
    e = exporter(f"--heartbeat.file={place}", default_file=True)

    def reasons():
        return {b["name"]: b["reason"] for b in json.loads(e.get("/api/v1/heartbeats").body)["heartbeats"]}

    assert set(reasons()) == {"kept", "wiped"}
    if kind == "folder":
        (place / "wiped.json").unlink()
    else:
        document = json.loads(place.read_text())
        del document["processes"]["wiped"]
        place.write_text(json.dumps(document))
    eventually(lambda: reasons().get("wiped") == "entry_vanished", "it has vanished")
    dry = run(TOOL, "prune", "wiped", "--dry-run", "--file", place)
    assert dry.returncode == 1 and "told" not in dry.stderr and reasons()["wiped"] == "entry_vanished"
    result = run(TOOL, "prune", "wiped", "--file", place)
    assert (result.returncode, result.stdout) == (1, "") and "readers are told to forget it" in result.stderr, result
    eventually(lambda: set(reasons()) == {"kept"}, "it is forgotten", seconds=PATIENCE)


def test_help_and_mistakes():
    assert run(TOOL, "--version").stdout.startswith("heartbeat, version ")
    for command in ("send", "status", "monitor", "run", "simulate", "prune", "test-alert", "completions"):
        text = run(TOOL, command, "--help").stdout
        assert "Examples:" in text, command
        assert command == "completions" or "--file" in text
    result = run(TOOL, "moniter")
    assert result.returncode == 2 and "did you mean monitor?" in result.stderr
    assert run(TOOL, "run").returncode == 2
    assert run(TOOL, "run", "--name", "p", "--probe", "ftp://x", "--", "true").returncode == 2


def test_bash_understands_its_completions():
    script = run(TOOL, "completions", "bash").stdout
    words = 'COMP_WORDS=(heartbeat run --restart ""); COMP_CWORD=3; _heartbeat; echo "${COMPREPLY[@]}"'
    result = subprocess.run(["bash", "-c", script + words], capture_output=True, text=True)
    assert result.stdout == "no on-failure always\n" and result.stderr == ""


@contextlib.contextmanager
def answering(body, after=0):
    """The URL of an exporter that answers everything with these bytes, after so many seconds."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(after)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PROGRAM_FIGURES = [
    "heartbeat_age_seconds", "heartbeat_pid", "heartbeat_timeout_seconds", "process_up", "process_start_time_seconds",
    "process_resident_memory_bytes",
]
HOST_FIGURES = [
    'system_cpu_seconds_total{cpu="0",mode="user"}', 'system_cpu_seconds_total{cpu="0",mode="idle"}',
    "system_memory_total_bytes", "system_memory_available_bytes", 'system_filesystem_size_bytes{mountpoint="/"}',
    'system_filesystem_free_bytes{mountpoint="/"}', "system_load1",
]


@pytest.mark.parametrize("number", ["NaN", "+Inf", "-Inf", "1e308"])
def test_numbers_of_another_exporter_end_nothing(number):
    # In each place alone, and in all at once.
    for strange in [*range(len(HOST_FIGURES)), None]:
        lines = ['heartbeat_alive{process="worker"} 1', *(f'{name}{{process="worker"}} {number}' for name in PROGRAM_FIGURES)]
        for place, name in enumerate(HOST_FIGURES):
            lines.append(f"{name} {number if strange in (place, None) else 1 + place}")
        with answering("\n".join(lines).encode() + b"\n") as url:
            result = run(TOOL, "monitor", "--once", "--url", url)
        assert result.returncode in (0, 1) and "worker" in result.stdout, (strange, result)
        assert "nan" not in result.stdout.lower() and "inf" not in result.stdout.lower(), "unknown is a question mark"


def test_once_ends_with_1_when_somebody_could_not_be_asked(beats, exporter, tmp_path):
    once = lambda *flags: run(TOOL, "monitor", "--once", *flags)
    write_beats(beats, {"mill": entry(), "dead": entry(pid=4194303)})
    served = exporter()
    alive, gone = f"http://127.0.0.1:{served.port}", f"http://127.0.0.1:{free_port()}"
    for flags in (("--url", alive), ("--url", alive, "--url", alive), ("--file", beats)):
        result = once(*flags)
        assert (result.returncode, result.stderr) == (0, ""), "how the programs do is another question"
    for flags in (("--url", gone), ("--url", alive, "--url", gone)):
        result = once(*flags)
        assert result.returncode == 1 and f"{gone[7:]}: " in result.stderr and "refused" in result.stderr
        assert ("mill" in result.stdout) == (alive in flags)
    # Who answers, but is no exporter.
    with answering(b"<html>it works</html>") as url:
        result = once("--url", url)
        assert result.returncode == 1 and "no heartbeat-exporter" in result.stderr
    missing = tmp_path / "typo.json"
    result = once("--file", missing)
    assert result.returncode == 1 and str(missing) in result.stderr and "nobody has beaten yet" in result.stdout
    write_beats(beats, {"mill": entry(), "odd": {"last_heartbeat": "yesterday"}})
    result = once("--file", beats)
    assert result.returncode == 1 and '"odd" is left out' in result.stderr and "mill" in result.stdout
    # The exporter itself cannot read its file: what it knew before is no answer.
    beats.write_text("{")
    assert once("--file", beats).returncode == 1
    for command, status in ((["monitor", "--once"], 1), (["status"], 2), (["status", "mill"], 2)):
        result = run(TOOL, *command, "--url", alive)
        assert result.returncode == status and "heartbeat" in result.stderr and len(result.stderr) > 30, result


def test_a_slow_exporter_and_a_silent_one_are_on_the_page(beats, exporter):
    write_beats(beats, {"mill": entry()})
    served = exporter()
    alive = f"http://127.0.0.1:{served.port}"
    with answering(b'{"heartbeats": [{"name": "saw", "state": "alive", "reason": "beating"}]}', after=3.2) as slow:
        for others in ([], ["--url", alive]):
            result = run(TOOL, "monitor", "--once", *others, "--url", slow)
            assert (result.returncode, result.stderr) == (0, "") and slow[7:] in result.stdout and "saw" in result.stdout
            assert ("mill" in result.stdout) == bool(others)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = f"127.0.0.1:{listener.getsockname()[1]}"
        result = run(TOOL, "monitor", "--once", "--url", f"http://{silent}", "--url", alive)
        assert result.returncode == 1 and f"{silent}: " in result.stderr
        assert silent in result.stdout and "mill" in result.stdout


@pytest.mark.parametrize("command", [["status"], ["monitor", "--once"], ["check"], ["--version"], ["--help"], ["send", "--help"]])
def test_an_answer_that_could_not_be_written_is_none(beats, command):
    write_beats(beats, {"mill": entry()})
    place = [beats] if command == ["check"] else ["--file", beats] if command[-1] in ("status", "--once") else []
    with open("/dev/full", "w") as full:
        result = subprocess.run([TOOL, *command, *place], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True)
    # To who asks for a state, 1 would say that the program is not alive.
    assert result.returncode == (2 if command == ["status"] else 1) and "standard output: " in result.stderr
    if command == ["status"]:
        write_beats(beats, {"mill": {**entry(), "status": "stopped"}})
        with open("/dev/full", "w") as full:
            # Which is the truth.
            assert subprocess.run([TOOL, *command, *place], env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE).returncode == 1
        write_beats(beats, {"mill": entry()})
    # A reader that has gone wants no more: that is no error.
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([TOOL, *command, *place], env=ENVIRONMENT, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (result.returncode, result.stderr) == (0, "")
