"""The same question to somebody else's code: generated heartbeat files read back by Python, malformed requests sent to nginx."""

import json
import math
import random
import shutil
import socket
import subprocess

import pytest

from support import LIMIT, PATIENCE, eventually, free_port

pytestmark = pytest.mark.hard
# Under a sanitizer, where each takes several times as long, so many fewer.
FILES = int(5000 / PATIENCE)
KNOWN = {"last_heartbeat", "last_heartbeat_formatted", "pid", "status", "host", "additional_data"}
# 18 characters: cases, digits, what must be escaped, what JSON escapes, two to four bytes of UTF-8.
ALPHABET = "aZbQ09_- .\"\\\n\t{é✓🫀"


def text(rng, longest=12):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randint(1, longest)))


def number(rng):
    return rng.choice(
        [
            lambda: rng.randint(-9, 99),
            lambda: rng.randint(-(2**70), 2**70),
            lambda: rng.random() * 10 ** rng.randint(-320, 300),
            lambda: -rng.expovariate(1),
            lambda: round(rng.random() * 1000, 2),
            lambda: rng.random() < 0.5,
            lambda: rng.choice([0.0, -0.0, 5e-324, 1.7976931348623157e308, 2**53 + 1, 0.1, 1e21, 1e-7, 123456789012345680.0]),
        ]
    )()


def data(rng, depth=0):
    """A process's own data: what is a number, what is none, and objects of both."""
    made = {}
    for _ in range(rng.randint(0, 5)):
        key = rng.choice([text(rng, 6), "heapTotal", "jobs", "HTTPErrors", "x_y"])
        kind = rng.random()
        if kind < 0.6:
            made[key] = number(rng)
        elif kind < 0.75 and depth < 4:
            made[key] = data(rng, depth + 1)
        else:
            made[key] = rng.choice([None, text(rng), [1, {"a": 2}], [], ""])
    return made


def process(rng):
    e = {"last_heartbeat": rng.choice([1.7e9 + rng.random() * 1e6, rng.randint(0, 2**31), -5.5, 0])}
    if rng.random() < 0.7:
        e["status"] = text(rng)
    own = data(rng)
    if rng.random() < 0.5:
        e["additional_data"] = own
    else:
        e |= {k: v for k, v in own.items() if k not in KNOWN}
    if rng.random() < 0.3:
        e["last_heartbeat_formatted"] = text(rng)
    items = list(e.items())
    rng.shuffle(items)
    return dict(items)


def generated(rng):
    return {text(rng): process(rng) for _ in range(rng.randint(0, 8))}


def snake_case(key):
    """The mapping of docs/metrics.md, once more and otherwise than the exporter does it."""
    out = ""
    for i, c in enumerate(key):
        if c.isascii() and c.isupper():
            before = key[i - 1] if i else ""
            after = key[i + 1] if i + 1 < len(key) else ""
            word = lambda s: bool(s) and s.isascii() and (s.islower() or s.isdigit())
            starts = before.isascii() and before.isupper() and after.isascii() and after.islower()
            out += ("_" if word(before) or starts else "") + c.lower()
        else:
            out += c if c.isascii() and c.isalnum() else "_"
    return out


def numbers(value, path=()):
    """[(path, float)] of an object, in its order."""
    found = []
    for key, v in value.items():
        if isinstance(v, dict):
            found += numbers(v, path + (key,))
        elif isinstance(v, (bool, int, float)):
            found.append((path + (key,), float(v)))
    return found


def expected(processes):
    """{(name, process): value} of the heartbeat_ families that depend on the file alone."""
    made = {}
    per_process = []
    for name, e in processes.items():
        own = {k: v for k, v in e.items() if k not in KNOWN}
        nested = e.get("additional_data", {})
        found = []
        for key, value in e.items():
            # Both shapes may be mixed; the order is that of the file.
            if key == "additional_data":
                found += numbers(nested)
            elif key in own:
                found += numbers({key: value})
        per_process.append((name, dict(found)))
        made["heartbeat_last_timestamp_seconds", name] = float(e["last_heartbeat"])
        if "status" in e:
            made["heartbeat_status", name, e["status"]] = 1.0
    for name, found in per_process:
        for path, value in found.items():
            metric = "heartbeat_data_" + "_".join(snake_case(k) for k in path)
            made.setdefault((metric, name), value)
    return made


