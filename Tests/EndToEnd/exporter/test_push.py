"""Push: every status, what a 204 promises, sockets, and a disk that is slow, full or read-only."""

import gzip
import http.client
import json
import os
import re
import select
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from support import AS_ROOT, EXPORTER, LIMIT, NO_LEAK_CHECK, Exporter, entry, eventually, free_port, run, write_beats
from support.hanging import HangingFolder

pytestmark = pytest.mark.hard
PATH = "/api/v1/heartbeats"
OPEN = ("--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=0")


def curl(*arguments, data=None):
    """(status, headers, body) of one request."""
    result = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "120", *map(str, arguments)], input=data, capture_output=True, timeout=150
    )
    assert result.returncode == 0, result.stderr
    head, _, body = result.stdout.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


def push(e, name="a", body=None, method="POST", *more):
    """One push; `body` is JSON text or anything that becomes such."""
    arguments = ["-X", method, *more]
    if body is not None:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        arguments += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        return curl(*arguments, f"http://127.0.0.1:{e.port}{PATH}{name and '/' + name}", data=text if isinstance(text, bytes) else text.encode())
    return curl(*arguments, f"http://127.0.0.1:{e.port}{PATH}{name and '/' + name}")


def processes(file):
    return json.loads(file.read_text())["processes"]


def errors(e):
    return {r: n for r, n in e.metrics().of("heartbeat_push_errors_total").items() if n}


def test_beats_of_every_kind_are_in_the_file_and_in_the_metrics(exporter, beats):
    e = exporter(*OPEN)
    before = time.time()
    assert push(e, "backup")[0] == 204
    bare = processes(beats)["backup"]
    assert before - 1 <= bare["last_heartbeat"] <= time.time() and bare["status"] == "alive" and "pid" not in bare
    when = round(time.time() - 30, 3)
    body = {"pid": os.getpid(), "status": "busy", "timestamp": when, "additional_data": {"offset": 7}}
    assert push(e, "b%2Fc%20%C3%A9", body, "PUT")[0] == 204
    full = processes(beats)["b/c é"]
    assert (full["last_heartbeat"], full["pid"], full["status"]) == (when, os.getpid(), "busy")
    assert full["additional_data"] == {"offset": 7} and "host" not in full
    assert push(e, "b%2Fc%20%C3%A9")[0] == 204  # the data stay
    x = {"name": "x", "host": "elsewhere", "pid": os.getpid(), "additional_data": {"m": 3}}
    assert push(e, "", {"heartbeats": [x, {"name": "y"}, {"name": "x", "status": "last"}]})[0] == 204
    assert processes(beats)["x"]["additional_data"] == {"m": 3}  # the data stay here too
    assert push(e, "known", {"additional_data": {"status": "busy", "pid": os.getpid(), "n": 1}})[0] == 204
    known = processes(beats)["known"]
    assert (known["status"], known["pid"], known["additional_data"]) == ("busy", os.getpid(), {"n": 1})
    samples = e.metrics()
    assert samples.value("heartbeat_data_offset", process="b/c é") == 7
    assert samples.value("heartbeat_status", process="x", status="last") == 1
    assert samples.value("process_up", process="known") == 1
    assert samples.value("heartbeat_push_beats_total") == 7
    assert samples.value("heartbeat_push_queue_length") == 0
    assert set(samples.of("heartbeat_push_errors_total").values()) == {0}


def test_a_pid_of_this_host_is_looked_up_and_that_of_another_is_not(exporter):
    e = exporter(*OPEN)
    here = os.uname().nodename
    for name, body in {
        "local": {"pid": os.getpid()},
        "named": {"pid": os.getpid(), "host": here},
        "remote": {"pid": os.getpid(), "host": "elsewhere"},
    }.items():
        assert push(e, name, body)[0] == 204
    up = e.metrics().of("process_up")
    assert up["local"] == up["named"] == 1 and "remote" not in up


