"""The Python client, the Node client, the tool and curl push to a live exporter, beside writers of the same file."""

import base64
import contextlib
import functools
import http.server
import json
import os
import signal
import socket
import struct
import sys
import threading
import time

import pytest

from support import ROOT, TOOL, entry, eventually, free_port, run, write_beats

sys.path.insert(0, str(ROOT / "clients" / "python"))
import heartbeat_manager  # noqa: E402
from heartbeat_manager import HeartbeatError, HeartbeatSender  # noqa: E402

HeartbeatManager = functools.partial(heartbeat_manager.HeartbeatManager, raises=True)

OPEN = ("--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=0")
NODE_CLIENT = ROOT / "clients" / "node" / "heartbeat.js"


def processes(file):
    return json.loads(file.read_text())["processes"]


def node(code, *arguments, env=None):
    program = f"const h = require({json.dumps(str(NODE_CLIENT))});\nconst args = process.argv.slice(1);\n(async () => {{ {code} }})();"
    result = run("node", "-e", program, "--", *arguments, env={"HEARTBEAT_TOOL": "/nowhere", **(env or {})})
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# Sends one beat and prints what went wrong as JSON, or {}.
NODE_SEND = """
  const m = new h.HeartbeatManager(args[0], { timeout: Number(args[2] ?? 60), throws: true });
  try { await m.sendHeartbeat(args[1], { offset: 7 }, { status: 'busy' }); console.log('{}'); }
  catch (e) { console.log(JSON.stringify({ code: e.code, status: e.status, retry: e.retryAfter, text: e.message })); }
"""


@pytest.fixture
def addresses(exporter, tmp_path):
    """The ways to name one exporter: a URL, a socket, and a socket like a file."""
    # No beat grows old and no connection is closed while a test runs, however slowly.
    e = exporter(*OPEN, f"--push.socket={tmp_path / 'push.sock'}", "--web.idle-timeout=1h")
    return [f"http://127.0.0.1:{e.port}", f"unix:{tmp_path / 'push.sock'}", str(tmp_path / "push.sock")]


def test_python(addresses, beats):
    for number, url in enumerate(addresses):
        manager = HeartbeatManager(url, timeout=60)
        for _ in range(3):  # over one connection
            manager.send_heartbeat(f"p/{number} é", {"offset": 7}, status="busy")
        found = processes(beats)[f"p/{number} é"]
        assert (found["pid"], found["status"], found["additional_data"]) == (os.getpid(), "busy", {"offset": 7})
        manager.send_heartbeat("container", pid=0, host="c1")
        assert processes(beats)["container"]["host"] == "c1" and "pid" not in processes(beats)["container"]
        with pytest.raises(HeartbeatError, match="is an exporter"):
            manager.prune()


def test_a_socket_is_known_by_its_name_or_by_being_one(exporter, tmp_path, beats):
    folder = tmp_path / "run"
    folder.mkdir()
    exporter(f"--push.socket={folder / 'other'}")
    for n, named in enumerate((str(folder / "other"), folder / "other", f"UNIX:{folder / 'other'}")):
        HeartbeatManager(named, timeout=60).send_heartbeat(f"p{n}")
    for n, named in enumerate((str(folder / "other"), f"UNIX:{folder / 'other'}")):
        assert json.loads(node(NODE_SEND, named, f"n{n}")) == {}
    assert set(processes(beats)) == {"p0", "p1", "p2", "n0", "n1"}
    # Before its exporter has made it: a file there would be in the exporter's way.
    early = str(folder / "early.sock")
    with pytest.raises(HeartbeatError) as caught:
        HeartbeatManager(early).send_heartbeat("a")
    assert caught.value.cause == "unreachable"
    assert json.loads(node(NODE_SEND, early, "a"))["code"] == "unreachable"
    for wrong in ("ftp://host", "htp://user:secret@host"):
        with pytest.raises(HeartbeatError, match="expected http://host:port") as caught:
            HeartbeatManager(wrong)
        assert caught.value.cause == "invalid" and "secret" not in str(caught.value)
        result = run("node", "-e", f"new (require({json.dumps(str(NODE_CLIENT))}).HeartbeatManager)({json.dumps(wrong)}, {{ throws: true }})")
        assert result.returncode != 0 and "expected http://host:port" in result.stderr and "secret" not in result.stderr.partition("HeartbeatError")[2]
    # What is called a file must be one.
    result = run(TOOL, "send", "a", "--file", folder / "other")
    assert result.returncode == 1 and "not a regular file" in result.stderr
    assert sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock")) == ["other"]


