"""What a sample costs by the number of processes."""

from harness import peers
from harness.beats import HeartbeatFile
from harness.measuring import Mode, measure
from harness.tables import factor, figure, goal, table

SIZES = [10, 100, 1_000, 10_000, 100_000]
MODES = [Mode("unchanged"), Mode("10 % beat", share=0.1)]
MODES += [Mode(f"{mode.name}, gzip", True, mode.share) for mode in MODES]


def run(context):
    with context.folder() as folder, context.servers() as start:
        files = []
        for size in SIZES:
            (folder / str(size)).mkdir()
            files.append(HeartbeatFile(folder / str(size) / "heartbeat_status.json", size))
        servers = [start(peers.exporter(context.bin, file, folder)) for file in files]
        rows = []
        for mode in MODES:
            context.say(f"growth, {mode.name}")
            results = measure(servers, mode, context.effort)
            rows.append([mode.name, *(figure(result.cpu_per_sample) for result in results)])
            by_size = dict(zip(SIZES, results))
            ratio = by_size[100_000].cpu_per_sample / by_size[1_000].cpu_per_sample
            rows[-1].append(factor(ratio))
            if not mode.compressed:
                what = f"CPU per sample at 100,000 processes, {mode.name}"
                goal(what, "at most 1.5x of 1,000", factor(ratio), ratio <= 1.5)
        yield "CPU µs of 1,000 samples, by processes", table(["", *(f"{s:,}" for s in SIZES), "100,000 to 1,000"], rows)
