"""The harness of Benchmarks/run: a benchmark that reads answers wrongly measures something else than it says."""

import gzip
import socket
import sys
import threading
from types import SimpleNamespace

import pytest

from support import EXPORTER, ROOT

sys.path.insert(0, str(ROOT / "Benchmarks"))
from harness import __main__ as benchmarks
from harness import peers, tables
from harness.beats import HeartbeatFile
from harness.measuring import Effort, Mode, measure
from harness.server import Client, Failure, samples_in

TEXT = b"# HELP a A.\n# TYPE a gauge\n" + b'a{b="c"} 1\n' * 1000
HEAD = b"HTTP/1.1 200 OK\r\n"


def chunked(body, size):
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


@pytest.fixture
def answering():
    """`answering(answer, ends=False)` serves these bytes to each request; `ends` closes the connection behind them."""
    listeners = []

    def serve(listener, answer, ends):
        try:
            while True:
                connection = listener.accept()[0]
                while connection.recv(10_000):
                    connection.sendall(answer)
                    if ends:
                        break
                connection.close()
        except OSError:
            return

    def start(answer, ends=False):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, answer, ends), daemon=True).start()
        return SimpleNamespace(name="made up", port=listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    ("answer", "ends"),
    [
        (HEAD + b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT, False),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(TEXT, 777), False),
        (HEAD + b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n" + chunked(gzip.compress(TEXT), 50), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(TEXT) + TEXT, True),
    ],
    ids=["length", "chunked", "chunked gzip", "HTTP/1.0"],
)
def test_the_client_reads_every_kind_of_answer(answering, answer, ends):
    client = Client(answering(answer, ends))
    for _ in range(3):
        client.get()
        assert client.text() == TEXT
    assert samples_in(client.text()) == 1000
    client.close()


def test_another_status_than_200_is_a_failure(answering):
    with pytest.raises(Failure, match="404"):
        Client(answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")).get()


@pytest.mark.alone  # measures
def test_the_exporter_is_measured(tmp_path):
    file = HeartbeatFile(tmp_path / "heartbeat_status.json", 20)
    with peers.exporter(EXPORTER.parent, file, tmp_path) as server:
        mode = Mode("10 % beat, gzip", compressed=True, share=0.1)
        (result,) = measure([server], mode, Effort(rounds=2, window=5, longest=1))
        assert result.samples > 20 * 8
        assert 0 < result.wire < 20 * 8 * 60
        assert 0 < result.cpu < 1000
        assert server.resident_mib() > 1
    assert server.process.returncode is not None


def test_every_part_with_goals_has_a_place_in_the_document():
    document = (ROOT / "docs/performance.md").read_text()
    for name in [*benchmarks.USUAL, "profile"]:
        assert "new text" in tables.replace_section(document, name, "new text")