def test_python_reads(addresses, beats):
    write_beats(beats, {"p/é": entry(pid=os.getpid(), status="busy", offset=7), "old": entry(age=5000)})
    for url in addresses:
        manager = HeartbeatManager(url, timeout=60)
        found = manager.get_heartbeat_status("p/é")
        assert found == {**found, "pid": os.getpid(), "status": "busy", "additional_data": {"offset": 7}}
        assert found["last_heartbeat"] == processes(beats)["p/é"]["last_heartbeat"]
        assert manager.get_heartbeat_status("nobody") is None
        assert manager.is_process_alive("p/é", 3000) and not manager.is_process_alive("old", 3000)
        assert manager.is_process_alive("old", 9000) and not manager.is_process_alive("old")
        assert not manager.is_process_alive("nobody")
        assert list(manager.all_heartbeats()) == ["p/é", "old"]
    with pytest.raises(HeartbeatError, match="cannot read heartbeats") as caught:
        HeartbeatManager(f"http://127.0.0.1:{free_port()}").all_heartbeats()
    assert caught.value.cause == "unreachable"


def test_python_survives_a_restart_of_the_exporter(exporter, beats):
    port = free_port()
    first = exporter(*OPEN, f"--web.listen-address=127.0.0.1:{port}")
    manager = HeartbeatManager(f"http://127.0.0.1:{port}")
    manager.send_heartbeat("a", {"n": 1})
    first.stop()
    with pytest.raises(HeartbeatError) as caught:
        manager.send_heartbeat("a", {"n": 2})
    assert caught.value.cause == "unreachable"
    exporter(*OPEN, f"--web.listen-address=127.0.0.1:{port}")
    manager.send_heartbeat("a", {"n": 3})
    assert processes(beats)["a"]["additional_data"] == {"n": 3}
    with HeartbeatSender("sender", interval=0.02, manager=manager):
        eventually(lambda: "sender" in processes(beats), "it beats")


def test_python_in_the_environment(addresses, beats):
    code = "from heartbeat_manager import send_heartbeat; send_heartbeat('env'); send_heartbeat('env', {'n': 2})"
    environment = {"PYTHONPATH": str(ROOT / "clients" / "python"), "HEARTBEAT_URL": addresses[1]}
    result = run(sys.executable, "-c", code, env=environment)
    assert result.returncode == 0, result.stderr
    assert processes(beats)["env"]["additional_data"] == {"n": 2}


def test_node(addresses, beats):
    for number, url in enumerate(addresses):
        assert json.loads(node(NODE_SEND, url, f"n/{number} é")) == {}
        found = processes(beats)[f"n/{number} é"]
        assert (found["status"], found["additional_data"]) == ("busy", {"offset": 7}) and found["pid"] > 0
    node("await h.sendHeartbeat('env'); await h.sendHeartbeat('env', { n: 2 });", env={"HEARTBEAT_URL": addresses[0]})
    assert processes(beats)["env"]["additional_data"] == {"n": 2}


NODE_READ = """
  const m = new h.HeartbeatManager(args[0], { throws: true });
  const alive = [await m.isProcessAlive('p/é', 3000), await m.isProcessAlive('old'), await m.isProcessAlive('old', 9000), await m.isProcessAlive('nobody')];
  console.log(JSON.stringify([await m.getHeartbeatStatus('p/é'), await m.getHeartbeatStatus('nobody'), Object.keys(await m.allHeartbeats()), alive]));
"""


def test_node_reads(addresses, beats):
    write_beats(beats, {"p/é": entry(pid=os.getpid(), status="busy", offset=7), "old": entry(age=5000)})
    for url in addresses:
        found, nobody, names, alive = json.loads(node(NODE_READ, url))
        assert found == {**found, "pid": os.getpid(), "status": "busy", "additional_data": {"offset": 7}}
        assert found["last_heartbeat"] == processes(beats)["p/é"]["last_heartbeat"]
        assert (nobody, names, alive) == (None, ["p/é", "old"], [True, False, True, False])


