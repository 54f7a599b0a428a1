"""What is around the programs: the file, the clocks, the exporter, Prometheus, the host."""

from .kit import Expected, dead, scenario, written
from .world import Program

UNREADABLE, DOWN, SKEW = "HeartbeatFileUnreadable", "HeartbeatExporterDown", "HostClockSkew"
A, B = '{job="heartbeat",instance="web-1:9464",host="web-1"}', '{job="heartbeat",instance="web-2:9464",host="web-2"}'


@scenario("the file is half written, for one reading", "file")
def torn_once(w):
    Program(w, "bidder")
    w.at(301, lambda: w.instead('{"processes": {"bidder": {"last_'))
    w.at(316, lambda: w.instead(None))


@scenario("the file is half written, and stays so", "file", Expected(UNREADABLE, "5m", "2m45s"))
def torn(w):
    Program(w, "bidder", pid=None, every=20)
    w.at("5m", lambda: w.instead('{"processes": {"bidder": {"last_'))
    w.at("10m", lambda: w.instead(None))


@scenario("somebody empties the file, and the programs beat on", "file")
def wiped(w):
    Program(w, "bidder"), Program(w, "mill")
    w.at("5m", lambda: w.wipe())


@scenario("the file is deleted, and the next beat makes it anew", "file")
def deleted(w):
    Program(w, "bidder")
    w.at("5m", lambda: w.instead("gone"))


@scenario("the file is deleted, and nobody makes it anew", "file", Expected(UNREADABLE, "5m", "2m45s"), dead("5m", "90s"))
def deleted_for_good(w):
    p = Program(w, "bidder")
    w.at("5m", lambda: (p.crash(), w.instead("gone")))


@scenario("a named pipe is in the file's place", "file", Expected(UNREADABLE, "5m", "2m45s"), end="8m30s")
def pipe(w):
    Program(w, "bidder", every=3000)
    w.configuration["bidder"] = {"timeout": "2h"}
    w.at("5m", lambda: w.instead("pipe"))


@scenario("one program begins to write entries that are malformed", "file", Expected("HeartbeatEntriesSkipped", "5m", "6m", ""))
def malformed(w):
    Program(w, "bidder")
    for n in range(60):
        w.at(300 + 15 * n, lambda: w.write("mill", {"last_heartbeat": "yesterday"}))


@scenario("an entry is malformed from the start, and nobody writes it again", "file", Expected("HeartbeatEntriesSkipped", "1s", "5m15s", ""))
def malformed_once(w):
    Program(w, "bidder", every=None)
    w.configuration["bidder"] = {"timeout": "2h"}
    w.write("mill", {"last_heartbeat": "yesterday"})


@scenario("the clock of the host is set an hour forward, and its programs' with it", "clocks", Expected(SKEW, "5m", "5m45s"))
def forward(w):
    Program(w, "bidder")
    w.at("5m", lambda: setattr(w, "offset", 3600))


@scenario("the clock of the host is set an hour forward, and a program beats every five minutes", "clocks", Expected(SKEW, "7m", "5m45s"))
def forward_slow(w):
    w.configuration["bidder"] = {"timeout": "750s"}
    Program(w, "bidder", every=300)
    w.at("7m", lambda: setattr(w, "offset", 3600))


@scenario("the clock of the host is set back while a program hangs, by less than it has hung", "clocks",
          Expected("ProcessHung", "5m", "6m30s", "bidder"), Expected(SKEW, "15m", "5m45s"), end="25m")  # fmt: skip
def back_while_hung(w):
    w.configuration["bidder"] = {"timeout": "300s"}
    w.at("5m", Program(w, "bidder").hang)
    w.at("15m", lambda: setattr(w, "offset", -420))


@scenario("the clock of the host is set an hour back, and its programs' with it", "clocks", Expected(SKEW, "5m", "5m45s"))
def back(w):
    Program(w, "bidder")
    w.at("5m", lambda: setattr(w, "offset", -3600))


@scenario("the clock of the host is four seconds ahead", "clocks", end="40m")
def little_ahead(w):
    w.offset = 4
    Program(w, "bidder")


@scenario("a clock of another host, which beats into the file, is half a minute ahead", "clocks", Expected("ProcessClockAhead", "1s", "2m30s", "bidder"))
def other_ahead(w):
    Program(w, "bidder", ahead=30, pid=77, host="elsewhere.example", every=10)


