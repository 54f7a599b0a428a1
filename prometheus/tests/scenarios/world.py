"""A scripted host: programs that beat, crash and hang, a /proc, a heartbeat file, a clock; and the real exporter that looks at them.

Nothing waits: the exporter's clock is set from here (clock.c), so that an hour of scrapes takes a second or two.
"""

import functools
import heapq
import http.client
import itertools
import json
import mmap
import os
import re
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIXTURE = HERE.parents[2] / "Tests" / "Fixtures" / "proc"
# When scenarios begin: a Wednesday. promtool begins at 0, so this is taken off all times.
BEGIN = 1_700_000_000
BOOTED = BEGIN - 86_400
# init, and a thread of the kernel.
OF_THE_KERNEL = ("1", "2")
# Where files cost least, of which each step writes some; any folder will do.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# What is kept of a scrape: what the rules ask for. The exporter's own process is not scripted, nor whether the clock of
# the machine that records is set.
KEPT = re.compile(r"^(heartbeat_(state|data_(restarts_total|last_exit_code|test_alert)|age_seconds|timeout_seconds|silenced_until_timestamp_seconds|last_timestamp_seconds|interval_seconds|status|job_\w+|entries_skipped_total|series_dropped_total"
                  r"|push_errors_total|file_(up|entries|skipped_entries|modified_timestamp_seconds)|exporter_collector_success|exporter_config_last_reload_successful)"
                  r"|process_(start_time_seconds|open_fds|max_fds|worst_fd_ratio|cpu_seconds_total|resident_memory_bytes)"
                  r"|system_(cpu_seconds_total|memory_(available|total)_bytes))[{ ]")  # fmt: skip
IS_TIME = re.compile(r"^(\w+_timestamp_seconds|process_start_time_seconds)$")
SERIES = re.compile(r"^([\w:]+)(?:\{(.*)\})?$")


def seconds(text):
    if not isinstance(text, str):
        return text
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)([dhms])", text))


class Program:
    """A program of the scripted host. `every`: seconds between beats, or a function of the number of the beat."""

    def __init__(self, world, name, every=20, pid="own", threads=4, command=None, first=0.0, cpu=0.02, memory=100e6, fds=20, ahead=0.0, **entry):
        self.world, self.name, self.every, self.has_pid, self.entry = world, name, every, pid, entry
        self.threads, self.command, self.cpu, self.memory, self.fds, self.limit = threads, command or f"/usr/bin/python3 {name}.py", cpu, memory, fds, 1024
        self.ahead, self.generation, self.number, self.pid, self.state = ahead, 0, 0, None, "S"
        self.start(first)

    def start(self, until_first_beat=0.0):
        """It runs, under a new pid, and beats after so long."""
        self.pid = self.world.new_pid()
        self.began, self.state, self.used = self.world.now, "S", 0.0
        self.since = self.world.now
        self.generation += 1
        self.number = 0
        self.plan(until_first_beat)
        if self not in self.world.programs:
            self.world.programs.append(self)

    def plan(self, delay):
        generation = self.generation
        self.world.at(self.world.now + delay, lambda: self.generation == generation and self.beat())

    def beat(self, **more):
        """It writes its entry, and means to again."""
        said = {"last_heartbeat": self.world.clock() + self.ahead, "status": "alive"} | self.entry | more
        if self.has_pid == "own":
            said["pid"] = self.pid
        elif self.has_pid is not None:
            said["pid"] = self.has_pid
        self.world.write(self.name, said)
        self.number += 1
        if self.every is not None:
            self.plan(self.every(self.number) if callable(self.every) else self.every)

    def hang(self, state=None):
        """It beats no more, but is there."""
        self.generation += 1
        if state:
            self.state = state

    def go_on(self):
        """It beats again after a hang."""
        self.generation += 1
        self.state = "S"
        self.beat()

    def crash(self):
        """It is gone, without a word."""
        self.generation += 1
        self.pid = None

    def become_zombie(self):
        self.generation += 1
        self.state, self.threads = "Z", 1

    def stop(self, status="stopped"):
        """It says good-bye and ends."""
        self.generation += 1
        every, self.every = self.every, None
        self.beat(status=status)
        self.every = every
        self.pid = None

    def work(self, until):
        self.used += self.cpu * (until - self.since)
        self.since = until


