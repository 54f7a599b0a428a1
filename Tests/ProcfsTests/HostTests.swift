import Testing

@testable import Procfs

@Suite("The host's figures")
struct HostTests {
  let procfs = Fixture.procfs()

  @Test("CPU seconds by mode, and the boot time")
  func systemStat() throws {
    let stat = try procfs.systemStat()
    #expect(stat.bootTime == Fixture.bootTime)
    #expect(stat.forks == 60_123)
    #expect(stat.cpus.map(\.cpu) == [0, 1])
    let ticks: [Double] = [761500, 1005, 201150, 45_616_050, 10057, 0, 6021, 155]
    #expect(stat.cpus[0].seconds == ticks.map { $0 / KernelUnits.ticksPerSecond })
    #expect(CPUTimes.modes.count == ticks.count)
  }

  @Test("odd lines of /proc/stat are left out")
  func oddStat() {
    let text = "cpu 1 2 3 4\ncpuX 1 2 3 4\ncpu0 1 2\ncpu1 1 2 3 4\ncpu99999999999999999999 1 2 3 4\nbtime soon\n"
    let stat = parse(text) { SystemStat(parsing: $0) }
    #expect(stat.cpus == [CPUTimes(cpu: 1, seconds: [1, 2, 3, 4].map { $0 / KernelUnits.ticksPerSecond })])
    #expect(stat.bootTime == nil)
    #expect(parse("btime 12\n") { SystemStat.bootTime(in: $0) } == 12)
    #expect(parse("ctxt 12\nbtime \n") { SystemStat.bootTime(in: $0) } == nil)
  }

