"""What does not answer, or cannot be read, costs itself alone; and counters only rise."""

import concurrent.futures
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from support import ENVIRONMENT, EXPORTER, FIXTURES, LIMIT, NO_LEAK_CHECK, entry, eventually, free_port, write_beats
from support.hanging import HangingFolder, HangingReads

BOT, LINE = 51300, "51300"


@pytest.fixture
def tree(tmp_path):
    """A /proc of plain files."""
    return shutil.copytree(FIXTURES / "proc", tmp_path / "proc")


def hang(path):
    """Puts a pipe in the place of a file: opening it does not return, as where the server of a file system is gone."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def go_on(path, content):
    """Lets everybody go on who waits for the pipe, and puts the file back."""
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    path.unlink()
    os.close(writer)
    path.write_bytes(content)


def success(samples, collector):
    return samples.value("heartbeat_exporter_collector_success", collector=collector)


@pytest.mark.parametrize("name", ["loadavg", "stat", "meminfo", "1/mounts", "net/dev", "diskstats", "vmstat", "sys/fs/file-nr", "sys/kernel/hostname"])
def test_a_file_of_the_host_that_hangs_keeps_nothing_else_from_being_told(exporter, beats, tree, name):
    content = (tree / name).read_bytes()
    e = exporter(f"--path.procfs={tree}")
    write_beats(beats, {"bidder": entry(offset=1)})
    assert success(e.metrics(), "system") == 1
    hang(tree / name)
    for turn in range(3):
        write_beats(beats, {"bidder": entry(offset=turn)})
        samples = e.metrics()
        assert samples.value("heartbeat_data_offset", process="bidder") == turn
        assert success(samples, "system") == 0
    assert json.loads(e.get("/api/v1/heartbeats").text)["heartbeats"][0]["state"] == "alive"
    assert e.get("/api/v1/host").status == 200
    told = [line for line in e.stderr.splitlines() if f"collector=system source={tree}/{name} " in line and "does not answer" in line]
    assert len(told) == 1, e.stderr
    go_on(tree / name, content)
    eventually(lambda: success(e.metrics(), "system") == 1, "it is read again")


@pytest.mark.parametrize("name", ["stat", "status", "cmdline"])
def test_a_process_that_hangs_is_unknown_and_costs_no_other_one(exporter, beats, tree, name, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  nobody: {match: [there is none like this]}\n")
    content = (tree / LINE / name).read_bytes()
    e = exporter(f"--path.procfs={tree}", f"--config.file={config}")
    write_beats(beats, {"bidder": entry(pid=BOT), "other": entry(pid=51121)})
    before = e.metrics()
    assert before.value("process_up", process="bidder") == 1 and before.value("process_up", process="nobody") == 0
    hang(tree / LINE / name)
    eventually(lambda: success(e.metrics(), "process") == 0, "the process that hangs is noticed")
    samples = e.metrics()
    assert samples.value("process_up", process="other") == 1
    # Only who is looked for by its command line needs those of others.
    assert samples.value("process_up", process="bidder") == (1 if name == "cmdline" else None)
    assert samples.value("process_up", process="nobody") is None
    assert f"source={tree}/{BOT}{'/cmdline' if name == 'cmdline' else ''} " in e.stderr
    go_on(tree / LINE / name, content)
    eventually(lambda: e.metrics().value("process_up", process="bidder") == 1, "it is seen again")
    assert e.metrics().value("process_up", process="nobody") == 0


DAMAGE = {"empty": lambda text: b"", "garbage": lambda text: b"\xff\xfe garbage \x00\x01\n", "cut": lambda text: text[: len(text) // 2], "huge": lambda text: b"A" * 200_000 + b"\n"}


@pytest.mark.parametrize("name", ["stat", "status", "io", "limits"])
def test_a_file_of_a_process_that_cannot_be_understood_is_named_and_nobody_is_dead_of_it(exporter, beats, tree, name, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  web: {match: [http.server]}\n")
    content = (tree / LINE / name).read_bytes()
    e = exporter(f"--path.procfs={tree}", f"--config.file={config}")
    write_beats(beats, {"bidder": entry(pid=BOT), "web": entry(), "other": entry(pid=51121)})

    def states():
        samples = e.metrics()
        return [samples.value("process_up", process=process) for process in ("bidder", "web", "other")] + [success(samples, "process")]

    def told(what):
        return [line for line in e.stderr.splitlines() if f'msg="{what}" collector=process source={tree}/{LINE}/{name}' in line]

    assert states() == [1, 1, 1, 1]
    for count, (kind, damage) in enumerate(DAMAGE.items(), 1):
        (tree / LINE / name).write_bytes(damage(content))
        unknown = None if name == "stat" else 1
        assert states() == [unknown, unknown, 1, 0], kind
        assert states() == [unknown, unknown, 1, 0], kind
        eventually(lambda: len(told("cannot read")) == count, "it is told once")
        (tree / LINE / name).write_bytes(content)
        assert states() == [1, 1, 1, 1]
        eventually(lambda: len(told("can be read again")) == count, "its end is told once")
    # What ends leaves no file behind, and that is all that is known of it.
    shutil.rmtree(tree / LINE)
    assert states() == [0, 0, 1, 1]


@pytest.mark.hard
def test_a_mount_that_hangs_is_left_out_named_and_asked_again(exporter, beats, tmp_path, tree):
    folder = HangingFolder(tmp_path)
    try:
        (tmp_path / "here").mkdir()
        # A type that nobody takes for a remote one.
        (tree / "1/mounts").write_text(f"/dev/a {tmp_path}/here ext4 ro 0 0\nx {folder.folder} beegfs rw 0 0\n")
        e = exporter(f"--path.procfs={tree}", env=NO_LEAK_CHECK, under=folder.under)
        write_beats(beats, {"bidder": entry()})

        here = {"device": "/dev/a", "mountpoint": f"{tmp_path}/here", "fstype": "ext4"}
        hung = {"device": "x", "mountpoint": str(folder.folder), "fstype": "beegfs"}

        def error():
            return e.metrics().value("system_filesystem_device_error", **hung)

        assert error() == 0
        folder.hang()
        eventually(lambda: error() == 1, "the mount that hangs is noticed")
        samples = e.metrics()
        assert samples.value("heartbeat_alive", process="bidder") == 1
        assert samples.value("system_filesystem_size_bytes", **here) > 0
        assert samples.value("system_filesystem_readonly", **here) == 1
        assert samples.value("system_filesystem_readonly", **hung) == 0
        assert samples.value("system_filesystem_size_bytes", **hung) is None
        assert success(samples, "system") == 0
        assert len(re.findall(f"source={folder.folder} .*does not answer", e.stderr)) == 1, e.stderr
        folder.go_on()
        eventually(lambda: error() == 0, "it is asked again")
    finally:
        folder.close()


@pytest.mark.hard
def test_command_lines_that_cost_a_search_much_hide_nobody_whose_pid_is_known(exporter, beats, tmp_path, tree):
    """Anybody may write such command lines; how many expressions are matched is up to the configuration."""
    config = tmp_path / "heartbeat.yml"
    costly = "".join(f"  p{n}: {{ match: {{ cmdline_regex: 'x.{{0,60}}y[a-z]{{1,40}}z.{{0,40}}Q{n}' }} }}\n" for n in range(8))
    config.write_text(f"processes:\n{costly}")
    letters = random.Random(1)
    stat = (tree / LINE / "stat").read_text()

    def process(pid, line):
        (tree / str(pid)).mkdir()
        (tree / str(pid) / "stat").write_text(stat.replace(LINE, str(pid), 1))
        (tree / str(pid) / "cmdline").write_text(line + "\0")

    for pid in range(70_000, 70_040):
        process(pid, "".join(letters.choices("xyzab", k=16_000)))
    write_beats(beats, {"bot": entry(pid=BOT)})
    e = exporter(f"--path.procfs={tree}", f"--config.file={config}")
    assert e.metrics().value("process_up", process="bot") == 1
    shutil.rmtree(tree / LINE)
    assert e.metrics().value("process_up", process="bot") == 0
    assert "does not answer" not in "".join(line for line in e.stderr.splitlines() if "collector=process" in line)


def put_back(path, content):
    """Puts a file in the place of the pipe, and leaves those who wait for the pipe to wait for ever."""
    new = path.with_name("new")
    new.write_bytes(content)
    new.rename(path)


@pytest.mark.parametrize("name", ["loadavg", "stat", "1/mounts", "sys/kernel/hostname"])
def test_a_file_of_the_host_at_the_place_of_one_that_hangs_is_read(exporter, beats, tree, name):
    content = (tree / name).read_bytes()
    e = exporter(f"--path.procfs={tree}", env=NO_LEAK_CHECK)
    assert success(e.metrics(), "system") == 1
    hang(tree / name)
    eventually(lambda: success(e.metrics(), "system") == 0, "it is noticed")
    e.metrics()
    put_back(tree / name, content)
    eventually(lambda: success(e.metrics(), "system") == 1, "it is read again")


@pytest.mark.parametrize("name", ["stat", "status", "cmdline"])
def test_a_file_of_a_process_at_the_place_of_one_that_hangs_is_read(exporter, beats, tree, name, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  nobody: {match: [there is none like this]}\n")
    content = (tree / LINE / name).read_bytes()
    e = exporter(f"--path.procfs={tree}", f"--config.file={config}", env=NO_LEAK_CHECK)
    write_beats(beats, {"bidder": entry(pid=BOT)})
    assert e.metrics().value("process_up", process="nobody") == 0
    hang(tree / LINE / name)
    eventually(lambda: success(e.metrics(), "process") == 0, "the process that hangs is noticed")
    put_back(tree / LINE / name, content)
    eventually(lambda: (s := e.metrics()).value("process_up", process="nobody") == 0 and s.value("process_up", process="bidder") == 1, "it is read again")


@pytest.mark.hard
def test_another_mount_at_the_place_of_one_that_hangs_is_asked(exporter, tmp_path, tree):
    folder = HangingFolder(tmp_path)
    try:
        (tree / "1/mounts").write_text(f"nas:/a {folder.folder} beegfs rw 0 0\n")
        e = exporter(f"--path.procfs={tree}", env=NO_LEAK_CHECK, under=folder.under)
        error = lambda device: e.metrics().value("system_filesystem_device_error", device=device, mountpoint=str(folder.folder), fstype="beegfs")
        assert error("nas:/a") == 0
        folder.hang()
        eventually(lambda: error("nas:/a") == 1, "the mount that hangs is noticed")
        folder.replace()
        (tree / "1/mounts").write_text(f"nas:/b {folder.folder} beegfs rw 0 0\n")
        assert error("nas:/b") == 0, "nobody knows anything bad of it"
    finally:
        folder.close()


def test_cpu_times_never_fall_and_cpus_that_are_offline_keep_theirs(exporter, tree):
    def write(*cpus):
        lines = "".join(f"cpu{n} 1000 0 500 {idle} {iowait} 0 0 0 0 0\n" for n, idle, iowait in cpus)
        (tree / "stat").write_text(lines + "btime 1751400000\nprocesses 1\n")

    def told():
        samples = e.metrics()
        return [samples.value("system_cpu_seconds_total", cpu=str(n), mode=mode) for n in (0, 1) for mode in ("idle", "iowait")]

    write((0, 45_000, 700), (1, 45_000, 700))
    e = exporter(f"--path.procfs={tree}")
    assert told() == [450, 7, 450, 7]
    write((0, 44_998, 300), (1, 45_100, 710))
    assert told() == [450, 7, 451, 7.1]
    write((0, 45_200, 800))
    assert told() == [452, 8, 451, 7.1], "the second one is offline"
    write((0, 45_200, 800), (1, 100, 1))
    assert told() == [452, 8, 1, 0.01], "it was put in anew"
    write((1, 200, 2))
    assert told() == [452, 8, 2, 0.02], "the first one is offline"
    order = [dict(labels)["cpu"] for name, labels in e.metrics() if name == "system_cpu_seconds_total"]
    assert order == sorted(order), "a CPU that goes offline moves no series"


def test_the_switches_of_all_threads_count_and_those_of_ended_ones_stay(exporter, beats, tmp_path):
    program = """
