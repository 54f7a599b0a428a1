"""Where the time of a scrape goes: instructions by function, counted by valgrind's callgrind, and the kernel's share."""

import re
import subprocess

from harness import peers
from harness.beats import HeartbeatFile
from harness.measuring import Mode
from harness.server import Client, Failure, Server
from harness.tables import figure, table

SIZE = 10_000
MODES = [Mode("unchanged"), Mode("10 % beat", share=0.1)]
MODES += [Mode(f"{mode.name}, gzip", True, mode.share) for mode in MODES]
SCRAPES = 5
SHOWN = 10


def run(context):
    totals = []
    for mode in MODES:
        context.say(f"profile, {SIZE:,} processes, {mode.name}")
        with context.folder() as folder, context.servers() as start:
            file = HeartbeatFile(folder / "heartbeat_status.json", SIZE)
            share = kernel_share(start(peers.exporter(context.bin, file, folder)), mode)
            total, functions = instructions(context, start, file, folder, mode)
        totals.append([mode.name, figure(total / 1e6), figure(total / SIZE), f"{share:.0%}"])
        rows = [[name, f"{count / total:.1%}"] for name, count in functions[:SHOWN]]
        yield f"{SIZE:,} processes, {mode.name}: instructions by function", table(["function", "share"], rows)
    header = ["", "million instructions of a scrape", "of a process", "kernel's share of the CPU time"]
    yield "In all, without the kernel's", table(header, totals)


def kernel_share(server, mode):
    """The kernel's part of the server's CPU time; /proc counts it in steps of 10 ms, so it takes a second of it."""

    def times():
        with open(f"/proc/{server.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]), int(fields[12])

    client = Client(server, mode.compressed)
    client.get()
    user, system = times()
    while sum(now := times()) - user - system < 100:
        mode.prepare(server)
        client.get()
    client.close()
    return (now[1] - system) / (sum(now) - user - system)


def instructions(context, start, file, folder, mode):
    """Instructions of one scrape, and of each function by itself, the largest first."""
    counts = folder / "callgrind.out"
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={counts}",
               *peers.exporter_command(context.bin, file)]  # fmt: skip
    server = start(Server("exporter under callgrind", command, folder, file))
    client = Client(server, mode.compressed)
    for _ in range(2):
        mode.prepare(server)
        client.get()
    for switch in ("on", "off"):
        control = ["callgrind_control", "-i", switch, str(server.process.pid)]
        if subprocess.run(control, capture_output=True).returncode:
            raise Failure(f"'{' '.join(control)}' failed: is valgrind's callgrind_control there?")
        for _ in range(SCRAPES if switch == "on" else 0):
            mode.prepare(server)
            client.get()
    client.close()
    server.stop()
    report = subprocess.run(
        ["callgrind_annotate", "--auto=no", "--threshold=100", counts], capture_output=True, text=True, check=True
    ).stdout
    report = subprocess.run(["swift", "demangle", "--simplified"], input=report, capture_output=True, text=True, check=True).stdout
    total, functions = 0, {}
    for line in report.splitlines():
        if match := re.match(r" *([\d,]+) +\( *[\d.]+%\) +(.*)", line):
            count, place = int(match[1].replace(",", "")) / SCRAPES, match[2]
            if place.startswith("PROGRAM TOTALS"):
                total = count
            else:
                # file:function [object]; functions without a name are told by their object.
                name, _, object = place.partition(" [")
                name = name.partition(":")[2]
                library = object.rstrip("]").rpartition("/")[2]
                if name.startswith("0x"):
                    name = "(without a name)"
                if library and not library.startswith("heartbeat-exporter"):
                    name += f", {library.partition('.')[0]}"
                name = f"`{name[:90]}`"
                functions[name] = functions.get(name, 0) + count
    return total, sorted(functions.items(), key=lambda item: -item[1])
