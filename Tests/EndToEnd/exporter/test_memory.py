"""The largest legal files fit into the memory that the packages give the exporter."""

import concurrent.futures
import re
import socket
import time
from dataclasses import dataclass

import pytest

from support import ROOT, eventually
from support.memory_group import MemoryGroup, peak, unique

MEBIBYTE = 1 << 20
# How many times the size of the files the exporter may take: docs/limits.md says so, with some room for the allocator.
MOST_TIMES = 11
OPEN_METRICS = "application/openmetrics-text;version=1.0.0"
QUESTIONS = [
    ("/metrics", {}),
    ("/metrics", {"Accept-Encoding": "gzip"}),
    ("/metrics", {"Accept": OPEN_METRICS}),
    ("/metrics", {"Accept": OPEN_METRICS + ";escaping=allow-utf-8", "Accept-Encoding": "gzip"}),
    ("/metrics", {"Accept": "text/plain;version=1.0.0;escaping=values", "Accept-Encoding": "gzip"}),
    ("/metrics", {"Accept": OPEN_METRICS + ";escaping=dots"}),
    ("/metrics?collect[]=heartbeat", {}),
    ("/api/v1/heartbeats", {}),
    ("/api/v1/heartbeats", {"Accept-Encoding": "gzip"}),
    ("/", {}),
]


def keys(count, first=0):
    return ",".join(f'"k{n}":1' for n in range(first, first + count))


# Entries that use one bound each to the full.
SHAPES = {
    "many processes": lambda n, now: (f"p{n}", f'{{"last_heartbeat":{now},"pid":1,"interval":5,"status":"alive"}}'),
    "many numbers": lambda n, now: (f"p{n}", f'{{"last_heartbeat":{now},"pid":1,{keys(1000)}}}'),
    "many keys": lambda n, now: (f"p{n}", f'{{"last_heartbeat":{now},{keys(1000, 1000 * n)}}}'),
    "long names": lambda n, now: ("n" * 1000 + str(n), f'{{"last_heartbeat":{now},"pid":1,"status":"{"s" * 64}",{keys(20)}}}'),
    "names to be escaped": lambda n, now: ("\\n" * 500 + str(n), f'{{"last_heartbeat":{now},"pid":1,"status":"{"s" * 64}"}}'),
}


def entries(shape, size, now):
    """Members of nearly `size` bytes together."""
    found, length = [], 1000
    for n in range(size):
        name, value = SHAPES[shape](n, now)
        length += len(name) + len(value) + 4
        if length > size:
            return found
        found.append((name, value))


def write(path, text):
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    temporary.rename(path)


def members(found):
    return "{%s}" % ",".join(f'"{name}":{value}' for name, value in found)


# How they lie in the sources that the packages name: a folder of own files, and a pattern.


def as_file(folder, files, found):
    write(files / "all.json", '{"processes":%s}' % members(found))


def as_files(folder, files, found):
    for n in range(40):
        write(files / f"part-{n}.json", '{"processes":%s}' % members(found[n::40]))


def as_own_files(folder, files, found):
    for n, (_, value) in enumerate(found):
        write(folder / f"p{n}.json", value)


def as_maps_of_others(folder, files, found):
    """As large as the files of other programs may be."""
    each = len(found) * 7 * MEBIBYTE // max(1, len(members(found)))
    for n in range(0, len(found), each):
        write(files / f"map-{n}.json", members((f"{n}-{name}", value) for name, value in found[n : n + each]))


