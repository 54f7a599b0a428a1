"""Alerts that look back six hours, evaluated once a minute."""

from .host import Disk
from .kit import Test

Test("memory: a leak of 1 MB a minute, which somebody mends after nine hours", interval="1m", evaluation="1m") \
    .of_process("process_resident_memory_bytes", "300000000x60 300000000+1000000x480 300000000x300") \
    .of_process("process_start_time_seconds", "100x541 200x301").silent("ProcessMemoryGrowth", "6h20m") \
    .fires("ProcessMemoryGrowth", "8h30m", "9h20m").silent("ProcessMemoryGrowth", "9h40m")

Test("memory: small, or steady since hours, or started anew", interval="1m", evaluation="1m") \
    .of_process("process_resident_memory_bytes", "1000000+400000x480").of_process("process_start_time_seconds", "100x480") \
    .of_process("process_resident_memory_bytes", "300000000x120 900000000x360", "uneven") \
    .of_process("process_start_time_seconds", "100x480", "uneven").of_process("process_resident_memory_bytes", "300000000+1000000x480", "hung") \
    .of_process("process_start_time_seconds", "100x300 200x180", "hung").silent("ProcessMemoryGrowth", "7h30m", "8h")

Test("memory: it grows while its start time wobbles", interval="1m", evaluation="1m") \
    .of_process("process_resident_memory_bytes", "300000000x60 300000000+1000000x480").of_process("process_start_time_seconds", " ".join(["100 101"] * 270)) \
    .fires("ProcessMemoryGrowth", "8h30m")

Disk("a disk that fills by a fiftieth of a percent a minute, until somebody makes room", interval="1m", evaluation="1m") \
    .disk("400-0.2x1300 800x100", 1000, kept=0).silent("HostDiskFilling", "17h30m").fires("HostDiskFilling", "17h45m", "21h45m").silent("HostDiskFilling", "22h")

Disk("a disk with little room, but steady, and one that fills with much room", interval="1m", evaluation="1m") \
    .disk("150x600", 1000, kept=0).disk("600-0.6x600", 1000, kept=0, device="/dev/sdb1").silent("HostDiskFilling", "9h")

Test("memory: it grows while it is silenced", interval="1m", evaluation="1m") \
    .of_process("process_resident_memory_bytes", "300000000x60 300000000+1000000x480").of_process("process_start_time_seconds", "100x541") \
    .of_process("heartbeat_silenced_until_timestamp_seconds", "60000x541").silent("ProcessMemoryGrowth", "8h30m")
