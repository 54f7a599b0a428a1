internal import Glibc
internal import POSIX

/// Whose numbers of processes `/proc` shows. It is mounted for one PID namespace (`pid_namespaces(7)`), which need not be this process's:
/// who begins a new one has the old `/proc` until another is mounted there.
enum ProcNumbering: Hashable, Sendable {
  /// Those of this process's namespace.
  case own
  /// Those of a namespace above it: of the numbers that a process has (`proc_pid_status(5)`, `NSpid`) the one at this place, from 0, is that
  /// of this process's namespace. Not always the last one: a process below may be in a namespace further in.
  case outer(place: Int)
  /// This process is not there: no `/proc` is mounted, or that of a namespace that does not know it.
  case unknown

  /// - Parameters:
  ///   - numbers: this process's, as `/proc` has them; empty when it has none.
  ///   - shown: what the link `self` says.
  ///   - own: this process's number in its own namespace.
  init(numbers: [pid_t], shown: pid_t?, own: pid_t) {
    // A kernel before 4.1 has no such list.
    let numbers = numbers.isEmpty ? shown.map { [$0] } ?? [] : numbers
    guard numbers.last == own else {
      self = .unknown
      return
    }
    self = numbers.count == 1 ? .own : .outer(place: numbers.count - 1)
  }

  /// The numbers in a text of `/proc/PID/status`; empty when there are none.
  static func numbers(inStatus text: [UInt8]) -> [pid_t] {
    let key = Array("NSpid:".utf8)
    guard let line = text.split(separator: UInt8(ascii: "\n")).first(where: { $0.starts(with: key) }) else { return [] }
    return line.dropFirst(key.count).split { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }
      .compactMap { pid_t(String(decoding: $0, as: UTF8.self), radix: 10) }
  }
}