class World:
    """The host, and the clock of who scrapes it. `now` counts seconds from the beginning of the scenario."""

    def __init__(self, folder, exporter, library):
        self.folder, self.program, self.library = Path(folder), exporter, library
        self.now, self.offset, self.begin = 0.0, 0.0, BEGIN
        self.events, self.order = [], itertools.count()
        self.programs, self.entries, self.dirty, self.written = [], {}, False, 0.0
        self.shape = None  # what stands in the file's place, if it is not a heartbeat file
        self.is_hidden, self.boot, self.host_boot, self.boot_wobble = False, BOOTED, BOOTED, 0
        self.next_pid, self.cores = 1000, {"user": 0.05, "idle": 0.9, "iowait": 0.05}
        self.core_time, self.core_since, self.memory_available = {"user": 0.0, "idle": 0.0, "iowait": 0.0, "steal": 0.0}, 0.0, 0.5
        self.configuration, self.flags, self.environment = {}, [], {}
        self.exporters = {"web-1:9464": None}
        self.target_up = {"web-1:9464": True}
        self.known_files = {}

    # ------------------------------------------------ the script

    def at(self, when, what):
        heapq.heappush(self.events, (seconds(when), next(self.order), what))

    def clock(self):
        """What the host's clock says."""
        return self.begin + self.now + self.offset

    def new_pid(self):
        self.next_pid += 1
        return self.next_pid

    def write(self, name, entry):
        if self.shape is None or self.shape == "gone":
            if self.shape == "gone":
                self.shape, self.entries = None, {}
            self.entries[name] = entry
            self.dirty, self.written = True, self.clock()

    def wipe(self, *names):
        """Somebody empties the file, or takes out some entries."""
        self.entries = {n: e for n, e in self.entries.items() if names and n not in names}
        self.dirty, self.written = True, self.clock()

    def prune(self, name):
        """`heartbeat prune` takes out an entry, and leaves a note of it."""
        self.pruned = getattr(self, "pruned", {}) | {name: self.clock()}
        self.wipe(name)

    def silence(self, name, time):
        """`heartbeat silence NAME --for TIME`; with no time `--end`."""
        self.silences = {n: s for n, s in getattr(self, "silences", {}).items() if n != name}
        if time is not None:
            self.silences[name] = {"until": self.clock() + seconds(time), "comment": "a new disk", "created_by": "alice"}
        self.dirty, self.written = True, self.clock()

    def instead(self, shape):
        """In the file's place: "gone", "pipe", a text; None for a heartbeat file again."""
        self.shape, self.dirty, self.written = shape, True, self.clock()

    # ------------------------------------------------ the exporter

    def clocks(self):
        """For the scripted clock: the time of day, and what has passed, which nobody sets."""
        return struct.pack("=2q", *(int(round(time * 1e9)) for time in (self.clock(), self.now)))

    def set_clock(self):
        self.place[:16] = self.clocks()

    def open(self):
        (self.folder / "clock").write_bytes(self.clocks())
        with open(self.folder / "clock", "r+b") as f:
            self.place = mmap.mmap(f.fileno(), 16)
        shutil.copytree(FIXTURE, self.folder / "proc", ignore=lambda _, names: [n for n in names if n.isdigit() and n not in OF_THE_KERNEL])
        for place in ("1", "self"):
            (self.folder / "proc" / place).mkdir(exist_ok=True)
            (self.folder / "proc" / place / "mounts").write_text("proc /proc proc rw 0 0\n")
        (self.folder / "heartbeat.yml").write_text(json.dumps({"processes": self.configuration}))
        self.materialise()
        for instance in self.exporters:
            self.start_exporter(instance)

    def start_exporter(self, instance="web-1:9464"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.set_clock()
        log = open(self.folder / f"exporter-{port}.log", "wb")  # noqa: SIM115
        process = subprocess.Popen(
            [self.program, f"--web.listen-address=127.0.0.1:{port}", "--heartbeat.file=heartbeat.json", "--config.file=heartbeat.yml",
             f"--path.procfs={self.folder / 'proc'}", *self.flags],
            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={"PATH": os.environ["PATH"], "LD_PRELOAD": str(self.library), "SCENARIO_CLOCK": str(self.folder / "clock")} | self.environment)  # fmt: skip
        log.close()
        self.exporters[instance] = process, port
        self.materialise()
        for _ in range(2000):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.01)
        raise RuntimeError(f"the exporter does not start: {(self.folder / f'exporter-{port}.log').read_text()[-2000:]}")

    def stop_exporter(self, instance="web-1:9464"):
        process, _ = self.exporters[instance] or (None, None)
        if process:
            process.kill()
            process.wait()
        self.exporters[instance] = None

    def close(self):
        for instance in self.exporters:
            self.stop_exporter(instance)

    def reload(self, text):
        """Another configuration, read again on SIGHUP."""
        (self.folder / "heartbeat.yml").write_text(text)
        for process, port in filter(None, self.exporters.values()):
            log = self.folder / f"exporter-{port}.log"
            before = len(log.read_bytes())
            process.send_signal(1)
            for _ in range(2000):
                if len(log.read_bytes()) > before:
                    break
                time.sleep(0.01)

    # ------------------------------------------------ what the exporter sees

    def put(self, path, text):
        if self.known_files.get(path) != text:
            place = self.folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            self.known_files[path] = text

    def materialise(self):
        """The heartbeat file and /proc as they are now."""
        file = self.folder / "heartbeat.json"
        if self.dirty or not self.now:
            self.dirty = False
            if file.is_dir():
                file.rmdir()
            if self.shape == "gone" or (self.shape is None and not self.entries and not self.written):
                file.unlink(missing_ok=True)
            elif self.shape == "pipe":
                file.unlink(missing_ok=True)
                os.mkfifo(file)
                os.utime(file, ns=(int(self.written * 1e9),) * 2)
            else:
                text = self.shape if self.shape is not None else json.dumps({"last_updated": self.written, "processes": self.entries} | {
                    key: getattr(self, key) for key in ("pruned", "silences") if hasattr(self, key)})
                temporary = file.with_suffix(".tmp")
                temporary.write_text(text)
                os.utime(temporary, ns=(int(self.written * 1e9),) * 2)
                temporary.rename(file)
        self.core_step()
        modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]
        ticks = " ".join(str(int(100 * self.core_time.get(m, 0) + 100000)) for m in modes)
        boot = int(self.boot + self.boot_wobble)
        self.put("proc/stat", f"cpu  {ticks} 0 0\ncpu0 {ticks} 0 0\nintr 1\nctxt 1\nbtime {boot}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n")
        total = 16_000_000
        self.put("proc/meminfo", f"MemTotal: {total} kB\nMemFree: {int(total * self.memory_available)} kB\nMemAvailable: {int(total * self.memory_available)} kB\n")
        shown = {p.pid: p for p in self.programs if p.pid and not self.is_hidden}
        # The exporters see themselves, whatever is hidden.
        own = {process.pid for process, _ in filter(None, self.exporters.values())}
        for pid in own:
            self.put(f"proc/{pid}/stat", f"{pid} (heartbeat-expor) S 1 {pid} {pid} 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 4 0 8640000 61206528 2048 "
                     "18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n")  # fmt: skip
            self.put(f"proc/{pid}/cmdline", "/usr/bin/heartbeat-exporter\0")
        for place in (self.folder / "proc").iterdir():
            if place.name.isdigit() and int(place.name) not in shown.keys() | own and (place.name not in OF_THE_KERNEL or self.is_hidden):
                shutil.rmtree(place)
                self.known_files = {k: v for k, v in self.known_files.items() if not k.startswith(f"proc/{place.name}/")}
        for pid, p in shown.items():
            p.work(self.now)
            began = int(round((self.begin + p.began - self.host_boot) * 100))
            home = f"proc/{pid}"
            self.put(f"{home}/stat", f"{pid} ({p.name[:15]}) {p.state} 1 {pid} {pid} 0 -1 4194304 1200 300 0 0 {int(100 * p.used)} 0 0 0 20 0 {p.threads} 0 {began} "
                     f"61206528 {int(p.memory // 4096)} 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n")  # fmt: skip
            self.put(f"{home}/status", f"Name:\t{p.name[:15]}\nState:\t{p.state}\nTgid:\t{pid}\nPid:\t{pid}\nPPid:\t1\nThreads:\t{p.threads}\n"
                     "voluntary_ctxt_switches:\t1\nnonvoluntary_ctxt_switches:\t1\n")  # fmt: skip
            self.put(f"{home}/cmdline", "" if p.state == "Z" else p.command.replace(" ", "\0") + "\0")
            self.put(f"{home}/comm", p.name[:15] + "\n")
            self.put(f"{home}/limits", f"Limit                     Soft Limit           Hard Limit           Units     \nMax open files            {p.limit:<20} {p.limit:<20} files     \n")
            folder = self.folder / home / "fd"
            folder.mkdir(exist_ok=True)
            have = len(list(folder.iterdir()))
            for number in range(have, int(p.fds)):
                (folder / str(number)).touch()
            for number in range(int(p.fds), have):
                (folder / str(number)).unlink()

    def core_step(self):
        for mode, share in self.cores.items():
            self.core_time[mode] += share * (self.now - self.core_since)
        self.core_since = self.now

    def scrape(self, instance):
        """{series: value}, or None when it does not answer."""
        if not self.exporters.get(instance):
            return None
        connection = http.client.HTTPConnection("127.0.0.1", self.exporters[instance][1], timeout=20)
        try:
            connection.request("GET", "/metrics")
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status != 200:
            return None
        found = {}
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            series, is_time = series_of(name, instance)
            if series:
                found[series] = round(float(value) - (self.begin if is_time else 0), 3)
        return found


