"""The heartbeat file in every state that careless writers and administrators leave it in."""

import json
import os
import subprocess
import time

import pytest

from support import LIMIT, PATIENCE, entry, eventually, write_beats

pytestmark = pytest.mark.hard


def errors(samples):
    """{reason: count} of those that happened."""
    return {r: n for r, n in samples.of("heartbeat_file_read_errors_total").items() if n > 0}


def make_unreadable(file):
    write_beats(file, {"bidder": entry()})
    file.chmod(0)


# What is put in the file's place, and the reason that the counter must show (None: any one).
BROKEN = {
    "missing": (lambda f: None, "missing"),
    "empty": (lambda f: f.write_bytes(b""), "empty"),
    "half": (lambda f: f.write_text(json.dumps({"processes": {"bidder": entry()}})[:-20]), None),
    "not JSON": (lambda f: f.write_text("bidder is alive\n"), None),
    "not JSON, binary": (lambda f: f.write_bytes(os.urandom(100_000)), None),
    "wrong shape, array": (lambda f: f.write_text('[{"bidder": 1}]'), None),
    "wrong shape, processes is a list": (lambda f: f.write_text('{"processes": ["bidder"]}'), None),
    "a fifo": (os.mkfifo, None),
    "nested too deep": (lambda f: f.write_text('{"processes":' + '{"a":' * 200_000), None),
}


@pytest.mark.parametrize("state", BROKEN)
def test_a_broken_file_costs_its_series_and_not_the_scrape(exporter, beats, state):
    make, reason = BROKEN[state]
    make(beats)
    samples = exporter().metrics()
    assert samples.value("heartbeat_file_up") == 0
    assert not samples.of("heartbeat_age_seconds")
    found = errors(samples)
    assert len(found) == 1, found
    if reason:
        assert reason in next(iter(found)), found


def test_each_state_has_its_own_reason(exporter, beats):
    reasons = {}
    e = exporter()
    before = errors(e.metrics())
    for state in ("empty", "not JSON", "wrong shape, array", "a fifo"):
        BROKEN[state][0](beats)
        eventually(lambda: errors(e.metrics()) != before, f"an error is counted for: {state}")
        now = errors(e.metrics())
        reasons[state] = {r for r in now if r not in before and r != "missing"}
        before = now
        beats.rmdir() if beats.is_dir() else beats.unlink()
        # Whatever follows is a missing file: let it be counted, so that it is not taken for the next state's reason.
        before = errors(e.metrics())
    assert all(reasons.values()), reasons
    assert len(set().union(*reasons.values())) == len(reasons), reasons


@pytest.mark.parametrize("state", BROKEN)
def test_the_last_good_content_is_kept(exporter, beats, state):
    write_beats(beats, {"bidder": entry(offset=140), "reader": entry()})
    e = exporter()
    good = e.metrics()
    assert good.value("heartbeat_file_up") == 1
    assert errors(good) == {}
    beats.unlink()
    BROKEN[state][0](beats)
    bad = e.metrics()
    assert bad.value("heartbeat_file_up") == 0
    assert errors(bad)
    assert bad.value("heartbeat_data_offset", process="bidder") == 140
    assert set(bad.of("heartbeat_age_seconds")) == {"bidder", "reader"}
    # And it comes back.
    beats.rmdir() if beats.is_dir() else beats.unlink(missing_ok=True)
    write_beats(beats, {"bidder": entry(offset=141)})
    back = e.metrics()
    assert back.value("heartbeat_file_up") == 1
    assert back.value("heartbeat_data_offset", process="bidder") == 141
    states = {tuple(dict(labels)[key] for key in ("process", "reason")) for name, labels in back if name == "heartbeat_state"}
    assert states == {("bidder", "beating"), ("reader", "entry_vanished")}, "what has vanished without a good-bye is remembered"


