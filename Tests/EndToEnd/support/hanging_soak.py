"""What hangs comes and goes at random beside one exporter, while the real Prometheus scrapes it. See scripts/soak-hanging."""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from support import AS_ROOT, ENVIRONMENT, LIMIT, NO_LEAK_CHECK, Exporter, entry, eventually, write_beats
from support.hanging import HangingFolder
from support.prometheus import Prometheus

MEBIBYTE = 1 << 20
MOST_GROWTH = 16 * MEBIBYTE
LONGEST = 2.5
# A client may not ask more often than it waits for an answer: three of them ask in turn, together once a second.
JOBS = "global: {{ scrape_interval: 3s, scrape_timeout: 2500ms }}\nscrape_configs:\n" + "".join(
    f"  - job_name: heartbeat-{n}\n    static_configs: [{{{{ targets: ['127.0.0.1:{{port}}'] }}}}]\n" for n in range(3)
)
# A FUSE file system whose server never says a word: whoever looks at it waits for ever.
SILENT = """
import ctypes, os, sys, time
fuse = os.open("/dev/fuse", os.O_RDWR)
mount = ctypes.CDLL(None, use_errno=True).mount
if mount(b"silent", sys.argv[1].encode(), b"fuse.silent", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % fuse):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
time.sleep(1e9)
"""


class Trouble:
    """One thing that hangs now and then: `begin` and `end` in turn."""

    def __init__(self, name, begin, end):
        self.name, self.begin, self.end = name, begin, end
        self.times = 0


