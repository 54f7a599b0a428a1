"""One bad scrape between good ones is no alert, however long a scrape is the last one; bad ones that go on are."""

import re

from .kit import Test

INTERVALS = {"15s": 15, "30s": 30, "45s": 45, "1m": 60, "90s": 90, "2m": 120}
# One bad scrape; two with two good ones between, and with one; and then it stays bad.
SCRAPES = "gggbgggbggbgbggg" + "b" * 26
# A counter's: one push fails. Two of them in ten minutes are what goes on.
ONE_PUSH = "gggb" + "g" * 45 + "b" * 26


class Bad:
    """What an alert needs: {series: (value while all is well, value while it is not)}; None is no sample."""

    def __init__(self, alert, hold, what="", scrapes=SCRAPES, **series):
        self.alert, self.hold, self.what, self.scrapes, self.series = alert, hold, f" ({what})" if what else "", scrapes, series
        for interval in INTERVALS:
            self.test(interval)

    def test(self, interval):
        step, total = INTERVALS[interval], 0
        test = Test(f"one bad scrape every now and then, and then it goes on: {self.alert}{self.what}, scraped every {interval}", interval=interval)
        for series, values in self.series.items():
            metric, _, labels = series.partition("|")
            said = []
            for s in self.scrapes:
                value = values[s == "b"]
                # A counter goes on from where it is.
                total += value == "+1"
                said.append({None: "stale" if said and said[-1] not in ("_", "stale") else "_", "+1": total, "+0": total}.get(value, value))
            test.has(metric, " ".join(map(str, said)), **dict(p.split("=") for p in labels.split("|") if p))
        # Until the next scrape comes, the last one is what is known.
        ends = [m.start() + 1 for m in re.finditer("b(?=g)", self.scrapes)] + [re.search("b*$", self.scrapes).start() + 1]
        times = {e * step - 15 for e in ends}
        if self.scrapes == ONE_PUSH:  # a window of the past ends later
            times |= {3 * step + 60 * minute for minute in range(1, 11)}
        test.silent(self.alert, *(f"{t}s" for t in sorted(times)))
        test.fires(self.alert, f"{ends[-1] * step + self.hold + 3 * step}s")


BIDDER, MILL = "|process=bidder", "|process=mill"
ALIVE, GONE = "heartbeat_state|state=alive|reason=beating", "heartbeat_state|state=dead|reason=pid_gone"
SILENT = "heartbeat_state|state=dead|reason=silent"
HANGS, SPINS = "heartbeat_state|state=hung|reason=silent", "heartbeat_state|state=hung|reason=clock_ahead"
LATE, LONG = "heartbeat_state|state=dead|reason=job_late", "heartbeat_state|state=hung|reason=job_overdue"
DONE = "heartbeat_state|state=alive|reason=job_succeeded"
SERVES = {"up": (1, 1), "heartbeat_file_up": (1, 1)}
AGES = {"heartbeat_age_seconds" + BIDDER: (5, 5000), "heartbeat_timeout_seconds" + BIDDER: (60, 60)}
DISK = "|device=/dev/sda1|mountpoint=/data|fstype=ext4"


def both(well, ill, process=BIDDER):
    return {well + process: (1, None), ill + process: (None, 1)}


Bad("ProcessDead", 60, **SERVES, **both(ALIVE, GONE))
Bad("ProcessDead", 60, "silent", **SERVES, **both(ALIVE, SILENT), **AGES)
Bad("ProcessHung", 30, **SERVES, **both(ALIVE, SPINS))
Bad("ProcessHung", 30, "silent", **SERVES, **both(ALIVE, HANGS), **AGES)
Bad("ProcessGivenUp", 30, **SERVES, **both(ALIVE, GONE), **{
    "heartbeat_status|status=alive" + BIDDER: (1, None), "heartbeat_status|status=failed" + BIDDER: (None, 1), "heartbeat_data_restarts_total" + BIDDER: (None, 11)})  # fmt: skip
Bad("ProcessClockAhead", 120, **SERVES, **{"heartbeat_age_seconds" + BIDDER: (5, -30)})
Bad("JobLate", 60, **SERVES, **both(DONE, LATE), **{"heartbeat_job_last_end_timestamp_seconds" + BIDDER: (100, 100)})
Bad("JobNeverRan", 60, **SERVES, **both(DONE, LATE))
Bad("JobOverdue", 60, **SERVES, **both(DONE, LONG))
Bad("HeartbeatFileUnreadable", 120, up=(1, 1), heartbeat_file_up=(1, 0))
Bad("HeartbeatFileStale", 120, **SERVES, **both(ALIVE, HANGS), **both(ALIVE, HANGS, MILL), heartbeat_file_modified_timestamp_seconds=(-9000, -9000), heartbeat_file_entries=(2, 2))
Bad("HeartbeatPushFailing", 120, scrapes=ONE_PUSH, **SERVES, **{"heartbeat_push_errors_total|reason=unavailable": ("+0", "+1")})
Bad("HeartbeatExporterDown", 60, up=(1, 0))
Bad("HeartbeatTargetsMissing", 300, up=(1, None))
Bad("HeartbeatMetricsMissing", 300, up=(1, 1), heartbeat_file_up=(1, None))
Bad("HostFileDescriptorsLow", 300, **SERVES, system_file_descriptors_allocated=(1000, 99000), system_file_descriptors_maximum=(100000, 100000))
Bad("HostDiskFull", 300, **SERVES, **{f"system_filesystem_{n}_bytes{DISK}": v for n, v in (("size", ("100e9",) * 2), ("avail", ("50e9", "1e9")), ("free", ("50e9", "1e9")))})
Bad("HostInodesLow", 300, **SERVES, **{f"system_filesystem_files{DISK}": ("6e6",) * 2, f"system_filesystem_files_free{DISK}": ("5e6", 5000)})
Bad("HostFilesystemReadOnly", 120, **SERVES, **{f"system_filesystem_readonly{DISK}": (0, 1)})
