internal import Glibc
internal import HTTP
internal import POSIX

/// What a pid means that comes through a Unix socket from a process in another pid namespace, such as a container.
///
/// The kernel says which process connected (`SO_PEERCRED`), and `/proc/PID/status` has under `NSpid` its pid in each
/// namespace, from that of `/proc` down to its own (`proc(5)`, `pid_namespaces(7)`).
enum PeerProcess {
  /// How far up the peer's ancestors a pid is looked for: a script's shell, whose `curl` it is that connects.
  private static let generations = 8

  /// The pid outside of what the peer calls `pid`; nil when there is none that could be told.
  static func outerPid(_ pid: Int32, of peer: PeerCredentials) -> Int32? {
    // It is in a namespace that this one cannot see into.
    guard peer.pid > 0 else { return nil }
    guard let first = Names(of: peer.pid) else { return pid }
    guard first.pids.count > 1 else { return pid }
    var names = first
    for _ in 0..<generations {
      guard names.pids.count == first.pids.count else { return nil }
      if names.pids.last == pid { return names.pids.first }
      guard names.parent > 0, let next = Names(of: names.parent) else { return nil }
      names = next
    }
    return nil
  }

  /// Of one process: its pids, the outermost first, and its parent.
  struct Names: Equatable {
    var pids: [Int32] = []
    var parent: Int32 = 0

    /// Reads `/proc/PID/status`; nil when the process is gone.
    init?(of pid: Int32) {
      var bytes: [UInt8] = []
      guard let file = try? FileDescriptor.open("/proc/\(pid)/status", O_RDONLY),
        (try? file.readToEnd(appendingTo: &bytes, limit: 1 << 16)) != nil
      else { return nil }
      self.init(parsing: bytes)
    }

    /// Reads the lines `PPid` and `NSpid`.
    init(parsing bytes: [UInt8]) {
      for line in bytes.split(separator: UInt8(ascii: "\n")) {
        let words = line.split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
        guard let key = words.first else { continue }
        let numbers = words.dropFirst().compactMap { Int32(String(decoding: $0, as: UTF8.self), radix: 10) }
        if key.elementsEqual("PPid:".utf8) { parent = numbers.first ?? 0 }
        if key.elementsEqual("NSpid:".utf8) { pids = numbers }
      }
    }
  }
}
