internal import Flags
internal import Glibc
internal import Heartbeat
internal import POSIX

/// `heartbeat silence`
enum SilenceCommand {
  private static let duration = Flag<Double?>.optional(
    "for", .duration(1...Silence.longest), help: "How long, maximum 7d. Then the silence ends by itself.")
  private static let comment = Flag<String?>.optional(
    "comment", .string, help: "The reason, for those who look. Maximum \(Silence.longestComment) bytes.")
  private static let end = Flag<Bool>.toggle("end", negatable: false, help: "Ends the silence now.")

  static let command = Command(
    name: "silence", title: "Silences the alerts about programs during a maintenance.",
    flags: FlagSet(
      program: "heartbeat silence",
      summary:
        "Silences programs for a maintenance. Until it ends, no alert about them fires, and their state uses up no "
        + "error budget. The state itself is still shown. Without a name: lists who is silenced.",
      groups: [FlagGroup("Flags", [duration, comment, end, CommonFlags.file])],
      arguments: .named("NAME", 0...longestList),
      examples: [
        FlagExample("A maintenance of two hours", "heartbeat silence bidder --for 2h --comment 'a new disk'"),
        FlagExample("All workers that there are now", "heartbeat silence 'worker-*' --for 30m"),
        FlagExample("It is done earlier", "heartbeat silence bidder --end"),
        FlagExample("Who is silenced?", "heartbeat silence"),
      ]),
    run: { (values, environment) throws(FlagError) in try run(values, environment) })

  /// The most names of one call: as many as one file can have.
  private static let longestList = 1_000

  private static func run(_ values: FlagValues, _ environment: [String: String]) throws(FlagError) -> Int32 {
    let (names, file) = (values.arguments, values[CommonFlags.file])
    if let comment = values[comment], comment.utf8.count > Silence.longestComment {
      throw .invalid("--comment has \(comment.utf8.count) bytes: expected at most \(Silence.longestComment)")
    }
    guard !names.isEmpty else {
      guard values[duration] == nil, !values[end], values[comment] == nil else {
        throw .invalid("--for, --comment and --end need the name of a program")
      }
      return list(file)
    }
    if values[end] {
      guard values[duration] == nil, values[comment] == nil else {
        throw .invalid("--end stands alone, without --for and --comment")
      }
      return finish(names, file)
    }
    guard let seconds = values[duration] else {
      throw .invalid("for how long? --for 2h, or --end to end a silence")
    }
    return silence(
      names, Silence(until: until(in: seconds), comment: values[comment], createdBy: user(environment)), file)
  }

  /// Who runs this: behind sudo(8) the one who became root by it.
  private static func user(_ environment: [String: String]) -> String {
    let id = geteuid()
    if id == 0, let name = environment["SUDO_USER"], !name.isEmpty { return name }
    return getpwuid(id).map { String(cString: $0.pointee.pw_name) } ?? String(id)
  }

  private static func until(in seconds: Double) -> Double { ((Clock.realtime + seconds) * 1e3).rounded() / 1e3 }

  private static func silence(_ arguments: [String], _ silence: Silence, _ file: String) -> Int32 {
    let before = read(file)
    guard let names = names(arguments, among: before.names, file) else { return 1 }
    do throws(HeartbeatError) {
      try HeartbeatManager(file: file)
        .silence(names, until: silence.until, comment: silence.comment, createdBy: silence.createdBy)
    } catch {
      Console.error(error.description)
      return 1
    }
    // What counts is what a reader makes of it.
    let now = Clock.realtime
    let seen = read(file)
    let there = Set(seen.names)
    var status: Int32 = 0
    for name in names {
      let shown = quoted(name, limit: 200)
      guard let found = seen.silences[Array(name.utf8)], found.until >= silence.until else {
        Console.error(
          "\(shown) is not silenced: in \(file) that counts only from the owner of its file, root, or the folder's owner"
        )
        status = 1
        continue
      }
      let end = found.until
      Console.print("silenced \(shown) until \(LocalClock.text(end)) (\(Durations.format((end - now).rounded())))")
      if !there.contains(Array(name.utf8)) {
        Console.error("there is no \(shown) in \(file) now: is the name spelt as the program spells it?")
      }
    }
    return status
  }

