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

/// What a search found.
public struct ProcessMatches: Equatable, Sendable {
  /// The process that counts: the oldest; nil where none matches.
  public var pid: Int32?
  /// How many match. Those that only started one of the others are not counted.
  public var count: Int
}

extension ProcessTable {
  private struct Candidate {
    let stat: ProcessStat
    let isWrapper: Bool
  }

  /// What each matcher finds, all in one pass.
  ///
  /// Programs that only start others (`sh -c`, `sudo`, `npm`, ...) count where nothing that they started matches.
  ///
  /// - Parameter excluded: processes that are not to be found. This very process never is.
  public func find(_ matchers: [ProcessMatcher], excluding excluded: Set<Int32> = []) -> [ProcessMatches] {
    var candidates: [[Candidate]] = Array(repeating: [], count: matchers.count)
    guard !matchers.isEmpty else { return [] }
    let own = selfPID
    var line = CommandLine()
    for pid in pids where pid != own && !excluded.contains(pid) {
      guard let stat = stat(of: pid), !stat.isZombie, !stat.isOwnProgram, readCommandLine(of: pid, into: &line)
      else { continue }
      let matching = matchers.indices.filter { matchers[$0].matches(&line) }
      guard !matching.isEmpty else { continue }
      let isWrapper = withCommandLine(of: pid) { WrapperPrograms.contains(commandLine: $0) } ?? false
      for index in matching { candidates[index].append(Candidate(stat: stat, isWrapper: isWrapper)) }
    }
    return candidates.map { candidates in
      let programs = Set(candidates.filter { !$0.isWrapper }.flatMap { ancestors(of: $0.stat) })
      let counted = candidates.filter { !($0.isWrapper && programs.contains($0.stat.pid)) }
      // Of those that started in the same tick the one with the lower number.
      let oldest = counted.min { ($0.stat.startTicks, $0.stat.pid) < ($1.stat.startTicks, $1.stat.pid) }
      return ProcessMatches(pid: oldest?.stat.pid, count: counted.count)
    }
  }

  /// So many generations are looked at: a loop of parents, which only a tree of plain files can have, ends there.
  private static let mostGenerations = 64

  private func ancestors(of stat: ProcessStat) -> [Int32] {
    var found: [Int32] = []
    var parent = stat.parent
    while parent > 0, found.count < ProcessTable.mostGenerations, let next = self.stat(of: parent) {
      found.append(parent)
      parent = next.parent
    }
    return found
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
