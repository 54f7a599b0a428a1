/// A tree of plain files in the place of `/proc`, whose host changes: processes come, compute, end, and give their numbers to
/// others; disks, CPUs and the host's name change; files are missing for a while; all of it is put in its place anew.
struct HostTree {
  private let folder: Folder
  private var processes: [Int: Process] = [:]
  private var host = Host()
  private var isAbsent = false

  /// Where it lies in the folder.
  static let name = "proc"
  /// What may be missing of the host.
  private static let files = [
    "stat", "loadavg", "meminfo", "1/mounts", "net/dev", "diskstats", "vmstat", "uptime", "sys/fs/file-nr",
  ]
  /// The numbers that processes may have.
  static let pids = Array(1...12)

  private struct Process {
    var state = "S"
    var parent = 1
    var start = 0
    var ticks = 0
    var command = "python3\0order-worker.py\0"
    var isReadable = true
  }

  private struct Host {
    var boot = 1_699_990_000
    var name = "here"
    var cpus = 2
    var idle = 100
    var load = "0.10 0.20 0.30 1/100 4242"
    var memory = 1_000
    var mounts = 1
    var devices = 2
    var hasPressure = true
    /// A file that is not there for now.
    var missing: String?
  }

  init(in folder: Folder) {
    self.folder = folder
    processes = [
      1: Process(), 2: Process(command: ""), 3: Process(command: "node\0bidder.js\0"), 4: Process(parent: 3),
    ]
    writeAll()
  }

  /// Changes some of it.
  mutating func change(_ choices: inout Choices) {
    let wasAbsent = isAbsent
    isAbsent = false
    switch choices.number(0...40) {
    case 0 where !wasAbsent:
      // Mounted anew, or another container's.
      folder.rename(Self.name, "old-proc")
      writeAll()
      folder.remove("old-proc")
      return
    case 1: isAbsent = true
    case 2: host.missing = choices.one(of: Self.files)
    case 3: host.boot += choices.one(of: [-1, 1, 2, -3_600, 1])
    case 4: host.name = choices.one(of: ["here", "far", "there"])
    case 5: host.cpus = choices.number(1...6)
    case 6: host.mounts = choices.number(0...3)
    case 7: host.devices = choices.number(0...3)
    case 8: host.hasPressure.toggle()
    case 9...12:
      host.missing = nil
      host.load = "\(choices.number(0...9)).50 0.20 0.30 1/100 4242"
      host.memory += 1
    default: changeProcess(&choices)
    }
    host.idle += choices.number(0...100)
    writeAll()
  }

  private mutating func changeProcess(_ choices: inout Choices) {
    let pid = choices.one(of: Self.pids)
    guard var process = processes[pid] else {
      processes[pid] = Process(
        parent: choices.number(0...4), start: choices.number(0...2_000_000),
        command: choices.one(of: ["python3\0order-worker.py\0", "node\0bidder.js\0", "sh\0-c\0node bidder.js\0", ""]))
      return
    }
    switch choices.number(0...5) {
    case 0 where pid != 1:
      processes[pid] = nil
      return
    case 1: process.state = choices.one(of: ["R", "S", "Z", "T"])
    case 2: process.isReadable.toggle()
    case 3: process.start = choices.number(0...2_000_000)
    default: process.ticks += choices.number(0...100)
    }
    processes[pid] = process
  }

  private func writeAll() {
    if isAbsent { return folder.remove(Self.name) }
    let root = Self.name + "/"
    func write(_ name: String, _ text: String) {
      if host.missing == name { folder.remove(root + name) } else { folder.write(root + name, text) }
    }
    for pid in Self.pids where processes[pid] == nil { folder.remove(root + "\(pid)") }
    for (pid, process) in processes { self.write(process, root + "\(pid)/", pid) }
    let cpus = (0..<host.cpus).map { "cpu\($0) \($0 + 10) 2 3 \(host.idle) 5 6 7 8 0 0\n" }.joined()
    let counts = "processes 60123\nprocs_running 1\nprocs_blocked 0\n"
    write("stat", "cpu 1 2 3 4 5 6 7 8 0 0\n\(cpus)btime \(host.boot)\n\(counts)")
    write("loadavg", host.load + "\n")
    write("meminfo", "MemTotal: 2000 kB\nMemFree: \(host.memory) kB\nMemAvailable: \(host.memory) kB\n")
    let mounts = (0..<host.mounts).map { "/dev/sd\($0) \(["/", "/srv", "/home"][$0]) ext4 rw 0 0\n" }.joined()
    write("1/mounts", mounts + "proc /proc proc rw 0 0\n")
    let devices = (0..<host.devices).map { "  eth\($0): \(host.idle) 1 0 0 0 0 0 0 \($0) 1 0 0 0 0 0 0\n" }.joined()
    write("net/dev", "Inter-| Receive\n face |bytes\n" + devices)
    write("diskstats", "   8 0 sda 41203 1203 4120312 30123 20123 4012 \(host.idle) 91203 0 60123 121326 0 0 0 0 0 0\n")
    write("vmstat", "nr_dirty \(host.idle)\npgmajfault \(host.idle)\noom_kill \(host.memory)\n")
    write("uptime", "\(host.idle).50 1234.00\n")
    write("sys/fs/file-nr", "\(host.memory)\t0\t9223372036854775807\n")
    write("sys/kernel/hostname", host.name + "\n")
    for resource in ["cpu", "io", "memory", "irq"] {
      if host.hasPressure {
        let shares = resource == "irq" ? ["full"] : ["some", "full"]
        let lines = shares.map { "\($0) avg10=0.00 avg60=0.00 avg300=0.00 total=\(host.idle)\n" }
        write("pressure/\(resource)", lines.joined())
      } else {
        folder.remove(root + "pressure/\(resource)")
      }
    }
  }

  private func write(_ process: Process, _ path: String, _ pid: Int) {
    let name = process.command.contains("python") ? "python3" : "a) b"
    folder.write(
      path + "stat",
      "\(pid) (\(name)) \(process.state) \(process.parent) 1 1 0 -1 0 12 3 4 5 \(process.ticks) 6 7 8 20 0 2 0 "
        + "\(process.start) 61206528 2048 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n")
    folder.write(
      path + "status",
      "Name:\t\(name)\nTgid:\t\(pid)\nVmSwap:\t\(process.ticks) kB\nvoluntary_ctxt_switches:\t\(process.ticks)\nnonvoluntary_ctxt_switches:\t3\n"
    )
    folder.write(path + "cmdline", process.command)
    if process.isReadable {
      folder.write(path + "smaps_rollup", "0-1 ---p 0 0:0 0 [rollup]\nRss: 8 kB\nPss: \(process.ticks) kB\n")
      folder.write(path + "io", "rchar: 0\nread_bytes: \(process.ticks)\nwrite_bytes: 8192\n")
      folder.write(
        path + "limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
          + "Max open files            1024                 524288               files     \n")
      for number in 0...process.ticks % 3 { folder.write(path + "fd/\(number)", "") }
    } else {
      folder.remove(path + "io")
      folder.remove(path + "smaps_rollup")
      folder.remove(path + "fd")
    }
  }
}
