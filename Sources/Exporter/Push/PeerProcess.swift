internal import Glibc
internal import HTTP
internal import POSIX

/// What pids mean that come through a Unix socket from a process in another pid namespace, such as a container.
///
/// The kernel says which process connected (`SO_PEERCRED`), and `/proc/PID/status` has under `NSpid` its pid in each
/// namespace, from that of `/proc` down to its own (`proc(5)`, `pid_namespaces(7)`). That is read once for a request, however
/// many beats it has: the peer and its ancestors are all whose pids can be told.
enum PeerProcess {
  /// How many processes are looked at: the peer and its ancestors. A script's shell beats, whose `curl` it is that connects.
  static let generations = 8

  /// What its pids mean outside.
  enum Pids: Equatable {
    /// The same as here.
    case same
    /// The pids outside, by those inside; of others nothing can be told.
    case known([Int32: Int32])

    /// - Parameter names: what `/proc` says of a process; nil when it is gone.
    init(of peer: PeerCredentials, _ names: (Int32) -> Names? = { Names(of: $0) }) {
      // It is in a namespace that this one cannot see into.
      guard peer.pid > 0 else {
        self = .known([:])
        return
      }
      guard let first = names(peer.pid), first.pids.count > 1 else {
        self = .same
        return
      }
      var known: [Int32: Int32] = [:]
      var next: Names? = first
      for generation in 1...generations {
        guard let found = next, found.pids.count == first.pids.count else { break }
        if let inner = found.pids.last, known[inner] == nil { known[inner] = found.pids.first }
        next = generation < generations && found.parent > 0 ? names(found.parent) : nil
      }
      self = .known(known)
    }

    /// The pid outside of what the peer calls `pid`; nil when there is none that could be told.
    func outer(_ pid: Int32) -> Int32? {
      switch self {
      case .same: pid
      case .known(let pids): pids[pid]
      }
    }
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
