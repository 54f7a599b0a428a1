"""Alerts about a host."""

from .kit import HOST, Group, Rules
from .model import READ_ONLY_TYPES, cpu_busy, disk_free


def groups(settings):
    r = Rules(settings)
    written = f'S,fstype!~"{READ_ONLY_TYPES}"'
    free = disk_free(written)
    available = f"system_filesystem_avail_bytes{{{written}}}"
    rules = [
        *r.alert(
            "HostClockSkew",
            """
            abs(
              avg without (process) (
                heartbeat_age_seconds{S} + heartbeat_last_timestamp_seconds{S} - timestamp(heartbeat_age_seconds{S})
              )
            ) > 5
            """,
            f"The clock of {HOST} is wrong",
            "It differs from that of Prometheus by {{ $value | humanizeDuration }}: ages of beats from elsewhere are wrong. First: timedatectl, chronyc tracking.",
            "Age and time of a beat add up to the exporter's clock; the timestamp of the sample is Prometheus's."),
        *r.alert(
            "HostCPUSaturated", f"{cpu_busy('S', '5m', 'without (cpu, mode)')} > {settings.threshold('cpu_busy_share')}",
            f"{HOST} has no CPU time left",
            "Its cores were {{ $value | humanizePercentage }} busy for half an hour. First: top; the dashboard of the host says since when.",
            "Waiting for a disk is not busy, and what the hypervisor gave to others is not this host's."),
        *r.alert(
            "HostMemoryLow", f"system_memory_available_bytes{{S}} / system_memory_total_bytes{{S}} < {settings.threshold('memory_low_share')}",
            f"{HOST} has no memory left",
            "{{ $value | humanizePercentage }} of its memory is left; soon the kernel kills a process. First: ps --sort=-rss -eo rss,pid,args | head."),
        *r.alert(
            "HostDiskFilling",
            f"""
            {free} < {settings.threshold("disk_filling_share")}
            and predict_linear({available}[6h], 24 * 3600) < 0
            """,
            f"{{{{ $labels.mountpoint }}}} on {HOST} will be full within a day",
            "{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} ({{ $labels.device }}) is free, and it fills. First: find what grows, du -xh --max-depth=2.",
            "Images that are read-only are full by nature."),
        *r.alert(
            "HostDiskFull",
            f"""
            (
              {free} < {settings.threshold("disk_full_share")}
              and {available} < {settings.threshold("disk_full_bytes"):.0f}
            )
            or (
              {free} < 0.1
              and predict_linear({available}[30m], 3600) < 0
            )
            """,
            f"{{{{ $labels.mountpoint }}}} on {HOST} is full",
            "{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} ({{ $labels.device }}) is free: what programs write there is about to fail. First: make room, journalctl --vacuum-size=200M.",
            "Three percent of a large disk is much room, and little of one that fills quickly: full is a small rest, or less than an hour."),
    ]  # fmt: skip
    return [Group("heartbeat-host-alerts", rules)]
