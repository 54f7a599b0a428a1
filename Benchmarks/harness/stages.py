"""The stages of a scrape by themselves, the reading of the file beside simdjson."""

import shutil
import statistics
import subprocess

from harness import peers
from harness.beats import KEYS, HeartbeatFile
from harness.server import Failure
from harness.tables import factor, figure, goal, table

PARSED = [100, 1_000, 10_000, 100_000]


def output(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode:
        raise Failure(f"{command[0]} {command[1]} failed: {result.stderr}")
    return [float(number) for number in result.stdout.split()]


def run(context):
    # CPU seconds of one turn of one stage.
    window = 0.1 if context.is_quick else 0.5
    stages = context.bin / "stages"
    rows = []
    for size in PARSED:
        context.say(f"reading the file of {size:,} processes")
        with context.folder() as folder:
            file = HeartbeatFile(folder / "heartbeat_status.json", size)
            rounds = []
            for _ in range(context.effort.rounds):
                *theirs, expected = output(context.simdjson, window, file.path)
                ours, numbers = output(stages, "parse", window, file.path)
                # The table of what each read: it must be the same work.
                if not numbers == expected == size * len(KEYS):
                    raise Failure(f"of {size * len(KEYS)} numbers simdjson read {expected:.0f}, the exporter's reader {numbers:.0f}")
                second = folder / "second.json"
                if not second.exists():
                    shutil.copy(file.path, second)
                    file.beat(0.1, 1)
                changed, _ = output(stages, "parse", window, file.path, second)
                rounds.append((ours, changed, *theirs))
            ours, changed, on_demand, dom = (statistics.median(column) for column in zip(*rounds))
            bytes = file.path.stat().st_size
        ratio = ours / min(on_demand, dom)
        rows.append([
            f"{size:,}", figure(bytes / 1e6), figure(ours * 1e3), figure(on_demand * 1e3), figure(dom * 1e3), factor(ratio),
            f"{bytes / ours / 1e6:,.0f}", figure(changed * 1e3),
        ])  # fmt: skip
        if size == PARSED[-1]:
            goal(f"reading the file of {size:,} processes", "within 2x simdjson", factor(ratio), ratio <= 2)
    header = ["processes", "MB", "ms", "simdjson On Demand ms", "simdjson DOM ms", "times the faster", "MB/s", "10 % beat, ms"]
    yield "Reading the file", table(header, rows)
    yield "Other stages", other_stages(context, stages, window)


def other_stages(context, stages, window):
    context.say("other stages")
    rows = []
    with context.folder() as folder, context.servers() as start:
        file = HeartbeatFile(folder / "heartbeat_status.json", 10_000)
        body = folder / "body"
        body.write_bytes(peers.scraped_text(start(peers.exporter(context.bin, file, folder))))
        samples = 10_000 * len(KEYS)
        seconds, bytes = output(stages, "render", window, file.path)
        rows.append(["render the numbers of 10,000 processes", figure(seconds * 1e3), f"{seconds / samples * 1e9:.0f} ns a sample"])
        seconds, bytes = output(stages, "gzip", window, body)
        rows.append(["compress the whole body of 10,000 processes at level 1", figure(seconds * 1e3), f"{bytes / seconds / 1e6:.0f} MB/s"])
        sleepers = [subprocess.Popen(["sleep", "1d"], stdin=subprocess.DEVNULL) for _ in range(1_000)]
        try:
            seconds, found = output(stages, "proc", window, *(process.pid for process in sleepers))
        finally:
            for process in sleepers:
                process.kill()
            for process in sleepers:
                process.wait()
        rows.append([f"/proc of {found:,.0f} processes", figure(seconds * 1e3), f"{seconds / found * 1e6:.1f} µs a process"])
    return table(["stage", "CPU ms", "that is"], rows)