@scenario("summer time begins", "clocks", end="90m")
def summer(w):
    w.begin, w.environment = 1_711_846_200, {"TZ": "Europe/Zurich"}
    w.boot = w.host_boot = w.begin - 86_400
    Program(w, "bidder", last_heartbeat_formatted="2024-03-31 01:50:00")


@scenario("summer time ends", "clocks", end="90m")
def winter(w):
    w.begin, w.environment = 1_729_989_000, {"TZ": "Europe/Zurich"}
    w.boot = w.host_boot = w.begin - 86_400
    Program(w, "bidder", last_heartbeat_formatted="2024-10-27 02:30:00")


@scenario("the exporter is updated: away for ten seconds", "exporter")
def updated(w):
    Program(w, "bidder")
    w.at(301, w.stop_exporter)
    w.at(311, w.start_exporter)


@scenario("the exporter is away for one scrape, and scrapes come every two minutes", "exporter", interval="2m")
def one_scrape(w):
    Program(w, "bidder")
    w.at("7m", w.stop_exporter)
    w.at("9m", w.start_exporter)


@scenario("the exporter is down for five minutes", "exporter", Expected(DOWN, "5m", "90s", over="12m"))
def down(w):
    Program(w, "bidder")
    w.at("5m", w.stop_exporter)
    w.at("10m", w.start_exporter)


@scenario("the host is down for three minutes, and its programs are there a minute after it, with an empty /run", "exporter", Expected(DOWN, "5m", "90s", over="10m30s"))
def reboot(w):
    p = Program(w, "bidder")
    w.at("5m", lambda: (p.crash(), w.stop_exporter(), w.instead("gone")))
    w.at("8m", lambda: (setattr(w, "boot", w.begin + 470), setattr(w, "host_boot", w.begin + 470), w.start_exporter()))
    w.at("9m", lambda: p.start(1))


@scenario("the exporter's new configuration is refused", "exporter", Expected("HeartbeatConfigReloadFailed", "5m", "5m30s"))
def refused(w):
    Program(w, "bidder")
    w.at("5m", lambda: w.reload("processes: [}"))


@scenario("somebody sends a test alert, and is gone before it has removed its entry", "exporter",
          Expected("HeartbeatTestAlert", "5m", "30s", "heartbeat-test-alert", over="15m30s"), Expected("ProcessStopped", "5m", "10m30s", "heartbeat-test-alert"))  # fmt: skip
def alert_tested(w):
    Program(w, "bidder")
    w.at(301, lambda: w.write("heartbeat-test-alert", {"last_heartbeat": w.clock(), "status": "stopped", "additional_data": {"test_alert": 1}}))


@scenario("somebody sends a test alert", "exporter", Expected("HeartbeatTestAlert", "5m", "30s", "heartbeat-test-alert", over="7m"))
def alert_tested_and_removed(w):
    Program(w, "bidder")
    w.at(301, lambda: w.write("heartbeat-test-alert", {"last_heartbeat": w.clock(), "status": "stopped", "additional_data": {"test_alert": 1}}))
    w.at(400, lambda: w.prune("heartbeat-test-alert"))


@scenario("the exporter serves no heartbeats (--no-collector.heartbeat)", "exporter", Expected("HeartbeatMetricsMissing", "1s", "5m15s"))
def no_heartbeats(w):
    w.flags.append("--no-collector.heartbeat")
    Program(w, "bidder")


@scenario("a target is lost from discovery, another one stays", "prometheus", Expected("HeartbeatTargetVanished", "5m", "6m"), end="90m")
def lost(w):
    w.exporters["web-2:9464"], w.target_up["web-2:9464"] = None, True
    Program(w, "bidder")
    w.at("5m", lambda: w.target_up.update({"web-1:9464": False}))


@scenario("all targets are lost from discovery", "prometheus", Expected("HeartbeatTargetsMissing", "5m", "5m30s", instance=""), end="30m")
def all_lost(w):
    Program(w, "bidder")
    w.at("5m", lambda: w.target_up.update({"web-1:9464": False}))


@scenario("Prometheus is started anew: three minutes without a scrape", "prometheus", away=(("6m", "9m"),))
def gap(w):
    Program(w, "bidder")