def test_a_pid_of_another_pid_namespace_is_the_one_outside(exporter, tmp_path, beats):
    path = tmp_path / "push.sock"
    e = exporter(f"--push.socket={path}")
    # Inside the shell is pid 1 and its curl another; pid 99 is nobody's there, and somebody's or nobody's outside.
    script = f"""
        for pid in 1 99; do
          curl -sS --unix-socket {path} -H 'Content-Type: application/json' -d "{{\\"pid\\": $pid}}" http://localhost{PATH}/in$pid
        done; echo done; read -r line"""
    inside = subprocess.Popen(
        [*AS_ROOT, "unshare", "--pid", "--fork", "--kill-child", "sh", "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert inside.stdout.readline() == b"done\n"
    found = processes(beats)
    names = Path(f"/proc/{found['in1']['pid']}/status").read_text()
    assert re.search(r"^NSpid:\t%d\t1$" % found["in1"]["pid"], names, re.M)
    assert "pid" not in found["in99"]
    up = e.metrics().of("process_up")
    assert up["in1"] == 1 and "in99" not in up
    inside.communicate(b"\n", timeout=LIMIT)
    eventually(lambda: e.metrics().of("process_up")["in1"] == 0, "it is seen to be gone")


def test_pids_of_many_beats_through_the_socket_cost_no_reading_each(exporter, tmp_path, beats):
    path = tmp_path / "push.sock"
    e = exporter(f"--push.socket={path}")
    count = 5_000
    batch = {"heartbeats": [{"name": f"a{n}", "pid": os.getpid()} for n in range(count)]}

    def readings():
        return int(re.search(r"^syscr: (\d+)$", Path(f"/proc/{e.process.pid}/io").read_text(), re.M)[1])

    before = readings()
    status, _, body = curl(
        "--unix-socket", path, "-H", "Content-Type: application/json", "--data-binary", "@-", f"http://localhost{PATH}",
        data=json.dumps(batch).encode(),
    )  # fmt: skip
    assert status == 204, body
    found = processes(beats)
    assert len(found) == count and {entry["pid"] for entry in found.values()} == {os.getpid()}
    assert readings() - before < count / 2


def test_a_beat_from_another_address_carries_it_as_host(exporter, beats):
    addresses = [a for a in run("hostname", "-I").stdout.split() if ":" not in a]
    if not addresses:
        # A machine without any network still has this one, which is not loopback to the exporter.
        subprocess.run([*AS_ROOT, "ip", "addr", "add", "198.51.100.7/32", "dev", "lo"], check=True)
        addresses = ["198.51.100.7"]
    port = free_port()
    e = exporter(*OPEN, f"--web.listen-address={addresses[0]}:{port}")
    status, _, _ = curl(
        "-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps({"pid": os.getpid()}),
        f"http://{addresses[0]}:{port}{PATH}/far",
    )  # fmt: skip
    assert status == 204
    assert processes(beats)["far"]["host"] == addresses[0]
    assert "far" not in e.metrics().of("process_up")


def test_delete_forgets_one(exporter, beats):
    write_beats(beats, {"a": entry(), "b": entry()})
    e = exporter(*OPEN)
    assert push(e, "a", method="DELETE")[0] == 204
    assert list(processes(beats)) == ["b"]
    assert push(e, "a", method="DELETE")[0] == 404
    assert push(e, "b", method="DELETE")[0] == 204
    assert processes(beats) == {}
    assert push(e, "c")[0] == 204 and list(processes(beats)) == ["c"]


def test_a_batch_that_gzip_packed_arrives(exporter, beats):
    e = exporter(*OPEN)
    batch = {"heartbeats": [{"name": f"worker-{n}", "additional_data": {"n": n}} for n in range(300)]}
    result = subprocess.run(
        ["curl", "-sS", "-o", "-", "-w", "%{http_code}", "-H", "Content-Type: application/json", "-H", "Content-Encoding: gzip",
         "-H", "Transfer-Encoding: chunked", "--data-binary", "@-", f"http://127.0.0.1:{e.port}{PATH}"],
        input=gzip.compress(json.dumps(batch).encode()), capture_output=True, timeout=LIMIT,
    )  # fmt: skip
    assert result.stdout == b"204", result
    assert {name: p["additional_data"]["n"] for name, p in processes(beats).items()} == {f"worker-{n}": n for n in range(300)}


def test_what_takes_long_to_read_holds_up_pushes_alone(exporter, beats):
    write_beats(beats, {})
    e = exporter(*OPEN, "--push.timeout=5m")
    other = http.client.HTTPConnection("127.0.0.1", e.port, timeout=LIMIT)

    def ask():
        other.request("GET", "/-/healthy")
        answer = other.getresponse()
        answer.read()
        return answer.status

    assert ask() == 200
    # A body of a megabyte, of which a thousandth is sent; what is wrong stands at its end.
    packed = gzip.compress(b'{"additional_data": {"n": [' + b"0," * 520_000 + b'0]}, "pid": 0}')
    head = f"PUT {PATH}/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
    with socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT) as s:
        s.sendall(f"{head}Content-Length: {len(packed)}\r\n\r\n".encode() + packed)
        between = 0
        while not select.select([s], [], [], 0)[0]:
            assert ask() == 200
            between += 1
        assert s.recv(4096).startswith(b"HTTP/1.1 422 ")
    assert between > 20, "others are answered meanwhile"


@pytest.mark.parametrize(
    "name, method, body, more, expected, said",
    [
        ("a", "POST", '{"pid": 1,\n "x', (), 400, "line 2"),
        ("", "POST", "{", (), 400, "line 1"),
        ("a", "PATCH", None, (), 405, "GET, HEAD, POST, PUT, DELETE"),
        ("", "PUT", "{}", (), 405, "GET, HEAD, POST"),
        ("", "DELETE", None, (), 405, "GET, HEAD, POST"),
        ("a", "POST", b"x" * 5000, (), 413, "4096"),
        ("a", "POST", "{}", ("-H", "Content-Type: application/x-www-form-urlencoded"), 415, "application/json"),
        ("a", "POST", "{}", ("-H", "Content-Type: text/plain"), 415, "application/json"),
        ("a", "POST", None, ("-d", ""), 415, "application/json"),
        ("a", "POST", "{}", ("-H", "Content-Encoding: br"), 415, "Content-Encoding"),
        ("a", "POST", "{}", ("-H", "Content-Encoding: gzip"), 400, "not gzip"),
        ("a", "POST", '{"additional_data": {"x": NaN}}', (), 400, "line 1, column 27"),
        ("a", "POST", '{"additional_data": {"x": 1e999}}', (), 400, "line 1, column 27"),
        ("a", "POST", '{"pid": -1}', (), 422, "pid"),
        ("a", "POST", '{"timestamp": 1700000000000}', (), 422, "timestamp"),
        ("a", "POST", "[]", (), 422, "object"),
        ("x" * 1025, "POST", None, (), 422, "1024"),
        ("%FF", "POST", None, (), 422, "UTF-8"),
        ("a/b", "POST", None, (), 404, "%2F"),
        ("", "POST", '{"heartbeats": [{"name": "good"}, {"name": "bad", "pid": 0}]}', (), 422, "heartbeats[1].pid"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_written(exporter, beats, name, method, body, more, expected, said):
    e = exporter(*OPEN, "--push.max-body=4KiB")
    # curl's last Content-Type would be added to the first: only one is given.
    if more and body is not None and "Content-Type" in more[-1]:
        answer = curl("-X", method, *more, "--data-binary", "@-", f"http://127.0.0.1:{e.port}{PATH}/{name}", data=body.encode())
    else:
        answer = push(e, name, body, method, *more)
    status, headers, text = answer
    assert status == expected, text
    error = json.loads(text)["error"]
    assert headers["content-type"] == "application/json"
    assert error["status"] == expected and said in error["message"] + headers.get("allow", ""), error
    assert ("position" in error) == (expected == 400 and "JSON" in error["message"])
    assert not beats.exists()
    assert sum(errors(e).values()) == 1


def test_off_unless_it_is_allowed(exporter, tmp_path):
    result = run(EXPORTER, f"--web.listen-address=127.0.0.1:{free_port()}", "--web.enable-push")
    assert result.returncode == 1
    assert "--push.allow-unauthenticated" in result.stderr and "authentication" in result.stderr
    e = exporter()
    assert push(e, "a")[0] == 403
    assert "heartbeat_push_beats_total" not in e.metrics().names()
    e = exporter(f"--push.socket={tmp_path / 'p'}")
    status, _, body = push(e, "a")
    assert status == 403 and b"--web.enable-push" in body
    assert errors(e) == {"forbidden": 1}


@pytest.mark.parametrize(
    "header, expected",
    [
        ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-site", 403), ("Sec-Fetch-Site: same-origin", 204),
        ("Sec-Fetch-Site: none", 204), ("Origin: http://evil.example", 403), ("Origin: null", 403),
    ],
)  # fmt: skip
def test_no_page_of_another_site_pushes_through_a_browser(exporter, beats, header, expected):
    e = exporter(*OPEN)
    assert push(e, "a", None, "POST", "-H", header)[0] == expected
    assert push(e, "a", None, "POST", "-H", f"Origin: http://127.0.0.1:{e.port}")[0] == 204


@pytest.mark.parametrize(
    "host, expected",
    [("localhost", 204), ("127.0.0.1", 204), ("[::1]", 204), ("10.1.2.3", 204), ("status.localhost", 204), ("evil.example", 403), ("localhost.evil.example", 403)],
)  # fmt: skip
def test_a_name_that_points_here_for_a_moment_is_no_site_of_its_own(exporter, host, expected):
    e = exporter(*OPEN)
    name = f"{host}:{e.port}"
    for header in (f"Origin: http://{name}", "Sec-Fetch-Site: same-origin"):
        assert push(e, "a", None, "POST", "-H", header, "-H", f"Host: {name}")[0] == expected
    assert push(e, "a", None, "POST", "-H", f"Host: {name}")[0] == 204, "without a browser there is no page"


def test_the_socket(exporter, tmp_path, beats):
    path = tmp_path / "push.sock"
    e = exporter(f"--push.socket={path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    url = "http://localhost"
    assert curl("--unix-socket", path, "-X", "POST", url + PATH + "/a")[0] == 204
    assert curl("--unix-socket", path, url + "/-/healthy")[0] == 200
    assert curl("--unix-socket", path, url + "/metrics")[0] == 404
    assert "a" in processes(beats) and "host" not in processes(beats)["a"]
    # A second one does not take it away, a killed one's is replaced.
    second = run(EXPORTER, f"--web.listen-address=127.0.0.1:{free_port()}", f"--push.socket={path}")
    assert second.returncode == 1 and "another program listens there already" in second.stderr
    assert curl("--unix-socket", path, "-X", "POST", url + PATH + "/a")[0] == 204
    e.process.kill()
    e.process.wait()
    assert path.exists()
    third = exporter(f"--push.socket={path}", "--push.socket-mode=600", f"--push.socket-group={os.getegid()}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert curl("--unix-socket", path, "-X", "POST", url + PATH + "/b")[0] == 204
    assert third.stop() == 0
    assert not path.exists()
    path.write_text("precious")
    fourth = run(EXPORTER, f"--web.listen-address=127.0.0.1:{free_port()}", f"--push.socket={path}")
    assert fourth.returncode == 1 and "no socket" in fourth.stderr and path.read_text() == "precious"


def test_nobody_without_the_right_to_write_can_use_the_socket(exporter):
    # Not below pytest's own folder, into which nobody else may look.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    path = folder / "push.sock"
    e = exporter(f"--push.socket={path}")
    as_nobody = [*AS_ROOT, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    command = ["curl", "-sS", "--max-time", "10", "-X", "POST", "--unix-socket", path, "http://localhost" + PATH + "/a"]
    result = run(*as_nobody, *command)
    assert result.returncode == 7, result  # curl: failed to connect
    path.chmod(0o666)
    assert run(*as_nobody, *command).returncode == 0
    assert e.stop() == 0
    folder.rmdir()


def test_rate_limit_of_a_peer(exporter):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=5")
    # All at once, for the allowance grows while one waits for answers.
    request = f"POST {PATH}/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
    with socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT) as s:
        s.sendall((request * 49 + request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).encode())
        answers = b"".join(iter(lambda: s.recv(65536), b"")).decode()
    statuses = re.findall(r"^HTTP/1\.1 (\d+)", answers, re.M)
    assert len(statuses) == 50 and statuses[:5] == ["204"] * 5 and set(statuses) == {"204", "429"}
    assert set(re.findall(r"^Retry-After: (\d+)", answers, re.M)) == {"1"}
    assert errors(e) == {"rate_limited": statuses.count("429")}
    eventually(lambda: push(e, "a")[0] == 204, "it may push again")


def test_only_so_many_processes(exporter, beats):
    write_beats(beats, {"local": entry()})
    e = exporter(*OPEN, "--push.max-processes=2")
    assert push(e, "a")[0] == 204
    status, _, body = push(e, "b")
    assert status == 507 and b"--push.max-processes" in body
    assert push(e, "", {"heartbeats": [{"name": "a"}, {"name": "c"}]})[0] == 507
    assert push(e, "a")[0] == 204 and push(e, "local")[0] == 204
    assert set(processes(beats)) == {"local", "a"}
    assert push(e, "local", method="DELETE")[0] == 204 and push(e, "b")[0] == 204


class StoppedHolder:
    """A writer that holds the lock and is stopped: what a hung disk looks like to the others."""

    def __init__(self, beats):
        code = "import fcntl,sys,time;f=open(sys.argv[1],'a');fcntl.flock(f,2);print('held',flush=True);time.sleep(600)"
        self.process = subprocess.Popen(["python3", "-c", code, f"{beats}.lock"], stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"held\n"
        self.process.send_signal(signal.SIGSTOP)

    def end(self):
        self.process.kill()
        self.process.wait()


def test_a_hung_writer_costs_503(exporter, beats):
    write_beats(beats, {})
    e = exporter(*OPEN, "--push.timeout=1s")
    holder = StoppedHolder(beats)
    try:
        for n in range(1, 3):
            status, headers, body = push(e, "a")
            assert status == 503 and int(headers["retry-after"]) >= 1
            # Who waits for whom; unless the machine is so slow that the time is up before.
            assert b"heartbeat_status.json.lock" in body or b"--push.timeout" in body
            assert errors(e) == {"unavailable": n}
    finally:
        holder.end()
    eventually(lambda: push(e, "again")[0] == 204, "it recovers")
    assert "again" in processes(beats)
    assert "cannot write pushes" in e.stderr


# A sanitizer writes its own log before anything of ours runs, and is ended by it.
@pytest.mark.shipped
def test_a_limit_of_file_sizes_costs_the_push_and_not_the_exporter(exporter, beats):
    """LimitFSIZE= of systemd: a write beyond it raises a signal, which ends who does not ignore it. The log is a file too."""
    write_beats(beats, {"a": entry(n=1)})
    before = beats.read_bytes()
    e = exporter(*OPEN, under=["prlimit", "--fsize=16", "--"])
    status, _, body = push(e, "b")
    assert status == 507 and b"File too large" in body
    assert e.metrics().of("heartbeat_data_n") == {"a": 1}
    assert beats.read_bytes() == before and not list(beats.parent.glob("*tmp*"))


def test_pushes_that_wait_leave_connections_to_who_scrapes(exporter, beats):
    write_beats(beats, {})
    e = exporter(*OPEN, "--push.timeout=5m", "--web.max-connections=8")
    holder = StoppedHolder(beats)
    answers = []

    def one(name):
        try:
            answers.append(push(e, name)[0])
        except AssertionError:
            # Turned away at the door, it may still have been writing.
            answers.append(503)

    threads = [threading.Thread(target=one, args=(f"p{i}",)) for i in range(24)]
    for t in threads:
        t.start()
    try:
        eventually(lambda: len(answers) == 20, "all but four are sent away")
        assert set(answers) == {503}
        assert [e.get("/metrics").status for _ in range(5)] == [200] * 5
    finally:
        holder.end()
        for t in threads:
            t.join()
    assert answers.count(204) == 4


def test_a_queue_that_is_full_grows_no_further(exporter, beats):
    write_beats(beats, {})
    e = exporter(*OPEN, "--push.timeout=5m", "--push.queue-limit=4")
    holder = StoppedHolder(beats)
    answers = []
    threads = [threading.Thread(target=lambda i=i: answers.append(push(e, f"p{i}"))) for i in range(12)]
    try:
        [t.start() for t in threads]
        eventually(lambda: len(answers) == 8, "all but four are refused at once")
        assert {a[0] for a in answers} == {503} and all(int(a[1]["retry-after"]) >= 1 for a in answers)
        assert all(b"--push.queue-limit" in a[2] for a in answers)
        assert errors(e) == {"unavailable": 8}
        assert e.metrics().value("heartbeat_push_queue_length") == 4
    finally:
        holder.end()
    [t.join() for t in threads]
    assert [a[0] for a in answers[8:]] == [204] * 4 and len(processes(beats)) == 4
    assert e.metrics().value("heartbeat_push_queue_length") == 0


def test_a_push_that_is_too_large_for_the_file_does_not_take_others_with_it(exporter, beats):
    e = exporter(*OPEN, "--push.timeout=5m", "--heartbeat.max-file-size=64KiB")
    assert push(e, "there", {"additional_data": {"text": "x" * 40000}})[0] == 204
    before = beats.read_text()
    status, _, body = push(e, "large", {"additional_data": {"text": "x" * 40000}})
    assert status == 507 and b"65536 bytes" in body and beats.read_text() == before
    holder, answers = StoppedHolder(beats), {}
    bodies = {f"p{n}": {"additional_data": {"n": n}} for n in range(4)} | {"large": {"additional_data": {"text": "x" * 40000}}}
    threads = [threading.Thread(target=lambda n=n, b=b: answers.update({n: push(e, n, b)[0]})) for n, b in bodies.items()]
    try:
        # The writer waits for the lock with the first; the others come together with the next write.
        threads[0].start()
        eventually(lambda: e.metrics().value("heartbeat_push_queue_length") == 1, "one waits")
        [t.start() for t in threads[1:]]
        eventually(lambda: e.metrics().value("heartbeat_push_queue_length") == 5, "all wait")
    finally:
        holder.end()
    [t.join() for t in threads]
    assert answers == {"p0": 204, "p1": 204, "p2": 204, "p3": 204, "large": 507}
    assert set(processes(beats)) == {"there", "p0", "p1", "p2", "p3"}


@pytest.fixture
def disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", "size=256k,mode=1777", "tmpfs", folder], check=True)
    yield folder
    subprocess.run([*AS_ROOT, "umount", "--lazy", folder], check=True)


def test_a_full_and_a_read_only_disk(exporter, disk):
    file = disk / "heartbeat_status.json"
    e = exporter(*OPEN, f"--heartbeat.file={file}", default_file=True)
    assert push(e, "a")[0] == 204
    before = file.read_text()
    filler = disk / "filler"
    with open(filler, "wb", buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(b"x" * 4096)
    status, _, body = push(e, "b")
    assert status == 507 and b"ENOSPC" in body
    assert file.read_text() == before
    filler.unlink()
    assert push(e, "b")[0] == 204 and set(processes(file)) == {"a", "b"}
    subprocess.run([*AS_ROOT, "mount", "-o", "remount,ro", disk], check=True)
    status, _, body = push(e, "c")
    assert status == 507 and b"read-only" in body
    subprocess.run([*AS_ROOT, "mount", "-o", "remount,rw", disk], check=True)
    assert push(e, "c")[0] == 204
    assert errors(e) == {"no_space": 2}


def test_a_file_system_that_hangs_costs_503_and_nothing_else(exporter, tmp_path):
    hanging = HangingFolder(tmp_path)
    try:
        file = hanging.folder / "heartbeat_status.json"
        e = exporter(*OPEN, "--push.timeout=1s", f"--heartbeat.file={file}", default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
        assert push(e, "a")[0] == 204
        hanging.hang()
        for _ in range(2):
            status, headers, body = push(e, "b")
            assert (status, headers["retry-after"]) == (503, "1") and b"--push.timeout" in body
        assert e.get("/-/healthy").status == 200
        hanging.go_on()
        eventually(lambda: push(e, "c")[0] == 204, "it recovers")
        assert {"a", "c"} <= set(processes(hanging.behind / "heartbeat_status.json"))
        hanging.hang()
        assert push(e, "d")[0] == 503
        # SIGTERM ends it all the same.
        hanging.assert_sigterm_ends(e)
    finally:
        hanging.close()


def activated(tmp_path, sockets, *flags, name="x"):
    """The exporter under the real systemd-socket-activate; ends when the test does."""
    arguments = []
    for s in sockets:
        arguments += ["-l", str(s)]
    return subprocess.Popen(
        ["systemd-socket-activate", *arguments, f"--fdname={name}", EXPORTER, "--web.systemd-socket",
         f"--heartbeat.file={tmp_path / 'heartbeat_status.json'}", *flags],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_sockets_of_systemd(tmp_path, beats):
    web, path = free_port(), tmp_path / "push.sock"
    p = activated(tmp_path, [f"127.0.0.1:{web}", path], name="web:push")
    try:
        eventually(path.exists, "systemd-socket-activate listens")
        assert curl("-X", "POST", "--unix-socket", path, "http://localhost" + PATH + "/a")[0] == 204
        status, _, body = curl(f"http://127.0.0.1:{web}/metrics")
        assert status == 200 and b"heartbeat_push_beats_total 1\n" in body
        assert curl("-X", "POST", f"http://127.0.0.1:{web}{PATH}/a")[0] == 403
        environment = open(f"/proc/{p.pid}/cmdline").read()
        assert "heartbeat-exporter" in environment  # it became the exporter
        # The descriptors are closed for children and do not block.
        for fd in (3, 4):
            flags = int([l.split()[1] for l in open(f"/proc/{p.pid}/fdinfo/{fd}") if l.startswith("flags")][0], 8)
            assert flags & os.O_CLOEXEC and flags & os.O_NONBLOCK
        assert "a" in processes(beats)
    finally:
        p.send_signal(signal.SIGTERM)
        output = p.communicate(timeout=LIMIT)[0]
    assert p.returncode == 0, output
    assert path.exists()  # systemd's, not the exporter's


@pytest.mark.parametrize("prepare, said", [
    (lambda: {}, "passed no sockets"),
    (lambda: {"LISTEN_PID": "1", "LISTEN_FDS": "1"}, "passed no sockets"),
])  # fmt: skip
def test_without_sockets_of_systemd_it_does_not_start(prepare, said):
    result = run(EXPORTER, "--web.systemd-socket", env=prepare())
    assert result.returncode == 1 and said in result.stderr


def test_a_push_socket_of_systemd_that_is_open_to_the_network(tmp_path):
    port = free_port()
    p = activated(tmp_path, [f"127.0.0.1:{port}"], name="push")
    eventually(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "systemd-socket-activate listens")
    output = p.communicate(timeout=LIMIT)[0]
    assert p.returncode == 1 and "expected a Unix socket" in output


def test_kill_9_at_any_time_loses_nothing_that_was_answered(tmp_path, beats):
    import http.client

    acknowledged = {}
    for round in range(25):
        e = Exporter(tmp_path, OPEN)
        stop = threading.Event()

        def client(number):
            connection = http.client.HTTPConnection("127.0.0.1", e.port, timeout=LIMIT)
            count = acknowledged.get(number, 0)
            while not stop.is_set():
                body = json.dumps({"additional_data": {"count": count + 1}})
                try:
                    connection.request("POST", f"{PATH}/p{number}", body, {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                except (OSError, http.client.HTTPException):
                    break
                if answer.status != 204:
                    break
                count += 1
                acknowledged[number] = count

        threads = [threading.Thread(target=client, args=(n,)) for n in range(4)]
        before = sum(acknowledged.values())
        [t.start() for t in threads]

        def are_answered():
            assert e.process.poll() is None, e.stderr[-4000:]
            return sum(acknowledged.values()) >= before + 5 + round

        eventually(are_answered, "pushes are answered")
        e.process.kill()
        e.process.wait()
        stop.set()
        [t.join() for t in threads]
        found = processes(beats)
        for number, count in acknowledged.items():
            # One more may be in the file: written, but not answered any more.
            assert found[f"p{number}"]["additional_data"]["count"] in (count, count + 1), (round, number)
            acknowledged[number] = found[f"p{number}"]["additional_data"]["count"]
    assert sum(acknowledged.values()) > 100
    e = Exporter(tmp_path, OPEN)
    assert push(e, "last")[0] == 204
    assert e.stop() == 0
    leftovers = [f.name for f in tmp_path.iterdir() if ".tmp-" in f.name]
    assert leftovers == []


def test_what_has_vanished_is_forgotten_by_its_name(exporter, beats):
    e = exporter("--web.enable-push", "--push.allow-unauthenticated")
    write_beats(beats, {"wiped": entry(age=500), "x": entry()})
    assert e.get("/api/v1/heartbeats").status == 200
    write_beats(beats, {"x": entry()})
    states = {h["name"]: h["reason"] for h in json.loads(e.get("/api/v1/heartbeats").body)["heartbeats"]}
    assert states == {"wiped": "entry_vanished", "x": "beating"}
    assert e.get("/api/v1/heartbeats/nobody", method="DELETE").status == 404
    assert e.get("/api/v1/heartbeats/wiped", method="DELETE").status == 204
    assert [h["name"] for h in json.loads(e.get("/api/v1/heartbeats").body)["heartbeats"]] == ["x"]
    assert e.get("/api/v1/heartbeats/wiped", method="DELETE").status == 404
