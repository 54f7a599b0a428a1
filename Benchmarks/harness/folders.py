"""A folder of own files beside the one file, with the same processes in both."""

from harness import peers
from harness.beats import HeartbeatFile, OwnFiles
from harness.measuring import Mode, measure
from harness.tables import factor, figure, goal, table

SIZES = [10, 1_000, 10_000]
MODES = [Mode("unchanged"), Mode("10 % beat", share=0.1)]


def run(context):
    rows = []
    for size in SIZES:
        with context.folder() as folder, context.servers() as start:
            (folder / "own.d").mkdir()
            file, own = HeartbeatFile(folder / "heartbeat_status.json", size), OwnFiles(folder / "own.d", size)
            servers = [start(peers.exporter(context.bin, place, folder)) for place in (file, own)]
            for mode in MODES:
                context.say(f"{size:,} processes, {mode.name}: the one file and a folder")
                one, many = measure(servers, mode, context.effort)
                ratio = many.cpu / one.cpu
                rows.append([f"{size:,} processes, {mode.name}", figure(one.cpu), figure(many.cpu), factor(ratio)])
                if size == 1_000 and mode.share:
                    goal("1,000 own files of which a tenth changed: CPU of a scrape", "at most 3x of the one file", factor(ratio), ratio <= 3)
    yield "CPU ms of a scrape", table(["", "one file", "own files", "times the one file"], rows)