  @Test("a /proc/stat that has a boot time and no CPU gives the boot time alone")
  func statWithoutCPUs() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "btime 1700000000\n")
    let procfs = Procfs(procfs: tree.path)
    #expect(procfs.bootTime() == 1_700_000_000)
    #expect(throws: ProcfsError.self) { try procfs.systemStat() }
  }

  @Test("load")
  func load() throws {
    let load = try procfs.loadAverage()
    #expect([load.one, load.five, load.fifteen] == [0.42, 0.31, 1.07])
    for text in ["", "0.1 0.2", "a b c", "-1 0 0"] { #expect(parse(text) { LoadAverage(parsing: $0) } == nil) }
  }

  @Test("memory in bytes, in the kernel's order, without mere counts")
  func memory() throws {
    let memory = try procfs.memoryInfo()
    #expect(memory.fields.first == MemoryInfo.Field(name: "MemTotal", bytes: 16_293_532 * 1024))
    #expect(memory["MemAvailable"] == UInt64(11_203_204 * 1024))
    #expect(memory["SwapFree"] == UInt64(2_085_884 * 1024))
    #expect(memory["HugePages_Total"] == nil)
    let odd = parse("A: 18446744073709551615 kB\nB: x kB\n: 1 kB\nC 1 kB\nD:\n") { MemoryInfo(parsing: $0) }
    #expect(odd.fields == [MemoryInfo.Field(name: "A", bytes: .max)])
  }

  @Test("the host's ends of containers' networks are left out")
  func networksOfContainers() {
    let left = ["veth12ab", "lxc3d5ae5a3f2b8", "lxc_health", "cali1a2b3c4d5e6", "eni0123456789a", "gke0123456789a"]
    let shown = ["lo", "eth0", "lxcbr0", "lxdbr0", "cilium_host", "docker0", "eni", "calico", "ens3", "wlan0"]
    for name in left { #expect(HostFilter.leavesOut(HostFilter.standard.networkDevices, name.utf8), "\(name)") }
    for name in shown { #expect(!HostFilter.leavesOut(HostFilter.standard.networkDevices, name.utf8), "\(name)") }
  }

  @Test("a name of the host that is given is what it is called")
  func givenName() {
    let procfs = Procfs(procfs: Fixture.path, rootfs: "/", limits: ProcfsLimits(), hostName: "web-1")
    #expect(procfs.systemInfo().nodeName == "web-1" && procfs.another().systemInfo().nodeName == "web-1")
  }

  @Test("network devices, also with a colon in the name and without a space behind it")
  func network() throws {
    #expect(
      try procfs.networkDevices() == [
        NetworkDevice(
          name: "lo", received: .init(bytes: 91_231_231, packets: 412_031),
          transmitted: .init(bytes: 91_231_231, packets: 412_031)),
        NetworkDevice(
          name: "eth0", received: .init(bytes: 8_123_123_123, packets: 9_120_312, drops: 12),
          transmitted: .init(bytes: 1_203_123_123, packets: 4_120_312)),
        NetworkDevice(name: "wlan0", received: .init(bytes: 0), transmitted: .init(bytes: 0)),
      ])
    #expect(
      parse("eth0:1: 5 1 2 3 0 0 0 0 6 4 7 8\n: 1 2\nx: 1 2 3\n") { NetworkDevice.parse($0) } == [
        NetworkDevice(
          name: "eth0:1", received: .init(bytes: 5, packets: 1, errors: 2, drops: 3),
          transmitted: .init(bytes: 6, packets: 4, errors: 7, drops: 8))
      ])
  }

  @Test("whole disks, in bytes")
  func disks() throws {
    #expect(
      try procfs.diskStats() == [
        DiskStats(
          device: "sda", reads: 41_203, readBytes: 4_120_312 * 512, readMilliseconds: 30_123, writes: 20_123,
          writtenBytes: 3_120_312 * 512, writeMilliseconds: 91_203, busyMilliseconds: 60_123),
        DiskStats(
          device: "nvme0n1", reads: 912_031, readBytes: 61_203_120 * 512, readMilliseconds: 120_312, writes: 812_031,
          writtenBytes: 91_203_120 * 512, writeMilliseconds: 412_031, busyMilliseconds: 512_031),
        DiskStats(
          device: "dm-0", reads: 1_000, readBytes: 8_000 * 512, readMilliseconds: 12, writes: 500,
          writtenBytes: 4_000 * 512, writeMilliseconds: 8, busyMilliseconds: 20),
        DiskStats(device: "sr0", readBytes: 0, writtenBytes: 0),
      ])
  }

  @Test(
    "partitions and memory are no disks",
    arguments: [
      ("sda", false), ("sda1", true), ("sdaa12", true), ("vdb", false), ("vdb2", true), ("xvda1", true),
      ("nvme0n1", false), ("nvme10n1p12", true), ("mmcblk0", false), ("mmcblk0p1", true), ("loop7", true),
      ("ram0", true), ("zram1", true), ("fd0", true), ("sr0", false), ("md127", false), ("dm-3", false), ("", false),
      ("7", false),
    ])
  func partitions(name: String, expected: Bool) {
    #expect(HostFilter.leavesOut(HostFilter.standard.disks, name.utf8) == expected)
  }

  @Test("pressure in seconds; nil where the kernel does not count it")
  func pressure() throws {
    #expect(try procfs.pressure(of: .cpu)?.someSeconds == 20.307189)
    #expect(try procfs.pressure(of: .cpu)?.fullSeconds == 0)
    #expect(try procfs.pressure(of: .memory)?.fullSeconds == 0.9015)
    #expect(try procfs.pressure(of: .io)?.someSeconds == 91.20312)
    let old = parse("some avg10=0.00 total=5\nfull total=x\n") { Pressure(parsing: $0) }
    #expect(old.someSeconds == 5e-6)
    #expect(old.fullSeconds == nil)
    let tree = try TemporaryTree()
    #expect(try Procfs(procfs: tree.path).pressure(of: .io) == nil)
  }

  @Test("the machine and the host's name")
  func systemInfo() {
    let info = procfs.systemInfo()
    #expect(info.systemName == "Linux")
    #expect(info.nodeName == "workhorse")
    #expect(!info.release.isEmpty && !info.machine.isEmpty && !info.version.isEmpty)
  }

  @Test(
    "which lines a kernel has to have depends on its age",
    arguments: [
      ("3.13.0-170-generic", false), ("3.14", true), ("3.14-rc1", true), ("2.6.32", false), ("4.4.0", true),
      ("10.0.1", true), ("", true), ("odd", true), ("x.y.z", true),
    ])
  func release(release: String, isNewEnough: Bool) {
    #expect(SystemInfo.isRelease(release, atLeast: 3, 14) == isNewEnough)
  }

  @Test("no byte of any file can be missing so that a parser traps")
  func truncated() throws {
    let parsers: [(StaticString, (UnsafeRawBufferPointer) -> Int)] = [
      ("stat", { SystemStat(parsing: $0).cpus.count }), ("loadavg", { LoadAverage(parsing: $0) == nil ? 0 : 1 }),
      ("meminfo", { MemoryInfo(parsing: $0).fields.count }), ("net/dev", { NetworkDevice.parse($0).count }),
      ("diskstats", { DiskStats.parse($0).count }), ("1/mounts", { Mount.parse($0)?.count ?? 0 }),
      ("pressure/io", { Pressure(parsing: $0).fullSeconds == nil ? 0 : 1 }),
    ]
    for (file, parser) in parsers {
      let bytes = try procfs.withContents(of: file) { Array($0) }
      let whole = bytes.withUnsafeBytes(parser)
      #expect(whole > 0)
      for count in bytes.indices {
        let found = Array(bytes[..<count]).withUnsafeBytes(parser)
        // One more is possible: a name or type that is cut is another one.
        #expect(found <= whole + 1)
      }
    }
  }
}
