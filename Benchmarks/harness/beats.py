"""Heartbeat files of N processes with eight numbers each, and processes that beat."""

import datetime
import json
import os
import random
import time

KEYS = ["messages_processed", "latency", "consecutive_failures", "offset", "load", "uptime", "queue_depth", "cache_hits"]
# Of these the values are doubles with all their digits; the others are whole.
FRACTIONS = {"latency", "load", "uptime"}


class HeartbeatFile:
    """A file that is replaced as all of our own writers do it; each entry stays serialised until its process beats."""

    def __init__(self, path, count, pids=()):
        self.path = path
        self.random = random.Random(7)
        now = time.time()
        self.beats = []
        for place in range(count):
            self.beats.append({
                # Processes that run must not have started after their last beat.
                "last_heartbeat": now if pids else now - self.random.random() * 30,
                "last_heartbeat_formatted": "2026-01-01 00:00:00",
                # Without live processes the pids are beyond all that Linux gives by default.
                "pid": pids[place] if pids else 4_000_000 + place, "status": "alive",
                "additional_data": {key: self._value(key) for key in KEYS},
            })  # fmt: skip
        self.entries = [self._entry(place) for place in range(count)]
        self._write(now)

    def _value(self, key):
        return self.random.random() * 1000 if key in FRACTIONS else self.random.randrange(10**6)

    def _entry(self, place):
        return f'"worker-{place:05d}": {json.dumps(self.beats[place])}'

    def beat(self, share, numbers):
        """A share of the processes beats, at random places of the file, and so many of the numbers of each change."""
        now = time.time()
        for place in self.random.sample(range(len(self.entries)), max(1, int(len(self.entries) * share))):
            beat = self.beats[place]
            beat["last_heartbeat"] = now
            beat["additional_data"] |= {key: self._value(key) for key in KEYS[:numbers]}
            self.entries[place] = self._entry(place)
        self._write(now)

    def _write(self, now):
        new = self.path.with_suffix(".tmp")
        new.write_text(f'{{"last_updated": {now}, "processes": {{{", ".join(self.entries)}}}}}')
        os.replace(new, self.path)

    def processes(self):
        return {f"worker-{place:05d}": beat for place, beat in enumerate(self.beats)}


class OwnFiles(HeartbeatFile):
    """A folder in the place of the file: each process has a file of its own, which is replaced when it beats."""

    def _entry(self, place):
        return json.dumps(self.beats[place])

    def _write(self, _):
        self._replace_changed(self.path)

    def _replace_changed(self, folder, suffix=".json"):
        self.written = getattr(self, "written", [None] * len(self.entries))
        for place, entry in enumerate(self.entries):
            if entry is self.written[place]:
                continue
            new = folder / ".heartbeat-tmp-bench"
            new.write_text(entry)
            os.replace(new, folder / f"worker-{place:05d}{suffix}")
            self.written[place] = entry


class OthersFiles(OwnFiles):
    """A file for each process as other programs write them: one object of some 300 bytes, with an ISO time. `path` is their pattern."""

    def __init__(self, folder, count):
        super().__init__(folder / "*.json", count)

    def _entry(self, place):
        beat = self.beats[place]
        at = datetime.datetime.fromtimestamp(beat["last_heartbeat"], datetime.UTC)
        return json.dumps({"updated_at": at.isoformat(), "pid": beat["pid"], "phase": "working"} | beat["additional_data"])

    def _write(self, _):
        self._replace_changed(self.path.parent)


class PromFiles(OwnFiles):
    """The same in the exposition format, a file for each process, for node_exporter's textfile collector."""

    def _entry(self, place):
        beat, process = self.beats[place], f'{{process="worker-{place:05d}"}}'
        values = {"last_timestamp_seconds": beat["last_heartbeat"], "pid": beat["pid"]}
        values |= {f"data_{key}": value for key, value in beat["additional_data"].items()}
        return "".join(f"heartbeat_{name}{process} {value!r}\n" for name, value in values.items())

    def _write(self, _):
        self._replace_changed(self.path, ".prom")