import sys, threading, time
def work():
    for _ in range(400):
        time.sleep(0.001)
threads = [threading.Thread(target=work) for _ in range(2)]
for t in threads: t.start()
sys.stdin.readline()
for t in threads: t.join()
print("ended", flush=True)
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        write_beats(beats, {"pool": entry(pid=process.pid)})
        e = exporter()

        def switches():
            return e.metrics().value("process_context_switches_total", process="pool", kind="voluntary")

        eventually(lambda: switches() > 200, "the threads' switches are counted")
        before = switches()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ended\n"
        assert switches() >= before
    finally:
        process.kill()
        process.wait()


def test_the_sum_of_a_tree_does_not_fall_when_a_child_ends_that_nobody_waits_for(exporter, beats, tmp_path):
    program = """
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
child = os.fork()
if child == 0:
    while time.process_time() < 0.35: pass
    print("burnt", flush=True)
    time.sleep(600)
sys.stdin.readline()
os.kill(child, signal.SIGKILL)
while os.path.exists(f"/proc/{child}"): time.sleep(0.01)
print("gone", flush=True)
time.sleep(600)
"""
    config = tmp_path / "heartbeat.yml"
    config.write_text("processes:\n  pool: {children: true}\n")
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        write_beats(beats, {"pool": entry(pid=process.pid)})
        e = exporter(f"--config.file={config}")
        assert process.stdout.readline() == "burnt\n"
        before = e.metrics().value("process_cpu_seconds_total", process="pool")
        assert before >= 0.3
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "gone\n"
        after = e.metrics()
        assert after.value("process_cpu_seconds_total", process="pool") >= before
        assert after.value("process_threads", process="pool") == 1
    finally:
        process.kill()
        process.wait()


