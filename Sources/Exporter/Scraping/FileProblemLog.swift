internal import Heartbeat
internal import Monitoring
internal import POSIX

/// Says in the log when a heartbeat file turns bad, in another way than before, or good again: once each, not at every scrape.
struct FileProblemLog {
  private let logger: Logger
  /// What was told last of each file.
  private var told: [ExactText: String] = [:]
  /// The sources' `revision` when that was told.
  private var toldRevision: UInt64?
  /// What of the files was told to be left out, and still is.
  private var toldEntries: Set<LeftOut> = []

  /// Something that is left out of a file. Where it stands is another place with each write.
  private struct LeftOut: Hashable {
    let file: ExactText?
    let process: ExactText
    let reason: HeartbeatSnapshot.SkipReason

    init(_ problem: EntryProblem) {
      (file, process, reason) = (problem.file.map { ExactText($0) }, ExactText(problem.process), problem.reason)
    }
  }

  /// The processes' own files that were told to be bad.
  private var toldOwn: Set<EntryProblem> = []
  private var othersTold = 0

  init(logger: Logger) {
    self.logger = logger
  }

  /// Names what is left out of the files, each thing when it turns bad: what was good in between is named again.
  ///
  /// - Parameter count: how much that is with what is not named.
  mutating func report(_ problems: [EntryProblem], count: Int) {
    let own = Set(problems.filter(\.reason.isOfOwnFile))
    var entries: Set<LeftOut> = []
    for problem in problems {
      let fields: Logger.Fields = [
        "process": problem.process, "reason": problem.reason.rawValue, "error": problem.reason.explanation,
        "file": problem.file ?? "", "byte": problem.offset.map { "\($0)" } ?? "",
        "help": Troubleshooting.missingBeats.place,
      ]
      let message =
        problem.reason.leavesOutEntry ? "a heartbeat is left out" : "a part of a heartbeat is left out"
      if problem.reason.isOfOwnFile {
        if !toldOwn.contains(problem) { logger.warn(message, fields) }
      } else if entries.insert(LeftOut(problem)).inserted, !toldEntries.contains(LeftOut(problem)) {
        logger.warn(message, fields)
      }
    }
    let bad = Set(own.map { $0.file.map { ExactText($0) } })
    let over = Set(toldOwn.map { $0.file.map { ExactText($0) } }).subtracting(bad).compactMap { $0?.text }
    for file in over.sorted(by: String.precedes) {
      logger.info("a heartbeat is not left out any more, or its file is gone", ["file": file])
    }
    toldOwn = own
    toldEntries = entries
    let others = count - problems.count
    if others > 0, othersTold == 0 {
      logger.warn(
        "more heartbeats, or parts of them, are left out than are named", ["named": problems.count, "others": others])
    }
    othersTold = others
  }

  /// Tells what the last refresh found.
  mutating func report(_ sources: SourceSet) {
    guard sources.revision != toldRevision else { return }
    toldRevision = sources.revision
    var known: [ExactText: String] = [:]
    let files = sources.files
    // By a span: a copy of what is known of each of a thousand files costs more than all else here.
    let all = files.span
    for place in all.indices {
      let (path, problem) = (all[place].path, all[place].lastProblem)
      known[ExactText(path)] = tell(problem?.failure.rawValue ?? "", of: ExactText(path)) {
        if let problem {
          let message =
            problem.failure == .noBeat ? "there is no heartbeat in the file" : "cannot read the heartbeat file"
          logger.warn(
            message,
            [
              "reason": problem.failure.rawValue, "error": problem.description,
              "help": Troubleshooting.unreadableFile.place,
            ])
        } else {
          let file = files[place]
          logger.info(
            "the heartbeat file is read",
            ["file": file.path, "layout": file.layout?.rawValue ?? "-", "processes": file.entryCount])
        }
      }
      tellCrowd(of: path, all[place].crowd, read: all[place].entryCount, &known)
      let taken = all[place].taken
      guard let first = taken.first else { continue }
      let names = ExactText("names of \(path)")
      known[names] = tell(taken.sorted(by: String.precedes).joined(separator: "\n"), of: names) {
        let others = taken.count > 1 ? ", and \(taken.count - 1) more" : ""
        logger.warn(
          "processes of a heartbeat file are not shown: a source before has their names",
          ["file": path, "names": first + others, "help": Troubleshooting.missingBeats.place])
      }
    }
    for pattern in sources.patterns {
      let key = ExactText("pattern \(pattern.pattern)")
      let isNone = pattern.files == 0 && pattern.leftOut == 0
      // Where it is not known what matches, the folders that do not answer were told of as files.
      known[key] = tell(isNone ? pattern.isKnown ? "none" : "" : pattern.leftOut > 0 ? "many" : "", of: key) {
        if isNone, pattern.isKnown {
          logger.warn("no file matches", ["pattern": pattern.pattern, "help": Troubleshooting.unreadableFile.place])
        } else if pattern.leftOut > 0 {
          logger.warn(
            "too many files match: --heartbeat.max-files is the limit",
            [
              "pattern": pattern.pattern, "read": pattern.files, "left_out": pattern.leftOut,
              "help": Troubleshooting.missingBeats.place,
            ])
        }
      }
    }
    told = known
  }

  /// Tells whose files of a folder have no place among those that are read: once, as long as they are the same users'.
  private func tellCrowd(of path: String, _ crowd: [UInt32: Int], read: Int, _ known: inout [ExactText: String]) {
    guard !crowd.isEmpty else { return }
    let key = ExactText("crowd of \(path)")
    let most = crowd.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    known[key] = tell(crowd.keys.sorted().map(String.init).joined(separator: " "), of: key) {
      let named = most.prefix(Self.mostOwners).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
      logger.warn(
        "too many files in a folder of heartbeats: the places are shared by the files' owners",
        [
          "folder": path, "read": read, "left_out": crowd.values.reduce(0, +),
          "users": named + (most.count > Self.mostOwners ? ", and \(most.count - Self.mostOwners) more" : ""),
          "help": Troubleshooting.missingBeats.place,
        ])
    }
  }

  /// So many users are named whose files are left out.
  private static let mostOwners = 20

  private func tell(_ state: String, of key: ExactText, _ write: () -> Void) -> String {
    if told[key].map({ !$0.isSame(as: state) }) ?? true { write() }
    return state
  }
}
