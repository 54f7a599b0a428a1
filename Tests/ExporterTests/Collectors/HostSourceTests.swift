import Exposition
import Testing

@testable import Exporter
import POSIX
@testable import Procfs

@Suite("Sources of the host")
struct HostSourceTests {
  private func parse<Result>(_ text: String, _ parser: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(parser)
  }

  @Test("what memory ran short for")
  func virtualMemory() {
    let counts = parse("nr_free_pages 12\npgfault 9\npgmajfault 1234\noom_kill 5\n") {
      VirtualMemorySource.Counts(parsing: $0)
    }
    #expect(counts?.oomKills == 5 && counts?.majorFaults == 1_234)
    let old = parse("pgmajfault 7\n") { VirtualMemorySource.Counts(parsing: $0) }
    #expect(old?.oomKills == nil && old?.majorFaults == 7)
    for text in ["", "pgmajfault x\n", "oom_kill", "pgfault 1\n"] {
      #expect(parse(text) { VirtualMemorySource.Counts(parsing: $0) } == nil)
    }
  }

  @Test("how many run, and how many wait")
  func processCounts() {
    let counts = parse("cpu 1\nprocs_running 3\nprocs_blocked 2\n") { ProcessCountSource.Counts(parsing: $0) }
    #expect(counts.running == 3 && counts.blocked == 2)
    #expect(parse("procs_runningx 3\nprocs_blocked -1\n") { ProcessCountSource.Counts(parsing: $0) }.running == nil)
  }

  @Test("open files of all processes")
  func fileDescriptors() {
    let counts = parse("5312\t0\t9223372036854775807\n") { FileDescriptorSource.Counts(parsing: $0) }
    #expect(counts?.allocated == 5_312 && counts?.maximum == 9_223_372_036_854_775_807)
    for text in ["", "1", "1 2", "a b c", "1 0 -1"] {
      #expect(parse(text) { FileDescriptorSource.Counts(parsing: $0) } == nil)
    }
  }