def test_long_command_lines_cost_no_time_and_what_takes_too_long_is_counted(exporter, beats, tmp_path):
    config = tmp_path / "heartbeat.yml"
    config.write_text(
        "processes:\n  svc:\n    match: {cmdline_regex: 'node .*server\\.js'}\n"
        "  hard:\n    match: {cmdline_regex: '(a|b)*a(a|b){600}c'}\n"
    )
    letters = random.Random(1)
    hard = ["".join(letters.choice("ab") for _ in range(4_000)) for _ in range(1)]
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    started = [subprocess.Popen([*sleep, "node " * 12_800]) for _ in range(4)] + [subprocess.Popen([*sleep, h]) for h in hard]
    meant = subprocess.Popen([*sleep, "node", "/srv/server.js"])
    try:
        e = exporter("--no-collector.system", f"--config.file={config}")
        eventually(lambda: e.metrics().value("process_up", process="svc") == 1, "the program is found")
        samples = e.metrics()
        assert {h["name"]: h["pid"] for h in json.loads(e.get("/api/v1/heartbeats").text)["heartbeats"]}["svc"] == meant.pid
        assert samples.value("process_match_exceeded_total", process="svc") == 0
        assert samples.value("process_match_exceeded_total", process="hard") > 0
        assert samples.value("process_up", process="hard") is None, "nobody knows"
        assert e.stderr.count("match takes too long") == 1 and "process=hard" in e.stderr
    finally:
        for process in [*started, meant]:
            process.kill()
            process.wait()


