"""Debian's node_exporter beside ours, on the same /proc: what both tell of the host must be equal."""

import math
import re
import shutil
import subprocess
import urllib.request

import pytest

from support import FIXTURES, LIMIT, Samples, eventually, free_port

NETWORK = {f"{way}_{theirs}": f"{way}_{ours}" for way in ("receive", "transmit") for theirs, ours in
           [("bytes", "bytes"), ("packets", "packets"), ("errs", "errors"), ("drop", "drop")]}  # fmt: skip
MEMORY = {"MemTotal": "memory_total", "MemFree": "memory_free", "MemAvailable": "memory_available", "Buffers": "memory_buffers",
          "Cached": "memory_cached", "Shmem": "memory_shared", "Slab": "memory_slab", "Dirty": "memory_dirty", "SwapTotal": "swap_total",
          "SwapFree": "swap_free", "SwapCached": "swap_cached"}  # fmt: skip
DISK = ("read_bytes", "written_bytes", "reads_completed", "writes_completed", "read_time_seconds", "write_time_seconds", "io_time_seconds")
FILESYSTEM = ("size_bytes", "free_bytes", "avail_bytes", "files", "files_free", "readonly", "device_error")

# Our name of each family that both have, by theirs.
SHARED = {
    "node_cpu_seconds_total": "system_cpu_seconds_total",
    "node_load1": "system_load1",
    "node_load5": "system_load5",
    "node_load15": "system_load15",
    "node_boot_time_seconds": "system_boot_time_seconds",
    "node_procs_running": "system_processes_running",
    "node_procs_blocked": "system_processes_blocked",
    "node_filefd_allocated": "system_file_descriptors_allocated",
    "node_filefd_maximum": "system_file_descriptors_maximum",
    "node_vmstat_oom_kill": "system_oom_kills_total",
    "node_vmstat_pgmajfault": "system_major_page_faults_total",
    "node_timex_offset_seconds": "system_clock_offset_seconds",
    "node_timex_sync_status": "system_clock_synchronized",
    **{f"node_memory_{theirs}_bytes": f"system_{ours}_bytes" for theirs, ours in MEMORY.items()},
    **{f"node_filesystem_{name}": f"system_filesystem_{name}" for name in FILESYSTEM},
    **{f"node_network_{theirs}_total": f"system_network_{ours}_total" for theirs, ours in NETWORK.items()},
    **{f"node_disk_{name}_total": f"system_disk_{name}_total" for name in DISK},
    **{f"node_pressure_{what}_seconds_total": f"system_pressure_{what}_seconds_total"
       for what in ("cpu_waiting", "memory_waiting", "memory_stalled", "io_waiting", "io_stalled")},
}  # fmt: skip

# With the same expressions both must choose the same mounts and devices.
FILTERS = ["--collector.filesystem.mount-points-exclude=^/(proc|sys|dev)($|/)", "--collector.filesystem.fs-types-exclude=^(proc|sysfs|cgroup2?|overlay|nfs4|fuse.*)$",
           "--collector.netdev.device-exclude=^veth", "--collector.diskstats.device-exclude=^(ram|loop)[0-9]+$"]  # fmt: skip


@pytest.fixture
def node_exporter(tmp_path):
    """`node_exporter(*flags)` starts one, and gives how it is read."""
    started = []

    def start(*flags):
        port, log = free_port(), tmp_path / "node_exporter.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", *FILTERS, *flags], stdout=output, stderr=output
            )
        started.append(process)

        def read():
            assert process.poll() is None, log.read_text()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT) as answer:
                    return shared(Samples(answer.read().decode()), SHARED)
            except ConnectionError:
                return None
            except OSError as error:
                if isinstance(getattr(error, "reason", None), ConnectionError):
                    return None
                raise

        eventually(read, "node_exporter answers")
        return read

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=LIMIT)


def shared(samples, names):
    """What is of the families `names` (and is renamed as it says): {(name, labels): value}."""
    # Newer ones add why a mount could not be asked, empty where it could.
    return {(names[name], tuple(pair for pair in labels if pair[0] != "device_error")): value for (name, labels), value in samples.items() if name in names}


def ours(exporter):
    return shared(exporter.metrics("?collect[]=system"), {name: name for name in SHARED.values()})


def same(one, other):
    """Of 512.031 s they make 512.0310000000001."""
    return None not in (one, other) and math.isclose(one, other, rel_tol=1e-12)


