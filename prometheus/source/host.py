"""Alerts about a host."""

from .kit import HOST, Group, Rules
from .model import READ_ONLY_TYPES, cpu_busy, disk_free


def groups(settings):
    r = Rules(settings)
    written = f'S,fstype!~"{READ_ONLY_TYPES}"'
    free = disk_free(written)
    available = f"system_filesystem_avail_bytes{{{written}}}"
    inodes = f"system_filesystem_files_free{{{written}}} / system_filesystem_files{{{written}}}"
    failed, moved = (
        " + ".join(f"rate(system_network_{d}_{n}_total{{S}}[5m])" for d in ("receive", "transmit")) for n in ("errors", "packets")
    )
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
            "HostOutOfMemory", "increase(system_oom_kills_total{S}[10m]) > 0",
            f"{HOST} ran out of memory",
            "The kernel has killed {{ $value | printf \"%.0f\" }} processes for memory within ten minutes. First: dmesg | grep -i 'killed process' names them."),
        *r.alert(
            "HostFileDescriptorsLow", f"system_file_descriptors_allocated{{S}} / system_file_descriptors_maximum{{S}} > {settings.threshold('host_files_share')}",
            f"{HOST} runs out of open files",
            "{{ $value | humanizePercentage }} of the open files that the kernel allows are in use; at 100% no program can open one more. First: which program has most of them? ls /proc/PID/fd | wc -l."),
        *r.alert(
            "HostClockNotSynchronised", "system_clock_synchronized{S} == 0",
            f"The clock of {HOST} is not synchronised",
            "No time service sets it, so it drifts: ages of beats and times in messages become wrong. First: timedatectl; systemctl status chrony systemd-timesyncd."),
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
            "{{ $value | humanizePercentage }} of {{ $labels.mountpoint }} ({{ $labels.device }}) is free: programs will soon fail to write there. First: make room, journalctl --vacuum-size=200M.",
            "Three percent of a large disk is much room, and little of one that fills quickly: full is a small rest, or less than an hour."),
        *r.alert(
            "HostInodesLow", f"{inodes} < {settings.threshold('inodes_low_share')}",
            f"{{{{ $labels.mountpoint }}}} on {HOST} has no room for files",
            "{{ $value | humanizePercentage }} of its inodes are free: programs will soon fail to make files, however much space df shows. First: df -i; find the folder of many small files.",
            "A file system that makes inodes as it needs them says that it has none."),
        *r.alert(
            "HostFilesystemUnknown", "system_filesystem_device_error{S} == 1",
            f"The free space of {{{{ $labels.mountpoint }}}} on {HOST} is unknown",
            "{{ $labels.device }} ({{ $labels.fstype }}) does not say how much room is left: its server or disk hangs and so does what uses it, or the exporter may not go there. First: the exporter's log says which; dmesg | tail; timeout 5 df of it."),
        *r.alert(
            "HostNetworkErrors", f"({failed}) / ({failed} + {moved}) > {settings.threshold('network_errors_share')}",
            f"{{{{ $labels.device }}}} on {HOST} has packet errors",
            "{{ $value | humanizePercentage }} of its packets had errors for half an hour. First: ip -s link; ethtool of the device, its cable and switch port."),
    ]  # fmt: skip
    trends = [
        *r.alert(
            "HostFilesystemReadOnly", "system_filesystem_readonly{S} == 1\nand min_over_time(system_filesystem_readonly{S}[1d:5m]) == 0",
            f"{{{{ $labels.mountpoint }}}} on {HOST} has become read-only",
            "It was writable within the last day: the kernel does that after errors of {{ $labels.device }}. First: dmesg | tail -50; save what matters before a repair.",
            "What was mounted so from the start is as it should be."),
    ]  # fmt: skip
    return [
        Group("heartbeat-host-alerts", rules),
        Group("heartbeat-host-trends", trends, interval="1m", comment="What looks back for a day is asked less often."),
    ]