def test_filters_have_node_exporters_names(exporter, tree):
    (tree / "net/dev").write_text("Inter-|\n face |\n" + "".join(f"{n}: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n" for n in ("lo", "eth0", "veth12")))

    def devices(family):
        return sorted(e.metrics().of(family))

    e = exporter(f"--path.procfs={tree}")
    assert devices("system_network_receive_bytes_total") == ["eth0", "lo"]
    assert devices("system_disk_reads_completed_total") == ["dm-0", "nvme0n1", "sda", "sr0"]
    e = exporter(f"--path.procfs={tree}", "--collector.netdev.device-exclude=^(lo|eth.*)$", "--collector.diskstats.device-exclude=^sr|loop")
    assert devices("system_network_receive_bytes_total") == ["veth12"]
    assert devices("system_disk_reads_completed_total") == ["dm-0", "nvme0n1", "nvme0n1p1", "nvme0n1p2", "sda", "sda1"]


def test_clients_that_leave_take_no_place_from_those_who_wait(exporter, beats, tree):
    e = exporter(f"--path.procfs={tree}", "--web.max-requests=4")
    write_beats(beats, {"bidder": entry(offset=1)})
    content = (tree / "loadavg").read_bytes()
    # Until its deadline the first scrape is under way, and all others wait.
    hang(tree / "loadavg")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first = pool.submit(e.get)
        for path in ["/metrics", "/metrics?collect[]=heartbeat", "/api/v1/heartbeats", "/api/v1/host"] * 10:
            with socket.create_connection(("127.0.0.1", e.port)) as client:
                client.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert [e.get(path).status for path in ("/metrics", "/api/v1/heartbeats", "/api/v1/host")] == [200] * 3
        assert first.result().status == 200
    go_on(tree / "loadavg", content)


