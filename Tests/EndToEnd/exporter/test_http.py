"""What a client of the HTTP side sees: routes, methods, gzip, connections."""

import gzip
import re
import socket
import subprocess

import pytest

from support import LIMIT, Samples, entry, write_beats

pytestmark = pytest.mark.hard


@pytest.fixture
def served(exporter, beats):
    write_beats(beats, {f"worker-{n:03}": entry(jobs=n) for n in range(50)})
    return exporter()


def exchange(port, request):
    """Sends raw bytes, reads until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as s:
        s.sendall(request)
        received = b""
        while chunk := s.recv(65536):
            received += chunk
        return received


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/", 200),
        ("GET", "/metrics", 200),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("HEAD", "/metrics", 200),
        ("HEAD", "/-/healthy", 200),
        ("GET", "/nothing-here", 404),
        ("GET", "/metrics/", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/", 405),
    ],
)
def test_routes(served, method, path, status):
    answer = served.get(path, method=method)
    assert answer.status == status
    if method == "HEAD":
        assert answer.raw == b""
        assert int(answer.headers["content-length"]) > 0
    else:
        assert int(answer.headers["content-length"]) == len(answer.raw) > 0
    if status == 405:
        assert "GET" in answer.headers["allow"]


def test_landing_page_links_to_metrics_and_names_the_version(served):
    page = served.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "/metrics" in page.text
    assert served.metrics().of("heartbeat_exporter_build_info")
    version = next(dict(l)["version"] for n, l in served.metrics() if n == "heartbeat_exporter_build_info")
    assert version in page.text


def test_content_type_is_that_of_the_text_format(served):
    assert served.get().headers["content-type"].replace(" ", "").startswith("text/plain;version=0.0.4")


# RFC 9110 section 12.5.3. None: no such header.
@pytest.mark.parametrize(
    "accepted, encoding",
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0.001", None),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("gzip;q=0.2, identity;q=0.8", None),
        ("gzip;q=0", None),
        ("gzip;q=0, *", None),
        ("br", None),
        ("identity", None),
        ("identity;q=0, gzip", "gzip"),
    ],
)
def test_accept_encoding(served, accepted, encoding):
    answer = served.get(headers={} if accepted is None else {"Accept-Encoding": accepted})
    assert answer.status == 200
    if accepted != "gzip;q=0.001":  # gzip is acceptable here and identity too: both are right
        assert answer.headers.get("content-encoding") == encoding
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert int(answer.headers["content-length"]) == len(answer.raw)
    assert len(Samples(answer.text).of("heartbeat_data_jobs")) == 50


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, identity;q=0"])
def test_no_coding_is_left(served, accepted):
    assert served.get(headers={"Accept-Encoding": accepted}).status == 406


def test_gzip_is_read_by_curl_and_python(served):
    plain = served.get()
    packed = served.get(headers={"Accept-Encoding": "gzip"})
    assert len(packed.raw) < len(plain.raw) / 3
    assert set(Samples(gzip.decompress(packed.raw).decode())) >= set(
        k for k in Samples(plain.text) if k[0].startswith("heartbeat_data_")
    )
    curl = subprocess.run(
        ["curl", "-sS", "--fail", "--compressed", f"http://127.0.0.1:{served.port}/metrics"],
        capture_output=True,
        check=True,
    )
    assert len(Samples(curl.stdout.decode()).of("heartbeat_data_jobs")) == 50


def test_gzip_holds_the_same_bytes_as_identity(exporter, beats):
    """Most of a gzip body is put together from parts that were compressed for earlier scrapes."""
    changing = re.compile(r"^(heartbeat_age_seconds|heartbeat_exporter_|process_|system_|heartbeat_file_modified).*$", re.M)
    processes = {f"worker-{i}": entry(jobs=i, rate=i / 7) for i in range(500)}
    write_beats(beats, processes)
    running = exporter()
    for round in range(6):
        if round % 2:
            for i in range(0, 500, 7):
                processes[f"worker-{i}"]["jobs"] = 1000 + round
            write_beats(beats, processes)
        plain = running.get().text
        assert ("} 1005\n" in plain) == (round == 5)
        for _ in range(2):
            packed = running.get(headers={"Accept-Encoding": "gzip"})
            text = gzip.decompress(packed.raw).decode()
            assert changing.sub("", text) == changing.sub("", plain)
            assert len(packed.raw) < len(text) / 5


def test_one_connection_serves_many_requests(served):
    request = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = exchange(served.port, request * 10 + last)
    assert received.count(b"HTTP/1.1 200 ") == 11
    assert b"heartbeat_data_jobs" in received


def test_head_says_what_get_would_send(served):
    get, head = (exchange(served.port, m + b" /-/ready HTTP/1.0\r\n\r\n") for m in (b"GET", b"HEAD"))
    fields = lambda a: [l for l in a.split(b"\r\n\r\n")[0].split(b"\r\n") if not l.lower().startswith(b"date")]
    assert fields(get) == fields(head)
    assert head.endswith(b"\r\n\r\n")


def test_a_slow_client_holds_nobody_up(served):
    with socket.create_connection(("127.0.0.1", served.port), timeout=LIMIT) as slow:
        slow.sendall(b"GET /metrics HT")
        for _ in range(20):
            assert served.get().status == 200


def test_collect_and_exclude_choose_collectors(served):
    only = served.metrics("?collect[]=heartbeat")
    assert "heartbeat_age_seconds" in only.names()
    assert not [n for n in only.names() if n.startswith(("system_", "process_"))]
    without = served.metrics("?exclude[]=system")
    assert "heartbeat_age_seconds" in without.names()
    assert not [n for n in without.names() if n.startswith("system_")]
    assert served.get("/metrics?collect[]=nonsense").status == 400


def test_the_access_is_counted(served):
    served.get("/nothing-here")
    served.get()
    requests = served.metrics().of("heartbeat_exporter_http_requests_total")
    by_code = {labels[0] for labels in requests}
    assert {"200", "404"} <= by_code, requests
