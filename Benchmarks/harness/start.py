"""From the start of the program to its first answer, and the size of the program."""

import http.client
import statistics
import subprocess
import time

from harness.beats import HeartbeatFile
from harness.server import Failure, free_port
from harness.tables import figure, goal, table


def milliseconds(program, file):
    port = free_port()
    begin = time.perf_counter()
    process = subprocess.Popen(
        [program, f"--heartbeat.file={file.path}", f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.perf_counter() - begin < 10:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("GET", "/metrics")
                if connection.getresponse().status == 200:
                    return (time.perf_counter() - begin) * 1e3
            except OSError:
                time.sleep(0.0005)
        raise Failure(f"{program} did not answer within 10 s")
    finally:
        process.terminate()
        process.wait()


def run(context):
    program = context.bin / "heartbeat-exporter"
    context.say("start")
    with context.folder() as folder:
        file = HeartbeatFile(folder / "heartbeat_status.json", 10)
        times = sorted(milliseconds(program, file) for _ in range(10 if context.is_quick else 30))
    middle, size = statistics.median(times), program.stat().st_size / (1 << 20)
    goal("start to the first 200", "under 50 ms", f"{figure(middle)} ms", middle < 50)
    goal("size of heartbeat-exporter", "under 15 MiB", f"{figure(size)} MiB", size < 15)
    yield "Start and size", table(
        ["", "this run"],
        [
            ["start to the first 200 of /metrics, median", f"{figure(middle)} ms"],
            ["the slowest", f"{figure(times[-1])} ms"],
            ["heartbeat-exporter with the Swift runtime inside", f"{figure(size)} MiB"],
        ],
    )
