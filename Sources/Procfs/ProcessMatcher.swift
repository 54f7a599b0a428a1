internal import CLinux
internal import Glibc
internal import POSIX

/// What a configured process looks like, by its command line: the arguments joined by single spaces.
///
/// The exporter, the tool (`OwnPrograms`) and zombies are never found, nor are kernel threads, which have no command line.
public struct ProcessMatcher: Sendable {
  private enum Condition: Sendable {
    /// All of them, in small letters; none matches nothing.
    case substrings([[UInt8]])
    case pattern(RegularExpression)
  }

  private let condition: Condition

  /// Matches where every one of the texts occurs; of ASCII letters the case does not matter. Empty texts are left out,
  /// and without any text nothing matches.
  public init(substrings: [String]) {
    condition = .substrings(substrings.filter { !$0.isEmpty }.map { $0.utf8.map(\.lowercasedASCII) })
  }

  /// Matches where the regular expression does, see `RegularExpression`; it may be one that was written for POSIX.
  public init(regex: String) throws(RegularExpression.CompileError) {
    condition = .pattern(try RegularExpression(regex, wasPOSIX: true))
  }

  /// Whether it matches a command line.
  public func matches(_ commandLine: String) -> Bool {
    var steps = MatchBudget.ofText
    return matches(CommandLine(arguments: Array(commandLine.utf8)), steps: &steps) ?? false
  }

  /// The same within a number of steps; nil when they did not suffice.
  func matches(_ line: CommandLine, steps: inout Int) -> Bool? {
    switch condition {
    case .substrings(let texts):
      guard !texts.isEmpty else { return false }
      for text in texts {
        steps -= MatchBudget.steps(forBytes: line.lowercase.count)
        guard steps >= 0 else { return nil }
        guard line.lowercase.contains(bytes: text) else { return false }
      }
      return true
    case .pattern(let pattern): return pattern.matches(line.bytes, steps: &steps)
    }
  }
}

/// How much work a search may be. A step is an instruction of a regular expression that is looked at, or 16 bytes that need none: both
/// take some 25 to 40 ns.
public enum MatchBudget {
  /// The most bytes of a command line that are looked at.
  public static let commandLine = 16_384
  /// The most steps for one command line: beyond, it does not match. No expression needs half of it for `commandLine` bytes unless
  /// somebody writes command lines against it.
  public static let ofText = 400_000
  /// The most steps for all command lines and all matchers of one look: at the worst half a second.
  public static let ofLook = 20_000_000

  /// The steps for bytes that are passed over, such as those of a command line in which a text is sought.
  static func steps(forBytes count: Int) -> Int { 1 + count / 16 }
}

/// The steps of one look: one half is there for whoever comes first, of the other one each matcher has as much as any other, so that those
/// that cost little find what they look for beside one that costs all that it gets.
struct SearchBudget {
  private var open: Int
  private var shares: [Int]

  init(_ steps: Int, matchers: Int) {
    shares = [Int](repeating: steps / 2 / max(1, matchers), count: matchers)
    open = steps - steps / 2
  }

  /// How many steps a matcher still has.
  func left(for matcher: Int) -> Int { open + shares[matcher] }

  mutating func take(_ steps: Int, for matcher: Int) {
    let common = min(open, steps)
    open -= common
    shares[matcher] -= steps - common
  }
}

/// A command line as the matchers want it. One value is reused for all processes of a search.
struct CommandLine {
  /// The arguments joined by single spaces.
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
  }
}

extension UInt8 {
  /// The small letter of an ASCII letter; every other byte as it is.
  var lowercasedASCII: UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
  }
}