@scenario("Prometheus is away for four minutes while a program is deployed anew", "prometheus", away=(("6m", "10m"),))
def gap_deployed(w):
    p = Program(w, "bidder")
    w.at("6m30s", p.crash)
    w.at("7m", lambda: p.start(1))


@scenario("all cores compute for an hour", "host", Expected("HostCPUSaturated", "5m", "36m"), end="60m")
def busy(w):
    Program(w, "bidder")
    w.at("5m", lambda: (w.core_step(), setattr(w, "cores", {"user": 0.99, "idle": 0.01})))


@scenario("all cores wait for a disk for an hour", "host", end="60m")
def waiting(w):
    Program(w, "bidder")
    w.at("5m", lambda: (w.core_step(), setattr(w, "cores", {"iowait": 1.0})))


@scenario("the hypervisor gives the cores to others for an hour", "host", end="60m")
def stolen(w):
    Program(w, "bidder")
    w.at("5m", lambda: (w.core_step(), setattr(w, "cores", {"steal": 1.0})))


@scenario("the memory is used up but for two percent", "host", Expected("HostMemoryLow", "5m", "11m"), end="20m")
def memory(w):
    Program(w, "bidder")
    w.at("5m", lambda: setattr(w, "memory_available", 0.02))


@scenario("the memory is used up but for eight percent", "host", end="20m")
def enough_memory(w):
    Program(w, "bidder")
    w.at("5m", lambda: setattr(w, "memory_available", 0.08))


UP = {f"up{A}": "1x400", f"heartbeat_file_up{A}": "1x400"}


def disk(size, available):
    where = A.replace("}", ',device="/dev/sda1",mountpoint="/data",fstype="ext4"}')
    return UP | {f"system_filesystem_{n}_bytes{where}": v for n, v in (("size", f"{size}x400"), ("avail", available), ("free", available))}


written("a disk of 100 GB is full within minutes", "host", Expected("HostDiskFull", "5m", "12m"),
        series=disk("100e9", "50e9x20 50e9-2e9x24 500e6x300"))  # fmt: skip
written("two percent of 10 TB are free, and stay so", "host", series=disk("10e12", "200e9x400"), end="60m")
written("a disk fills by a percent an hour", "host", Expected("HostDiskFilling", "1s", "8h"), interval="1m", end="10h",
        series={k: v.replace("x400", "x700") for k, v in disk("100e9", "19e9-16e6x700").items()})  # fmt: skip
written("the kernel kills a program for memory", "host", Expected("HostOutOfMemory", "5m", "30s"), series=UP | {f"system_oom_kills_total{A}": "2x20 3x400"})
written("no program can open a file any more", "host", Expected("HostFileDescriptorsLow", "5m", "6m"), series=UP | {
    f"system_file_descriptors_allocated{A}": "1000x20 99000x400", f"system_file_descriptors_maximum{A}": "100000x420"})  # fmt: skip
written("the time service is stopped", "clocks", Expected("HostClockNotSynchronised", "5m", "62m"), end="90m", series=UP | {
    f"system_clock_synchronized{A}": "1x20 0x400"})  # fmt: skip
PLACE = 'device="/dev/sda1",mountpoint="/data",fstype="ext4"'
written("a disk has room, but no inodes any more", "host", Expected("HostInodesLow", "5m", "6m"), series=disk("100e9", "50e9x400") | {
    f"system_filesystem_files{A[:-1]},{PLACE}}}": "6e6x400", f"system_filesystem_files_free{A[:-1]},{PLACE}}}": "5e6x20 5e3x400"})  # fmt: skip
written("a disk has errors, and the kernel makes it read-only", "host", Expected("HostFilesystemReadOnly", "5m", "4m"), series=disk("100e9", "50e9x400") | {
    f"system_filesystem_readonly{A[:-1]},{PLACE}}}": "0x20 1x400"})  # fmt: skip
written("an image is read-only, as it was mounted", "host", end="60m", series=UP | {f"system_filesystem_readonly{A[:-1]},{PLACE}}}": "1x400"})
written("a mount hangs", "host", Expected("HostFilesystemUnknown", "5m", "6m"), series=UP | {
    f"system_filesystem_device_error{A[:-1]},{PLACE}}}": "0x20 1x400"})  # fmt: skip