def test_a_log_on_a_file_system_that_hangs_holds_nobody_up(exporter, beats, tmp_path):
    folder = HangingFolder(tmp_path)
    log = folder.behind / "log"
    under = [*folder.under, "sh", "-c", 'exec "$@" 2>>"$0"', folder.folder / "log"]
    most = 1_000

    def asked(first, last):
        for turn in range(first, last):
            assert e.get(f"/turn-{turn}-").status == 404

    try:
        e = exporter("--log.level=debug", env=NO_LEAK_CHECK, under=under)
        folder.hang()
        for turn in range(10):
            write_beats(beats, {"bidder": entry(offset=turn)})
            assert e.metrics().value("heartbeat_data_offset", process="bidder") == turn
        asked(0, 100)
        folder.go_on()
        eventually(lambda: "/turn-99-" in log.read_text(), "the log goes on")
        text = log.read_text()
        assert all(f"/turn-{turn}-" in text for turn in range(100)) and "were lost" not in text, "what came meanwhile is not lost"
        folder.hang()
        asked(100, 100 + most + 50)
        folder.go_on()

        def goes_on():
            assert e.get("/-/ready").status == 200
            return "lines of this log were lost or cut" in log.read_text()

        eventually(goes_on, "the log goes on, and says what is missing")
        folder.hang()
        assert e.get("/-/healthy").status == 200
        folder.assert_sigterm_ends(e)
    finally:
        folder.close()


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_a_log_that_nobody_reads_holds_nobody_up_and_says_later_what_is_missing(exporter, tmp_path, form):
    log = tmp_path / "log"
    os.mkfifo(log)
    # Opened for both, it waits for no reader; and it stays the shell's, whose flags nobody else may change.
    e = exporter("--log.level=debug", f"--log.format={form}", under=["sh", "-c", 'exec "$@" 2<>"$0"', log])
    for _ in range(1500):
        assert e.get("/-/healthy").status == 200
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)

    def lines():
        text = b""
        with contextlib.suppress(BlockingIOError):
            while part := os.read(reader, 65_536):
                text += part
        return text.decode().splitlines()

    try:
        assert 100 < sum("/-/healthy" in line for line in lines()) < 1500
        assert e.get("/-/ready").status == 200
        after = []
        eventually(lambda: after.extend(lines()) or any("/-/ready" in line for line in after), "it goes on")
        note = next(line for line in after if "lines of this log were lost or cut: nobody took them" in line)
        missing = json.loads(note)["lines"] if form == "json" else int(note.split("lines=")[-1])
        assert missing > 100
    finally:
        os.close(reader)


