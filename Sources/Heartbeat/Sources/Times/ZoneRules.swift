internal import Glibc
internal import POSIX

/// A time zone: how far its clocks are ahead of Greenwich, and when that changes (RFC 8536, `tzfile(5)`, `tzset(3)`).
public struct ZoneRules: Sendable, Hashable {
  /// Unix times from which on another offset holds, ascending.
  private var transitions: [Transition] = []
  /// Seconds east before the first of these.
  private var first = 0.0
  /// What holds behind the last of them.
  private var rule: ZoneRule?
  /// What people call it.
  public var name: String

  struct Transition: Hashable {
    var time: Double
    var offset: Double
  }

  /// Greenwich.
  public static let utc = ZoneRules(name: "UTC")

  private init(name: String) { self.name = name }

  /// A zone that a rule of POSIX describes, such as `CET-1CEST,M3.5.0,M10.5.0/3`; nil when it is none.
  public init?(posix text: String) {
    guard let rule = ZoneRule(text) else { return nil }
    self.init(name: text)
    self.rule = rule
    first = rule.standard
  }

  /// The zone of a content of a file as in `/usr/share/zoneinfo`; nil when it is none.
  init?(file bytes: [UInt8], name: String) {
    guard let parsed = ZoneFile.parse(bytes) else { return nil }
    self.init(name: name)
    (transitions, first) = (parsed.transitions, parsed.first)
    rule = parsed.footer.flatMap { ZoneRule($0) }
  }

  /// Seconds east of Greenwich at a moment.
  public func offset(at time: Double) -> Double {
    if let last = transitions.last, time < last.time || rule == nil {
      var (low, high) = (0, transitions.count)
      while low < high {
        let middle = (low + high) / 2
        if transitions[middle].time <= time { low = middle + 1 } else { high = middle }
      }
      return low == 0 ? first : transitions[low - 1].offset
    }
    return rule?.offset(at: time) ?? first
  }

  /// The moments at which clocks of the zone show a time: two while they are set back. One that they skip is taken as they went before.
  ///
  /// - Parameter wall: seconds from 1970 to what the clocks show.
  package func moments(wall: Double) -> [Double] {
    let before = offset(at: wall - 86_400)
    let after = offset(at: wall + 86_400)
    let moments = (before == after ? [before] : [before, after]).map { wall - $0 }
      .filter { $0 + offset(at: $0) == wall }
    return moments.isEmpty ? [wall - before] : moments
  }

  /// The moment at which clocks are set forward over a time that they never show, to the second.
  ///
  /// - Parameter wall: seconds from 1970 to what the clocks would show.
  package func change(skipping wall: Double) -> Double {
    let before = offset(at: wall - 86_400)
    // One side of the change, and the other one.
    var (low, high) = (wall - before - 86_400, wall - before)
    while high - low > 1 {
      let middle = ((low + high) / 2).rounded(.down)
      if offset(at: middle) == before { low = middle } else { high = middle }
    }
    return high
  }
}

extension ZoneRules {
  /// Where the zones' files are.
  private static let folder = "/usr/share/zoneinfo/"
  /// The largest file of a zone that is read, in bytes.
  private static let largestFile = 1 << 18

  /// A zone by its name, such as `Europe/Zurich`, `UTC`, `local`, or a rule of POSIX; nil when there is none of that name here.
  public static func named(_ name: String) -> ZoneRules? {
    switch name.lowercased() {
    case "utc", "gmt", "z", "etc/utc": return .utc
    case "local": return .local
    default: break
    }
    let isName = name.utf8.allSatisfy { TimeScanner.isAlphanumeric($0) || "/+-".utf8.contains($0) }
    let hasAllParts = name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty }
    if isName, hasAllParts, let zone = read(folder + name, name: name) { return zone }
    return ZoneRules(posix: name)
  }

  /// This host's zone: `TZ`, else `/etc/localtime`, else Greenwich, as the C library has it.
  public static var local: ZoneRules {
    guard let variable = getenv("TZ") else { return read("/etc/localtime", name: "local") ?? .utc }
    var text = String(cString: variable)
    if text.hasPrefix(":") { text.removeFirst() }
    if text.isEmpty { return .utc }
    if text.hasPrefix("/") { return read(text, name: text) ?? .utc }
    return text.lowercased() == "local" ? .utc : named(text) ?? .utc
  }

  /// The zone of a file; nil when that cannot be read, is too large, or is none.
  static func read(_ path: String, name: String) -> ZoneRules? {
    var bytes: [UInt8] = []
    guard let file = try? FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY),
      let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG
    else { return nil }
    do throws(Errno) { try file.readToEnd(appendingTo: &bytes, limit: largestFile) } catch { return nil }
    return ZoneRules(file: bytes, name: name)
  }
}
