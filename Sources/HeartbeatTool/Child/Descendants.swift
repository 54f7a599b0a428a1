internal import Glibc
internal import POSIX

/// The processes below this one, as `/proc` tells (`proc_pid_task(5)`, `children`).
///
/// `/proc` may have other numbers for them than `kill(2)` here: what goes out of here is always a number of this process's PID namespace.
struct Descendants: Sendable {
  /// The most that are looked for at once; the others come into view when those have ended.
  static let most = 65_536

  /// Those of this process. It is looked once whose numbers `/proc` has.
  static let shared = Descendants(folder: "/proc", own: getpid())

  let numbering: ProcNumbering
  private let folder: String
  private let own: pid_t
  /// This process's number there.
  private let ownSeen: pid_t
  /// Whether the kernel lists the children of a process (`CONFIG_PROC_CHILDREN`). Without that the parents of all processes tell.
  private let listsChildren: Bool
  /// The numbers there of those that were seen last, where they are others.
  private let lastSeen = Lock<[pid_t: pid_t]>([:])

  /// - Parameters:
  ///   - folder: `/proc`.
  ///   - own: the number of this process.
  init(folder: String, own: pid_t) {
    self.folder = folder
    self.own = own
    let link = (try? FileDescriptor.linkText(at: folder + "/self", in: AT_FDCWD)) ?? []
    let shown = pid_t(String(decoding: link, as: UTF8.self), radix: 10)
    ownSeen = shown ?? own
    let status = Self.contents(of: folder + "/self/status")
    numbering = ProcNumbering(numbers: ProcNumbering.numbers(inStatus: status), shown: shown, own: own)
    listsChildren = Self.listed(folder + "/self") != nil
  }

  /// Everything below this process but `excluded` and what is below them, zombies included; parents before their children.
  func all(but excluded: Set<pid_t>) -> [pid_t] { walk(but: excluded).map(\.own) }

  /// Whether a process is below this one.
  func contains(_ pid: pid_t) -> Bool {
    guard numbering == .own else { return pid != own && number(of: pid) != nil }
    var current = pid
    // A process can change its parent meanwhile, but the way up is never long.
    for _ in 0..<1000 {
      guard current > 1, let stat = state(at: current) else { return false }
      if stat.parent == own { return true }
      current = stat.parent
    }
    return false
  }

  /// State and parent of a process; nil when there is no such process, or `/proc` does not show it. Where `/proc` has other numbers, only
  /// what is below this process is found.
  func state(of pid: pid_t) -> TaskState? { number(of: pid).flatMap(state(at:)) }

  /// The number of a process in `/proc`; nil when it is not known there.
  func number(of pid: pid_t) -> pid_t? {
    switch numbering {
    case .own: return pid
    case .unknown: return nil
    case .outer:
      if pid == own { return ownSeen }
      if let known = lastSeen.withLock({ $0[pid] }), ownNumber(known) == pid { return known }
      _ = walk(but: [])
      return lastSeen.withLock { $0[pid] }
    }
  }

  /// State and parent of the process that has this number in `/proc`; the parent has its number there too.
  func state(at seen: pid_t) -> TaskState? { TaskState(Self.contents(of: "\(folder)/\(seen)/stat")) }

  // MARK: Looking

  /// The number in this process's namespace of one of `/proc`; nil when it has none.
  private func ownNumber(_ seen: pid_t) -> pid_t? {
    switch numbering {
    case .own: return seen
    case .unknown: return nil
    case .outer(let place):
      let numbers = ProcNumbering.numbers(inStatus: Self.contents(of: "\(folder)/\(seen)/status"))
      return place < numbers.count ? numbers[place] : nil
    }
  }