@functools.cache
def series_of(line, instance):
    """What a line begins with, as a Prometheus has it that scrapes this instance, and whether its value is a time; None for what is not kept."""
    if not KEPT.match(line + " ") or 'process="heartbeat-exporter"' in line:
        return None, False
    name, labels = SERIES.match(line).groups()
    inside = ",".join(filter(None, [labels, f'instance="{instance}",host="{instance.split(":")[0]}",job="heartbeat"']))
    return f"{name}{{{inside}}}", bool(IS_TIME.match(name))


def notation(values):
    """promtool's: None is a gap, "stale" a series that ended."""
    parts, i = [], 0
    while i < len(values):
        v, n = values[i], 1
        if v is None or v == "stale":
            while i + n < len(values) and values[i + n] == v and v is None:
                n += 1
            parts.append("stale" if v == "stale" else ("_" if n == 1 else f"_x{n}"))
            i += n
            continue
        step = None
        while i + n < len(values) and isinstance(values[i + n], (int, float)):
            d = round(values[i + n] - values[i + n - 1], 3)
            if step is None:
                step = d
            if d != step:
                break
            n += 1
        if n < 3:
            parts.append(f"{v:.10g}")
            i += 1
            continue
        parts.append(f"{v:.10g}" + ("" if step == 0 else f"{step:+.10g}") + f"x{n - 1}")
        i += n
    return " ".join(parts)