written("a cable is broken: two percent of the packets have errors", "host", Expected("HostNetworkErrors", "5m", "34m"), end="60m", series=UP | {
    f"system_network_{d}_{n}_total{A[:-1]},device=\"eth0\"}}": v for d in ("receive", "transmit") for n, v in (
        ("errors", "0x20 0+300x400"), ("packets", "0+15000x420"))})  # fmt: skip
written("a pattern of --heartbeat.file matches nothing any more", "file", Expected("HeartbeatPatternEmpty", "5m", "10m30s"), series={f"up{A}": "1x420",
    f"heartbeat_file_up{A[:-1]},file=\"/srv/a/beat.json\"}}": "1x20",
    f"heartbeat_pattern_files{A[:-1]},pattern=\"/srv/*/beat.json\"}}": "3x20 0x400",
    f"heartbeat_pattern_files_left_out{A[:-1]},pattern=\"/srv/*/beat.json\"}}": "0x420"})  # fmt: skip
written("a pattern matches more files than are read", "file", Expected("HeartbeatFilesLeftOut", "5m", "5m30s"), series=UP | {
    f"heartbeat_pattern_files_left_out{A[:-1]},pattern=\"/srv/*/beat.json\"}}": "0x20 7x400"})  # fmt: skip
written("a program leaks memory for nine hours", "resources", Expected("ProcessMemoryGrowth", "1h", "6h", "bidder"), interval="1m", end="9h",
        series={f"up{A}": "1x600", f"heartbeat_file_up{A}": "1x600", f"process_start_time_seconds{A[:-1]},process=\"bidder\"}}": "100x600",
                f"process_resident_memory_bytes{A[:-1]},process=\"bidder\"}}": "300e6x60 300e6+2e6x540"})  # fmt: skip
written("other jobs' programs are restarted, run out of descriptors, and compute", "prometheus", end="60m", series=UP | {
    'process_start_time_seconds{job="board",instance="board:3000"}': "100x20 200x20 300x20 400x400",
    'process_open_fds{job="board",instance="board:3000"}': "900x400", 'process_max_fds{job="board",instance="board:3000"}': "1000x400",
    'process_cpu_seconds_total{job="metrics",instance="metrics:9090"}': "0+30x400", 'up{job="board",instance="board:3000"}': "0x400"})  # fmt: skip
written("a counter of CPU time falls again and again", "resources", end="60m", series=UP | {
    f"process_cpu_seconds_total{A[:-1]},process=\"bidder\"}}": " ".join(f"{90000 - 10 * k}+0.3x7" for k in range(40))})  # fmt: skip
written("pushes cannot be written, the disk is full", "exporter", Expected("HeartbeatPushFailing", "5m", "3m"), series=UP | {
    f"heartbeat_push_errors_total{A[:-1]},reason=\"no_space\"}}": "0x20 0+1x100"})  # fmt: skip
written("somebody tries passwords", "exporter", Expected("HeartbeatPushRejected", "5m", "8m"), series=UP | {
    f"heartbeat_push_errors_total{A[:-1]},reason=\"unauthorized\"}}": "0x20 0+2x100"})  # fmt: skip
written("a process reports more numbers than the limit", "exporter", Expected("HeartbeatSeriesDropped", "5m", "7m"), series=UP | {
    f"heartbeat_series_dropped_total{A[:-1]},reason=\"process_limit\"}}": "0x20 1x20 2x100"})  # fmt: skip
written("a collector cannot read /proc", "exporter", Expected("HeartbeatCollectorFailing", "5m", "5m30s"), series=UP | {
    f"heartbeat_exporter_collector_success{A[:-1]},collector=\"process\"}}": "1x20 0x100"})  # fmt: skip


# Only the kernel's own /proc can hide a process (hidepid): what the exporter says then is written down here.
def hidden(ages, alive, silent):
    bidder = A[:-1] + ',process="bidder"'
    return UP | {f"heartbeat_age_seconds{bidder}}}": ages, f"heartbeat_timeout_seconds{bidder}}}": "60x400",
                 f'heartbeat_state{bidder},state="alive",reason="beating"}}': alive, f'heartbeat_state{bidder},state="dead",reason="silent"}}': silent}


written("beats, and /proc hides what belongs to others (hidepid)", "who can be seen", series=hidden("5x400", "1x400", "_"))
written("crashes where /proc hides it", "deaths", dead(within="2m45s"), series=hidden("5x20 20+15x300", "1x23 stale", "_x24 1x300"))