  private func walk(but excluded: Set<pid_t>) -> [(seen: pid_t, own: pid_t)] {
    guard numbering != .unknown else { return [] }
    let byParent = listsChildren ? nil : childrenByParent()
    let children = { (seen: pid_t) in
      (byParent.map { $0[seen] ?? [] } ?? Self.listed("\(folder)/\(seen)") ?? []).compactMap { child in
        ownNumber(child).map { (seen: child, own: $0) }
      }
    }
    var found = children(ownSeen).filter { !excluded.contains($0.own) }
    var next = 0
    while next < found.count, found.count < Self.most {
      found += children(found[next].seen)
      next += 1
    }
    if numbering != .own {
      let numbers = Dictionary(found.map { ($0.own, $0.seen) }) { $1 }
      lastSeen.withLock { $0 = numbers }
    }
    return found
  }

  /// The processes whose parent is the one with this folder; nil when the kernel lists none, not even an empty list.
  private static func listed(_ folder: String) -> [pid_t]? {
    var found: [pid_t]?
    // Each thread has those that it has started.
    guard let threads = try? FileDescriptor.open(folder + "/task", O_RDONLY | O_DIRECTORY) else { return nil }
    for name in names(in: threads) {
      guard let file = try? threads.open(at: name + "/children", O_RDONLY) else { continue }
      found =
        (found ?? [])
        + contents(of: file).split(separator: UInt8(ascii: " ")).compactMap {
          pid_t(String(decoding: $0, as: UTF8.self), radix: 10)
        }
    }
    return found
  }

  /// The children of every process, from what all say of their parents.
  private func childrenByParent() -> [pid_t: [pid_t]] {
    guard let processes = try? FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY) else { return [:] }
    var found: [pid_t: [pid_t]] = [:]
    for pid in Self.names(in: processes).lazy.compactMap({ pid_t($0, radix: 10) }).prefix(Self.most) {
      if let state = state(at: pid) { found[state.parent, default: []].append(pid) }
    }
    return found
  }

  private static func names(in directory: borrowing FileDescriptor) -> [String] {
    var names: [String] = []
    withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 8) { buffer in
      try? directory.forEachEntry(using: buffer) { names.append(String(decoding: $0, as: UTF8.self)) }
    }
    return names
  }

  /// What a file of `/proc` holds; empty when it cannot be read.
  private static func contents(of path: String) -> [UInt8] {
    guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return [] }
    return contents(of: file)
  }

  /// What a file of `/proc` holds, a megabyte at the most. In small steps: such files are short.
  private static func contents(of file: borrowing FileDescriptor) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while bytes.count < 1 << 20, let got = try? file.read(into: buffer), got > 0 {
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<got]))
      }
    }
    return bytes
  }
}

/// State and parent of a process (`proc_pid_stat(5)`).
struct TaskState: Hashable, Sendable {
  /// `R`, `S`, `T`, `Z`, ...
  let letter: UInt8
  let parent: pid_t
  /// When it started, in clock ticks after the boot: together with the process id it names one process.
  let startTicks: UInt64
  /// The signals that it ignores: bit n - 1 for signal n.
  var ignored: UInt64 = 0

  /// Whether a signal does nothing to it.
  func ignores(_ number: Int32) -> Bool {
    (1...64).contains(number) && ignored >> UInt64(clamping: number - 1) & 1 == 1
  }
  /// Whether a signal has suspended it.
  var isSuspended: Bool { letter == UInt8(ascii: "T") }
  /// Whether it has ended, and only waits to be collected.
  var isZombie: Bool { letter == UInt8(ascii: "Z") }
}

extension TaskState {
  /// Reads a text of `/proc/PID/stat`; nil when it is none.
  init?(_ bytes: [UInt8]) {
    // The name, in parentheses, may hold anything: only the last one ends it.
    guard let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 31)
    guard fields.count > 20, let letter = fields[0].first,
      let parent = pid_t(String(decoding: fields[1], as: UTF8.self), radix: 10),
      let startTicks = UInt64(String(decoding: fields[19], as: UTF8.self), radix: 10)
    else { return nil }
    self.letter = letter
    self.parent = parent
    self.startTicks = startTicks
    // Field 33: of the signals below 32.
    if fields.count > 30 { ignored = UInt64(String(decoding: fields[30], as: UTF8.self), radix: 10) ?? 0 }
  }
}