# What is read of a file of each kind at once, beside the one byte that says that it answers.
READ_AT_ONCE = {"large": 16_384, "small": 1, "folder": 1}


@pytest.mark.parametrize("kind", READ_AT_ONCE)
def test_a_reading_that_hangs_costs_itself_alone_and_what_stands_at_its_place_later_is_read(exporter, tmp_path, kind):
    mount = HangingReads(tmp_path)
    source, near = mount.folder, tmp_path / "near.json"
    far = "far.json"
    if kind != "folder":
        source /= far

    def text(name, offset, many):
        beat = entry(offset=offset, note="x" * 1_000)
        return json.dumps(beat if kind == "folder" and name == "far" else {"processes": {name if n == 0 else f"{name}-{n}": beat for n in range(many)}})

    def write(path, content):
        following = path.with_suffix(".next")
        following.write_text(content)
        following.rename(path)

    def write_near(offset):
        write(near, text("near", offset, 300))
        assert near.stat().st_size > 256 << 10

    far_text = lambda offset: text("far", offset, 300 if kind == "large" else 1)
    offset = lambda name: e.metrics().value("heartbeat_data_offset", process=name)
    up = lambda path: e.metrics().value("heartbeat_file_up", file=str(path))
    try:
        write(mount.behind / far, far_text(1))
        write_near(1)
        e = exporter(f"--heartbeat.file={source}", f"--heartbeat.file={near}", "--heartbeat.read-timeout=500ms", "--no-collector.process", env=NO_LEAK_CHECK, under=mount.under)
        eventually(lambda: offset("far") == offset("near") == 1 and up(source) == up(near) == 1, "both are read")
        mount.hang(READ_AT_ONCE[kind])
        write(mount.behind / far, far_text(2))
        eventually(lambda: up(source) == 0, "the reading hangs")
        for turn in range(2, 5):
            write_near(turn)
            eventually(lambda turn=turn: offset("near") == turn and up(near) == 1, "the other one is read")
            samples = e.metrics()
            assert samples.value("heartbeat_data_offset", process="far") == 1 and samples.value("heartbeat_file_up", file=str(source)) == 0
        assert "not read within 0.5 s" in e.stderr
        mount.replace()
        mount.write(far, far_text(3))
        eventually(lambda: offset("far") == 3 and up(source) == 1, "what stands there now is read")
        mount.assert_sigterm_ends(e)
    finally:
        mount.close()


@pytest.mark.hard
def test_a_listing_that_hangs_after_the_folder_has_answered_costs_the_new_files_alone(exporter, beats, tmp_path):
    mount = HangingReads(tmp_path)
    pattern = f"{mount.folder}/*.json"
    write = lambda name: (mount.behind / f"{name}.json").write_text(json.dumps({"last_seen": time.time()}))
    files = lambda: e.metrics().value("heartbeat_pattern_files", pattern=pattern)
    try:
        write_beats(beats, {"bidder": entry()})
        write("one")
        e = exporter(f"--heartbeat.file={pattern}", "--no-collector.process", env=NO_LEAK_CHECK, under=mount.under)
        assert files() == 1
        before = mount.listed
        write("two")
        assert files() == 2
        # The last listing of a look hangs: those before, by which the folder is asked whether it answers, do not.
        mount.limit_listings(mount.listed + mount.listed - before - 1)
        write("three")
        for _ in range(3):
            samples = e.metrics()
            assert samples.value("heartbeat_alive", process="bidder") == 1
            assert samples.value("heartbeat_pattern_files", pattern=pattern) == 2
            assert {samples.value("heartbeat_file_up", file=str(mount.folder / f"{name}.json")) for name in ("one", "two")} <= {0, 1}
        mount.limit_listings(1 << 30)
        eventually(lambda: files() == 3, "it answers again")
        mount.assert_sigterm_ends(e)
    finally:
        mount.close()


