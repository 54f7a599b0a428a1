"""CPU time and duration of scrapes, server by server in turns."""

import dataclasses
import statistics
import time

from harness.server import Client, samples_in


@dataclasses.dataclass
class Effort:
    """How long a measurement may take."""

    rounds: int
    # CPU milliseconds of one server that one of its turns lasts at least, unless that takes longer than `longest` seconds.
    window: float
    longest: float


QUICK = Effort(rounds=2, window=40, longest=1)
FULL = Effort(rounds=5, window=200, longest=3)


@dataclasses.dataclass
class Mode:
    """What is scraped: the name of the mode, how it is encoded, and what happens before each scrape."""

    name: str
    compressed: bool = False
    share: float = 0
    numbers: int = 1

    def prepare(self, server):
        # A server that reads no file works the same whether processes beat or not.
        if self.share and server.file:
            server.file.beat(self.share, self.numbers)


class Measurement:
    """What the scrapes of one server came to."""

    def __init__(self, server):
        self.server = server
        self.turns, self.times, self.samples, self.wire = [], [], 0, 0

    def turn(self, mode, effort):
        client = Client(self.server, mode.compressed)
        client.get()  # A connection's first answer, which finds all else warm but the connection.
        count, used, start, begin = 0, 0.0, self.server.cpu_seconds(), time.monotonic()
        while count == 0 or (used < effort.window and time.monotonic() - begin < effort.longest):
            mode.prepare(self.server)
            before = time.perf_counter()
            self.wire = client.get()
            self.times.append((time.perf_counter() - before) * 1e3)
            count += 1
            used = (self.server.cpu_seconds() - start) * 1e3
        self.turns.append(used / count)
        if not self.samples:
            self.samples = samples_in(client.text())
        client.close()

    @property
    def cpu(self):
        """CPU milliseconds of a scrape, the median of all turns."""
        return statistics.median(self.turns)

    @property
    def cpu_per_sample(self):
        """CPU microseconds of a thousand samples."""
        return self.cpu * 1e6 / self.samples

    def quantile(self, share):
        """Milliseconds from the request to the last byte of the answer."""
        times = sorted(self.times)
        return times[min(len(times) - 1, int(len(times) * share))]


def measure(servers, mode, effort):
    """Measures all servers in turns, round after round, so that a busy minute of the machine meets each of them."""
    results = [Measurement(server) for server in servers]
    for _ in range(effort.rounds):
        for result in results:
            result.turn(mode, effort)
    return results