  /// The names that are meant, once each: a pattern stands for all programs that fit, unless one of them has just this name.
  /// Nil, and said, when nobody fits.
  ///
  /// - Parameter known: names of programs that there are.
  private static func names(_ arguments: [String], among known: [[UInt8]], _ file: String) -> [String]? {
    var (names, seen, isWhole): ([String], Set<[UInt8]>, Bool) = ([], [], true)
    let there = Set(known)
    for argument in arguments {
      let pattern = Array(argument.utf8)
      let isPattern = pattern.contains { [UInt8(ascii: "*"), UInt8(ascii: "?")].contains($0) }
      guard isPattern, !there.contains(pattern) else {
        if seen.insert(pattern).inserted { names.append(argument) }
        continue
      }
      let found = known.filter { NamePattern.matches($0, pattern) }
      if found.isEmpty {
        Console.error("no program in \(file) fits \(quoted(argument, limit: 200))")
        isWhole = false
      }
      names += found.filter { seen.insert($0).inserted }.map { String(decoding: $0, as: UTF8.self) }
    }
    return isWhole ? names : nil
  }

  private static func finish(_ arguments: [String], _ file: String) -> Int32 {
    let silenced = read(file).activeSilences(at: Clock.realtime).map(\.name)
    guard let names = names(arguments, among: silenced, file) else { return 1 }
    do throws(HeartbeatError) {
      let ended = Set(try HeartbeatManager(file: file).endSilence(of: names).map { ExactText($0) })
      var status: Int32 = 0
      for name in names {
        if ended.contains(ExactText(name)) {
          Console.print("\(quoted(name, limit: 200)) is not silenced any more")
        } else {
          Console.error("\(quoted(name, limit: 200)) was not silenced in \(file)")
          status = 1
        }
      }
      return status
    } catch {
      Console.error(error.description)
      return 1
    }
  }

  /// How long a look waits for the file's file system, in seconds.
  private static let readTimeout = 5.0

  private static func sources(_ file: String) -> SourceSet {
    var sources = SourceSet([SourceSettings(path: file)])
    sources.refresh(readTimeout: readTimeout)
    return sources
  }

  private static func read(_ file: String) -> HeartbeatSnapshot { sources(file).snapshot }

  private static func list(_ file: String) -> Int32 {
    let sources = sources(file)
    if let problem = sources.lastProblem {
      Console.error(problem.description)
      return 1
    }
    let now = Clock.realtime
    for problem in sources.problems where problem.reason == .badSilence {
      Console.error(problem.sentence { quoted($0) })
    }
    for (name, silence) in sources.snapshot.silences where silence.isTooFar(at: now) {
      let shown = quoted(String(decoding: name, as: UTF8.self), limit: 200)
      Console.error("\(shown) is not silenced: its silence would end more than 7 days from now")
    }
    let silences = sources.snapshot.activeSilences(at: now)
    guard !silences.isEmpty else {
      Console.print("nobody is silenced in \(file)")
      return 0
    }
    let style = Style.forStandardOutput
    let table = TextTable(
      columns: [
        .init("NAME", .left, canShrink: true), .init("UNTIL", .left), .init("LEFT", .right),
        .init("BY", .left, canShrink: true),
        .init("COMMENT", .left, canShrink: true),
      ],
      rows: silences.map { (name, silence) in
        [
          .init(String(decoding: name, as: UTF8.self), .strong), .init(LocalClock.text(silence.until, now: now)),
          .init(seconds(silence.until - now)), .init(silence.createdBy ?? "-"), .init(silence.comment ?? "-"),
        ]
      })
    Console.print(table.lines(width: style.width, style: style).joined(separator: "\n"))
    return 0
  }
}

extension HeartbeatSnapshot {
  /// The bytes of the programs' names.
  fileprivate var names: [[UInt8]] { entries.map { Array(bytes[$0.name.range]) } }
}