def as_times_of_others(folder, files, found):
    size = len(members(found))
    now = int(time.time())
    for n in range(max(1, size // (7 * MEBIBYTE))):
        write(files / f"times-{n}.json", members((f"worker-{n}-{k}", now) for k in range(min(size, 7 * MEBIBYTE) // 29)))


@dataclass
class Content:
    shape: str
    write: object


CONTENTS = [
    *(Content(shape, as_file) for shape in SHAPES),
    Content("many numbers", as_files),
    Content("many keys", as_files),
    Content("many numbers", as_own_files),
    Content("many numbers", as_maps_of_others),
    Content("many keys", as_maps_of_others),
    Content("many numbers", as_times_of_others),
]
# Those that took most.
LARGEST = [CONTENTS[1], CONTENTS[5]]


def bytes_of(text):
    number, unit = re.fullmatch(r"(\d+)\s*([KMG])i?B?", text, re.IGNORECASE).groups()
    return int(number) << {"K": 10, "M": 20, "G": 30}[unit.upper()]


def setting(path, pattern):
    return bytes_of(re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)[1])


LIMITS = {
    "systemd": ("deploy/systemd/heartbeat-exporter.service", r"^MemoryMax=(\S+)"),
    "compose": ("docker-compose.yml", r"^    mem_limit: (\S+)"),
    "DaemonSet": ("deploy/kubernetes/daemonset.yaml", r"limits:\s+memory: (\S+)"),
    "side-car": ("deploy/kubernetes/sidecar.yaml", r"limits:\s+memory: (\S+)"),
}


def test_what_the_packages_allow_agrees_with_the_largest_files():
    largest = setting("docs/configuration.md", r"`--heartbeat.max-total-size=SIZE` \| `([^`]+)`")
    limits = {name: setting(*where) for name, where in LIMITS.items() if name != "side-car"}
    assert set(limits.values()) == {1024 * MEBIBYTE} and MOST_TIMES * largest < min(limits.values()), limits
    assert "--heartbeat.max-" not in (ROOT / LIMITS["DaemonSet"][0]).read_text()
    assert setting("docs/limits.md", r"^\| size of the file \| (\S+ MiB) \| `--heartbeat") == largest


def idle_clients(port):
    """Clients that take nothing of what they are sent."""
    clients = []
    for path, headers in [("/api/v1/events", {}), *QUESTIONS[2:6]]:
        client = socket.create_connection(("127.0.0.1", port))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())
        clients.append(client)
    return clients


def fill(exporter, folder, files, content, size, turns):
    """Has the exporter read a content, and asks it for all that it has while the content changes."""
    for path in [*folder.iterdir(), *files.iterdir()]:
        path.unlink()
    # Long answers are kept for few clients that have not taken theirs yet (docs/limits.md), and beside other tests these take them slowly.
    with concurrent.futures.ThreadPoolExecutor(4 if content in LARGEST else 2) as pool:
        for turn in range(turns):
            clients = idle_clients(exporter.port)
            content.write(folder, files, entries(content.shape, size, int(time.time()) + turn))
            # What takes long to read is shown by a later scrape.
            eventually(lambda: "\nheartbeat_state{" in exporter.get("/metrics").text, "the files are read")
            answers = list(pool.map(lambda question: exporter.get(*question), QUESTIONS))
            assert [answer.status for answer in answers] == [200] * len(QUESTIONS), content
            served = [answer.text for answer, (path, _) in zip(answers, QUESTIONS) if path.startswith("/metrics")]
            assert all("\nheartbeat_state{" in text and text.endswith("\n") for text in served), content
            for client in clients:
                client.close()


@pytest.mark.shipped
@pytest.mark.long
@pytest.mark.parametrize(
    ("package", "contents"),
    [("systemd", LARGEST), pytest.param("systemd", [c for c in CONTENTS if c not in LARGEST], marks=pytest.mark.costly), ("side-car", CONTENTS)],
    ids=["systemd", "systemd, the others", "side-car"],
)
def test_the_largest_legal_files_fit_into_the_memory_of_the_packages(exporter, tmp_path, package, contents):
    limit = setting(*LIMITS[package])
    # What the package says itself; the others have the defaults.
    flags = re.findall(r"^\s*- (--heartbeat\.max-\S+)", (ROOT / LIMITS[package][0]).read_text(), re.MULTILINE)
    size = next((bytes_of(f.split("=")[1]) for f in flags if "max-file-size" in f), 64 * MEBIBYTE)
    folder, files = tmp_path / "heartbeat.d", tmp_path / "heartbeat"
    folder.mkdir()
    files.mkdir()
    # Anew for each: what the allocator keeps of one must not hide what another one takes.
    for content in contents:
        group = MemoryGroup(unique(f"heartbeat-{package}"), limit)
        e = exporter(f"--heartbeat.file={folder}", f"--heartbeat.file={files}/*.json", *flags, default_file=True)
        try:
            group.take(e.process.pid)
            fill(e, folder, files, content, size - MEBIBYTE // 4, turns=2)
            told = f"{content.shape} {content.write.__name__}: {peak(e.process.pid) / size:.1f} times the file"
            print(told)
            assert group.killed == 0, told
            if package == "systemd":
                assert peak(e.process.pid) <= MOST_TIMES * size, told
        finally:
            e.stop()
            eventually(lambda: not (group.path / "cgroup.procs").read_text(), "the group is empty")
            group.remove()