def record(scenario, exporter, library):
    """{series: values in promtool's notation} of a scenario, as a Prometheus would have scraped them."""
    with tempfile.TemporaryDirectory(prefix="scenario-", dir=MEMORY) as folder:
        world = World(folder, exporter, library)
        scenario.script(world)
        while world.events and world.events[0][0] <= 0:
            heapq.heappop(world.events)[2]()
        world.open()
        count = int(seconds(scenario.end) // seconds(scenario.interval)) + 1
        series = {}
        try:
            for number in range(count):
                moment = number * seconds(scenario.interval)
                while world.events and world.events[0][0] <= moment:
                    world.now, _, what = heapq.heappop(world.events)
                    what()
                world.now = moment
                world.set_clock()
                world.materialise()
                is_away = any(seconds(a) <= moment < seconds(b) for a, b in scenario.away)
                for instance, is_target in world.target_up.items():
                    host = instance.split(":")[0]
                    up = f'up{{instance="{instance}",host="{host}",job="heartbeat"}}'
                    now = {}
                    if is_target and not is_away:
                        got = world.scrape(instance)
                        now = {up: 0} if got is None else {up: 1} | got
                    for name in set(now) | {s for s in series if f'instance="{instance}"' in s}:
                        values = series.setdefault(name, [None] * number)
                        last = next((v for v in reversed(values) if v is not None), None)
                        ended = name not in now and not is_away and last not in (None, "stale")
                        values.append(now.get(name, "stale" if ended else None))
        finally:
            world.close()
        return {name: notation(values) for name, values in sorted(series.items()) if not is_idle(name, values)}


def is_idle(name, values):
    """A counter of trouble that never counted anything."""
    return bool(re.match(r"heartbeat_(?!data_)\w+_total\{", name)) and not any(v for v in values if isinstance(v, (int, float)))