def test_on_the_same_files_both_tell_the_same(exporter, node_exporter, tmp_path):
    tree = shutil.copytree(FIXTURES / "proc", tmp_path / "proc")
    (tmp_path / "here").mkdir()
    stat = (tree / "stat").read_text()
    # Theirs takes nothing of a file of which one line is shorter than a kernel writes it.
    (tree / "stat").write_text(re.sub("^softirq .*$", "softirq 41 1 2 3 4 5 6 7 8 9 10", stat, flags=re.MULTILINE))
    with open(tree / "meminfo", "a") as meminfo:
        meminfo.write("".join(f"{name}: {n + 1} kB\n" for n, name in enumerate(MEMORY) if f"{name}:" not in (FIXTURES / "proc/meminfo").read_text()))
    broken = tmp_path / "broken"
    broken.symlink_to(broken)
    mounts = [("/dev/sda1", tmp_path / "here", "ext4", "rw,relatime"), ("/dev/sdb1", "/", "xfs", "ro,relatime"), ("tmpfs", "/run", "tmpfs", "rw"),
              ("/dev/sdc1", broken, "ext4", "rw"), ("nas:/x", "/mnt/nas", "nfs4", "rw"), ("proc", "/proc", "proc", "rw")]  # fmt: skip
    (tree / "1/mounts").write_text("".join(f"{device} {place} {kind} {options} 0 0\n" for device, place, kind, options in mounts))
    # Which newer ones read instead (1.9, say).
    (tree / "1/mountinfo").write_text("".join(f"{n} 1 8:{n} / {place} {options} - {kind} {device} {options[:2]}\n" for n, (device, place, kind, options) in enumerate(mounts, 20)))
    # It would ask the kernel for the devices, whatever tree it is told to read.
    theirs = node_exporter(f"--path.procfs={tree}", "--no-collector.netdev.netlink")
    e = exporter(f"--path.procfs={tree}", *FILTERS)

    labels = (("device", "/dev/sdc1"), ("fstype", "ext4"), ("mountpoint", str(broken)))

    def differences():
        a, b = theirs(), ours(e)
        # Of a mount that cannot be asked an older one of theirs does not say whether it is read-only; the table of mounts says so.
        assert b.pop(("system_filesystem_readonly", labels)) == a.pop(("system_filesystem_readonly", labels), 0) == 0
        # The room in a file system and the clock are the real ones, whatever tree is read: they move.
        return {key: (a.get(key), b.get(key)) for key in a.keys() | b.keys() if not same(a.get(key), b.get(key))}

    assert {name for name, _ in theirs()} == set(SHARED.values())
    moving = ("system_filesystem_free_bytes", "system_filesystem_avail_bytes", "system_filesystem_files_free", "system_clock_offset_seconds")
    still = {key: pair for key, pair in differences().items() if key[0] not in moving}
    assert not still, "\n".join(f"{key}: theirs {a}, ours {b}" for key, (a, b) in still.items())
    eventually(lambda: not differences(), "both have the same numbers where these move, too")
    assert ours(e)[("system_filesystem_device_error", labels)] == theirs()[("system_filesystem_device_error", labels)] == 1


def test_on_a_living_host_each_number_is_one_that_ours_passes(exporter, node_exporter):
    theirs = node_exporter()
    e = exporter(*FILTERS)
    # Ours shows of several mounts of one device only one, and nothing that has no room at all.
    unseen = set(ours(e))
    unseen |= {key for key in theirs() if not key[0].startswith("system_filesystem_")}
    assert {name for name, _ in unseen} == set(SHARED.values())

    def looked():
        # Theirs is read between two readings of ours, so that what only rises lies between them; what goes up and down does so in the end.
        before, between, after = ours(e), theirs(), ours(e)
        for key in list(unseen):
            values = [v.get(key) for v in (before, between, after)]
            if None not in values and (min(values[0], values[2]) <= values[1] <= max(values[0], values[2]) or same(values[0], values[1])):
                unseen.discard(key)
            elif values == [None] * 3:
                unseen.discard(key)  # a device or mount of another test, which is gone
        return not unseen

    try:
        eventually(looked, "all numbers were equal once", seconds=LIMIT)
    except AssertionError:
        a, b = theirs(), ours(e)
        raise AssertionError("\n".join(f"{key}: theirs {a.get(key)}, ours {b.get(key)}" for key in unseen)) from None
