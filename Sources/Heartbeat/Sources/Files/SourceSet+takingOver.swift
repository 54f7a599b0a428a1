public import POSIX

/// What goes on when the configuration is read again.
extension SourceSet {
  /// Which files of another set still have a source.
  public struct TakenOver: Sendable {
    /// Those that are read as before: their last good content is served on.
    public var asBefore: Set<ExactText> = []
    /// Those that are read in another way from now on.
    public var anew: Set<ExactText> = []
  }

  /// Takes over what another one has read of the files of sources that both have: counters go on, and where what is said of a source
  /// does not change what comes of its files, the last good content is served as before.
  public mutating func takeOver(from other: SourceSet) -> TakenOver {
    var taken = TakenOver()
    var places: [ExactText: Int] = [:]
    for (place, unit) in other.units.enumerated() { places[ExactText(unit.settings.path)] = place }
    let old = Dictionary(grouping: other.files, by: \.source)
    let own = Dictionary(grouping: files, by: \.source)
    goneErrors = other.goneErrors
    var readers: [SourceReader] = []
    var isTaken = Array(repeating: false, count: other.units.count)
    for place in units.indices {
      let known = places[ExactText(units[place].settings.path)]
      if let known { units[place].takeProbes(of: other.units[known]) }
      guard let known, other.units[known].settings.reads(as: units[place].settings) else {
        readers += own[place] ?? []
        continue
      }
      isTaken[known] = true
      if units[place].pattern != nil { units[place].takeMatches(of: other.units[known]) }
      for var file in old[known] ?? [] {
        file.source = place
        taken.asBefore.insert(ExactText(file.path))
        readers.append(file)
      }
    }
    let paths = Set(units.map { ExactText($0.settings.path) })
    for file in other.files where !isTaken[file.source] {
      keepErrors(of: file)
      // It may be one of another source too.
      if paths.contains(ExactText(other.units[file.source].settings.path)) || isMatched(file.path) {
        taken.anew.insert(ExactText(file.path))
      }
    }
    files = readers
    for place in files.indices where !taken.asBefore.contains(ExactText(files[place].path)) {
      let errors = errorsBefore(of: files[place].path)
      files[place].count(errors)
    }
    // What is being read of them is waited for here.
    (longReading, underway, readings, looks) = (other.longReading, other.underway, other.readings, other.looks)
    // What hangs there is not begun once more.
    lister = other.lister
    lister.forget(but: paths)
    generation = other.generation
    revision = other.revision &+ 1
    isUp = !files.isEmpty && files.allSatisfy(\.isUp)
    return taken
  }

  private func isMatched(_ file: String) -> Bool {
    units.contains { $0.pattern != nil && SourceSet.matches(file, $0.settings.path) }
  }

  /// A file is gone: its failures are counted on where it comes again.
  mutating func keepErrors(of file: SourceReader) {
    guard !file.readErrors.isEmpty else { return }
    if goneErrors.count >= options.maximumFiles { _ = goneErrors.popFirst() }
    goneErrors[ExactText(file.path)] = file.readErrors
  }

  /// What failed of a file that is here and was here before.
  mutating func errorsBefore(of path: String) -> [HeartbeatFileFailure: UInt64] {
    goneErrors.removeValue(forKey: ExactText(path)) ?? [:]
  }
}

extension SourceSet.Unit {
  /// Goes on with who asks at its path: a thread that hangs there is not to be forgotten, or each reload would add one.
  fileprivate mutating func takeProbes(of other: SourceSet.Unit) {
    (probe, patternProbe) = (other.probe, other.patternProbe)
    (answer, hasAnswered) = (other.answer, other.hasAnswered)
  }

  /// Goes on with what matched a pattern before.
  fileprivate mutating func takeMatches(of other: SourceSet.Unit) {
    (matches, leftOut, unknownFolders) = (other.matches, other.leftOut, other.unknownFolders)
  }
}
