"""Alerts about a host: each firing, and each just not."""

from .kit import Test

Test("clock ahead of Prometheus by 20 s for ten minutes") \
    .of_process("heartbeat_age_seconds", "20+15x40 635+15x60").of_process("heartbeat_age_seconds", "18+15x40 633+15x60", "uneven") \
    .of_process("heartbeat_last_timestamp_seconds", "0x40 -20x60").of_process("heartbeat_last_timestamp_seconds", "2x40 -18x60", "uneven") \
    .silent("HostClockSkew", "4m45s").fires("HostClockSkew", "5m", "15m").silent("HostClockSkew", "15m30s")

Test("clock behind by 20 s") \
    .of_process("heartbeat_age_seconds", "-20+15x40").of_process("heartbeat_last_timestamp_seconds", "0x40").fires("HostClockSkew", "6m")

Test("clock ahead by 4 s") \
    .of_process("heartbeat_age_seconds", "4+15x60").of_process("heartbeat_last_timestamp_seconds", "0x60").silent("HostClockSkew", "10m")

Test("two cores, 99 % busy for forty minutes") \
    .has("system_cpu_seconds_total", "0+0.15x160 24+15x100", cpu="0", mode="idle") \
    .has("system_cpu_seconds_total", "0+0.15x160 24+15x100", cpu="1", mode="idle").has("system_cpu_seconds_total", "0+14.85x260", cpu="0", mode="user") \
    .has("system_cpu_seconds_total", "0+14.85x260", cpu="1", mode="user").silent("HostCPUSaturated", "29m").fires("HostCPUSaturated", "31m", "44m45s").silent("HostCPUSaturated", "46m30s")

Test("one core of two is busy") \
    .has("system_cpu_seconds_total", "0x200", cpu="0", mode="idle").has("system_cpu_seconds_total", "0+15x200", cpu="1", mode="idle") \
    .has("system_cpu_seconds_total", "0+15x200", cpu="0", mode="user").has("system_cpu_seconds_total", "0x200", cpu="1", mode="user") \
    .silent("HostCPUSaturated", "45m")

Test("a core that only waits for its disk, and one that the hypervisor gave to others") \
    .has("system_cpu_seconds_total", "0x400", cpu="0", mode="idle").has("system_cpu_seconds_total", "0+15x400", cpu="0", mode="iowait") \
    .has("system_cpu_seconds_total", "0x400", cpu="0", mode="user") \
    .has_of({"job": "heartbeat", "instance": "web-2:9464", "cpu": "0", "mode": "idle"}, "system_cpu_seconds_total", "0x400") \
    .has_of({"job": "heartbeat", "instance": "web-2:9464", "cpu": "0", "mode": "steal"}, "system_cpu_seconds_total", "0+15x400") \
    .silent("HostCPUSaturated", "45m", "90m")

# The times of a core that is offline stand still.
one_of_many = Test("one core is idle, and 31 are offline") \
    .has("system_cpu_seconds_total", "0+14x200", cpu="0", mode="idle").has("system_cpu_seconds_total", "0+1x200", cpu="0", mode="user")
for n in range(1, 32):
    one_of_many.has("system_cpu_seconds_total", "9000x200", cpu=n, mode="idle").has("system_cpu_seconds_total", "500x200", cpu=n, mode="user")
one_of_many.silent("HostCPUSaturated", "30m15s", "45m")

Test("one core is busy, and the other one is offline") \
    .has("system_cpu_seconds_total", "0+0.15x200", cpu="0", mode="idle").has("system_cpu_seconds_total", "0+14.85x200", cpu="0", mode="user") \
    .has("system_cpu_seconds_total", "9000x200", cpu="1", mode="idle").has("system_cpu_seconds_total", "500x200", cpu="1", mode="user") \
    .fires("HostCPUSaturated", "45m")

Test("no time of any core goes on: there is no share") \
    .has("system_cpu_seconds_total", "9000x200", cpu="0", mode="idle").has("system_cpu_seconds_total", "500x200", cpu="0", mode="user").silent("HostCPUSaturated", "45m")

Test("an idle core whose counter steps back again and again") \
    .has("system_cpu_seconds_total", " ".join(f"{90000 - k}+15x3" for k in range(60)), cpu="0", mode="idle").silent("HostCPUSaturated", "40m", "55m")

Test("a twentieth of the memory is enough, less is not") \
    .has("system_memory_available_bytes", "50x40 40x60 60x60").has("system_memory_total_bytes", "1000x200") \
    .silent("HostMemoryLow", "10m", "20m").fires("HostMemoryLow", "20m15s", "30m").silent("HostMemoryLow", "31m")


class Disk(Test):
    """A test with file systems: what is free for users, of how much; a twentieth of it is kept back for root."""

    def disk(self, available, size, kept=50, device="/dev/sda1", fstype="ext4"):
        where = {"device": device, "mountpoint": "/data", "fstype": fstype}
        for metric, values in (("avail", available), ("size", f"{size}x2000"), ("free", available if not kept else None)):
            if values:
                self.has(f"system_filesystem_{metric}_bytes", values, **where)
        return self


# Whole numbers of bytes make small disks; what is kept back for root is in `free`, not in `avail`.
Disk("a full disk for ten minutes") \
    .disk("20x40 100x60", 1000, kept=0).silent("HostDiskFull", "4m45s").fires("HostDiskFull", "5m", "15m").silent("HostDiskFull", "15m30s")

Disk("four hundredths are free; an image is full by nature") \
    .disk("40x60", 1000, kept=0).disk("0x60", 1000, kept=0, device="/dev/loop0", fstype="squashfs").silent("HostDiskFull", "10m")