class HangingSoak:
    def __init__(self, folder, seed):
        self.folder, self.rng = folder, random.Random(seed)
        self.stop = threading.Event()
        # (Unix time, what was on from then).
        self.history = []
        self.file = folder / "heartbeat_status.json"
        self.beat()
        self.mounts = [HangingFolder(made(folder / f"mount-{n}")) for n in range(1)]
        self.namespace = list(self.mounts[0].under)
        self.others = []
        for n in range(2):
            (folder / f"foreign-{n}").mkdir()
        (folder / "silent").mkdir()
        (self.mounts[0].behind / "bot.json").write_text(json.dumps({"ts": time.time(), "pid": os.getpid()}))
        config = folder / "config.yml"
        config.write_text("processes:\n  mill: {}\n  searched: {match: {cmdline_regex: 'node .*server\\.js'}}\n")
        self.pipe = folder / "log"
        os.mkfifo(self.pipe)
        self.reader = os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.is_read = True
        self.exporter = Exporter(
            folder,
            flags=[f"--config.file={config}", f"--heartbeat.file={self.mounts[0].folder}/*.json", f"--heartbeat.file={folder}/foreign-*/*.json",
                   "--log.level=debug", "--collector.filesystem.fs-types-exclude=^(proc|sysfs|tmpfs|cgroup2?|devtmpfs|nsfs|overlay)$"],
            env=NO_LEAK_CHECK, under=[*self.namespace, "sh", "-c", 'exec "$@" 2>"$0"', self.pipe],
        )  # fmt: skip
        (folder / "prometheus").mkdir()
        self.prometheus = Prometheus(folder / "prometheus", config=JOBS.format(port=self.exporter.port))
        self.troubles = [
            Trouble("a mount whose server is stopped", self.mounts[0].hang, self.mounts[0].go_on),
            Trouble("a mount whose server never answers", self.mount_silent, self.unmount_silent),
            Trouble("pipes in the place of heartbeat files", self.make_pipes, self.remove_pipes),
            Trouble("a log that nobody reads", lambda: self.read_log(False), lambda: self.read_log(True)),
            Trouble("huge command lines", self.start_programs, self.end_programs),
        ]

    def beat(self):
        write_beats(self.file, {"mill": entry(pid=os.getpid(), turn=time.monotonic())})

    def mount_silent(self):
        command = [*self.namespace, sys.executable, "-c", SILENT, self.folder / "silent"]
        self.silent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.silent.stdout.readline() == "mounted\n", self.silent.stderr.read()

    def unmount_silent(self):
        # Without its server all who wait get an error, and the kernel lets them go.
        self.silent.kill()
        self.silent.communicate()
        subprocess.run([*self.namespace, "umount", "--lazy", self.folder / "silent"], check=True, timeout=LIMIT)

    def make_pipes(self):
        for n in range(2):
            os.mkfifo(self.folder / f"foreign-{n}" / "state.json")

    def remove_pipes(self):
        for n in range(2):
            (self.folder / f"foreign-{n}" / "state.json").unlink()

    def read_log(self, is_read):
        self.is_read = is_read

    def start_programs(self):
        sleep = [sys.executable, "-c", "import time; time.sleep(3600)"]
        self.others = [subprocess.Popen([*sleep, "node " * self.rng.randrange(1_000, 20_000)]) for _ in range(4)]

    def end_programs(self):
        for program in self.others:
            program.kill()
            program.wait()
        self.others = []

    # What goes on

    def keep_on(self):
        while not self.stop.wait(0.5):
            self.beat()
            while self.is_read:
                try:
                    if not os.read(self.reader, MEBIBYTE):
                        break
                except BlockingIOError:
                    break

    def trouble(self, seconds):
        """Begins and ends troubles at random; all are over at the end."""
        begun, end = set(), time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                one = self.rng.choice(self.troubles)
                if one in begun:
                    begun.remove(one)
                    one.end()
                else:
                    one.begin()
                    begun.add(one)
                    one.times += 1
                self.history.append((time.time(), [trouble.name for trouble in self.troubles if trouble in begun]))
                time.sleep(self.rng.uniform(0, min(4, seconds / 10)))
        finally:
            for one in begun:
                one.end()

    def costs(self):
        """(memory, descriptors, threads)."""
        folder = Path(f"/proc/{self.exporter.process.pid}")
        status = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
        return int(status["VmRSS"].split()[0]) * 1024, len(list((folder / "fd").iterdir())), int(status["Threads"])

    def run(self, seconds):
        """What was seen, in a line; an AssertionError where something is wrong."""
        background = threading.Thread(target=self.keep_on)
        background.start()
        try:
            self.trouble(max(5, seconds / 10))  # buffers reach their size
            eventually(lambda: self.prometheus.value('count(up == 1)') == 3, "Prometheus scrapes")
            before, start = self.costs(), time.time()
            self.trouble(seconds)
            end = time.time()
            # What began before the end is in once so many others are.
            later = f"sum(count_over_time(up[1h])) - sum(count_over_time(up[1h] @ {end:.3f}))"
            eventually(lambda: (self.prometheus.value(later) or 0) >= 6, "some more scrapes")
            told = self.judge(f"[{int(end - start)}s] @ {end:.3f}")
            after = self.costs()
            # What hung had a thread of its own, which is kept for a while.
            if any(a > b for a, b in zip(after[1:], before[1:])):
                with contextlib.suppress(AssertionError):
                    eventually(lambda: all(a <= b for a, b in zip(self.costs()[1:], before[1:])), "descriptors and threads as before")
                after = self.costs()
            told += "; " + ", ".join(f"{n} {b:,} to {a:,}" for n, b, a in zip(("bytes of memory", "descriptors", "threads"), before, after))
            assert after[0] <= before[0] + MOST_GROWTH and after[1] <= before[1] and after[2] <= before[2], told
            return told
        finally:
            self.stop.set()
            background.join()

    def slow(self, span):
        """The scrapes that took too long: when, how long, and what was on."""
        told = []
        for series in self.prometheus.api("query", query=f"scrape_duration_seconds{span}")["result"]:
            for moment, seconds in series["values"]:
                if float(seconds) > LONGEST:
                    on = next((names for start, names in reversed(self.history) if start <= moment + float(seconds)), [])
                    told.append(f"{time.strftime('%T', time.gmtime(moment))} {float(seconds):.2f} s: {', '.join(on)}")
        return "".join(f"\n  {line}" for line in sorted(told))

    def judge(self, span):
        """`span`: a range and its end, the same for all that is asked."""

        def value(expression):
            return self.prometheus.value(expression)

        scrapes = value(f"sum(count_over_time(up{span}))")
        failed = scrapes - value(f"sum(sum_over_time(up{span}))")
        longest = value(f"max(max_over_time(scrape_duration_seconds{span}))")
        beats = value(f'sum(count_over_time(heartbeat_alive{{process="mill"}}{span}))')
        alive = value(f'min(min_over_time(heartbeat_alive{{process="mill"}}{span}))')
        age = value(f'max(max_over_time(heartbeat_age_seconds{{process="mill"}}{span}))')
        troubles = ", ".join(f"{t.name} {t.times}" for t in self.troubles)
        told = f"{scrapes:g} scrapes, the longest took {longest:.2f} s, the oldest beat was {age:.1f} s old; {troubles}"
        assert failed == 0 and beats == scrapes and alive == 1 and longest <= LONGEST, f"{failed:g} failed, {beats:g} had the beat, {told}{self.slow(span)}"
        return told

    def close(self):
        self.end_programs()
        for mount in self.mounts:
            mount.go_on()
        self.prometheus.stop()
        self.exporter.signal(signal.SIGKILL)
        self.exporter.process.wait(timeout=LIMIT)
        for mount in self.mounts:
            mount.close()
        os.close(self.reader)


def made(folder):
    folder.mkdir()
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(2**31))
    arguments = parser.parse_args()
    print(f"soaking for {arguments.seconds:g} s, seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        soak = HangingSoak(Path(folder), arguments.seed)
        try:
            print(soak.run(arguments.seconds))
        except AssertionError as problem:
            sys.exit(f"error: {problem}")
        finally:
            soak.close()


if __name__ == "__main__":
    main()
