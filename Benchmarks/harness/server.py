"""Servers as children, and a client that costs little beside them."""

import atexit
import gzip
import math
import socket
import subprocess
import time
import zlib


class Failure(Exception):
    """A sentence for whoever started the benchmark."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    """CPU time of a process with all of its threads, those that ended too, in seconds and to the nanosecond.

    The kernel has a clock for each process (clock_getcpuclockid(3)); /proc/PID/stat counts in steps of 10 ms.
    """
    return time.clock_gettime((~pid << 3) | 2)


class Server:
    """A server of one process on a free port of 127.0.0.1, ready to be scraped.

    `file` is the heartbeat file that it reads; None: what it serves was given to it before.
    """

    def __init__(self, name, command, folder, file=None, port=None, patience=60):
        self.name, self.file = name, file
        self.port = port or free_port()
        self.log = folder / f"{name.replace(' ', '-').replace('/', '-')}.log"
        command = [str(word).replace("{port}", str(self.port)) for word in command]
        with self.log.open("w") as log:
            try:
                self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
            except OSError as error:
                raise Failure(f"{command[0]} cannot be started: {error}") from None
        atexit.register(self.stop)
        deadline = time.monotonic() + patience
        while True:
            try:
                Client(self).get()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    said = self.log.read_text()[-800:]
                    raise Failure(f"{name} does not answer on port {self.port}; it was started as {command} and said:\n{said}") from None
                time.sleep(0.02)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024

    def stop(self):
        atexit.unregister(self.stop)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Client:
    """One keep-alive connection that reads all answers into one buffer.

    Python's own client takes longer than the fastest servers here, and shares the machine with them.
    """

    buffer = bytearray(1 << 20)

    def __init__(self, server, compressed=False):
        self.server = server
        self.connect()
        self.request = (
            f"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain;version=0.0.4\r\n"
            f"Accept-Encoding: {'gzip' if compressed else 'identity'}\r\n\r\n"
        ).encode()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.server.port), 300)

    def get(self):
        """Scrapes once; gives how many bytes came."""
        if self.socket.fileno() < 0:
            self.connect()
        self.socket.sendall(self.request)
        # Where the answer ends; infinite until that is known.
        length, end = 0, math.inf
        self.head = b""
        while length < end:
            if length == len(Client.buffer):
                Client.buffer += bytes(len(Client.buffer))
            count = self.socket.recv_into(memoryview(Client.buffer)[length:])
            if count == 0:
                raise ConnectionError("closed")
            length += count
            if not self.head and (head := Client.buffer.find(b"\r\n\r\n", 0, length)) >= 0:
                self.head = bytes(Client.buffer[:head]).lower()
                self.body_start = head + 4
                if self.head.split()[1] != b"200":
                    raise Failure(f"{self.server.name}: {self.head.splitlines()[0].decode()}, expected 200")
                self.chunked = b"transfer-encoding: chunked" in self.head
                if not self.chunked:
                    end = self.body_start + int(self.head.partition(b"content-length:")[2].split()[0])
            # Should such bytes once end a packet in the middle of a body, the next answer would not begin with a status.
            if self.head and self.chunked and Client.buffer.endswith(b"\r\n0\r\n\r\n", 0, length):
                break
        if self.head.startswith(b"http/1.0"):
            self.close()  # The server does not keep connections.
        self.length = length
        return length - self.body_start

    def text(self):
        """The body of the last answer, decoded."""
        raw = bytes(Client.buffer[self.body_start : self.length])
        if self.chunked:
            parts, position = [], 0
            while size := int(raw[position : (line := raw.index(b"\r\n", position))], 16):
                parts.append(raw[line + 2 : line + 2 + size])
                position = line + 2 + size + 2
            raw = b"".join(parts)
        if b"content-encoding: gzip" not in self.head:
            return raw
        try:
            return gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise Failure(f"{self.server.name}: the body is no gzip: {error}") from None

    def close(self):
        self.socket.close()


def samples_in(text):
    """How many samples an exposition has: its lines that are no comments."""
    return text.count(b"\n") - text.count(b"\n#") - text.startswith(b"#")