def test_a_folder_of_a_pattern_that_never_answered_is_not_taken_for_an_empty_one(exporter, beats, tmp_path):
    folder = HangingFolder(tmp_path)
    try:
        write_beats(beats, {"bidder": entry()})
        folder.hang()
        pattern = f"{folder.folder}/*.json"
        e = exporter(f"--heartbeat.file={pattern}", env=NO_LEAK_CHECK, under=folder.under)
        for _ in range(2):
            samples = e.metrics()
            assert samples.value("heartbeat_alive", process="bidder") == 1
            assert samples.value("heartbeat_file_up", file=str(folder.folder)) == 0
            assert samples.value("heartbeat_pattern_files", pattern=pattern) is None
        files = json.loads(e.get("/api/v1/heartbeats").text)["files"]
        assert [f["problem"]["reason"] for f in files if f["path"] == str(folder.folder)] == ["timeout"]
        assert e.stderr.count(f"{folder.folder}: its file system did not answer") == 1 and "no file matches" not in e.stderr
        folder.go_on()
        eventually(lambda: e.metrics().value("heartbeat_pattern_files", pattern=pattern) == 0, "it answers")
        assert e.metrics().value("heartbeat_file_up", file=str(folder.folder)) is None
        assert e.stderr.count("no file matches") == 1
    finally:
        folder.close()


@pytest.mark.hard
@pytest.mark.parametrize("kind", ["file", "folder", "pattern", "pattern's folder"])
def test_a_link_to_a_file_system_that_hangs_costs_only_what_lies_behind_it(exporter, beats, tmp_path, kind):
    """The links come while all is well, and lead where nothing was asked before."""
    hanging = HangingFolder(tmp_path)
    apps, other = tmp_path / "apps", tmp_path / "apps" / "one"
    try:
        write_beats(beats, {"bidder": entry()})
        other.mkdir(parents=True)
        (other / "worker.json").write_text(json.dumps({"last_seen": time.time()}))
        source, link = {
            "file": (other / "worker.json", other / "worker.json"),
            "folder": (other / "worker.json", other),
            "pattern": (other / "*.json", other / "second.json"),
            "pattern's folder": (apps / "*" / "worker.json", apps / "two"),
        }[kind]
        e = exporter(f"--heartbeat.file={source}", env=NO_LEAK_CHECK, under=hanging.under)
        for _ in range(2):
            assert e.metrics().value("heartbeat_alive", process="bidder") == 1
        hanging.hang()
        new = tmp_path / "new-link"
        new.symlink_to(hanging.folder / "worker.json" if link.suffix else hanging.folder)
        if link == other:
            other.rename(tmp_path / "before")
        new.rename(link)
        for _ in range(3):
            samples = e.metrics()
            assert samples.value("heartbeat_alive", process="bidder") == 1
            ups = samples.of("heartbeat_file_up")
            assert [ups.pop(file) for file in list(ups) if file.startswith(str(link))] == [0], ups
            assert set(ups.values()) == {1}
        hanging.go_on()
        link.unlink()
        if link == other:
            (tmp_path / "before").rename(other)
        elif kind == "file":
            link.write_text(json.dumps({"last_seen": time.time()}))
        eventually(lambda: 0 not in e.metrics().of("heartbeat_file_up").values(), "all is well again")
    finally:
        hanging.close()


