"""Scrapes of the exporter and of its peers, with the same processes and numbers in all of them."""

from harness import peers
from harness.beats import HeartbeatFile
from harness.measuring import Mode, measure
from harness.server import Failure
from harness.tables import factor, figure, goal, less, table

SIZES = [10, 1_000, 10_000]
UNCHANGED = Mode("unchanged")
MODES = [
    UNCHANGED,
    Mode("10 % beat, a number of each changes", share=0.1),
    Mode("10 % beat, all their numbers change", share=0.1, numbers=8),
]
MODES += [Mode(f"{mode.name}, gzip", True, mode.share, mode.numbers) for mode in MODES]


def run(context):
    for size in SIZES:
        with context.folder() as folder, context.servers() as start:
            file = HeartbeatFile(folder / "heartbeat_status.json", size)
            exporter = start(peers.exporter(context.bin, file, folder))
            text = peers.scraped_text(exporter)
            servers = [exporter, start(peers.pushgateway(file, folder)), start(peers.node_exporter(text, folder))]
            servers += [start(peers.prometheus_client(file, folder)), start(peers.nginx(text, folder))]
            rows = []
            for mode in MODES:
                context.say(f"{size:,} processes, {mode.name}")
                results = measure(servers, mode, context.effort)
                check(size, results)
                judge(size, mode, *results)
                ours = results[0]
                for result in results:
                    rows.append([
                        mode.name if result is ours else "", result.server.name, figure(result.cpu),
                        figure(result.cpu_per_sample),
                        "" if result is ours else factor(result.cpu_per_sample / ours.cpu_per_sample),
                        figure(result.quantile(0.5)), figure(result.quantile(0.99)), f"{result.samples:,}",
                        f"{result.wire:,}",
                    ])  # fmt: skip
            header = ["", "server", "CPU ms of a scrape", "CPU µs of 1,000 samples", "times ours",
                      "p50 ms", "p99 ms", "samples", "bytes sent"]  # fmt: skip
            yield f"{size:,} processes", table(header, rows, words=2)


def check(size, results):
    """All must speak of the same processes: some samples differ, and the exporter adds the host and itself."""
    for result in results:
        if not size * 13 <= result.samples <= size * 15 + 1_000:
            raise Failure(f"{result.server.name} served {result.samples} samples of {size} processes; expected 13 to 15 for each")


def judge(size, mode, ours, pushgateway, node_exporter, prometheus_client, nginx):
    what = f"{size:,} processes, {mode.name}"
    if mode.numbers != 1:
        return
    if size == SIZES[0]:
        if mode is UNCHANGED:
            ratio = pushgateway.cpu / ours.cpu
            goal(f"{what}: CPU of a scrape", "2x less than Pushgateway", less(ratio), ratio > 2)
            p99 = ours.quantile(0.99)
            goal(f"{what}: p99", "under 1 ms", f"{figure(p99)} ms", p99 < 1)
    elif mode.compressed:
        ratio = nginx.cpu / ours.cpu
        goal(f"{what}: CPU", "less than nginx at level 1", less(ratio), ratio > 1)
    else:
        ratio = pushgateway.cpu_per_sample / ours.cpu_per_sample
        wanted = 25 if mode.share else 100
        goal(f"{what}: CPU per sample", f"{wanted}x less than Pushgateway", less(ratio), ratio >= wanted)
