internal import POSIX
internal import Procfs

/// Reads what the monitor shows of this host, each file by itself: one that hangs (as those do that `lxcfs` serves, once it is gone)
/// costs what it says and nothing else. It is asked again when it has come back.
final class HostFiles: Sendable {
  private enum File: CaseIterable { case stat, memory, disks, load }

  /// A file with its own reader.
  private final class Slot: @unchecked Sendable {
    // Unchecked is sound: `calls` makes at most one call at a time for each file, and only those touch it.
    let procfs: Procfs
    var cpu = CPUUsage()
    var isFirst = true

    init(_ procfs: sending Procfs) { self.procfs = procfs }

    func cpuShare() -> Double? {
      guard let stat = try? procfs.systemStat() else { return nil }
      defer { isFirst = false }
      let share = cpu.share(busy: stat.busySeconds, total: stat.totalSeconds)
      // That of the first reading is the average since boot.
      return isFirst ? nil : share
    }
  }

  private let slots: [File: Slot]
  private let calls = TimeLimitedCalls<File>(name: "host")

  /// How long a file is waited for, in seconds: longer than for a mount that hangs, for which the disks are not to be missing.
  private static let timeout = 3.0

  /// - Parameter procfs: the tree that is read.
  init(_ procfs: Procfs) {
    var slots: [File: Slot] = [:]
    for file in File.allCases { slots[file] = Slot(procfs.another()) }
    self.slots = slots
  }

  /// Has the CPUs' times read, for their use is the difference of two readings. While they are read they are not read again, so they
  /// are waited for: a moment, or a second where they hang.
  func begin() {
    _ = calls.begin([.stat]) { [self] in read($0) }.haveEnded(within: 1)
  }

  /// Reads all of them.
  func read() -> SystemView {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(HostFiles.timeout)
    let files = File.allCases
    let found = calls.call(files, until: deadline) { [self] in read($0) }
    var view = SystemView()
    for case (let file, let part?) in zip(files, found) {
      switch file {
      case .stat: view.cpu = part.cpu
      case .memory: (view.memoryTotal, view.memoryUsed) = (part.memoryTotal, part.memoryUsed)
      case .disks: (view.diskTotal, view.diskShare) = (part.diskTotal, part.diskShare)
      case .load: view.load = part.load
      }
    }
    return view
  }

  /// What one of them says.
  private func read(_ file: File) -> SystemView {
    var view = SystemView()
    guard let slot = slots[file] else { return view }
    switch file {
    case .stat: view.cpu = slot.cpuShare()
    case .memory:
      if let memory = try? slot.procfs.memoryInfo(), let total = memory["MemTotal"],
        let available = memory["MemAvailable"]
      {
        view.memoryTotal = Double(total)
        view.memoryUsed = Double(total) - Double(available)
      }
    case .disks:
      if let disks = try? slot.procfs.filesystems(), let root = disks.first(where: { $0.mountPoint == "/" })?.room {
        view.diskTotal = Double(root.sizeBytes)
        view.diskShare = root.usedShare
      }
    case .load: view.load = (try? slot.procfs.loadAverage())?.one
    }
    return view
  }
}
