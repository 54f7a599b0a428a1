"""Clients that are many, slow or rude, and descriptors that run out: Prometheus goes on scraping."""

import resource
import select
import socket
import threading
import time

import pytest

from support import entry, eventually, write_beats
from support.prometheus import Prometheus

pytestmark = pytest.mark.hard
IDLE, DRIBBLING, DEAF = 2000, 200, 200


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """This process holds the other end of every connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = IDLE + DRIBBLING + DEAF + 500
    assert hard == resource.RLIM_INFINITY or hard >= needed, f"the hard limit of open files is {hard}: {needed} are needed"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Crowd:
    """Connections of one kind. What the exporter closes is opened again, as a rude client does."""

    def __init__(self, port):
        self.port = port
        self.sockets = []

    def connect(self, first_bytes, receive_buffer=None):
        s = socket.socket()
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        s.settimeout(20)
        s.connect(("127.0.0.1", self.port))
        s.sendall(first_bytes)
        s.setblocking(False)
        self.sockets.append(s)
        return s

    def send(self, s, data):
        """False when the exporter has hung up."""
        try:
            s.send(data)
            return True
        except BlockingIOError:
            return True
        except OSError:
            return False

    def close(self):
        for s in self.sockets:
            s.close()
        self.sockets.clear()


@pytest.mark.alone  # scrapes have five seconds each
@pytest.mark.shipped  # under a sanitizer its time is too short
# The second: far above the limit of connections, so that idle ones must go for those who ask.
@pytest.mark.parametrize("limit", ["--web.max-connections=4000", "--web.max-connections=512"])
def test_prometheus_goes_on_scraping_beside_thousands_of_rude_clients(exporter, beats, tmp_path, limit):
    write_beats(beats, {f"worker-{n:04}": entry(jobs=n, pad=n * 1.5) for n in range(2000)})
    e = exporter(limit, "--web.max-requests=20")
    p = Prometheus(tmp_path, [e.port], every="5s")
    crowds = [Crowd(e.port) for _ in range(3)]
    idle, dribbling, deaf = crowds
    stop = threading.Event()

    def dribble():
        """One more byte of each request now and then."""
        place = 0
        request = b"GET /metrics HTTP/1.1\r\nHost: a\r\nX-Slow: " + b"a" * 10_000
        while not stop.wait(0.5):
            place += 1
            for index, s in enumerate(list(dribbling.sockets)):
                if not dribbling.send(s, request[place : place + 1]):
                    dribbling.sockets.remove(s)
                    s.close()
                    dribbling.connect(b"G")

    thread = threading.Thread(target=dribble)
    try:
        eventually(lambda: p.value("up") == 1, "Prometheus scrapes")
        for _ in range(IDLE):
            idle.connect(b"GET /-/healthy HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(DRIBBLING):
            dribbling.connect(b"G")
        for _ in range(DEAF):
            deaf.connect(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 5, receive_buffer=4096)
        thread.start()
        began = time.time()
        window = lambda: f"[{int(time.time() - began) + 1}s]"
        eventually(lambda: (p.value(f"count_over_time(up{window()})") or 0) >= 4, "Prometheus goes on scraping", 120)
        assert e.get("/-/healthy").status == 200
        assert p.value(f"min_over_time(up{window()})") == 1, "a scrape failed or took longer than its 5 seconds"
        if limit.endswith("4000"):
            samples = e.metrics()
            assert samples.value("heartbeat_exporter_http_connections") >= IDLE
    finally:
        stop.set()
        if thread.ident:
            thread.join()
        for crowd in crowds:
            crowd.close()
        p.stop()
    # It recovers: the connections go, and so does what they took.
    eventually(
        lambda: e.metrics().value("heartbeat_exporter_http_connections") <= 5, "the connections are gone"
    )
    assert e.stop() == 0


def test_it_recovers_when_descriptors_run_out(exporter, beats):
    write_beats(beats, {"worker": entry(pid=1, jobs=1)})
    e = exporter(under=("prlimit", "--nofile=64:64"))
    crowd = Crowd(e.port)
    try:
        for _ in range(300):
            try:
                crowd.connect(b"")
            except OSError:
                pass
        # New clients get in for idle ones, and the file and /proc can still be opened.
        for _ in range(20):
            write_beats(beats, {"worker": entry(pid=1, jobs=2)})
            samples = e.metrics()
            assert samples.value("heartbeat_file_up") == 1
            assert samples.value("heartbeat_data_jobs", process="worker") == 2
            assert samples.value("process_resident_memory_bytes", process="heartbeat-exporter") > 0
            assert all(v == 1 for v in samples.of("heartbeat_exporter_collector_success").values())
    finally:
        crowd.close()
    eventually(lambda: e.metrics().value("heartbeat_exporter_http_connections") <= 2, "the connections are gone")
    # One line for the whole crowd, not one for each of it.
    assert len(e.stderr.splitlines()) < 20, e.stderr
    assert e.stop() == 0


@pytest.mark.alone  # answers must stay untaken, not be given up by their time
@pytest.mark.shipped  # a sanitizer keeps back what was freed
def test_a_crowd_that_never_reads_does_not_take_the_memory(exporter, beats):
    """Each of them has an answer of its own, since all numbers change in between."""
    e = exporter()

    def beat(round):
        write_beats(beats, {f"worker-{n}": entry(**{f"number_{k}": n + k + round / 64 for k in range(8)}) for n in range(10_000)})

    def resident():
        return e.metrics().value("process_resident_memory_bytes", process="heartbeat-exporter") / 2**20

    crowd = Crowd(e.port)
    try:
        for round in range(4):
            beat(round)
            e.metrics()
        before = resident()
        for round in range(40):
            beat(round)
            deaf = crowd.connect(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", receive_buffer=4096)
            eventually(lambda: deaf in select.select([deaf], [], [], 0)[0], "the answer begins")
        taken = resident() - before
        # 64 MiB of answers of 8 MB, and what the allocator makes of it; all forty would be 320 MB.
        assert taken < 160, f"{taken:.0f} MiB"
        assert "clients leave more answers untaken than are kept" in e.stderr
        # Who does read is served.
        write_beats(beats, {"worker": entry(jobs=3)})
        assert e.metrics().value("heartbeat_data_jobs", process="worker") == 3
    finally:
        crowd.close()
    assert e.stop() == 0
