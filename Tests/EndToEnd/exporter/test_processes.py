"""process_up and its family, against real processes of this machine."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from support import TOOL, entry, eventually, write_beats

pytestmark = pytest.mark.hard


@pytest.fixture
def sleeper():
    """`sleeper(marker)` starts a process with `marker` in its command line."""
    started = []

    def start(marker="x", code="import time; time.sleep(600)"):
        p = subprocess.Popen([sys.executable, "-c", code, marker], start_new_session=True)
        started.append(p)
        return p

    yield start
    for p in started:
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        p.wait()


def test_a_running_process_is_up_with_its_numbers(exporter, beats, sleeper):
    p = sleeper()
    write_beats(beats, {"p": entry(pid=p.pid)})
    samples = exporter().metrics()
    assert samples.value("process_up", process="p") == 1
    assert samples.value("heartbeat_pid", process="p") == p.pid
    assert samples.value("process_threads", process="p") == 1
    assert samples.value("process_resident_memory_bytes", process="p") > 1_000_000
    assert samples.value("process_open_fds", process="p") >= 3
    assert abs(samples.value("process_start_time_seconds", process="p") - time.time()) < 30
    assert samples.value("process_cpu_seconds_total", process="p") >= 0
    assert samples.value("process_up", process="heartbeat-exporter") == 1


def test_an_ended_process_is_down(exporter, beats, sleeper):
    p = sleeper()
    write_beats(beats, {"p": entry(pid=p.pid)})
    e = exporter()
    assert e.metrics().value("process_up", process="p") == 1
    p.kill()
    p.wait()
    samples = e.metrics()
    assert samples.value("process_up", process="p") == 0
    assert samples.value("process_threads", process="p") is None


def test_a_zombie_is_down(exporter, beats, sleeper):
    p = sleeper()
    write_beats(beats, {"p": entry(pid=p.pid)})
    p.kill()  # and nobody waits for it
    eventually(lambda: open(f"/proc/{p.pid}/stat").read().rsplit(")")[1].split()[0] == "Z", "it is a zombie")
    assert exporter().metrics().value("process_up", process="p") == 0


def test_a_reused_pid_is_somebody_else(exporter, beats, sleeper):
    p = sleeper()
    write_beats(beats, {"p": entry(age=3600, pid=p.pid)})
    assert exporter().metrics().value("process_up", process="p") == 0


def test_a_beat_without_pid_or_from_another_host_has_no_process(exporter, beats, sleeper):
    write_beats(beats, {"no pid": entry(), "abroad": entry(pid=sleeper().pid, host="somewhere-else.example")})
    assert set(exporter().metrics().of("process_up")) == {"heartbeat-exporter"}


def test_configured_processes(exporter, beats, tmp_path, sleeper):
    marker = f"marker-{os.getpid()}"
    sleeper(marker.upper())
    config = tmp_path / "heartbeat.yml"
    config.write_text(
        f"""
processes:
  matched:
    match: [python, "{marker}"]
  by regex:
    match: {{ cmdline_regex: '^[^ ]*python.*{marker.upper()}' }}
  never:
    display_name: Never Ran
    timeout: 120s
    match: [no-such-program-{marker}]
"""
    )
    write_beats(beats, {})
    samples = exporter(f"--config.file={config}").metrics()
    assert samples.value("process_up", process="matched") == 1
    assert samples.value("process_up", process="never") == 0
    assert samples.value("heartbeat_timeout_seconds", process="never") == 120
    assert samples.value("heartbeat_alive", process="never") == 0
    assert samples.value("heartbeat_age_seconds", process="never") is None
    assert samples.value("process_up", process="by regex") == 1


def test_the_oldest_match_is_taken(exporter, beats, tmp_path, sleeper):
    marker = f"oldest-{os.getpid()}"
    first = sleeper(marker)
    time.sleep(0.1)  # some clock ticks, which are the resolution of start times
    second = sleeper(marker)
    config = tmp_path / "heartbeat.yml"
    config.write_text(f"processes:\n  p:\n    match: ['{marker}']\n")
    write_beats(beats, {"first": entry(pid=first.pid), "second": entry(pid=second.pid)})
    started = exporter(f"--config.file={config}").metrics().of("process_start_time_seconds")
    assert started["p"] == started["first"] < started["second"]


TREE = """
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) for _ in range(3)]
time.sleep(600)
"""


def test_a_program_of_somebody_else_that_is_named_as_ours_is_found(exporter, beats, tmp_path):
    config = tmp_path / "config.yml"
    config.write_text(
        "processes:\n  other: { match: [86399.5] }\n  ours: { match: [watched-by-ours] }\n  watched: { match: [sleep, 86398.5] }\n"
    )
    other = shutil.copy(shutil.which("sleep"), tmp_path / "heartbeat")
    write_beats(beats, {})
    started = [
        subprocess.Popen(command, start_new_session=True, cwd=tmp_path)
        for command in (
            [other, "86399.5"],
            [TOOL, "run", "--name", "watched-by-ours", "--file", tmp_path / "own.json", "--", "sleep", "86398.5"],
        )
    ]
    try:
        e = exporter(f"--config.file={config}")
        expected = {"other": 1, "ours": 0, "watched": 1}
        eventually(lambda: e.metrics().of("process_up").items() >= expected.items(), "each is what it is")
        matched = e.metrics().of("process_matched")
        assert matched == {"other": 1, "ours": 0, "watched": 1}, "the tool itself is not found"
    finally:
        for p in started:
            p.terminate()
            p.wait()


def test_children_are_counted_when_asked(exporter, beats, tmp_path, sleeper):
    p = sleeper("tree", TREE)
    children = lambda: len(open(f"/proc/{p.pid}/task/{p.pid}/children").read().split())
    eventually(lambda: children() == 3, "it has three children")
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  tree:\n    children: true\n  alone: {}\n")
    write_beats(beats, {"tree": entry(pid=p.pid), "alone": entry(pid=p.pid)})
    e = exporter(f"--config.file={config}")
    assert e.metrics().of("process_threads") | {"heartbeat-exporter": 0} == {"tree": 4, "alone": 1, "heartbeat-exporter": 0}
    resident = lambda: e.metrics().of("process_resident_memory_bytes")
    # Once the children are what they are going to be.
    eventually(lambda: (r := resident())["tree"] > 2 * r["alone"], "the memory of all of them is counted")


def test_the_host(exporter):
    samples = exporter().metrics()
    memory = {l.split(":")[0]: int(l.split()[1]) * 1024 for l in open("/proc/meminfo") if "kB" in l}
    total = [v for (n, _), v in samples.items() if n.startswith("system_memory_") and v == memory["MemTotal"]]
    assert total
    assert len(samples.of("system_cpu_seconds_total")) >= 4 * os.cpu_count()
    assert samples.value("system_load1") is not None
    boot = int(next(l.split()[1] for l in open("/proc/stat") if l.startswith("btime")))
    assert abs(samples.value("system_boot_time_seconds") - boot) <= 1