def test_each_reload_while_sources_hang_goes_on_with_the_threads_that_hang_there(exporter, beats, tmp_path):
    hanging = HangingFolder(tmp_path)
    config = tmp_path / "config.yml"

    def configure(number):
        sources = [*(hanging.folder / f"{n}.json" for n in range(4)), hanging.folder / "*.beat", tmp_path / f"{number}.json"]
        config.write_text("sources:\n" + "".join(f"  - path: {json.dumps(str(path))}\n" for path in sources))

    try:
        write_beats(beats, {"bidder": entry()})
        configure(0)
        hanging.hang()
        e = exporter(f"--config.file={config}", env=NO_LEAK_CHECK, under=hanging.under)
        counts = []
        for number in range(1, 6):
            assert e.metrics().value("heartbeat_file_up", file=str(hanging.folder / "0.json")) == 0
            counts.append(len(os.listdir(f"/proc/{e.process.pid}/task")))
            configure(number)
            e.signal(signal.SIGHUP)
            eventually(lambda: e.metrics().value("heartbeat_file_up", file=str(tmp_path / f"{number}.json")) == 0, "it was read again")
        assert max(counts) <= counts[0] + 3, counts
    finally:
        hanging.close()


def test_a_configuration_that_does_not_answer_is_told_at_a_reload_and_at_a_start(exporter, beats, tmp_path):
    folder = HangingFolder(tmp_path)
    started = []
    try:
        write_beats(beats, {"bidder": entry()})
        (folder.behind / "c.yml").write_text("processes: {}\n")
        config = f"--config.file={folder.folder}/c.yml"
        e = exporter(config, env=NO_LEAK_CHECK, under=folder.under)
        folder.hang()
        e.signal(signal.SIGHUP)
        success = "heartbeat_exporter_config_last_reload_successful"
        eventually(lambda: e.metrics().value(success) == 0, "the reload is over")
        assert "c.yml: its file system, or that of a file that it names, did not answer within" in e.stderr

        log = tmp_path / "start.log"
        with open(log, "wb") as stderr:
            start = [*folder.under, EXPORTER, f"--web.listen-address=127.0.0.1:{free_port()}", config]
            started.append(subprocess.Popen(start, stdin=subprocess.DEVNULL, stderr=stderr, env=ENVIRONMENT | NO_LEAK_CHECK))
        eventually(lambda: f'for="--config.file {folder.folder}/c.yml"' in log.read_text(), "the start says what it waits for")
        assert started[0].poll() is None
        started[0].send_signal(signal.SIGTERM)
        eventually(lambda: "ended during a start that waits" in log.read_text(), "SIGTERM ends the start")

        folder.go_on()
        assert started[0].wait(timeout=LIMIT) == 0

        def is_read():
            e.signal(signal.SIGHUP)
            return e.metrics().value(success) == 1

        eventually(is_read, "it is read again")
    finally:
        folder.close()
        for process in started:
            process.kill()


def test_a_service_manager_whose_socket_does_not_answer_keeps_nobody_waiting(exporter, beats, tmp_path):
    folder = HangingFolder(tmp_path)
    try:
        write_beats(beats, {"bidder": entry()})
        folder.hang()
        socket_path = {"NOTIFY_SOCKET": f"{folder.folder}/notify", "WATCHDOG_USEC": "400000"}
        e = exporter(env=NO_LEAK_CHECK | socket_path, under=folder.under)
        assert e.metrics().value("heartbeat_alive", process="bidder") == 1
        folder.assert_sigterm_ends(e)
        assert "stopped" in e.stderr
    finally:
        folder.close()


def test_few_descriptors_leave_some_for_connections(exporter, beats):
    write_beats(beats, {"bidder": entry()})
    e = exporter(under=("prlimit", "--nofile=40"))
    assert e.metrics().value("heartbeat_alive", process="bidder") == 1
    crowd = []
    for _ in range(80):
        with contextlib.suppress(OSError):
            crowd.append(socket.create_connection(("127.0.0.1", e.port), timeout=LIMIT))
            crowd[-1].sendall(b"GET /metr")
    for client in crowd:
        client.close()

    def is_served():
        try:
            return e.metrics().value("heartbeat_alive", process="bidder") == 1
        except OSError:
            return False

    eventually(is_served, "it serves again when the crowd has left")
