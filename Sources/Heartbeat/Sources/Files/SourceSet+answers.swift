/// What is asked of all files, and of the file of an entry.
extension SourceSet {
  /// What was wrong with the first bad file, or that there is none.
  public var lastProblem: HeartbeatFileProblem? {
    // By a span, here and elsewhere: an array gives a copy of all that is known of a file, which costs more than the question.
    let files = files.span
    for place in files.indices { if let problem = files[place].lastProblem { return problem } }
    return files.isEmpty ? emptyPattern : nil
  }

  /// That there is no file, for nothing matches a pattern.
  private var emptyPattern: HeartbeatFileProblem? {
    patterns.first.map {
      HeartbeatFileProblem(failure: .missing, description: "\($0.pattern): no file matches yet; does anything beat?")
    }
  }

  /// The place of the file of an entry of the snapshot.
  public func file(ofEntry entry: Int) -> Int {
    isOneFile ? 0 : entry < owners.count ? Int(widening: owners[entry]) : 0
  }

  /// The timeout, in seconds, that the source of an entry says.
  public func timeout(ofEntry entry: Int) -> Double? {
    let file = file(ofEntry: entry)
    return file < files.count ? units[files[file].source].settings.timeout : nil
  }

  /// Unix time of the last change of the file of an entry.
  public func modified(ofEntry entry: Int) -> Double? {
    let file = file(ofEntry: entry)
    return file < files.count ? files[file].modified : nil
  }

  /// The file of an entry; in a folder of own files that of the process.
  public func path(ofEntry entry: Int) -> String? {
    let place = file(ofEntry: entry)
    guard place < files.count, entry < snapshot.entries.count else { return nil }
    guard files[place].folder != nil, let own = OwnFileName.file(of: snapshot.string(snapshot.entries[entry].name))
    else { return files[place].path }
    return OwnFileProblems.path(of: own, in: files[place].path)
  }

  /// What of the files is left out, by name: the first `EntryProblem.maximumCount` of all.
  public var problems: [EntryProblem] {
    var problems: [EntryProblem] = []
    let files = files.span
    for place in files.indices where problems.count < EntryProblem.maximumCount {
      problems += files[place].problems
    }
    return Array(problems.prefix(EntryProblem.maximumCount))
  }

  /// What of all files was left out.
  public var skipped: [HeartbeatSnapshot.SkipReason: Int] {
    var sum: [HeartbeatSnapshot.SkipReason: Int] = [:]
    let files = files.span
    for place in files.indices where files[place].skippedCount > 0 { sum.merge(files[place].skipped) { $0 + $1 } }
    return sum
  }
}