extension [UInt8] {
  /// Whether these bytes hold the others somewhere, at least one of them. The corresponding C function is `memmem(3)`, whose time
  /// grows with the length alone.
  func contains(bytes other: [UInt8]) -> Bool {
    withUnsafeBytes { whole in
      other.withUnsafeBytes { part in
        // An empty array has no address, and there are glibcs (2.41, say) whose headers forbid null here.
        guard let here = whole.baseAddress, let sought = part.baseAddress, !part.isEmpty else { return false }
        // Sound: it reads both within their lengths.
        return memmem(here, whole.count, sought, part.count) != nil
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
  /// For how many command lines it could not be said: the steps did not suffice.
  public var exceeded = 0
  /// Whether all command lines were looked at that can be seen.
  public var isComplete = true
  /// Whether it is because the search ended early, or was none: then nothing new is known of who was not found.
  public var isCut = false

  /// Nothing was looked at.
  public static let unknown = ProcessMatches(pid: nil, count: 0, isComplete: false, isCut: true)
}

extension ProcessTable {
  private struct Candidate {
    let stat: ProcessStat
    /// What it starts, where it is one of the programs that are known to start others.
    let words: StartedWords?
    let line: LineEnd

    /// Whether it only started that one.
    func starts(_ other: Candidate) -> Bool {
      if let words, other.words.map(words.hold) ?? true { return true }
      return line.starts(other.line)
    }

    /// Whether it only started the tool, with this command line. Without these words it may be a script that beats with the tool.
    func startsTool(_ line: CommandLine) -> Bool {
      if let words, words.hold(StartedWords(tool: line)) { return true }
      return self.line.starts(LineEnd(line))
    }
  }

  /// The words in which a program that starts others says what it starts: of a shell that runs a script those from the script on, which
  /// is what whoever has started that shell says (`timeout 9 ./worker.sh` starts `bash ./worker.sh`).
  private struct StartedWords {
    /// So many bytes are looked at.
    private static let longest = 1_024

    /// Each word has a space behind it.
    private let text: [UInt8]
    private let isWhole: Bool

    /// nil for a command line, whose arguments end with NUL each, of a program that is not known to start others.
    init?(_ commandLine: UnsafeRawBufferPointer) {
      guard WrapperPrograms.contains(commandLine: commandLine) else { return nil }
      self.init(of: commandLine[(WrapperPrograms.scriptStart(in: commandLine) ?? 0)...])
    }

    /// All words of a command line that is one of the tool's.
    init(tool line: CommandLine) { self.init(of: line.bytes) }

    private init(of own: some Collection<UInt8>) {
      isWhole = own.count <= StartedWords.longest
      var text = own.prefix(StartedWords.longest).map { byte in
        // A command that was handed to a shell ends where the shell's own signs begin.
        byte == 0 || ";&|()<>".utf8.contains(byte) ? UInt8(ascii: " ") : byte
      }
      while text.last == UInt8(ascii: " ") { text.removeLast() }
      self.text = text + [UInt8(ascii: " ")]
    }

    /// Whether all of the other's words are among them, behind its own first one.
    func hold(_ other: StartedWords) -> Bool { other.isWhole && text.contains(bytes: [UInt8(ascii: " ")] + other.text) }
  }

  /// The end of a command line, by which a program is known that has started another one with the rest of its own words.
  private struct LineEnd {
    /// So many bytes are kept.
    private static let longest = 1_024

    private let count: Int
    private let end: [UInt8]

    init(_ line: CommandLine) {
      count = line.bytes.count
      end = Array(line.bytes.suffix(LineEnd.longest))
    }

    /// Whether it is more words and then the whole of another one: `cross-env A=1 node server.js` and `node server.js`.
    func starts(_ other: LineEnd) -> Bool {
      guard other.count == other.end.count, count > other.count, end.count > other.count else { return false }
      return end.suffix(other.count).elementsEqual(other.end) && end[end.count - other.count - 1] == UInt8(ascii: " ")
    }
  }

  /// What each matcher finds, all in one pass.
  ///
  /// Programs that only start others (`sh -c`, `sudo`, `npm`, or whatever ends with the words of what it started) count where nothing
  /// that they started matches. Where they started `heartbeat run`, they count as little as that does: `sudo heartbeat run -- ./worker`
  /// is no worker while the tool waits to start it again.
  ///
  /// Where the steps do not suffice, the next search begins with the process at which they ended, so that each has its turn.
  ///
  /// - Parameters:
  ///   - excluded: processes that are not to be found. This very process never is.
  ///   - steps: how many all matchers may take together.
  ///   - goesOn: asked for each process, and after matching that took long; false ends the search, and none is complete.
  public func find(
    _ matchers: [ProcessMatcher], excluding excluded: Set<Int32> = [], steps: Int = MatchBudget.ofLook,
    goesOn: () -> Bool = { true }
  ) -> [ProcessMatches] {
    var candidates: [[Candidate]] = Array(repeating: [], count: matchers.count)
    var budget = SearchBudget(steps, matchers: matchers.count)
    var exceeded = [Int](repeating: 0, count: matchers.count)
    guard !matchers.isEmpty else { return [] }
    let own = selfPID
    var tools: [ProcessStat] = []
    var line = CommandLine()
    var isCut = false
    var isWhole = !procfs.avoided.contains { if case .process = $0 { true } else { false } }
    let pids = self.pids
    let start = pids.firstIndex { $0 >= procfs.searchStart } ?? 0
    var (first, cutAt): (Int32?, Int32?) = (nil, nil)
    for pid in [pids[start...], pids[..<start]].joined() where pid != own && !excluded.contains(pid) {
      first = first ?? pid
      if !isCut, !goesOn() { isCut = true }
      guard !isCut else {
        cutAt = cutAt ?? pid
        break
      }
      guard let stat = stat(of: pid) else {
        // Where `/proc` shows of others only that they are there, they may look so; and so may one whose stat is damaged.
        if isHidden(pid) { isWhole = false }
        continue
      }
      guard !stat.isZombie else { continue }
      // A process that has ended has none; any other one of which it cannot be read may look so.
      guard
        readCommandLine(
          of: stat, into: &line, onFailure: { if ![ENOENT, ESRCH].contains($0.rawValue) { isWhole = false } },
          onOwn: { tools.append(stat) })
      else { continue }
      let matching = matchers.indices.filter { index in
        guard !isCut else { return false }
        let most = min(budget.left(for: index), MatchBudget.ofText)
        var left = most
        let isMatching = matchers[index].matches(line, steps: &left)
        budget.take(most - max(0, left), for: index)
        if isMatching == nil {
          exceeded[index] += 1
          if most < MatchBudget.ofText { cutAt = cutAt ?? pid }
        }
        if most - left > ProcessTable.manySteps {
          // Who works does not hang.
          procfs.progress.noteFurther()
          if !goesOn() { (isCut, cutAt) = (true, cutAt ?? pid) }
        }
        return isMatching ?? false
      }
      guard !matching.isEmpty else { continue }
      let words = withCommandLine(of: pid) { StartedWords($0) }
      let candidate = Candidate(stat: stat, words: words, line: LineEnd(line))
      for index in matching { candidates[index].append(candidate) }
    }
    // One at which it began and ended would be all that is ever looked at.
    procfs.searchStart = cutAt.map { $0 == first ? $0 &+ 1 : $0 } ?? 0
    let started = candidates.allSatisfy(\.isEmpty) ? [:] : self.started(tools)
    return zip(candidates, exceeded).map { candidates, exceeded in
      let starters = starters(among: candidates).union(starters(of: started, among: candidates))
      let counted = candidates.filter { !starters.contains($0.stat.pid) }
      // Of those that started in the same tick the one with the lower number.
      let oldest = counted.min { ($0.stat.startTicks, $0.stat.pid) < ($1.stat.startTicks, $1.stat.pid) }
      return ProcessMatches(
        pid: oldest?.stat.pid, count: counted.count, exceeded: exceeded, isComplete: isWhole && !isCut, isCut: isCut)
    }
  }

  /// After so many it is noted that a search goes on.
  private static let manySteps = 10_000

  /// Those that only started another one of them.
  private func starters(among candidates: [Candidate]) -> Set<Int32> {
    guard candidates.count > 1 else { return [] }
    let places = Dictionary(candidates.enumerated().map { ($1.stat.pid, $0) }) { first, _ in first }
    var found: Set<Int32> = []
    for candidate in candidates {
      for ancestor in ancestors(of: candidate.stat) {
        guard let place = places[ancestor] else { continue }
        if candidates[place].starts(candidate) { found.insert(ancestor) }
      }
    }
    return found
  }

  /// Our own programs, by each process that is above them.
  private func started(_ tools: [ProcessStat]) -> [Int32: [Int32]] {
    var found: [Int32: [Int32]] = [:]
    for tool in tools {
      for ancestor in ancestors(of: tool) { found[ancestor, default: []].append(tool.pid) }
    }
    return found
  }

  /// Those that only started `heartbeat run`.
  private func starters(of tools: [Int32: [Int32]], among candidates: [Candidate]) -> Set<Int32> {
    var line = CommandLine()
    let found = candidates.filter { candidate in
      (tools[candidate.stat.pid] ?? []).prefix(ProcessTable.mostTools).contains { tool in
        withCommandLine(of: tool) { arguments in
          line.set(arguments)
          return OwnPrograms.isRun(commandLine: arguments) && candidate.startsTool(line)
        } ?? false
      }
    }
    return Set(found.map(\.stat.pid))
  }

  /// So many are looked at below one process: what only starts one has no more.
  private static let mostTools = 16

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
  private func readCommandLine(
    of stat: ProcessStat, into line: inout CommandLine, onFailure: (Errno) -> Void, onOwn: () -> Void
  ) -> Bool {
    withCommandLine(of: stat.pid, onFailure: onFailure) { arguments in
      let isOwn = OwnPrograms.contains(commandLine: arguments, isNamedSo: stat.isNamedAsOwnProgram) {
        procfs.program(of: stat.pid)
      }
      guard !isOwn else {
        onOwn()
        return nil
      }
      line.set(arguments)
      return true
    } ?? false
  }
}