def test_a_file_that_others_may_not_read(exporter, beats, tmp_path):
    """Run by root, the exporter becomes nobody: root may read everything."""
    make_unreadable(beats)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o005)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    e = exporter(under=nobody if os.geteuid() == 0 else ())
    samples = e.metrics()
    assert samples.value("heartbeat_file_up") == 0
    assert any("permission" in r or "denied" in r for r in errors(samples)), errors(samples)
    beats.chmod(0o644)
    assert e.metrics().value("heartbeat_file_up") == 1


def test_both_shapes_in_one_file(exporter, beats):
    write_beats(
        beats,
        {
            "nested": entry(additional_data={"offset": 140, "memory_usage": {"heapTotal": 5}, "debug_mode": False}),
            "flat": entry(offset=7, memory_usage={"heapTotal": 6}, debug_mode=True, port="5002"),
            "silent": entry(additional_data=None),
        },
    )
    samples = exporter().metrics()
    assert samples.of("heartbeat_data_offset") == {"nested": 140, "flat": 7}
    assert samples.of("heartbeat_data_memory_usage_heap_total") == {"nested": 5, "flat": 6}
    assert samples.of("heartbeat_data_debug_mode") == {"nested": 0, "flat": 1}
    assert set(samples.of("heartbeat_age_seconds")) == {"nested", "flat", "silent"}
    assert "heartbeat_data_port" not in samples.names()


def test_ages_and_what_counts_as_alive(exporter, beats):
    write_beats(
        beats,
        {
            "fresh": entry(age=1),
            # A start on a busy machine takes what lies between it and the timeout of an hour.
            "late": entry(age=3_300),
            "dead": entry(age=3_601),
            "ahead a little": entry(age=-4),
            "ahead": entry(age=-3600),
        },
    )
    samples = exporter("--heartbeat.timeout=1h").metrics()
    assert samples.of("heartbeat_alive") == {"fresh": 1, "late": 1, "dead": 0, "ahead a little": 1, "ahead": 0}
    ages = samples.of("heartbeat_age_seconds")
    assert 3_601 <= ages["dead"] < 3_901
    assert -3600 <= ages["ahead"] < -3300
    assert set(samples.of("heartbeat_timeout_seconds").values()) == {3600}


def test_malformed_entries_are_left_out_and_counted(exporter, beats):
    good = entry(offset=1)
    write_beats(beats, {"good": good, "text": "alive", "list": [1], "null": None, "number": 5})
    samples = exporter().metrics()
    assert samples.value("heartbeat_file_up") == 1
    assert set(samples.of("heartbeat_age_seconds")) == {"good"}
    assert sum(samples.of("heartbeat_entries_skipped_total").values()) == 4


def test_names_hold_anything(exporter, beats):
    names = ["with space", 'quo"te', "back\\slash", "new\nline", "emoji 🫀", "ünï", "{}", "x" * 500, ""]
    write_beats(beats, {n: entry() for n in names})
    samples = exporter().metrics()
    shown = set(samples.of("heartbeat_age_seconds"))
    assert shown >= set(names[:-2]), shown


def test_hostile_numbers(exporter, beats):
    beats.write_text(
        '{"processes": {"p": {"last_heartbeat": 1e3, "pid": 99999999999999999999, "big": 1e400, "zero": -0,'
        ' "edge": 9223372036854775808, "tiny": 1e-400, "pi": 3.141592653589793}}}'
    )
    samples = exporter().metrics()
    assert samples.value("heartbeat_data_edge", process="p") == 2.0**63
    assert samples.value("heartbeat_data_pi", process="p") == 3.141592653589793
    assert samples.value("heartbeat_data_zero", process="p") == 0
    assert samples.value("heartbeat_data_big", process="p") in (None, float("inf"))
    assert samples.value("heartbeat_pid", process="p") is None


def test_twice_the_same_name_the_last_one_wins(exporter, beats):
    one, two = (json.dumps(entry(offset=n)) for n in (1, 2))
    beats.write_text('{"processes": {"p": %s, "p": %s}}' % (one, two))
    assert exporter().metrics().of("heartbeat_data_offset") == {"p": 2}


