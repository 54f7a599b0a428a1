"""Resident memory, and whether it stays as it is."""

from harness import peers
from harness.beats import HeartbeatFile
from harness.server import Client
from harness.tables import figure, goal, table

# Processes, and MiB that the exporter may take.
LIMITS = {10: 12, 10_000: 64}
SCRAPES = 10_000
# After so many scrapes the exporter has its tables,
FIRST = 100
# and after so many the allocator has what it needs for texts of changing lengths.
WARM_UP = 1_000


def run(context):
    rows = []
    for size, limit in LIMITS.items():
        with context.folder() as folder, context.servers() as start:
            file = HeartbeatFile(folder / "heartbeat_status.json", size)
            server = start(peers.exporter(context.bin, file, folder))
            plain, compressed = Client(server), Client(server, compressed=True)
            # Nine of ten scrapes compressed, as Prometheus asks for it, and a beat before every tenth.
            scrapes = SCRAPES // 10 if context.is_quick and size > 10 else SCRAPES
            warm_up = min(WARM_UP, scrapes // 2)
            context.say(f"memory, {size:,} processes, {scrapes:,} scrapes")
            for count in range(1, scrapes + 1):
                if count % 10 == 0:
                    file.beat(0.1, 8)
                    plain.get()
                else:
                    compressed.get()
                if count == FIRST:
                    first = server.resident_mib()
                if count == warm_up:
                    early = server.resident_mib()
            late = server.resident_mib()
            rows.append([f"{size:,}", figure(first), figure(early), figure(late), f"{scrapes:,}"])
            goal(f"resident memory, {size:,} processes", f"under {limit} MiB", f"{figure(late)} MiB", late < limit)
            goal(
                f"resident memory, {size:,} processes, from scrape {warm_up:,} to {scrapes:,}", "flat: within 5 %",
                f"{late - early:+.1f} MiB", late < early * 1.05,
            )  # fmt: skip
    yield "Resident memory", table(
        ["processes", f"MiB after {FIRST} scrapes", "MiB after the warm-up", "MiB at the end", "scrapes"], rows)
