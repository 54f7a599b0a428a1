"""The exporter as a child process, and small readers of what it answers."""

import base64
import contextlib
import gzip
import http.client
import json
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from support.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "Tests" / "Fixtures"
BIN = Path(os.environ.get("HEARTBEAT_BIN", ROOT / ".build" / "release"))
EXPORTER = BIN / "heartbeat-exporter"
TOOL = BIN / "heartbeat"

# What only root may do (mount, chroot) is done by sudo when the tests run as somebody else.
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]

# Without the developer's own variables: HEARTBEAT_FILE or HEARTBEAT_EXPORTER_* would change what is tested.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("HEARTBEAT")}


# How much longer than usual anything may take: a sanitizer slows the programs down.
PATIENCE = float(os.environ.get("HEARTBEAT_TEST_PATIENCE", "1"))

# Seconds after which what must happen by itself is taken for never: no measure of anything, only an end of waiting.
LIMIT = 300 * PATIENCE


# The search for leaks at a sanitized program's end stops all threads and reads /proc: it waits for one that the kernel
# holds, and fails without /proc.
NO_LEAK_CHECK = {"ASAN_OPTIONS": "detect_leaks=0"}


def eventually(condition, what, seconds=120.0):
    """Polls until `condition()` is true (and returns its value); fails with `what` when it never is."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"after {seconds:g} s still not: {what}"
        time.sleep(0.02)


@dataclass
class Answer:
    status: int
    headers: dict
    raw: bytes

    @property
    def body(self):
        if self.headers.get("content-encoding") == "gzip":
            return gzip.decompress(self.raw)
        return self.raw

    @property
    def text(self):
        return self.body.decode()


class Samples(dict):
    """{(name, ((label, value), ...)): value}, read by Prometheus's own Python client."""

    def __init__(self, text):
        super().__init__()
        self.text = text
        self.types = {}
        for family in text_string_to_metric_families(text):
            self.types[family.name] = family.type
            for s in family.samples:
                key = (s.name, tuple(sorted(s.labels.items())))
                assert key not in self, f"twice: {key}"
                self[key] = s.value

    def value(self, name, **labels):
        found = self.get((name, tuple(sorted(labels.items()))))
        if found is None and name.startswith("heartbeat_file_") and "file" not in labels:
            # Most tests have one file.
            found = next(iter(self.of(name).values())) if len(self.of(name)) == 1 and not labels else self.of(name).get(labels.get("reason"))
        return found

    def of(self, name):
        """The values of one metric: {the label values, in the labels' order: value}; of one label just its value."""
        found = {}
        for (n, labels), value in self.items():
            if n == name:
                values = tuple(v for k, v in labels if k != "file" or len(labels) == 1)
                found[values[0] if len(values) == 1 else values] = value
        return found

    def names(self):
        return {name for name, _ in self}


class Exporter:
    """A running heartbeat-exporter on 127.0.0.1; `stop()` ends it and hands its exit status on."""

    def __init__(self, folder, flags=(), env=None, under=(), default_file=False, port=None, tls=None, user=None):
        """`under`: a command that runs the exporter, as setpriv does. `default_file`: without --heartbeat.file.

        `tls`: the ssl.SSLContext of requests; `user`: their "name:password".
        """
        self.tls, self.user = tls, user
        file = [] if default_file else [f"--heartbeat.file={folder / 'heartbeat_status.json'}"]
        self.port = port or free_port()
        self.stderr_path = folder / f"exporter-{self.port}.stderr"
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                [*under, EXPORTER, f"--web.listen-address=127.0.0.1:{self.port}", *file, *flags],
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                env=ENVIRONMENT | (env or {}),
                cwd=folder,
            )
        eventually(self.is_ready, "the exporter answers /-/ready")

    @property
    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def is_ready(self):
        assert self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.stderr}"
        try:
            return self.get("/-/ready").status == 200
        except OSError:
            return False

    def connect(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=LIMIT, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)

    def get(self, path="/metrics", headers=None, method="GET", body=None):
        connection = self.connect()
        headers = headers or {}
        if self.user and "Authorization" not in headers:
            headers |= {"Authorization": "Basic " + base64.b64encode(self.user.encode()).decode()}
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(
                response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def metrics(self, query=""):
        answer = self.get("/metrics" + query)
        assert answer.status == 200, answer
        return Samples(answer.text)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a thread that waits in the kernel stays
                self.process.wait(timeout=LIMIT)
            raise AssertionError(f"SIGTERM did not end it:\n{self.stderr}") from None


def run(*arguments, env=None, cwd=None, timeout=None, input=None):
    """A program that must end by itself; its output as text."""
    return subprocess.run(
        [str(a) for a in arguments],
        **({"stdin": subprocess.DEVNULL} if input is None else {"input": input}),
        capture_output=True,
        text=True,
        env=ENVIRONMENT | (env or {}),
        cwd=cwd,
        timeout=timeout or LIMIT,
    )


def entry(age=0.0, pid=None, **data):
    """An entry of the heartbeat file in its flat shape, `age` seconds old."""
    e = {"last_heartbeat": time.time() - age, "status": "alive"} | data
    return e if pid is None else e | {"pid": pid}


def write_beats(file, processes):
    """Puts a whole heartbeat file in place, as a careful writer does."""
    text = json.dumps({"last_updated": time.time(), "processes": processes})
    temporary = file.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.rename(file)


# Values that differ from run to run, of series that are there in each.
VOLATILE_VALUES = [
    r"heartbeat_age_seconds", r"heartbeat_silenced_until_timestamp_seconds", r"heartbeat_exporter_collector_duration_seconds",
]  # fmt: skip


def normalised(text, dropped=()):
    """The exposition with volatile values written as `*`, and without the families named in `dropped` (patterns)."""
    volatile = re.compile(r"^(?:%s)(?:\{.*\})? " % "|".join(VOLATILE_VALUES))
    skip = re.compile(r"^(?:# (?:HELP|TYPE) )?(?:%s)[{ ]" % "|".join(dropped)) if dropped else None
    lines = []
    for line in text.splitlines():
        if skip and skip.match(line):
            continue
        if not line.startswith("#") and volatile.match(line):
            line = line[: line.rindex(" ")] + " *"
        # The folder is another one with each run.
        lines.append(re.sub(r'\b(file|pattern)="[^"]*/', r'\1="', line))
    return "\n".join(lines) + "\n"
