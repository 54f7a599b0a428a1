"""The machines below the processes."""

from prometheus.source.model import READ_ONLY_TYPES, cores_online, cpu_busy, disk_free

from .kit import *

I = "{{instance}}"


def board():
    b = Board("host", "Heartbeat / Host", "The machines that the processes run on: processor, memory, disks, network.",
              variables(None), [alerts(ALERT_HOST + ',process=""')])  # fmt: skip
    cores = cores_online(HOST, "$__rate_interval", "by (job, instance)")
    busy = cpu_busy(HOST, "$__rate_interval", "by (job, instance)")
    used = f"1 - system_memory_available_bytes{{{HOST}}} / system_memory_total_bytes{{{HOST}}}"
    # Images that are read-only by nature are always full.
    volumes = HOST + f',fstype!~"{READ_ONLY_TYPES}"'
    full = f"1 - {disk_free(volumes)}"
    b.add(
        number("CPU busy", "The share of all cores that computed: neither idle, nor waiting for disks, nor given to others by the hypervisor.", busy, unit="percentunit",
               decimals=1, legend=I, sparkline=True, thresholds=steps(GREEN, (0.8, ORANGE), (0.95, RED))),
        number("Memory used", "The share of memory that programs could not have without swapping.", used, unit="percentunit",
               decimals=1, legend=I, sparkline=True, thresholds=steps(GREEN, (0.85, ORANGE), (0.95, RED))),
        number("Fullest file system", "How full it is, as df says it: used of what users may have.",
               f"max by (job, instance) ({full})", unit="percentunit", decimals=1, legend=I,
               thresholds=steps(GREEN, (0.8, ORANGE), (0.9, RED))),
        number("Load per core", "Processes that run or wait to, over one minute, per core.",
               f"system_load1{{{HOST}}} / on(job, instance) group_left {cores}", decimals=2, legend=I, sparkline=True,
               thresholds=steps(GREEN, (1, ORANGE), (2, RED))),
        number("Cores", "Processors that the kernel uses; those that are offline do not count.", cores, legend=I),
        number("Uptime", "Time since the kernel started.", f"system_uptime_seconds{{{HOST}}}", unit="s", decimals=1,
               legend=I),
    )  # fmt: skip
    b.row("Processor").add(
        lines("CPU by mode", "What the cores do; 100 % is all of them, of all chosen hosts.",
              (f'sum by (mode) (rate(system_cpu_seconds_total{{{HOST},mode!="idle"}}[$__rate_interval])) / on () group_left sum (rate(system_cpu_seconds_total{{{HOST}}}[$__rate_interval]))',
               "{{mode}}"), unit="percentunit", minimum=0, stacked=True),
        lines("CPU by core", "How busy each core is.",
              (cpu_busy(HOST, "$__rate_interval", "by (job, instance, cpu)"),
               "core {{cpu}} · " + I), unit="percentunit", minimum=0, maximum=1),
        lines("Load", "Processes that run, wait to run, or wait for a disk; the mean of 1, 5 and 15 minutes.",
              (f"system_load1{{{HOST}}}", "1 min · " + I), (f"system_load5{{{HOST}}}", "5 min · " + I),
              (f"system_load15{{{HOST}}}", "15 min · " + I), minimum=0, width=8),
        lines("Running and waiting for a disk", "Processes and threads that run or could run, and those that wait for a disk, at the moment of each scrape.",
              (f"system_processes_running{{{HOST}}}", "running · " + I), (f"system_processes_blocked{{{HOST}}}", "waiting for a disk · " + I),
              minimum=0, decimals=0, width=8),
        lines("Pressure", "The share of time in which something waited (stalled: everything did). Needs a kernel that counts it (CONFIG_PSI); that of interrupts is counted since Linux 6.1.",
              (f"rate(system_pressure_cpu_waiting_seconds_total{{{HOST}}}[$__rate_interval])", "cpu, waiting · " + I),
              (f"rate(system_pressure_cpu_stalled_seconds_total{{{HOST}}}[$__rate_interval])", "cpu, stalled · " + I),
              (f"rate(system_pressure_memory_waiting_seconds_total{{{HOST}}}[$__rate_interval])", "memory, waiting · " + I),
              (f"rate(system_pressure_memory_stalled_seconds_total{{{HOST}}}[$__rate_interval])", "memory, stalled · " + I),
              (f"rate(system_pressure_io_waiting_seconds_total{{{HOST}}}[$__rate_interval])", "I/O, waiting · " + I),
              (f"rate(system_pressure_io_stalled_seconds_total{{{HOST}}}[$__rate_interval])", "I/O, stalled · " + I),
              (f"rate(system_pressure_irq_stalled_seconds_total{{{HOST}}}[$__rate_interval])", "interrupts, stalled · " + I),
              unit="percentunit", minimum=0, width=8),
    )  # fmt: skip
    b.row("Memory").add(
        lines("Memory", "Where the memory is. Used is what programs could not have without swapping; page cache and slab can mostly be given back.",
              (f"system_memory_total_bytes{{{HOST}}} - system_memory_available_bytes{{{HOST}}}", "used · " + I),
              (f"system_memory_cached_bytes{{{HOST}}}", "page cache · " + I),
              (f"system_memory_buffers_bytes{{{HOST}}}", "buffers · " + I),
              (f"system_memory_slab_bytes{{{HOST}}}", "kernel (slab) · " + I),
              (f"system_memory_shared_bytes{{{HOST}}}", "shared · " + I),
              (f"system_memory_free_bytes{{{HOST}}}", "free · " + I), unit="bytes", minimum=0),
        lines("Dirty pages", "Pages that wait to be written to a disk: a mountain means a slow disk.",
              (f"system_memory_dirty_bytes{{{HOST}}}", I), unit="bytes", minimum=0, width=6),
        lines("Swap", "Memory that lies on a disk.",
              (f"system_swap_total_bytes{{{HOST}}} - system_swap_free_bytes{{{HOST}}}", "used · " + I),
              (f"system_swap_cached_bytes{{{HOST}}}", "also in memory · " + I), unit="bytes", minimum=0, width=6),
        lines("Major page faults", "How often a program had to wait until a page of its memory was read from a disk: many of them mean that memory is short.",
              (f"rate(system_major_page_faults_total{{{HOST}}}[$__rate_interval])", I), unit="ops", minimum=0),
        lines("OOM kills", "Processes that the kernel killed because memory ran out.",
              (f"increase(system_oom_kills_total{{{HOST}}}[$__rate_interval])", I), minimum=0, decimals=0),
    )  # fmt: skip
    b.row("Disks and network").add(
        bars("File systems", "How full each is, as ordinary users see it.", full, "{{mountpoint}} · " + I, width=8,
             thresholds=steps(GREEN, (0.8, ORANGE), (0.9, RED))),
        lines("Free space", "What is free; the part that only root may write to is in it.",
              (f"system_filesystem_free_bytes{{{volumes}}}", "{{mountpoint}} · " + I), unit="bytes", minimum=0, width=8),
        lines("Time until full", "When the file system would be full if it went on as in the last hour; shown below 30 days.",
              (f"(system_filesystem_avail_bytes{{{volumes}}} / -deriv(system_filesystem_avail_bytes{{{volumes}}}[1h]) > 0) < 2592000",
               "{{mountpoint}} · " + I), unit="s", minimum=0, width=8),
        lines("Inodes free", "The share of a file system's inodes that is free: without one no file can be made, whatever room there is.",
              (f"system_filesystem_files_free{{{volumes}}} / system_filesystem_files{{{volumes}}}", "{{mountpoint}} · " + I), unit="percentunit",
              minimum=0, maximum=1, width=8),
        lines("File systems in trouble", "Those that do not answer, and those that cannot be written to. Some are read-only on purpose.",
              (f"system_filesystem_device_error{{{HOST}}} == 1", "no answer: {{mountpoint}} · " + I),
              (f"system_filesystem_readonly{{{volumes}}} == 1", "read-only: {{mountpoint}} · " + I), minimum=0, width=8, decimals=0),
        lines("Packet errors", "Packets with errors; above 1 % of all packets for half an hour is an alert.",
              (f"rate(system_network_receive_errors_total{{{HOST}}}[$__rate_interval])", "received {{device}} · " + I),
              (f"-rate(system_network_transmit_errors_total{{{HOST}}}[$__rate_interval])", "sent {{device}} · " + I), unit="pps", width=8),
        lines("Disk", "Read (above) and written (below).",
              (f"rate(system_disk_read_bytes_total{{{HOST}}}[$__rate_interval])", "read {{device}} · " + I),
              (f"-rate(system_disk_written_bytes_total{{{HOST}}}[$__rate_interval])", "written {{device}} · " + I), unit="Bps"),
        lines("Network", "Received (above) and sent (below).",
              (f"rate(system_network_receive_bytes_total{{{HOST}}}[$__rate_interval])", "received {{device}} · " + I),
              (f"-rate(system_network_transmit_bytes_total{{{HOST}}}[$__rate_interval])", "sent {{device}} · " + I), unit="Bps"),
        lines("Disk operations", "Reads (above) and writes (below) that were done.",
              (f"rate(system_disk_reads_completed_total{{{HOST}}}[$__rate_interval])", "read {{device}} · " + I),
              (f"-rate(system_disk_writes_completed_total{{{HOST}}}[$__rate_interval])", "written {{device}} · " + I), unit="iops", width=8),
        lines("Disk latency", "How long a read (above) or a write (below) took in the mean.",
              (f"rate(system_disk_read_time_seconds_total{{{HOST}}}[$__rate_interval]) / (rate(system_disk_reads_completed_total{{{HOST}}}[$__rate_interval]) > 0)",
               "read {{device}} · " + I),
              (f"-rate(system_disk_write_time_seconds_total{{{HOST}}}[$__rate_interval]) / (rate(system_disk_writes_completed_total{{{HOST}}}[$__rate_interval]) > 0)",
               "written {{device}} · " + I), unit="s", width=8),
        lines("Disk busy", "The share of time in which the disk had something to do. One that does several things at once can do more at 100 %.",
              (f"rate(system_disk_io_time_seconds_total{{{HOST}}}[$__rate_interval])", "{{device}} · " + I), unit="percentunit", minimum=0, width=8),
        lines("Packets", "Received (above) and sent (below).",
              (f"rate(system_network_receive_packets_total{{{HOST}}}[$__rate_interval])", "received {{device}} · " + I),
              (f"-rate(system_network_transmit_packets_total{{{HOST}}}[$__rate_interval])", "sent {{device}} · " + I), unit="pps"),
        lines("Packets dropped", "Mostly because a buffer was full: received (above), and to be sent (below).",
              (f"rate(system_network_receive_drop_total{{{HOST}}}[$__rate_interval])", "received {{device}} · " + I),
              (f"-rate(system_network_transmit_drop_total{{{HOST}}}[$__rate_interval])", "to be sent {{device}} · " + I), unit="pps"),
    )  # fmt: skip
    b.row("Files and clock").add(
        lines("Open files", "Open files of all processes, as a share of what the kernel allows.",
              (f"system_file_descriptors_allocated{{{HOST}}} / system_file_descriptors_maximum{{{HOST}}}", I), unit="percentunit", minimum=0, width=8),
        lines("Clock offset", "By how much the clock is off the one that it follows.",
              (f"system_clock_offset_seconds{{{HOST}}}", I), unit="s", width=8),
        lines("Clock synchronised", "1 while the clock is synchronised with another one (NTP, PTP, the hypervisor's).",
              (f"system_clock_synchronized{{{HOST}}}", I), minimum=0, maximum=1, decimals=0, width=8),
    )  # fmt: skip
    b.row("What the hosts run").add(
        rows("Hosts", "The kernel of each host, as uname(1) tells it.",
             [f"max by (job, instance, nodename, sysname, release, machine) (system_info{{{HOST}}})"],
             [Column("instance", "Instance", **cell_link("Its processes", "overview", **ROW_TO_HOST)), Column("job", "Job"),
              Column("nodename", "Name"), Column("sysname", "System"),
              Column("release", "Kernel"), Column("machine", "Machine")], height=6),
    )  # fmt: skip
    return b