  @Test("for how long the host has been up")
  func uptime() {
    #expect(parse("8123.45 15012.30\n", UptimeSource.uptime(parsing:)) == 8_123.45)
    for text in ["", "x 1", "-1 2", "\n"] { #expect(parse(text, UptimeSource.uptime(parsing:)) == nil) }
  }

  /// The collector over a tree of files, with what it logs.
  private func collected(_ folder: TemporaryFolder, _ log: LogLines) -> (text: String, isSuccess: Bool) {
    let readers = HostReaders(Procfs(procfs: folder.file("proc"), rootfs: folder.file("root")), limits: ScrapeLimits())
    var reading = HostReaders.Reading()
    reading = readers.end(readers.begin(in: .plain), until: .max)
    ProblemLog(collector: "system", logger: log.logger()).report(reading.failures.map { ($0.file, $0.reason) })
    return (String(decoding: reading.text, as: UTF8.self), reading.failures.isEmpty)
  }

  private static let files = [
    ("proc/stat", "cpu0 1 2 3 4\nbtime 900\nprocs_running 1\nprocs_blocked 0\n"),
    ("proc/loadavg", "0.1 0.2 0.3 1/1 1\n"),
    ("proc/meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB\nHugePages_Total: 0\n"),
    ("proc/1/mounts", "proc /proc proc rw 0 0\n"), ("proc/net/dev", "Inter-|\n face |\n"), ("proc/diskstats", ""),
  ]
  /// What not every kernel has, or not every container.
  private static let further = [
    ("proc/uptime", "5.5 1\n"), ("proc/vmstat", "pgmajfault 1\noom_kill 0\n"), ("proc/sys/fs/file-nr", "1 0 2\n"),
    ("proc/pressure/cpu", "some avg10=0 total=1\n"),
    ("proc/pressure/io", "some avg10=0 total=1\nfull avg10=0 total=1\n"),
    ("proc/pressure/irq", "full avg10=0 total=1\n"), ("proc/sys/kernel/hostname", "here\n"),
  ]

  @Test("a tree with what every kernel has is read without a failure")
  func whole() throws {
    let folder = try TemporaryFolder()
    for (name, text) in Self.files { try folder.write(name, text) }
    let found = collected(folder, LogLines())
    #expect(found.isSuccess)
    #expect(found.text.contains("system_load1 0.1\n") && found.text.contains("system_boot_time_seconds 900\n"))
  }

  @Test(
    "a source that is missing, empty, unreadable, huge or something else is named with its reason, and costs no other one",
    arguments: (files + further).map(\.0), ["missing", "empty", "odd", "cut", "unreadable", "huge"])
  func broken(name: String, kind: String) throws {
    // No disks are no failure, and neither is an empty table of them. A host may have any name.
    if name == "proc/diskstats", kind == "empty" { return }
    if name == "proc/sys/kernel/hostname", kind == "odd" { return }
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further where other != name { try folder.write(other, text) }
    switch kind {
    case "missing": break
    case "empty": try folder.write(name, "")
    case "odd": try folder.write(name, "odd\n")
    case "cut": try folder.write(name, "odd")
    // Longer than what is read of a file.
    case "huge": try folder.write(name, String(repeating: "odd\n", count: (5 << 20) / 4))
    // For root, too: a folder cannot be read as a file.
    default: try folder.write(name + "/in it", "")
    }
    let log = LogLines()
    let found = collected(folder, log)
    if kind == "missing", Self.further.contains(where: { $0.0 == name }) {
      #expect(found.isSuccess && log.text.isEmpty)
      return
    }
    #expect(!found.isSuccess)
    // Without the host's mounts those that this process sees are looked for.
    let file = name == "proc/1/mounts" && kind == "missing" ? "proc/self/mounts" : name
    #expect(log.count(of: "cannot read") == 1)
    #expect(log.text.contains("source=\(folder.file(file))"))
    if name != "proc/loadavg" { #expect(found.text.contains("system_load1 0.1\n")) }
  }

  @Test(
    "a line that is malformed is named, whatever its numbers, and what could be read beside it is served",
    arguments: [
      (
        "stat", "cpu0 1 2 3 4 -5 6\nbtime 900\nprocs_running 1\nprocs_blocked 0\n", "cpu0",
        "system_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0.04"
      ),
      ("stat", "cpu0 1 2 3 4\ncpu1 a b c d\nbtime 900\n", "cpu1", "system_boot_time_seconds 900"),
      ("stat", "cpu0 1 2 3 4\nbtime -5\n", "btime", "system_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 0.04"),
      ("stat", "cpu0 1 2 3 4\nbtime 18446744073709551615\n", "btime", "mode=\"idle\"} 0.04"),
      ("stat", "cpu0 1 2 3 4\n", "btime", "mode=\"idle\"} 0.04"),
      ("stat", "cpu0 1 2 3 4\nbtime 9\nprocs_running -1\nprocs_blocked 3\n", "procs_running", "blocked 3"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: -5 kB\n", "MemAvailable", "total_bytes 5120"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 5 MB\nMemAvailable: 3 kB\n", "MemFree", "total_bytes 5120"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3\n", "MemAvailable", "free_bytes 4096"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB\nCached: 7\n", "Cached", "free_bytes 4096"),
      ("1/mounts", "/dev/a / ext4 rw 0 0\nodd line\n", "odd", "mountpoint=\"/\""),
      ("net/dev", "Inter-|\n face |\n eth0: x y z\n", "eth0", "system_load1 0.1"),
      ("net/dev", "Inter-|\n face |\n odd\n", "odd", "system_load1 0.1"),
      (
        "net/dev",
        "Inter-|\n a: 18446744073709551616 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n b: 7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n",
        "a", "system_network_receive_bytes_total{device=\"b\"} 7"
      ),
      (
        "diskstats", "8 0 sda x 0 8 1 1 0 8 1 0 1 1\n8 16 sdb 1 0 2 1 1 0 8 1 0 1 1\n", "sda",
        "system_disk_read_bytes_total{device=\"sdb\"} 1024"
      ),
      ("vmstat", "oom_kill x\npgmajfault 5\n", "oom_kill", "system_major_page_faults_total 5"),
      (
        "pressure/io", "some avg10=0 total=1000000\nfull avg10=0 total=18446744073709551616\n", "full",
        "system_pressure_io_waiting_seconds_total 1\n"
      ),
    ])
  func malformed(name: String, text: String, line: String, served: String) throws {
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further { try folder.write(other, text) }
    try folder.write("root/in it", "")
    try folder.write("proc/" + name, text)
    let log = LogLines()
    let found = collected(folder, log)
    #expect(!found.isSuccess)
    #expect(log.count(of: "cannot read") == 1)
    #expect(log.text.contains("source=\(folder.file("proc/" + name))") && log.text.contains(" \(line)"))
    #expect(found.text.contains(served))
  }

  @Test(
    "what lies behind the last line feed was cut, however whole it looks: it is told, and the lines before it are served",
    arguments: [
      ("stat", "cpu0 1 2 3 4\nprocs_running 1\nprocs_blocked 0\nbtime 17", "mode=\"idle\"} 0.04", "boot_time"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\nMemAvailable: 3 kB", "memory_total_bytes 5120", "available"),
      ("1/mounts", "/dev/a / ext4 rw 0 0\n/dev/b /b ext4 rw", "mountpoint=\"/\"", "mountpoint=\"/b\""),
      (
        "net/dev", "Inter-|\n face |\n a: 7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n b: 7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0",
        "{device=\"a\"} 7", "device=\"b\""
      ),
      (
        "diskstats", "8 0 sda 1 0 2 1 1 0 8 1 0 1 1\n8 16 sdb 1 0 2 1 1 0 8 1 0 1 1", "{device=\"sda\"} 1024",
        "device=\"sdb\""
      ),
      ("pressure/io", "some avg10=0 total=1000000\nfull avg10=0 total=1", "io_waiting_seconds_total 1\n", "io_stalled"),
      ("vmstat", "pgmajfault 5\noom_kill 1", "page_faults_total 5", "oom_kills"),
      ("loadavg", "0.1 0.2 0.3", "system_boot_time_seconds 900", "load1"),
      ("uptime", "5.5 1", "system_boot_time_seconds 900", "uptime"),
      ("sys/fs/file-nr", "1 0 2", "system_boot_time_seconds 900", "descriptors"),
      ("sys/kernel/hostname", "he", "system_boot_time_seconds 900", "nodename=\"he\""),
    ])
  func cut(name: String, text: String, served: String, missing: String) throws {
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further { try folder.write(other, text) }
    try folder.write("root/b/in it", "")
    try folder.write("proc/" + name, text + "\n")
    // Whole, it is what this test believes it to be.
    let whole = collected(folder, LogLines())
    #expect(whole.isSuccess && whole.text.contains(served) && whole.text.contains(missing))
    try folder.write("proc/" + name, text)
    let log = LogLines()
    let found = collected(folder, log)
    #expect(!found.isSuccess && found.text.contains(served) && !found.text.contains(missing))
    #expect(log.count(of: "cannot read") == 1)
    #expect(log.text.contains("source=\(folder.file("proc/" + name)) error=\"its last line is cut\""))
  }

  @Test(
    "what lies beyond the limit of a file's size is left out and told, with the file and the limit",
    arguments: [
      (
        "stat", "cpu0 1 2 3 4\nprocs_running 1\nprocs_blocked 0\n", "x 0\n", "btime 9\n", "mode=\"idle\"} 0.04",
        "boot_time"
      ),
      (
        "meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\n", "X: 5 kB\n", "MemAvailable: 3 kB\n", "total_bytes 5120",
        "available"
      ),
      ("1/mounts", "/dev/a / ext4 rw 0 0\n", "o /o overlay rw 0 0\n", "/dev/b /b ext4 rw 0 0\n", "\"/\"", "\"/b\""),
      (
        "net/dev", "Inter-|\n face |\n a: 7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", "veth1: 1\n",
        " b: 7 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", "{device=\"a\"} 7", "device=\"b\""
      ),
      (
        "diskstats", "8 0 sda 1 0 2 1 1 0 8 1 0 1 1\n", "7 0 loop0 1\n", "8 16 sdb 1 0 2 1 1 0 8 1 0 1 1\n",
        "{device=\"sda\"} 1024", "device=\"sdb\""
      ),
      ("vmstat", "pgmajfault 5\n", "x 5\n", "oom_kill 1\n", "page_faults_total 5", "oom_kills"),
    ])
  func tooLong(name: String, text: String, padding: String, rest: String, served: String, missing: String) throws {
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further { try folder.write(other, text) }
    try folder.write("root/b/in it", "")
    try folder.write("proc/" + name, text + padding + rest)
    let whole = collected(folder, LogLines())
    #expect(whole.isSuccess && whole.text.contains(served) && whole.text.contains(missing))
    try folder.write("proc/" + name, text + String(repeating: padding, count: (5 << 20) / padding.utf8.count) + rest)
    let log = LogLines()
    let found = collected(folder, log)
    #expect(!found.isSuccess && found.text.contains(served) && !found.text.contains(missing))
    #expect(log.count(of: "cannot read") == 1)
    let reason = "it is longer than 4194304 bytes, and the rest is left out"
    #expect(log.text.contains("source=\(folder.file("proc/" + name)) error=\"\(reason)\""))
  }

  @Test(
    "a line is missing that every kernel has: it is told, and what is there is served",
    arguments: [
      ("meminfo", "MemTotal: 5 kB\n", "a line MemFree", "memory_total_bytes 5120"),
      ("meminfo", "MemTotal: 5 kB\nMemFree: 4 kB\n", "a line MemAvailable", "memory_free_bytes 4096"),
      ("stat", "cpu0 1 2 3 4\nbtime 900\n", "a line procs_running", "boot_time_seconds 900"),
      ("stat", "cpu0 1 2 3 4\nbtime 900\nprocs_running 7\n", "a line procs_blocked", "processes_running 7"),
      ("vmstat", "pgmajfault 5\n", "a line oom_kill", "page_faults_total 5"),
      ("vmstat", "oom_kill 5\n", "a line pgmajfault", "oom_kills_total 5"),
      ("pressure/io", "some avg10=0 total=1000000\n", "a line full", "io_waiting_seconds_total 1\n"),
      ("pressure/io", "full avg10=0 total=1000000\n", "a line some", "io_stalled_seconds_total 1\n"),
      ("net/dev", "Inter-|\n", "devices and their figures", "system_load1"),
    ])
  func missingLines(name: String, text: String, expected: String, served: String) throws {
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further { try folder.write(other, text) }
    try folder.write("proc/" + name, text)
    let log = LogLines()
    let found = collected(folder, log)
    #expect(!found.isSuccess && found.text.contains(served))
    #expect(log.count(of: "cannot read") == 1)
    #expect(log.text.contains("source=\(folder.file("proc/" + name)) error=\"expected \(expected)\""))
  }

  @Test("what is left out may be malformed")
  func malformedButExcluded() throws {
    let folder = try TemporaryFolder()
    for (other, text) in Self.files + Self.further { try folder.write(other, text) }
    try folder.write("proc/net/dev", "Inter-|\n face |\n veth1: x\n")
    try folder.write("proc/diskstats", "7 0 loop0 x\n")
    #expect(collected(folder, LogLines()).isSuccess)
  }

  @Test("what cannot be read is told once, again when the reason is another one, and when it can be read again")
  func problemLog() {
    let log = LogLines()
    let problems = ProblemLog(collector: "system", logger: log.logger())
    for _ in 0..<3 { problems.report([("a", "x"), ("b", "y")]) }
    problems.report([("a", "z")])
    problems.report([])
    let lines = log.text.split(separator: "\n").map { $0.drop { $0 != " " }.dropFirst().drop { $0 != " " }.dropFirst() }
    let help = "help=docs/troubleshooting.md#numbers-of-the-host-or-of-processes-are-missing"
    #expect(
      lines == [
        "msg=\"cannot read\" collector=system source=a error=x \(help)",
        "msg=\"cannot read\" collector=system source=b error=y \(help)",
        "msg=\"cannot read\" collector=system source=a error=z \(help)",
        "msg=\"can be read again\" collector=system source=b",
        "msg=\"can be read again\" collector=system source=a",
      ])
  }

  @Test("of two things with the same labels one series is written")
  func duplicates() {
    var labels = KeptLabels<ExactText>()
    func series(_ names: [ExactText]) -> [LabelledPlace] { labels.series(of: names) { Labels(["device": $0.text]) } }
    #expect(series(["a", "b", "a"]).map(\.place) == [0, 1])
    // The same again, and others.
    #expect(series(["a", "b", "a"]).map(\.labels) == [Labels(["device": "a"]), Labels(["device": "b"])])
    #expect(series(["b", "a"]).map(\.labels) == [Labels(["device": "b"]), Labels(["device": "a"])])
  }

  @Test("a name of other bytes is another one, also where both are the same characters")
  func characters() {
    var labels = KeptLabels<ExactText>()
    for name in ["/caf\u{e9}", "/cafe\u{301}"] {
      let series = labels.series(of: [ExactText(name)]) { Labels(["mountpoint": $0.text]) }
      #expect(series.map(\.labels) == [Labels(["mountpoint": name])])
    }
  }
}
