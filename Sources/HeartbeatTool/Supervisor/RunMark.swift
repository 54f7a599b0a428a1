internal import Glibc

/// What everything that a supervisor starts has in its environment, behind the marks of the supervisors above: by it a guardian finds what
/// is left, and a process its supervisor.
enum RunMark {
  static let variable = "HEARTBEAT_RUN_ID"

  /// A mark that nothing else has.
  static func new(supervisor: pid_t) -> String {
    let random = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }
    return "hb-\(supervisor)-\(random.joined())"
  }

  /// The pid of the nearest supervisor; nil when there is none.
  ///
  /// - Parameter marks: the variable's value.
  static func supervisor(_ marks: String?) -> pid_t? {
    let parts = marks?.split(separator: " ").last?.split(separator: "-") ?? []
    return parts.count == 3 ? pid_t(parts[1], radix: 10) : nil
  }
}
