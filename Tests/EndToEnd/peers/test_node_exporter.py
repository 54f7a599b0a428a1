"""Debian's node_exporter beside ours, on the same /proc: what both tell of the host must be equal."""

import math
import os
import re
import shutil
import subprocess
import urllib.request

import pytest

from support import EXPORTER, FIXTURES, LIMIT, Samples, eventually, free_port, run

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

# Names that a kernel has for devices, and some that it would take.
NAMES = ["lo", "eth0", "eth12", "veth12ab", "docker0", "br-0123456789ab", "cali12_3", "VETHx", "ens3.100", "ens31", "wlan0", "tünnel", "TÜNNEL", "größe", "GRÖẞE",
         "GRÖSSE", "K", "k", "\u212a", "ſ", "σς", "Σ", "ı", "İ", "ǅ", "ǆ", "µ", "é", "😀", "٣", "€", "_", "a{2", "a{,2}", "aa", "a]", ".-c]", "S4", "ﬀ", "a\u0300"]  # fmt: skip

# All that the syntax has at least once. What is in pairs is asked of one start: one of the network devices, the other one of the disks.
EXPRESSIONS = [
    r"^(veth.*|docker0|br-[0-9a-f]{12}|cali\w+)$", r"(?i)^VETH", r"^(?:lo|ens)\d*$", r"^[[:alpha:]]+\d*$", r"\Alo\z", r"\bens3\b", r"^.*?0$", r"^[^\d]+$",
    r"(?P<x>lo)|(?P<y_1>wlan)|(?P<x>ens)", r"(?s:l.)", r"^ens3\x2e", r"\Qens3.\E", r"^\p{L}+$", r"\pN$", r"[[:^alpha:]]$", r"^t.nnel$", r"^(lo|eth[0-9]+)?$", r"^$",
    r"^(?i:veth)", r"e{0,1}th", r"^[a-z&&[^l]]", r"a|", r"(?U)l.+", r"^eth\d{1,3}\.?$", r"(?m)^lo$", r"[\w.-]+\.100", r"(?i)^TÜ", r"^(\d|l)\D", r"\x{65}th",
    r"(?:)", r"^lo|eth$", r"^[^a-z]+$", r"^[ü-ü]|[tü]{2}", r"^..$", r"^.$", r"^\W$", r"^\w$", r"(?i)^größe$", r"(?i)^k$", r"(?i)^[^k]$", r"(?i)^s$", r"(?i)^Σ+$",
    r"(?i)^i$", r"(?i)^ǆ$", r"(?i)^Μ$", r"(?i)^\w$", r"(?i)^\p{Lu}+$", r"(?i)^\P{Lu}+$", r"(?i)^[[:^lower:]]+$", r"(?i)^[à-ý]", r"^a{2$", r"^a{,2}$", r"^a{2}$", r"^a{02}",
    r"^[[.a.]-c]$", r"^[[:x]", r"^[]a]+$", r"^\1234$", r"^\x{1F600}$", r"^[\141-\x{63}]\W", r"^\p{Nd}$", r"\p{Sc}", r"^\PL", r"^\P{^L}$", r"^[\pM\pL]+$", r"\pM", r"^\p{Any}$",
    r"^()*lo", r"^*lo", r"^(?:^l|o)*$", r"^lo(?i)*$", r"^\Qa{2", r"^a\Q\E+$", r"^[\_\-]", r"\<|^\_", r"(?i)l(?-i)O|K", r"^(l(?i)O)|T", r"(?-s)^..$", r"^[--0]|[+--]", r"^[\d-z]+$",
]  # fmt: skip
# What neither takes.
REFUSED = [r"(", r"a)", r"[a", r"[b-a]", r"*a", r"a|*", r"a**", r"a*??", r"a{2}{3}", r"a{2,1}", r"a{1001}", r"a" + "\\", r"(a)\1", r"\8", r"\q", r"\C", r"\Z", r"\ü", r"[a-\d]",
           r"[\b]", r"\x4", r"\x{110000}", r"\x{}", r"\pX", r"\p{L", r"\p{Cn}", r"[[:nope:]]", r"(?P<>a)", r"(?P<a-b>a)", r"(?=a)", r"(?<!a)", r"(?P=x)", r"(?i-)a",
           r"(?x)a", r"(?i)*", r"\Q\E*"]  # fmt: skip


@pytest.fixture
def node_exporter(tmp_path):
    """`node_exporter(*flags)` starts one, in place of the one before, and gives how it is read."""
    started = []

    def stop():
        for process in started:
            process.terminate()
            process.wait(timeout=LIMIT)
        started.clear()

    def start(*flags, filters=FILTERS):
        stop()
        port, log = free_port(), tmp_path / "node_exporter.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", *filters, *flags], stdout=output, stderr=output
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
    stop()


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

    def device_of(place):
        """What is there in truth: ours shows nothing else for a mount."""
        number = os.stat(place).st_dev if os.path.exists(place) else 0
        return f"{os.major(number)}:{os.minor(number)}"

    # Which newer ones read instead (1.9, say).
    (tree / "1/mountinfo").write_text("".join(f"{n} 1 {device_of(place)} / {place} {options} - {kind} {device} {options[:2]}\n" for n, (device, place, kind, options) in enumerate(mounts, 20)))
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


@pytest.mark.parametrize("first", range(0, len(EXPRESSIONS), 16))
def test_filters_take_the_same_expressions_for_the_same(exporter, node_exporter, tmp_path, first):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/dev").write_text("Inter-| Receive | Transmit\n face |bytes|bytes\n" + "".join(f"{name}: {'1 ' * 16}\n" for name in NAMES))
    (tmp_path / "diskstats").write_text("".join(f"8 {n} {name} {'1 ' * 17}\n" for n, name in enumerate(NAMES)))
    (tmp_path / "stat").write_text("btime 1\n")
    part = EXPRESSIONS[first : first + 16]
    for network, disks in zip(part[::2], part[1::2], strict=True):
        flags = [f"--path.procfs={tmp_path}", f"--collector.netdev.device-exclude={network}", f"--collector.diskstats.device-exclude={disks}"]
        theirs = node_exporter(*flags, "--collector.disable-defaults", "--collector.netdev", "--no-collector.netdev.netlink", "--collector.diskstats", filters=())
        e = exporter(*flags)
        chosen = [
            [{dict(labels)["device"] for name, labels in samples if name == family} for family in ("system_network_receive_bytes_total", "system_disk_reads_completed_total")]
            for samples in (ours(e), theirs())
        ]
        e.stop()
        assert chosen[0] == chosen[1], (network, disks)


def test_filters_refuse_what_theirs_refuse():
    for expression in REFUSED:
        flag = f"--collector.netdev.device-exclude={expression}"
        mine = run(EXPORTER, flag)
        assert mine.returncode == 2 and "expected a regular expression; it has " in mine.stderr, expression
        theirs = run("prometheus-node-exporter", flag, "--collector.disable-defaults", "--collector.netdev", f"--web.listen-address=127.0.0.1:{free_port()}")
        assert "regexp: Compile" in theirs.stderr, expression


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
