"""Random requests and random states of the file against one exporter, for as long as one likes. See scripts/soak."""

import argparse
import contextlib
import gzip
import http.client
import json
import os
import random
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from support import LIMIT, Exporter, Samples, entry

MEBIBYTE = 1 << 20
# What a leak of one small object for each of some ten thousand requests would exceed.
MOST_GROWTH = 12 * MEBIBYTE


class Soak:
    def __init__(self, folder, seed):
        self.folder, self.seed = folder, seed
        self.file = folder / "heartbeat_status.json"
        self.exporter = Exporter(
            folder,
            flags=["--web.enable-push", "--push.allow-unauthenticated", "--push.rate-limit=0", "--web.header-timeout=1s",
                   "--web.idle-timeout=2s", "--heartbeat.max-file-size=1MiB", "--push.max-body=64KiB"],
        )  # fmt: skip
        self.stop = threading.Event()
        self.wrong = []
        self.counts = {}
        self.lock = threading.Lock()

    def count(self, what):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    # The file

    def change_file(self, rng):
        names = [f"p{n}" for n in range(rng.randint(0, 200))]
        content = {n: entry(age=rng.uniform(-10, 100), pid=rng.choice([None, 1, os.getpid(), 4194303]), n=rng.random()) for n in names}
        text = json.dumps({"last_updated": time.time(), "processes": content})
        state = rng.randrange(10)
        if state < 4:
            temporary = self.folder / "new"
            temporary.write_text(text)
            temporary.rename(self.file)
        elif state == 4:
            self.file.write_text(text)
        elif state == 5:
            self.file.write_text(text[: rng.randrange(len(text))])
        elif state == 6:
            self.file.write_bytes(rng.randbytes(rng.randrange(100_000)))
        elif state == 7:
            self.file.unlink(missing_ok=True)
        elif state == 8:
            self.file.write_bytes(b"{" * rng.randrange(2 * MEBIBYTE))
        else:
            self.file.write_text("")
        self.count("file states")

    # The requests

    def ask(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.exporter.port, timeout=LIMIT)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            content = answer.read()
            if answer.getheader("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            return answer.status, content

    def scrape(self, rng):
        headers = rng.choice([{}, {"Accept-Encoding": "gzip"}])
        status, body = self.ask("GET", "/metrics" + rng.choice(["", "", "?collect[]=heartbeat"]), headers)
        assert status == 200 and body.endswith(b"\n"), status
        if rng.random() < 0.1:
            assert Samples(body.decode()).value("heartbeat_file_up") in (0, 1)

    def push(self, rng):
        body = json.dumps({"additional_data": {"n": rng.random(), "s": "x" * rng.randrange(200)}})
        name = f"pushed-{rng.randrange(50)}"
        kind = {"Content-Type": "application/json"}
        method = rng.choice(["PUT", "POST", "DELETE"])
        status, _ = self.ask(method, f"/api/v1/heartbeats/{name}", kind, None if method == "DELETE" else body)
        assert status in (204, 404, 503, 507), (method, status)

    def push_nonsense(self, rng):
        body = rng.choice([b"{", b"[]", rng.randbytes(rng.randrange(2000)), b'{"pid": -1}'])
        status, _ = self.ask("POST", "/api/v1/heartbeats/x", {"Content-Type": "application/json"}, body)
        # No bytes at all are a beat like any other, and the file may be one that takes none.
        assert status in (204, 400, 422) or not body and status in (503, 507), (status, body)

    def browse(self, rng):
        path, expected = rng.choice(
            [("/", 200), ("/-/healthy", 200), ("/-/ready", 200), ("/nothing", 404), ("/metrics/", 404), ("/api/v1/nothing", 404)]
        )
        status, _ = self.ask(rng.choice(["GET", "HEAD"]), path)
        assert status == expected, (path, status)

    def raw(self, rng):
        request = rng.choice(
            [
                rng.randbytes(rng.randrange(1, 3000)),
                b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * rng.randrange(300) + b"\r\n",
                b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * rng.randrange(1, 20),
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + rng.randbytes(50),
                b"GET /" + b"a" * rng.randrange(10_000) + b" HTTP/1.1\r\n",
            ]
        )
        with socket.create_connection(("127.0.0.1", self.exporter.port), timeout=LIMIT) as s:
            with contextlib.suppress(OSError):
                s.sendall(request)
                if rng.random() < 0.5:
                    # A body that never ends is waited for longer than a worker has time.
                    s.settimeout(1.5)
                    answer = s.recv(rng.randrange(1, 65536))
                    # One byte may be all that was asked for.
                    assert answer[:9] == b"HTTP/1.1 "[: len(answer)], answer[:100]
            if rng.random() < 0.3:
                # A reset instead of an end.
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def worker(self, number):
        rng = random.Random(self.seed * 1000 + number)
        acts = [self.scrape, self.scrape, self.push, self.push_nonsense, self.browse, self.raw]
        while not self.stop.is_set():
            act = self.change_file if number == 0 else rng.choice(acts)
            try:
                act(rng)
                self.count(act.__name__)
            except BaseException as problem:
                self.wrong.append(f"{act.__name__}: {type(problem).__name__}: {problem}")
                self.stop.set()
            if number == 0:
                self.stop.wait(0.02)

    # What it costs

    def resting(self):
        """(memory, descriptors, threads) once nobody is connected any more."""
        time.sleep(3)
        folder = Path(f"/proc/{self.exporter.process.pid}")
        status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        memory = int(status["VmRSS"].split()[0]) * 1024
        # The writer holds on to the file that it wrote last, if it did write: one descriptor or none.
        self.open = sorted(p for p in (os.readlink(d) for d in (folder / "fd").iterdir()) if not p.startswith(str(self.file)))
        self.threads = sorted((d / "comm").read_text().strip() for d in (folder / "task").iterdir())
        return memory, len(self.open), len(self.threads)

    def run_for(self, seconds):
        self.stop.clear()
        threads = [threading.Thread(target=self.worker, args=(n,)) for n in range(9)]
        for t in threads:
            t.start()
        self.stop.wait(seconds)
        self.stop.set()
        for t in threads:
            t.join()

    def run(self, seconds):
        # The first tenth warms up: buffers reach their size.
        self.run_for(max(4, seconds / 10))
        before, open_before, threads_before = self.resting(), self.open, self.threads
        if not self.wrong:
            self.run_for(seconds)
        after = self.resting()
        # A slow machine takes its time to close what clients have left, and a thread that helped where a call was slow
        # ends only after 70 s without work.
        deadline = time.monotonic() + 100
        while any(a > b for a, b in zip(after[1:], before[1:])) and time.monotonic() < deadline:
            after = self.resting()
        assert not self.wrong, f"seed {self.seed}: {self.wrong[:3]}"
        assert self.exporter.stop() == 0, self.exporter.stderr[-2000:]
        names = ("bytes of memory", "descriptors", "threads")
        told = ", ".join(f"{name} {b:,} to {a:,}" for name, b, a in zip(names, before, after))
        if after[1] > before[1]:
            told += f"; open before: {open_before}, after: {self.open}"
        if after[2] > before[2]:
            told += f"; threads before: {threads_before}, after: {self.threads}"
        assert after[0] <= before[0] + MOST_GROWTH and after[1] <= before[1] and after[2] <= before[2], told
        return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    arguments = parser.parse_args()
    print(f"soaking for {arguments.seconds:g} s, seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), arguments.seed)
        try:
            told = soak.run(arguments.seconds)
        except AssertionError as problem:
            sys.exit(f"error: {problem}")
        finally:
            if soak.exporter.process.poll() is None:
                soak.exporter.process.kill()
    print(", ".join(f"{n:,} {what}" for what, n in sorted(soak.counts.items())))
    print(told)


if __name__ == "__main__":
    main()