@pytest.mark.long
def test_ten_thousand_processes(exporter, beats):
    write_beats(beats, {f"worker-{n}": entry(a=n, b=n / 7, c=True) for n in range(10_000)})
    samples = exporter().metrics()
    assert len(samples.of("heartbeat_age_seconds")) == 10_000
    assert samples.value("heartbeat_data_b", process="worker-9999") == 9999 / 7


def test_default_file_is_in_the_working_directory(exporter, tmp_path):
    write_beats(tmp_path / "heartbeat_status.json", {"here": entry()})
    e = exporter(default_file=True)
    assert set(e.metrics().of("heartbeat_age_seconds")) == {"here"}


PYTHON_WRITER = """
import json, sys, time
path, names, piece_by_piece = sys.argv[1], sys.argv[2].split(","), len(sys.argv) > 3
n = 0
while True:
    n += 1
    content = {"last_updated": time.time(), "processes": {
        name: {"last_heartbeat": time.time(), "pid": 1, "status": "alive",
               "additional_data": {"n": n, "padding": list(range(50))}} for name in names}}
    text = json.dumps(content, indent=2)
    with open(path, "w") as f:  # truncates, then writes: no lock, no rename
        if piece_by_piece:
            json.dump(content, f, indent=2)
        else:
            f.write(text)
"""

NODE_WRITER = """
const fs = require('fs'), [path, names] = process.argv.slice(1);
for (let n = 0; ; n++) {
  const processes = {};
  for (const name of names.split(','))
    processes[name] = { last_heartbeat: Date.now() / 1000, status: 'alive', n, memory_usage: process.memoryUsage() };
  fs.writeFileSync(path, JSON.stringify({ last_updated: Date.now() / 1000, processes }, null, 2));
}
"""


# The last one's file is whole for some microseconds at a time, hardly ever met: its readers live on the last good content.
WRITERS = {
    "python": (["python3", "-c", PYTHON_WRITER], [], True),
    "node": (["node", "-e", NODE_WRITER], [], True),
    "python, piece by piece": (["python3", "-c", PYTHON_WRITER], ["piecewise"], False),
}


# Each scrape reads again until it met the file whole, some 70 ms beside writers without a pause: under a sanitizer fewer tell as much.
# Its reader is so slow that it may never meet the file whole, and lives on the last good content.
SCRAPES, IS_AS_SHIPPED = (1000, True) if PATIENCE == 1 else (100, False)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.long
def test_a_thousand_scrapes_beside_a_writer_that_rewrites_in_place(exporter, beats, writer):
    command, options, is_progress_seen = WRITERS[writer]
    is_progress_seen &= IS_AS_SHIPPED
    names = [f"worker-{n}" for n in range(20)]
    write_beats(beats, {n: entry(n=0) for n in names})
    # However long a thousand scrapes take: the last good content may be that of the beginning.
    e = exporter("--heartbeat.timeout=1h")
    assert len(e.metrics().of("heartbeat_alive")) == 20
    running = subprocess.Popen([*command, str(beats), ",".join(names), *options])
    try:
        eventually(lambda: not beats.read_bytes().startswith(b'{"last'), "the writer writes")
        seen, scrape, end = set(), 0, time.monotonic() + LIMIT
        # How fast the writer is beside the scrapes is not known: where progress can be seen, it is waited for.
        while scrape < SCRAPES or (is_progress_seen and len(seen) <= 20 and time.monotonic() < end):
            scrape += 1
            answer = e.get("/metrics?collect[]=heartbeat")
            assert answer.status == 200
            lines = answer.text.splitlines()
            alive = [l for l in lines if l.startswith("heartbeat_alive{")]
            assert len(alive) == 20 and all(l.endswith(" 1") for l in alive), (scrape, alive)
            seen.add(next(l for l in lines if l.startswith('heartbeat_data_n{process="worker-0"')))
        assert running.poll() is None, "the writer ended early"
        assert len(seen) > 20 or not is_progress_seen, "one stale snapshot all the time"
    finally:
        running.kill()
        running.wait()
