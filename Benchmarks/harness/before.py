"""Scrapes of these programs beside those of another build, by turns on the same files: whether a change made them dearer."""

from harness import peers
from harness.beats import HeartbeatFile
from harness.measuring import measure
from harness.scrapes import MODES, SIZES
from harness.server import Failure
from harness.tables import figure, table


def run(context):
    if not context.before:
        raise Failure("which programs are those of before? expected --before FOLDER, with a heartbeat-exporter in it")
    if not (context.before / "heartbeat-exporter").is_file():
        raise Failure(f"there is no heartbeat-exporter in {context.before}")
    rows = []
    for size in SIZES:
        # A file for each: they are written anew before each scrape.
        with context.folder() as one, context.folder() as other, context.servers() as start:
            servers = []
            for bin, folder in ((context.bin, one), (context.before, other)):
                servers.append(start(peers.exporter(bin, HeartbeatFile(folder / "heartbeat_status.json", size), folder)))
            for mode in MODES:
                context.say(f"{size:,} processes, {mode.name}")
                now, before = measure(servers, mode, context.effort)
                rows.append([
                    f"{size:,} processes, {mode.name}", f"{now.samples:,}", f"{before.samples:,}", figure(now.cpu), figure(before.cpu),
                    f"{now.cpu / before.cpu:.2f}", f"{now.cpu_per_sample / before.cpu_per_sample:.2f}",
                ])  # fmt: skip
    header = ["", "samples", "before", "CPU ms of a scrape", "before", "ratio", "ratio of a sample"]
    yield "A scrape beside that of another build", table(header, rows)