def test_node_does_not_keep_a_program_running(addresses):
    # Neither the timer of the next beat nor the open connection: `node` waits for its end, but not for an hour.
    node("h.startHeartbeat('s', { interval: 3600 });", env={"HEARTBEAT_URL": addresses[0]})


def test_the_tool(addresses, beats):
    for number, url in enumerate(addresses):
        result = run(TOOL, "send", f"t/{number}", "--url", url, "--status", "busy", "--data", "offset=7")
        assert (result.returncode, result.stderr) == (0, "")
        found = processes(beats)[f"t/{number}"]
        assert (found["pid"], found["status"], found["additional_data"]) == (os.getpid(), "busy", {"offset": 7})
    assert run(TOOL, "send", "env", env={"HEARTBEAT_URL": addresses[0]}).returncode == 0
    assert "env" in processes(beats)
    result = run(TOOL, "send", "heartbeat-exporter", "--url", addresses[0])
    assert result.returncode == 1 and "answered 422" in result.stderr and "heartbeat-exporter" in result.stderr
    assert run(TOOL, "send", "x", "--url", "ftp://x").returncode == 2
    result = run(TOOL, "send", "x", "--url", f"https://127.0.0.1:{free_port()}")
    assert result.returncode == 1 and "is the exporter running" in result.stderr
    assert run(TOOL, "send", "x", "--url", addresses[0], "--file", "f").returncode == 2
    result = run(TOOL, "send", "x", "--url", f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1 and "is the exporter running" in result.stderr


class Peer:
    """A server that answers every POST with one status, or never; keeps what it was sent. `hangs`: how many of the first ones it never answers."""

    def __init__(self, status, headers=(), hangs=0):
        seen, told = self.seen, self.told = [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                content = self.rfile.read(int(self.headers["Content-Length"]))
                seen.append(self.headers)
                told.append(json.loads(content or b"{}"))
                if len(seen) <= hangs:
                    threading.Event().wait()
                body = b'{"error": {"message": "said so"}}'
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0" if status == 204 else str(len(body)))
                self.end_headers()
                self.wfile.write(b"" if status == 204 else body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"127.0.0.1:{self.server.server_port}"


# By an exporter that takes this many bytes, and by the data: with these its usual 1 MiB is too short for the rest of the beat only.
@pytest.mark.parametrize("most, text", [("1KiB", "x" * 2000), ("1MiB", "x" * 1_048_560), ("1MiB", "é" * 524_280)])
def test_data_that_an_exporter_would_not_take_stay_and_the_beat_goes_out(most, text, exporter, beats):
    e = exporter(*OPEN, f"--push.max-body={most}")
    url, said = f"http://127.0.0.1:{e.port}", []
    manager = HeartbeatManager(url, timeout=60, warn=said.append)
    letter, count = text[0], len(text)
    code = f"const m = new h.HeartbeatManager(args[0], {{ timeout: 60, throws: true }}); console.error = console.log;"
    code += f"const data = {{ text: '{letter}'.repeat({count}) }}; await m.sendHeartbeat('node', data, 'busy'); await h.job('node job', (run) => {{ run.data = data; }}, {{ manager: m }});"
    manager.send_heartbeat("python", {"text": text}, "busy")
    with heartbeat_manager.job("python job", manager) as job:
        job.data["text"] = text
    printed = node(code, url)
    found = processes(beats)
    assert [(found[name]["status"], found[name]["additional_data"]) for name in ("python", "node", "python job", "node job")] == [("busy", {})] * 2 + [("succeeded", {})] * 2
    for sentences, language in ((said, "python"), (printed.splitlines(), "node")):
        assert len(sentences) == 2 and all("goes out without its data: with them it has" in sentence for sentence in sentences), sentences
        assert f"the beat of {language} goes" in sentences[0] and f"the beat of {language} job goes" in sentences[1]


@pytest.mark.parametrize("status, cause", [(401, "refused"), (422, "refused"), (503, "unavailable"), (507, "unavailable")])
def test_errors_are_typed(status, cause):
    peer = Peer(status, [("Retry-After", "7")])
    url = f"http://us%40er:pass%3Aword@{peer.address}"
    with pytest.raises(HeartbeatError) as caught:
        HeartbeatManager(url).send_heartbeat("a")
    error = caught.value
    assert (error.cause, error.status, error.retry_after) == (cause, status, 7)
    said = json.loads(node(NODE_SEND, url, "a"))
    assert (said["code"], said["status"], said["retry"]) == (cause, status, 7)
    tool = run(TOOL, "send", "a", "--url", url)
    assert tool.returncode == 1
    for text in (str(error), said["text"], tool.stderr):
        assert str(status) in text and "said so" in text and "word" not in text and peer.address in text
    expected = "Basic " + base64.b64encode(b"us@er:pass:word").decode()
    assert [h["Authorization"] for h in peer.seen] == [expected] * 3


def test_an_exporter_that_hangs_does_not_hold_a_program_up():
    peer = Peer(204, hangs=10)
    url = f"http://{peer.address}"
    with pytest.raises(HeartbeatError, match="did not answer within 0.5 s") as caught:
        HeartbeatManager(url, timeout=0.5).send_heartbeat("a")
    assert caught.value.cause == "unreachable"
    said = json.loads(node(NODE_SEND, url, "a", "1"))
    assert said["code"] == "unreachable" and "within 1 s" in said["text"]


def test_what_waited_for_an_exporter_that_hangs_is_no_fresh_sign_of_life():
    """The work beats, hangs in its turn, and then the exporter answers: of what waits the last beat comes, with the time at which it was made."""
    peer = Peer(204, hangs=4)
    code = """
    const m = new h.HeartbeatManager(args[0], { timeout: 0.5, onError: () => {} });
    const beat = h.heartbeat('loop', { manager: m, every: 0 });
    for (let n = 0; n < 30; n++) {
      beat({ n }, n % 2 ? 'reading' : 'writing');
      await new Promise((r) => setTimeout(r, 50));
    }
    console.log(Date.now() / 1000);
    await new Promise((r) => setTimeout(r, 3000));
    """
    hung = float(node(code, f"http://{peer.address}"))
    assert "timestamp" not in peer.told[0]
    assert 2 <= len(peer.told) <= 7, peer.told
    assert all(beat["timestamp"] <= hung for beat in peer.told[1:])
    assert (peer.told[-1]["status"], peer.told[-1]["additional_data"]) == ("reading", {"n": 29})


def test_a_beat_that_takes_the_place_of_one_that_waits_takes_its_data_too_if_it_has_none():
    peer = Peer(204, hangs=1)
    code = """
    const m = new h.HeartbeatManager(args[0], { timeout: 0.5, onError: () => {} });
    const beat = h.heartbeat('loop', { manager: m, every: 0 });
    beat({ n: 0 });
    beat({ n: 1 });
    beat(() => { throw new Error('no data'); }, 'waiting');
    await beat.stop();
    """
    node(code, f"http://{peer.address}")
    assert [(beat["status"], beat["additional_data"]) for beat in peer.told] == [("alive", {"n": 0}), ("stopped", {"n": 1})]


def test_a_beat_that_waited_says_when_it_was_made_and_any_other_one_is_dated_by_the_exporter():
    peer = Peer(204, hangs=3)
    code = """
    const m = new h.HeartbeatManager(args[0], { timeout: 0.6, onError: () => {} });
    const made = Date.now() / 1000;
    await Promise.all([0, 1, 2, 3].map((n) => m.sendHeartbeat(`p${n}`)));
    await m.sendHeartbeat('after');
    console.log(made);
    """
    made = float(node(code, f"http://{peer.address}"))
    assert len(peer.told) == 5
    assert all(made <= beat["timestamp"] < made + 0.5 for beat in peer.told[1:4])
    assert "timestamp" not in peer.told[0] and "timestamp" not in peer.told[4]


def test_a_beat_of_python_that_may_lie_at_an_exporter_that_hangs_says_when_it_was_made():
    peer = Peer(204, hangs=3)
    manager = HeartbeatManager(f"http://{peer.address}", timeout=1)
    made = []
    for n in range(5):
        made.append(time.time())
        with contextlib.suppress(HeartbeatError):
            manager.send_heartbeat("p")
    assert len(peer.told) == 5
    assert all(then <= beat["timestamp"] < then + 0.9 for then, beat in zip(made[1:4], peer.told[1:4], strict=True))
    # Where answers come the beat is dated by the exporter.
    assert "timestamp" not in peer.told[0] and "timestamp" not in peer.told[4]


def test_a_beat_of_a_signals_handler_that_waited_for_an_exporter_says_when_it_was_made():
    peer = Peer(204, hangs=1)
    manager = HeartbeatManager(f"http://{peer.address}", timeout=1.5, raises=False, warn=lambda _: None)
    made = []

    def handler(*_):
        made.append(time.time())
        manager.send_heartbeat("p", status="late")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        manager.send_heartbeat("p")
    finally:
        signal.signal(signal.SIGALRM, before)
    assert [beat["status"] for beat in peer.told] == ["alive", "late"]
    assert made[0] <= peer.told[1]["timestamp"] < made[0] + 0.3


def test_a_promise_in_the_place_of_the_data_that_fails_costs_only_the_data():
    peer = Peer(204)
    code = """
    const m = new h.HeartbeatManager(args[0], { onError: (e) => console.log(e.message) });
    const beat = h.heartbeat('loop', { manager: m, every: 0 });
    for (let n = 0; n < 3; n++) beat(Promise.reject(new Error(`no ${n}`)));
    await beat.stop(Promise.resolve({ n: 7 }));
    """
    assert node(code, f"http://{peer.address}").split("\n") == ["no 0", "no 1", "no 2"]
    assert [(beat["status"], beat.get("additional_data")) for beat in peer.told] == [("alive", None), ("stopped", {"n": 7})]


def answered(connection):
    """Reads a request of a client, and takes it."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_a_kept_connection_that_the_exporter_has_closed_is_opened_anew(tmp_path):
    """A beat that is written after the end and the reset: the write says EPIPE, and not that the connection was reset."""
    idle, closed = tmp_path / "idle", tmp_path / "closed"
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            answered(connection)
            eventually(idle.exists, "the program computes, and sees nothing of the connection")
            connection.shutdown(socket.SHUT_WR)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            closed.touch()
            connection, _ = server.accept()
            with connection:
                answered(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        code = """
        const fs = require('fs');
        const m = new h.HeartbeatManager(args[0], { throws: true });
        await m.sendHeartbeat('first');
        await new Promise((r) => setTimeout(r, 100));
        const sent = new Promise((r) => setImmediate(() => {
          fs.writeFileSync(args[1], '');
          while (!fs.existsSync(args[2])) ;
          r(m.sendHeartbeat('second'));
        }));
        await sent;
        console.log('sent');
        """
        assert node(code, f"http://127.0.0.1:{server.getsockname()[1]}", str(idle), str(closed)) == "sent"
        thread.join()


def test_a_beat_that_is_sent_again_has_no_more_time_than_any():
    """An exporter that drops each kept connection after a while: the second try has what the first one left."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve():
            connection, _ = server.accept()
            answered(connection)
            connection.recv(65536)
            time.sleep(1.5)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            connection, _ = server.accept()
            with connection:
                ended.wait()

        threading.Thread(target=serve, daemon=True).start()
        code = """
        const m = new h.HeartbeatManager(args[0], { timeout: 2, throws: true });
        await m.sendHeartbeat('first');
        const began = performance.now();
        await m.sendHeartbeat('second').catch((error) => console.log(error.code, performance.now() - began));
        """
        code_word, took = node(code, f"http://127.0.0.1:{server.getsockname()[1]}").split()
        ended.set()
        assert code_word == "unreachable" and 1900 <= float(took) < 3000


@pytest.mark.parametrize(("begin", "drip"), [
    (b"", b"HTTP/1.1 100 Continue\r\n\r\n"), (b"H", b"T"), (b"HTTP/1.1 204 No Content\r\nX: ", b"a"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"), (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
])  # fmt: skip
def test_an_answer_that_drips_does_not_hold_a_program_up(begin, drip):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        ended = threading.Event()

        def serve():
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    try:
                        connection.sendall(begin)
                        while not ended.wait(0.05):
                            connection.sendall(drip)
                    except OSError:
                        pass  # the client has had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(HeartbeatError, match="did not answer within 0.5 s"):
            HeartbeatManager(url, timeout=0.5).send_heartbeat("a")
        said = json.loads(node(NODE_SEND, url, "a", "1"))
        assert said["code"] == "unreachable"
        ended.set()
        thread.join()


def test_the_end_of_a_job_whose_answer_is_lost_is_not_told_twice():
    """A run that is counted must be counted once; a beat is told again, and so is a beginning."""
    told = []

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            told.append(self.path.rpartition("/")[2].partition("?")[0])
            if told.count(told[-1]) == 1 and told[-1] != "first":  # taken, and then it ends
                self.close_connection = True
                return
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        said = []
        manager = heartbeat_manager.HeartbeatManager(f"http://127.0.0.1:{server.server_port}", timeout=60, warn=said.append)
        manager.send_heartbeat("first")  # now there is a connection that is kept
        manager.send_heartbeat("beat")
        with heartbeat_manager.job("backup", manager):
            pass
        assert told == ["first", "beat", "beat", "start", "start", "success"]
        assert len(said) == 1 and "is the exporter running" in said[0], said
        with pytest.raises(ValueError), heartbeat_manager.job("backup", manager):
            raise ValueError
        assert told[6:] == ["start", "fail"]
        server.shutdown()


@pytest.mark.hard
@pytest.mark.long
def test_nothing_is_lost_when_all_write_at_once(exporter, beats, tmp_path):
    """Every kind of writer counts up in entries of its own; at the end each entry has its writer's last count."""
    write_beats(beats, {"before": entry(note=1)})
    # The lock is whoever's comes first: on a slow machine one may wait for long.
    e = exporter(*OPEN, f"--push.socket={tmp_path / 'push.sock'}", "--push.timeout=2m")
    url, sock = f"http://127.0.0.1:{e.port}", tmp_path / "push.sock"
    problems = []

    def python(name, target, count):
        manager = HeartbeatManager(target, lock_timeout=120, timeout=120)
        for n in range(1, count + 1):
            manager.send_heartbeat(name, {"n": n})

    def shell(name, count, *where):
        for n in range(1, count + 1):
            # Five seconds are the tool's own bound for the lock and for an answer: beside so many it may have to ask again, as a script would.
            for _ in range(30):
                result = run(TOOL, "send", name, "--data", f"n={n}", *where)
                if "gave up waiting for the lock" not in result.stderr and "timed out" not in result.stderr:
                    break
            assert result.returncode == 0, result.stderr

    def curl(name, count):
        for n in range(1, count + 1):
            body = json.dumps({"additional_data": {"n": n}})
            result = run(
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--unix-socket", sock, "-d", body,
                "-H", "Content-Type: application/json", f"http://localhost/api/v1/heartbeats/{name}",
            )  # fmt: skip
            assert result.stdout == "204", result

    def javascript(name, target, count):
        code = """
          const m = new h.HeartbeatManager(args[0], { timeout: 120, throws: true });
          for (let n = 1; n <= Number(args[2]); n++) await m.sendHeartbeat(args[1], { n });
        """
        node(code, target, name, str(count), env={"HEARTBEAT_TOOL": str(TOOL)})

    work = [
        (python, "python-push", url, 300), (python, "python-socket", f"unix:{sock}", 300),
        (python, "python-file", str(beats), 100), (javascript, "node-push", url, 300),
        (javascript, "node-file", str(beats), 30), (shell, "tool-file", 40, "--file", str(beats)),
        (shell, "tool-push", 40, "--url", url), (curl, "curl", 30),
    ]  # fmt: skip

    def guarded(function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:
            problems.append((arguments[0], error))

    threads = [threading.Thread(target=guarded, args=w) for w in work]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert problems == []
    found = processes(beats)
    expected = {w[1]: next(a for a in w[2:] if isinstance(a, int)) for w in work}
    assert {name: found[name]["additional_data"]["n"] for name in expected} == expected
    assert found["before"]["note"] == 1
    samples = e.metrics()
    # At least: a client whose kept connection ends before the answer says it once more.
    assert samples.value("heartbeat_push_beats_total") >= 300 + 300 + 300 + 40 + 30
    assert sum(samples.of("heartbeat_push_errors_total").values()) == 0
