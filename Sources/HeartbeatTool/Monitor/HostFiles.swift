internal import POSIX
internal import Procfs

/// Reads what the monitor shows of this host, each file by itself: one that hangs (as those do that `lxcfs` serves, once it is gone)
/// costs what it says and nothing else. It is asked again when it has come back, or when another reader beside it has (`HangWatch`).
final class HostFiles: Sendable {
  private enum File: String, CaseIterable {
    case stat
    case memory = "meminfo"
    case disks = "mounts"
    case load = "loadavg"
  }

  /// A file with its own reader.
  private final class Slot: @unchecked Sendable {
    // Unchecked is sound: who takes a slot is the only one that touches it until he gives it back.
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

  private struct State {
    var slots: [File: Slot] = [:]
    var taken: Set<File> = []
    /// Makes further readers.
    let template: Procfs
  }

  private let state: Lock<State>
  private let calls: TimeLimitedCalls<File>

  /// How long a file is waited for, in seconds: longer than for a mount that hangs, for which the disks are not to be missing.
  private static let timeout = 3.0

  /// - Parameter procfs: the tree that is read.
  init(_ procfs: Procfs) {
    state = Lock(State(template: procfs.another()))
    let tree = procfs.path
    calls = TimeLimitedCalls(name: "host") { ["\(tree)/\($0.rawValue)"] }
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
    let slot = take(file)
    defer { give(slot, file) }
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

  /// The slot of a file; a new one, where somebody hangs with the one that was there.
  private func take(_ file: File) -> Slot {
    state.withLock { state in
      if state.taken.insert(file).inserted, let slot = state.slots[file] { return slot }
      let slot = Slot(state.template.another())
      state.slots[file] = slot
      return slot
    }
  }

  private func give(_ slot: Slot, _ file: File) {
    state.withLock { state in
      if state.slots[file] === slot { state.taken.remove(file) }
    }
  }
}