Disk("two hundredths of ten terabytes are much room") \
    .disk("200e9x60", "10e12", kept=0).silent("HostDiskFull", "10m")

Disk("an eleventh of ten terabytes is free, and full within the hour") \
    .disk("1000e9-6e9x60", "10e12", kept=0).silent("HostDiskFull", "4m").fires("HostDiskFull", "6m", "14m")

Disk("what root keeps back is not there for others: nothing is free, though a tenth is") \
    .disk("0x60", 1000, kept=1).has("system_filesystem_free_bytes", "100x60", device="/dev/sda1", mountpoint="/data", fstype="ext4").fires("HostDiskFull", "6m")

Disk("what root keeps back does not count as used: a tenth of what others may have is free") \
    .disk("29x60", 1000, kept=1).has("system_filesystem_free_bytes", "739x60", device="/dev/sda1", mountpoint="/data", fstype="ext4").silent("HostDiskFull", "6m")

PLACE = {"device": "/dev/sda1", "mountpoint": "/data", "fstype": "ext4"}
IMAGE = {"device": "/dev/loop0", "mountpoint": "/snap", "fstype": "squashfs"}

Test("a fiftieth of the inodes is free; an image has none free by nature, and btrfs none at all") \
    .has("system_filesystem_files_free", "20x40 100x60", **PLACE).has("system_filesystem_files", "1000x100", **PLACE) \
    .has("system_filesystem_files_free", "0x100", **IMAGE).has("system_filesystem_files", "1000x100", **IMAGE) \
    .has("system_filesystem_files_free", "0x100", device="/dev/sdb1", mountpoint="/pool", fstype="btrfs") \
    .has("system_filesystem_files", "0x100", device="/dev/sdb1", mountpoint="/pool", fstype="btrfs") \
    .silent("HostInodesLow", "4m45s").fires("HostInodesLow", "5m", "15m").silent("HostInodesLow", "15m30s")

Test("a twentieth of the inodes is enough") \
    .has("system_filesystem_files_free", "50x60", **PLACE).has("system_filesystem_files", "1000x60", **PLACE).silent("HostInodesLow", "10m")

Test("a mount hangs for ten minutes, another one for one") \
    .has("system_filesystem_device_error", "0x4 1x40 0x40", device="nas:/srv", mountpoint="/srv", fstype="nfs4").has("system_filesystem_device_error", "0x4 1x4 0x76", **PLACE) \
    .silent("HostFilesystemUnknown", "6m").fires("HostFilesystemUnknown", "6m15s", "16m").silent("HostFilesystemUnknown", "17m")

Test("a disk becomes read-only, and is mended", evaluation="1m", interval="1m") \
    .has("system_filesystem_readonly", "0x10 1x30 0x40", **PLACE).silent("HostFilesystemReadOnly", "12m").fires("HostFilesystemReadOnly", "13m", "44m").silent("HostFilesystemReadOnly", "47m")

Test("read-only from the start, as it was mounted; and for a minute only", evaluation="1m", interval="1m") \
    .has("system_filesystem_readonly", "1x60", **IMAGE).has("system_filesystem_readonly", "0x10 1x1 0x40", **PLACE).silent("HostFilesystemReadOnly", "12m", "20m", "50m")


def device(errors, packets, name="eth0", test=None):
    for direction in ("receive", "transmit"):
        test.has(f"system_network_{direction}_errors_total", errors if direction == "receive" else "0x400", device=name)
        test.has(f"system_network_{direction}_packets_total", packets, device=name)
    return test


device("0+30x160 4800x200", "0+1000x400", test=Test("a device loses one and a half percent of its packets for forty minutes, another one a thousandth")) \
    .has("system_network_receive_errors_total", "0+2x400", device="eth1").has("system_network_transmit_errors_total", "0x400", device="eth1") \
    .has("system_network_receive_packets_total", "0+1000x400", device="eth1").has("system_network_transmit_packets_total", "0+1000x400", device="eth1") \
    .silent("HostNetworkErrors", "29m").fires("HostNetworkErrors", "31m", "50m").silent("HostNetworkErrors", "57m")

device("0+1x400", "0x400", test=Test("nothing but errors: nothing goes through")).fires("HostNetworkErrors", "31m")

device("0x400", "0x400", test=Test("a device that nobody uses")).silent("HostNetworkErrors", "31m", "60m")

Test("the kernel kills a process for memory, after one long ago") \
    .has("system_oom_kills_total", "3x8 4x200").silent("HostOutOfMemory", "2m").fires("HostOutOfMemory", "2m15s", "21m").silent("HostOutOfMemory", "23m")

Test("the kernel killed processes long ago") \
    .has("system_oom_kills_total", "3x100").silent("HostOutOfMemory", "10m", "20m")

Test("nine tenths of the open files are used, and a little more") \
    .has("system_file_descriptors_allocated", "900x8 950x40 900x60").has("system_file_descriptors_maximum", "1000x200") \
    .silent("HostFileDescriptorsLow", "2m", "7m").fires("HostFileDescriptorsLow", "7m15s", "17m").silent("HostFileDescriptorsLow", "18m")

Test("nobody sets the clock for two hours", evaluation="1m", interval="1m") \
    .has("system_clock_synchronized", "1x5 0x120 1x60").silent("HostClockNotSynchronised", "65m").fires("HostClockNotSynchronised", "66m", "2h9m").silent("HostClockNotSynchronised", "2h13m")

Test("the clock is not set for half an hour after a boot", evaluation="1m", interval="1m") \
    .has("system_clock_synchronized", "0x30 1x60").silent("HostClockNotSynchronised", "31m", "80m")