@pytest.mark.long
def test_what_python_reads_back_is_what_was_written(exporter, beats):
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    beats.write_text('{"processes": {}}')
    served = exporter("--no-collector.system", "--no-collector.process", "--heartbeat.remember=0")
    for round in range(FILES):
        processes = generated(rng)
        written = json.dumps({"processes": processes}, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
        temporary = beats.with_suffix(".tmp")
        temporary.write_text(written)
        temporary.rename(beats)
        samples = served.metrics()
        found = {}
        for (metric, labels), value in samples.items():
            labels = dict(labels)
            if "process" in labels and metric.startswith(("heartbeat_data_", "heartbeat_status", "heartbeat_last_")):
                key = (metric, labels["process"]) + ((labels["status"],) if "status" in labels else ())
                found[key] = value
        wanted = expected(processes)
        assert found == wanted, f"seed {seed}, file {round}: {written}"
        negative = {k for k, v in wanted.items() if v == 0 and math.copysign(1, v) < 0}
        # Python's reader takes "-0" for an integer, which has no such zero.
        assert len(negative) == sum(line.endswith(" -0") for line in samples.text.splitlines()), f"seed {seed}"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """A port on which nginx reads requests whole, bodies too, and answers 200."""
    folder = tmp_path_factory.mktemp("nginx")
    port, behind = free_port(), free_port()
    (folder / "nginx.conf").write_text(
        f"""daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
        events {{ worker_connections 100; }}
        http {{
          access_log off; proxy_ignore_client_abort on; client_max_body_size 1m; large_client_header_buffers 4 8k;
          client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
          uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
          server {{ listen 127.0.0.1:{behind}; location / {{ return 200; }} }}
          server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{behind}; }} }}
        }}"""
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or "nginx"
    with open(folder / "output", "wb") as output:
        process = subprocess.Popen(
            [program, "-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log"], stdout=output, stderr=output
        )

    def answers():
        assert process.poll() is None, (folder / "output").read_text()
        try:
            return status(port, b"GET / HTTP/1.0\r\n\r\n") == 200
        except OSError:
            return False

    eventually(answers, "nginx answers")
    yield port
    process.terminate()
    process.wait(timeout=LIMIT)


def status(port, request):
    """The status of the first answer to raw bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        received = b""
        while b"\r\n" not in received and (chunk := s.recv(65536)):
            received += chunk
    assert received.startswith(b"HTTP/1.1 "), received
    return int(received[9:12])


H = b"Host: a\r\n"
G = b"GET / HTTP/1.1\r\n" + H
P = b"POST / HTTP/1.1\r\n" + H
C = P + b"Transfer-Encoding: chunked\r\n\r\n"

# Requests for which RFC 9110 and 9112 prescribe the status, or a server that takes them would do harm.
MALFORMED = {
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (G + b"Host: b\r\n\r\n", 400),
    "the same Host twice": (G + H + b"\r\n", 400),
    "Host with a space": (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    "Host with a path": (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    "no request": (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
    "no version's shape": (b"GET / HTP/1.1\r\n" + H + b"\r\n", 400),
    "a version without digits": (b"GET / HTTP/a.b\r\n" + H + b"\r\n", 400),
    "a version to come": (b"GET / HTTP/2.0\r\n" + H + b"\r\n", 505),
    "space in the target": (b"GET /a b HTTP/1.1\r\n" + H + b"\r\n", 400),
    "NUL in the target": (b"GET /\0 HTTP/1.1\r\n" + H + b"\r\n", 400),
    "method with a bracket": (b"G(T / HTTP/1.1\r\n" + H + b"\r\n", 400),
    "relative target": (b"GET metrics HTTP/1.1\r\n" + H + b"\r\n", 400),
    "percent without digits": (b"GET /%zz HTTP/1.1\r\n" + H + b"\r\n", 400),
    "encoded NUL": (b"GET /a%00b HTTP/1.1\r\n" + H + b"\r\n", 400),
    "space before the colon": (G + b"X : 1\r\n\r\n", 400),
    "NUL in a value": (G + b"X: a\0b\r\n\r\n", 400),
    "no name": (G + b": 1\r\n\r\n", 400),
    "length that is no number": (P + b"Content-Length: x\r\n\r\n", 400),
    "length below zero": (P + b"Content-Length: -1\r\n\r\n", 400),
    "two lengths": (P + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "length and coding": (P + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "coding in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "unknown coding": (P + b"Transfer-Encoding: wonder\r\n\r\n", 501),
    "chunk size that is none": (C + b"x\r\n", 400),
    "chunk size below zero": (C + b"-1\r\n", 400),
    "chunk longer than it says": (C + b"1\r\nab\r\n0\r\n\r\n", 400),
    "target of 9 KiB": (b"GET /" + b"a" * 9216 + b" HTTP/1.1\r\n" + H + b"\r\n", 414),
    "body of 2 MiB": (P + b"Content-Length: 2097152\r\n\r\n", 413),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_gets_the_status_that_nginx_gives(exporter, nginx, name):
    request, prescribed = MALFORMED[name]
    assert status(nginx, request) == prescribed
    assert status(exporter().port, request) == prescribed
