"""Files of other programs, one for each process, beside our one file and node_exporter's textfile collector."""

from harness import peers
from harness.beats import HeartbeatFile, OthersFiles, PromFiles
from harness.measuring import Mode, measure
from harness.server import Failure
from harness.tables import factor, figure, goal, less, table

SIZE = 1_000
MODES = [Mode("unchanged"), Mode("10 % beat", share=0.1)]


def run(context):
    rows = []
    with context.folder() as folder, context.servers() as start:
        for name in ("others", "texts"):
            (folder / name).mkdir()
        one, others = HeartbeatFile(folder / "heartbeat_status.json", SIZE), OthersFiles(folder / "others", SIZE)
        servers = [start(peers.exporter(context.bin, place, folder)) for place in (one, others)]
        servers.append(start(peers.textfile_collector(folder / "texts", folder, PromFiles(folder / "texts", SIZE))))
        for mode in MODES:
            context.say(f"{SIZE:,} files of other programs, {mode.name}")
            results = measure(servers, mode, context.effort)
            for result in results:
                if result.samples < SIZE * 10:
                    raise Failure(f"{result.server.name} served {result.samples} samples of {SIZE} processes; expected 10 for each")
            one_file, many, node_exporter = (result.cpu for result in results)
            figures = [figure(cpu) for cpu in (one_file, many, node_exporter)]
            rows.append([mode.name, *figures, factor(many / one_file), factor(node_exporter / many)])
            what = f"{SIZE:,} files of other programs, {mode.name}: CPU of a scrape"
            if not mode.share:
                goal(what, "at most 3x of the one file", factor(many / one_file), many <= 3 * one_file)
            goal(what, "20x less than node_exporter", less(node_exporter / many), node_exporter >= 20 * many)
    header = ["", "one file", "files of others", "node_exporter", "times the one file", "node_exporter, times ours"]
    yield "CPU ms of a scrape", table(header, rows)
