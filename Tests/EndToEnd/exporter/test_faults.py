"""What a host can do to a program: file systems that fill, vanish or hang, clocks that jump, a /proc that is not there."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from support import AS_ROOT, LIMIT, NO_LEAK_CHECK, Samples, entry, eventually, write_beats
from support.hanging import HangingFolder

pytestmark = pytest.mark.hard


def as_root(*command):
    result = subprocess.run([*AS_ROOT, *map(str, command)], capture_output=True, text=True, timeout=LIMIT)
    assert result.returncode == 0, result.stderr
    return result.stdout


def reasons(samples):
    return {r for r, n in samples.of("heartbeat_file_read_errors_total").items() if n > 0}


@pytest.fixture
def disk(tmp_path):
    """A file system of one megabyte in the folder of the heartbeat file."""
    folder = tmp_path / "disk"
    folder.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs", folder)
    yield folder
    if os.path.ismount(folder):
        as_root("umount", "--lazy", folder)


def test_a_full_disk_is_read_all_the_same(exporter, disk):
    file = disk / "heartbeat_status.json"
    write_beats(file, {"bidder": entry(offset=1)})
    with open(disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    e = exporter(f"--heartbeat.file={file}", default_file=True)
    assert e.metrics().value("heartbeat_data_offset", process="bidder") == 1


def test_a_read_only_file_system_is_read_all_the_same(exporter, disk):
    file = disk / "heartbeat_status.json"
    write_beats(file, {"bidder": entry(offset=1)})
    as_root("mount", "-o", "remount,ro", disk)
    e = exporter(f"--heartbeat.file={file}", default_file=True)
    assert e.metrics().value("heartbeat_file_up") == 1
    assert e.metrics().value("heartbeat_data_offset", process="bidder") == 1


def test_a_file_system_that_vanishes_and_comes_back(exporter, disk):
    file = disk / "heartbeat_status.json"
    write_beats(file, {"bidder": entry(offset=1)})
    e = exporter(f"--heartbeat.file={file}", default_file=True)
    assert e.metrics().value("heartbeat_file_up") == 1
    as_root("umount", disk)
    gone = e.metrics()
    assert gone.value("heartbeat_file_up") == 0
    assert reasons(gone) == {"missing"}
    assert gone.value("heartbeat_data_offset", process="bidder") == 1
    as_root("mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs", disk)
    write_beats(file, {"bidder": entry(offset=2)})
    assert e.metrics().value("heartbeat_data_offset", process="bidder") == 2


def test_what_is_mounted_meanwhile_is_seen_and_what_is_unmounted_too(exporter, beats, disk):
    e = exporter()

    def size():
        found = [v for labels, v in e.metrics().of("system_filesystem_size_bytes").items() if str(disk) in labels]
        return found[0] if found else None

    for _ in range(2):
        assert size() == 1 << 20 and size() == 1 << 20, "the second answer is of the mounts that were remembered"
        as_root("umount", disk)
        assert size() is None and size() is None
        as_root("mount", "-t", "tmpfs", "-o", "size=1m,mode=1777", "tmpfs", disk)


@pytest.fixture
def hanging(tmp_path):
    folder = HangingFolder(tmp_path)
    yield folder
    folder.close()


def test_a_file_system_that_hangs_costs_one_wait_and_nothing_else(exporter, hanging):
    write_beats(hanging.behind / "heartbeat_status.json", {"bidder": entry(offset=1)})
    e = exporter(f"--heartbeat.file={hanging.folder}/heartbeat_status.json", default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
    assert e.metrics().value("heartbeat_file_up") == 1
    hanging.hang()
    # FUSE answers from its cache for a second.
    eventually(lambda: e.metrics().value("heartbeat_file_up") == 0, "the hanging file system is noticed")
    samples = e.metrics()
    assert reasons(samples) == {"timeout"}
    assert samples.value("heartbeat_data_offset", process="bidder") == 1
    assert samples.value("process_up", process="heartbeat-exporter") == 1
    assert e.stderr.count("did not answer") == 1, e.stderr
    # Nobody waits for it again. Each scrape that did would wait for --heartbeat.read-timeout, a slow
    # machine makes some of them slow.
    took = []
    for _ in range(50):
        began = time.monotonic()
        assert e.get("/metrics?collect[]=heartbeat").status == 200
        took.append(time.monotonic() - began)
    assert sorted(took)[10] < 2
    hanging.go_on()
    write_beats(hanging.behind / "heartbeat_status.json", {"bidder": entry(offset=2)})
    eventually(lambda: e.metrics().value("heartbeat_data_offset", process="bidder") == 2, "the file is read again")
    # SIGTERM ends it also while the file system hangs.
    hanging.hang()
    eventually(lambda: e.metrics().value("heartbeat_file_up") == 0, "the hanging file system is noticed")
    hanging.assert_sigterm_ends(e)


@pytest.mark.parametrize("source", ["mounted/state.json", "mounte[d]/state.json"])
def test_a_mount_that_comes_later_over_a_local_folder_and_hangs_costs_no_other_file(source, exporter, tmp_path):
    """What was known to be local is looked at again when the kernel says that something was mounted."""
    hanging = HangingFolder(tmp_path, mounts_at_once=False)
    try:
        (tmp_path / "other").mkdir()
        for folder in ("mounted", "other"):
            (tmp_path / folder / "state.json").write_text(json.dumps({"last_beat": time.time(), "name": folder, "n": 1}))
        (hanging.behind / "state.json").write_text(json.dumps({"last_beat": time.time(), "n": 2}))
        files = [f"--heartbeat.file={tmp_path}/{source}", f"--heartbeat.file={tmp_path}/other/state.json", "--heartbeat.read-timeout=1s"]
        e = exporter(*files, default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
        for _ in range(3):
            assert e.metrics().of("heartbeat_data_n") == {"mounted": 1, "other": 1}
        hanging.mount()
        hanging.hang()
        samples = e.metrics()
        assert samples.value("heartbeat_file_up", file=f"{tmp_path}/mounted/state.json") == 0
        assert samples.value("heartbeat_file_up", file=f"{tmp_path}/other/state.json") == 1
        assert samples.of("heartbeat_data_n") == {"mounted": 1, "other": 1}, "what it said last"
        hanging.go_on()
        eventually(lambda: e.metrics().of("heartbeat_data_n") == {"mounted": 2, "other": 1}, "it is asked again")
    finally:
        hanging.close()


def test_a_configuration_file_that_hangs_keeps_nobody_waiting(exporter, beats, hanging):
    write_beats(beats, {"bidder": entry(offset=1)})
    config = hanging.behind / "config.yml"
    config.write_text("processes:\n  bidder:\n    timeout: 30s\n")
    (hanging.behind / "web.yml").write_text("{}")
    flags = (f"--config.file={hanging.folder}/config.yml", f"--web.config.file={hanging.folder}/web.yml")
    e = exporter(*flags, env=NO_LEAK_CHECK, under=hanging.under)
    timeout = lambda: e.metrics().value("heartbeat_timeout_seconds", process="bidder")
    assert timeout() == 30
    config.write_text("processes:\n  bidder:\n    timeout: 31s\n")
    hanging.hang()
    for _ in range(10):
        e.signal(signal.SIGHUP)
        assert timeout() == 30
    hanging.go_on()
    eventually(lambda: timeout() == 31, "it is read once it can be")
    hanging.hang()
    e.signal(signal.SIGHUP)
    assert timeout() == 31
    hanging.assert_sigterm_ends(e)


def relink(link, target):
    new = link.with_name("new-link")
    new.symlink_to(target)
    new.rename(link)


def numbers(e):
    return list(e.metrics().of("heartbeat_data_n").values())


@pytest.mark.parametrize("source", ["run/state.json", "run/*.json"])
def test_a_link_that_leads_to_another_file_is_read_though_the_first_one_hangs_for_ever(source, exporter, hanging, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "other").mkdir()
    for folder, number in ((hanging.behind, 1), (tmp_path / "other", 2)):
        (folder / "state.json").write_text(json.dumps({"last_beat": time.time(), "n": number}))
    link = tmp_path / "run" / "state.json"
    link.symlink_to(hanging.folder / "state.json")
    flags = (f"--heartbeat.file={tmp_path}/{source}", "--heartbeat.read-timeout=1s")
    e = exporter(*flags, default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
    assert numbers(e) == [1]
    hanging.hang()
    eventually(lambda: e.metrics().value("heartbeat_file_up") == 0, "the hanging file system is noticed")
    assert e.metrics().value("heartbeat_file_up") == 0
    relink(link, tmp_path / "other" / "state.json")
    eventually(lambda: numbers(e) == [2], "what is there now is read")
    assert e.metrics().value("heartbeat_file_up") == 1
    # The first question hangs to this moment; what comes of it changes nothing.
    hanging.go_on()
    for _ in range(3):
        assert numbers(e) == [2]


@pytest.mark.parametrize("source", ["mounted/state.json", "mounted/*.json"])
def test_a_mount_at_the_place_of_one_that_hangs_is_read(source, exporter, hanging, tmp_path):
    (hanging.behind / "state.json").write_text(json.dumps({"last_beat": time.time(), "n": 1}))
    flags = (f"--heartbeat.file={tmp_path}/{source}", "--heartbeat.read-timeout=1s")
    e = exporter(*flags, default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
    assert numbers(e) == [1]
    hanging.hang()
    eventually(lambda: e.metrics().value("heartbeat_file_up") == 0, "the hanging file system is noticed")
    hanging.replace()
    hanging.write("state.json", json.dumps({"last_beat": time.time(), "n": 2}))
    eventually(lambda: numbers(e) == [2], "what is mounted now is read")


def test_a_configuration_is_read_at_the_next_sighup_though_an_earlier_reading_hangs_for_ever(exporter, beats, hanging, tmp_path):
    write_beats(beats, {"bidder": entry(offset=1)})
    real, link = hanging.behind / "config.yml", tmp_path / "config.yml"
    real.write_text("processes:\n  bidder:\n    timeout: 30s\n")
    link.symlink_to(hanging.folder / "config.yml")
    e = exporter(f"--config.file={link}", env=NO_LEAK_CHECK, under=hanging.under)
    timeout = lambda: e.metrics().value("heartbeat_timeout_seconds", process="bidder")
    assert timeout() == 30
    real.write_text("processes:\n  bidder:\n    timeout: 31s\n")
    hanging.hang()
    e.signal(signal.SIGHUP)
    eventually(lambda: "did not answer within" in e.stderr, "the reload is given up")
    (tmp_path / "good.yml").write_text("processes:\n  bidder:\n    timeout: 32s\n")
    relink(link, tmp_path / "good.yml")
    e.signal(signal.SIGHUP)
    eventually(lambda: timeout() == 32, "it is read anew")
    assert e.metrics().value("heartbeat_exporter_config_last_reload_successful") == 1
    hanging.go_on()
    for _ in range(3):
        assert timeout() == 32, "what the first reading finds late does not count"


def zeros(file, size=2 << 30):
    with file.open("wb") as f:
        f.truncate(size)


PLACES = {
    "a device": (lambda f: as_root("mknod", "-m", "666", f, "c", "1", "5"), "not_a_regular_file"),
    "a device that blocks": (lambda f: f.symlink_to("/dev/ptmx"), "not_a_regular_file"),
    "a fifo": (lambda f: os.mkfifo(f), "not_a_regular_file"),
    "a socket": (lambda f: as_root("python3", "-c", f"import socket; socket.socket(socket.AF_UNIX).bind({str(f)!r})"), "not_a_regular_file"),
    "2 GB of zeros": (zeros, "too_large"),
    "a loop of links": (lambda f: f.symlink_to(f.name), "io_error"),
    "endless": (lambda f: f.symlink_to("/proc/self/pagemap"), None),
}


# Of the memory that is freed, a sanitizer keeps back more than the test allows.
@pytest.mark.parametrize("place", [pytest.param(p, marks=pytest.mark.shipped) if p == "endless" else p for p in PLACES])
def test_something_else_stands_in_the_files_place(exporter, beats, place):
    put, reason = PLACES[place]
    write_beats(beats, {"bidder": entry(offset=1)})
    e = exporter()
    assert e.metrics().value("heartbeat_file_up") == 1
    memory = e.metrics().value("process_resident_memory_bytes", process="heartbeat-exporter")
    beats.unlink()
    put(beats)
    for _ in range(3):
        samples = e.metrics()
        assert samples.value("heartbeat_file_up") == 0
        assert samples.value("heartbeat_data_offset", process="bidder") == 1
    assert reason is None or reasons(samples) == {reason}
    assert samples.value("process_resident_memory_bytes", process="heartbeat-exporter") < memory + (96 << 20)
    # One warning, whatever the number of scrapes.
    assert e.stderr.count("cannot read the heartbeat file") == 1, e.stderr


@pytest.mark.alone  # memory is the machine's
@pytest.mark.shipped  # a sanitizer makes it slower than anybody waits
def test_two_gigabytes_of_zeros_within_the_limit_are_refused_by_their_content(exporter, beats):
    zeros(beats, (2 << 30) - 1)
    e = exporter("--heartbeat.max-file-size=2GiB")
    # No scrape waits until all are read.
    eventually(lambda: "no_beat" in reasons(e.metrics()), "they are read")
    assert reasons(e.metrics()) <= {"no_beat", "timeout"}
    beats.unlink()
    write_beats(beats, {"bidder": entry(offset=1)})
    eventually(lambda: e.metrics().value("heartbeat_data_offset", process="bidder") == 1, "the new file is read")
    # What the zeros took is given back.
    eventually(
        lambda: e.metrics().value("process_resident_memory_bytes", process="heartbeat-exporter") < (128 << 20),
        "the memory is given back",
    )


@pytest.mark.shipped  # a sanitizer wants to be loaded first
@pytest.mark.parametrize("jump", [86_400, -86_400])
def test_the_clock_is_set(exporter, beats, tmp_path, jump):
    """Set for the exporter alone, by a library that is loaded into it."""
    library, offset = tmp_path / "set_clock.so", tmp_path / "offset"
    compiler = shutil.which("clang") or "cc"
    source = Path(__file__).with_name("set_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True, timeout=LIMIT)
    offset.write_text("0")
    environment = {"LD_PRELOAD": str(library), "SET_CLOCK": str(offset)}
    write_beats(beats, {"bidder": entry(age=5, offset=1)})
    e = exporter("--web.idle-timeout=60s", env=environment)
    before = e.metrics()
    assert 4 <= before.value("heartbeat_age_seconds", process="bidder") < 60
    assert before.value("heartbeat_alive", process="bidder") == 1
    offset.write_text(str(jump))
    after = eventually(
        lambda: (s := e.metrics()) and abs(s.value("heartbeat_age_seconds", process="bidder")) > 3600 and s,
        "the jump is seen",
    )
    # Shown, never hidden: the age jumps with the clock, and what is ahead of it is negative.
    assert jump - 60 < after.value("heartbeat_age_seconds", process="bidder") < jump + 120
    assert after.value("heartbeat_alive", process="bidder") == 0
    # What is measured by the monotonic clock does not notice, connections are not cut, a new beat is seen.
    assert all(0 <= v < 60 for v in after.of("heartbeat_exporter_collector_duration_seconds").values())
    write_beats(beats, {"bidder": entry(age=-jump, offset=2)})
    again = e.metrics()
    assert again.value("heartbeat_data_offset", process="bidder") == 2
    assert again.value("heartbeat_alive", process="bidder") == 1
    assert e.stop() == 0


def test_proc_goes_away_while_it_runs(beats, tmp_path, exporter):
    """In a mount namespace of its own, where /proc is unmounted under the running exporter."""
    write_beats(beats, {"bidder": entry(pid=os.getpid(), offset=1)})
    ready = tmp_path / "namespace"
    under = ("unshare", "--mount", "--propagation", "private", "sh", "-c", f'echo $$ > {ready}; exec "$@"', "sh")
    e = exporter(under=(*AS_ROOT, *under), env=NO_LEAK_CHECK)
    assert e.metrics().value("process_up", process="bidder") == 1
    pid = ready.read_text().strip()
    as_root("nsenter", "--target", pid, "--mount", "umount", "--lazy", "/proc")
    for _ in range(3):
        samples = e.metrics()
        assert samples.value("heartbeat_data_offset", process="bidder") == 1
        # The exporter holds on to the /proc that it knows; what it could not know it would have to leave out.
        assert samples.value("process_up", process="bidder") in (1, None)
    assert e.stop() == 0


class Namespace:
    """A mount namespace with a file system of its own, and exporters in further ones whose process 1 they are: /proc/1/mounts is theirs."""

    def __init__(self, folder, place):
        place.mkdir(parents=True)
        script = 'mount -t tmpfs -o size=1m faults "$0" && echo $$ && read end'
        self.process = subprocess.Popen(
            [*AS_ROOT, "unshare", "--mount", "--propagation", "private", "sh", "-c", script, place],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self.inside = ("nsenter", f"--mount=/proc/{int(self.process.stdout.readline())}/ns/mnt")
        self.noted = folder / "namespace"
        command = "unshare --pid --fork --kill-child --mount-proc"
        self.under = (*AS_ROOT, *self.inside, "sh", "-c", f'echo $$ > {self.noted}; exec {command} "$@"', "sh")

    def close(self):
        if self.noted.exists():
            as_root("kill", "-KILL", self.noted.read_text().strip())
        self.process.communicate(b"\n", timeout=LIMIT)


@pytest.fixture
def namespace(tmp_path):
    n = Namespace(tmp_path, tmp_path / "above" / "mounted")
    yield n
    n.close()


def read_only(e):
    """Of each mount of the namespace whether it is read-only."""
    return {place: value for (device, _, place), value in e.metrics().of("system_filesystem_readonly").items() if device == "faults"}


def test_a_file_system_that_turns_read_only_by_itself(exporter, beats, tmp_path, namespace):
    """As after errors of a disk: not the mount is changed but the file system, and nobody who watches the mounts is told."""
    place = tmp_path / "above" / "mounted"
    e = exporter(under=namespace.under, env=NO_LEAK_CHECK)
    assert read_only(e) == {str(place): 0}
    assert read_only(e) == {str(place): 0}
    as_root(*namespace.inside, "mount", "-o", "remount,ro", place)
    assert read_only(e) == {str(place): 1}
    as_root(*namespace.inside, "mount", "-o", "remount,rw", place)
    assert read_only(e) == {str(place): 0}


def test_a_folder_above_a_mount_is_renamed(exporter, beats, tmp_path, namespace):
    """The mount has another place by that, of which nobody who watches the mounts is told."""
    e = exporter(under=namespace.under, env=NO_LEAK_CHECK)
    assert read_only(e) == {str(tmp_path / "above" / "mounted"): 0}
    (tmp_path / "above").rename(tmp_path / "renamed")
    eventually(lambda: read_only(e) == {str(tmp_path / "renamed" / "mounted"): 0}, "it is shown at its new place")


def test_no_proc_at_all(exporter, beats, tmp_path):
    empty = tmp_path / "proc"
    empty.mkdir()
    write_beats(beats, {"bidder": entry(pid=os.getpid(), offset=1)})
    e = exporter(f"--path.procfs={empty}")
    samples = e.metrics()
    assert samples.value("heartbeat_data_offset", process="bidder") == 1
    assert samples.value("process_up", process="bidder") is None, "it is not known, so it is not said"
    success = samples.of("heartbeat_exporter_collector_success")
    assert success == {"heartbeat": 1, "process": 0, "system": 0}


def test_a_storm_of_sighup(exporter, beats, tmp_path):
    write_beats(beats, {"bidder": entry(offset=1)})
    config = tmp_path / "config.yml"
    config.write_text("processes:\n  bidder:\n    timeout: 30s\n")
    e = exporter(f"--config.file={config}")
    e.metrics()  # some files of /proc stay open from the first scrape on
    descriptors = len(os.listdir(f"/proc/{e.process.pid}/fd"))
    for n in range(2000):
        e.signal(signal.SIGHUP)
        if n % 100 == 0:
            assert e.metrics().value("heartbeat_timeout_seconds", process="bidder") == 30
    config.write_text("processes:\n  bidder:\n    timeout: 31s\n")
    e.signal(signal.SIGHUP)
    eventually(lambda: e.metrics().value("heartbeat_timeout_seconds", process="bidder") == 31, "the last one counts")
    eventually(lambda: len(os.listdir(f"/proc/{e.process.pid}/fd")) <= descriptors + 1, "no descriptor is left open")
    assert e.stop() == 0


def test_one_file_of_a_pattern_that_hangs_costs_no_other_one(exporter, hanging, tmp_path):
    """/srv/bots/*/beat.json, where one of the folders lies on a server that is down."""
    bots = tmp_path / "bots"
    (bots / "near").mkdir(parents=True)
    (bots / "far").symlink_to(hanging.folder)

    def write(folder, number):
        new = folder / "beat.json.tmp"
        new.write_text(json.dumps({"ts": time.time(), "n": number}))
        new.rename(folder / "beat.json")

    write(bots / "near", 1)
    write(hanging.behind, 1)
    e = exporter(f"--heartbeat.file={bots}/*/beat.json", default_file=True, env=NO_LEAK_CHECK, under=hanging.under)
    near, far = str(bots / "near/beat.json"), str(bots / "far/beat.json")
    assert e.metrics().of("heartbeat_file_up") == {near: 1, far: 1}
    hanging.hang()
    write(bots / "near", 2)
    eventually(lambda: e.metrics().of("heartbeat_file_up") == {near: 1, far: 0}, "the file that hangs is noticed, and that one alone")
    samples = e.metrics()
    assert samples.of("heartbeat_data_n") == {"near": 2, "far": 1}
    assert samples.value("heartbeat_file_read_errors_total", file=far, reason="timeout") > 0
    assert samples.value("heartbeat_file_read_errors_total", file=near, reason="timeout") in (None, 0)
    (bots / "new").mkdir()
    write(bots / "new", 3)
    assert e.metrics().of("heartbeat_data_n") == {"near": 2, "far": 1, "new": 3}, "what comes meanwhile is read too"
    hanging.go_on()
    write(hanging.behind, 2)
    eventually(lambda: e.metrics().of("heartbeat_data_n") == {"near": 2, "far": 2, "new": 3}, "it is read again")
    hanging.hang()
    hanging.assert_sigterm_ends(e)
