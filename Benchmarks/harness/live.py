"""A thousand processes that run, with what /proc says of each, beside process-exporter."""

import subprocess

from harness import peers
from harness.beats import HeartbeatFile
from harness.measuring import Mode, measure
from harness.tables import factor, figure, goal, less, table

COUNT = 1_000
MODES = [Mode("unchanged"), Mode("10 % beat", share=0.1)]


def run(context):
    sleepers = []
    with context.folder() as folder, context.servers() as start:
        try:
            for _ in range(COUNT):
                sleepers.append(subprocess.Popen(["sleep", "1d"], stdin=subprocess.DEVNULL))
            file = HeartbeatFile(folder / "heartbeat_status.json", COUNT, [process.pid for process in sleepers])
            servers = [
                start(peers.exporter(context.bin, file, folder)),
                start(peers.process_exporter("process-exporter, smaps and threads off", folder, "-gather-smaps=false", "-threads=false")),
                start(peers.process_exporter("process-exporter", folder)),
            ]  # fmt: skip
            rows = []
            for mode in MODES:
                context.say(f"{COUNT:,} live processes, {mode.name}")
                results = measure(servers, mode, context.effort)
                ours, lean, _ = results
                if not mode.share:
                    ratio = lean.cpu / ours.cpu
                    goal(f"{COUNT:,} live processes: CPU of a scrape", "10x less than process-exporter", less(ratio), ratio >= 10)
                for result in results:
                    rows.append([
                        mode.name if result is ours else "", result.server.name, figure(result.cpu),
                        "" if result is ours else factor(result.cpu / ours.cpu),
                        figure(result.quantile(0.5)), figure(result.quantile(0.99)), f"{result.samples:,}",
                    ])  # fmt: skip
            header = ["", "server", "CPU ms of a scrape", "times ours", "p50 ms", "p99 ms", "samples"]
            yield f"{COUNT:,} live processes", table(header, rows, words=2)
        finally:
            for process in sleepers:
                process.kill()
            for process in sleepers:
                process.wait()
