/// What a configured process looks like, by its command line: the arguments joined by single spaces.
///
/// The exporter, the tool and zombies are never found, nor are kernel threads, which have no command line.
public struct ProcessMatcher: Sendable {
  private enum Condition: Sendable {
    /// All of them, in small letters; none matches nothing.
    case substrings([[UInt8]])
    case pattern(CommandLinePattern)
  }

  private let condition: Condition

  /// Matches where every one of the texts occurs; of ASCII letters the case does not matter. Empty texts are left out,
  /// and without any text nothing matches.
  public init(substrings: [String]) {
    condition = .substrings(substrings.filter { !$0.isEmpty }.map { $0.utf8.map(\.lowercasedASCII) })
  }

  /// Matches where the regular expression does, see `CommandLinePattern`.
  public init(regex: String) throws(CommandLinePattern.CompileError) {
    condition = .pattern(try CommandLinePattern(regex))
  }

  /// Whether it matches a command line.
  public func matches(_ commandLine: String) -> Bool {
    var line = CommandLine(arguments: Array(commandLine.utf8))
    return matches(&line)
  }

  func matches(_ line: inout CommandLine) -> Bool {
    switch condition {
    case .substrings(let texts): !texts.isEmpty && texts.allSatisfy { line.lowercase.contains(bytes: $0) }
    case .pattern(let pattern): pattern.matches(line.bytes)
    }
  }
}

/// A command line as the matchers want it. One value is reused for all processes of a search.
struct CommandLine {
  /// The arguments joined by single spaces, and one NUL.
  private(set) var bytes: [UInt8] = []
  /// The same in small letters.
  private(set) var lowercase: [UInt8] = []

  init(arguments: [UInt8] = []) {
    arguments.withUnsafeBytes { set($0) }
  }

  /// Takes the content of `/proc/PID/cmdline`, whose arguments end with NUL each.
  mutating func set(_ arguments: UnsafeRawBufferPointer) {
    bytes.removeAll(keepingCapacity: true)
    lowercase.removeAll(keepingCapacity: true)
    let end = arguments.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    for byte in arguments[..<end] {
      let shown = byte == 0 ? UInt8(ascii: " ") : byte
      bytes.append(shown)
      lowercase.append(shown.lowercasedASCII)
    }
    bytes.append(0)
  }
}

extension UInt8 {
  /// The small letter of an ASCII letter; every other byte as it is.
  var lowercasedASCII: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}

extension [UInt8] {
  /// Whether these bytes hold the others somewhere, at least one of them.
  func contains(bytes other: [UInt8]) -> Bool {
    guard let first = other.first, other.count <= count else { return false }
    return withUnsafeBytes { whole in
      other.withUnsafeBytes { part in
        // no trap: the part is not longer than the whole
        for start in 0...(whole.count - part.count) where whole[start] == first {
          if whole[start..<(start + part.count)].elementsEqual(part) { return true }
        }
        return false
      }
    }
  }
}

extension ProcessTable {
  /// The process that each matcher finds, of several the oldest; nil where none matches. All in one pass.
  ///
  /// - Parameter excluded: processes that are not to be found. This very process never is.
  public func find(_ matchers: [ProcessMatcher], excluding excluded: Set<Int32> = []) -> [Int32?] {
    var best: [ProcessStat?] = Array(repeating: nil, count: matchers.count)
    guard !matchers.isEmpty else { return [] }
    let own = selfPID
    var line = CommandLine()
    for pid in pids where pid != own && !excluded.contains(pid) {
      guard let stat = stat(of: pid), !stat.isZombie, !stat.isOwnProgram, readCommandLine(of: pid, into: &line)
      else { continue }
      for index in matchers.indices {
        if let known = best[index], known.startTicks <= stat.startTicks { continue }
        if matchers[index].matches(&line) { best[index] = stat }
      }
    }
    return best.map { $0?.pid }
  }

  /// Reads a command line; false when there is none or it is that of one of our own programs.
  private func readCommandLine(of pid: Int32, into line: inout CommandLine) -> Bool {
    withCommandLine(of: pid) { arguments in
      guard !OwnPrograms.contains(commandLine: arguments) else { return nil }
      line.set(arguments)
      return true
    } ?? false
  }
}
