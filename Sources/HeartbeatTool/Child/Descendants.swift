internal import CLinux
internal import Glibc
internal import POSIX

/// The processes below one, as `/proc` tells (`proc_pid_task(5)`, `children`).
enum Descendants {
  /// The most that are looked for at once; the others come into view when those have ended.
  static let most = 65_536

  /// The processes whose parent is `pid`, zombies included.
  static func children(of pid: pid_t) -> [pid_t] {
    var found: [pid_t] = []
    // Each thread has those that it has started.
    guard let threads = try? FileDescriptor.open("/proc/\(pid)/task", O_RDONLY | O_DIRECTORY) else { return [] }
    var names: [String] = []
    withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 8) { buffer in
      try? threads.forEachEntry(using: buffer) { names.append(String(decoding: $0, as: UTF8.self)) }
    }
    for name in names {
      guard let file = try? threads.open(at: name + "/children", O_RDONLY) else { continue }
      found += contents(of: file).split(separator: UInt8(ascii: " ")).compactMap {
        pid_t(String(decoding: $0, as: UTF8.self), radix: 10)
      }
    }
    return found
  }

  /// What a file of `/proc` holds, a megabyte at the most. In small steps: such files are short.
  fileprivate static func contents(of file: borrowing FileDescriptor) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while bytes.count < 1 << 20, let got = try? file.read(into: buffer), got > 0 {
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<got]))
      }
    }
    return bytes
  }

  /// Everything below this process but `excluded` and what is below them; parents before their children.
  static func all(but excluded: Set<pid_t>) -> [pid_t] {
    var found = children(of: getpid()).filter { !excluded.contains($0) }
    var next = 0
    while next < found.count, found.count < most {
      found += children(of: found[next])
      next += 1
    }
    return found
  }

  /// Whether a process is below this one.
  static func contains(_ pid: pid_t) -> Bool {
    let own = getpid()
    var current = pid
    // A process can change its parent meanwhile, but the way up is never long.
    for _ in 0..<1000 {
      guard current > 1, let stat = TaskState(of: current) else { return false }
      if stat.parent == own { return true }
      current = stat.parent
    }
    return false
  }
}

/// State and parent of a process (`proc_pid_stat(5)`).
struct TaskState: Hashable, Sendable {
  /// `R`, `S`, `T`, `Z`, ...
  let letter: UInt8
  let parent: pid_t
  /// When it started, in clock ticks after the boot: together with the process id it names one process.
  let startTicks: UInt64

  /// Whether a signal has suspended it.
  var isSuspended: Bool { letter == UInt8(ascii: "T") }
  /// Whether it has ended, and only waits to be collected.
  var isZombie: Bool { letter == UInt8(ascii: "Z") }
}

extension TaskState {
  /// Reads `/proc/PID/stat`; nil when there is no such process, or `/proc` hides it.
  init?(of pid: pid_t) {
    guard let file = try? FileDescriptor.open("/proc/\(pid)/stat", O_RDONLY) else { return nil }
    let bytes = Descendants.contents(of: file)
    // The name, in parentheses, may hold anything: only the last one ends it.
    guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 20)
    guard fields.count > 20, let letter = fields[0].first,
      let parent = pid_t(String(decoding: fields[1], as: UTF8.self), radix: 10),
      let startTicks = UInt64(String(decoding: fields[19], as: UTF8.self), radix: 10)
    else { return nil }
    self.letter = letter
    self.parent = parent
    self.startTicks = startTicks
  }
}
