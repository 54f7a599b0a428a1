internal import Glibc
internal import JSON
internal import POSIX

/// A folder in the place of the file: each process has a file of its own there.
struct OwnFiles {
  /// Seconds after which a temporary file is surely a dead writer's.
  static let temporaryDeadAfter = 3_600.0
  /// The most files that are read.
  static let mostFiles = 1_000_000

  let path: String
  let options: HeartbeatManager.Options

  /// Writes beats, each into its process's file. One that cannot be written does not keep the others away.
  ///
  /// - Returns: what could not be written, by the beat's index.
  func send(_ beats: [Beat]) throws(HeartbeatError) -> [Int: HeartbeatError] {
    var place = try open()
    let file = OwnFile(options: options)
    let now = Clock.realtime
    var failures: [Int: HeartbeatError] = [:]
    for (index, beat) in beats.enumerated() {
      do throws(HeartbeatError) {
        place.name = try OwnFiles.fileName(of: beat.name)
        place.path = place.beside(place.name)
        try file.write(beat, to: place, now: now)
      } catch {
        failures[index] = error
      }
    }
    if failures.count < beats.count { sweep(&place, now) }
    return failures
  }

  /// The file of a process.
  static func fileName(of process: String) throws(HeartbeatError) -> String {
    guard let name = OwnFileName.file(of: process) else {
      throw .invalidBeat(
        "percent-encoded as a file name, a process name has 1 to \(OwnFileName.longestName) bytes")
    }
    return name
  }

  /// The folder; the place names no file yet.
  func open() throws(HeartbeatError) -> Place {
    do throws(PlaceError) {
      let path = path.utf8.last == UInt8(ascii: "/") && path.utf8.count > 1 ? String(path.dropLast()) : path
      return Place(folder: try Place.openFolder(path), name: "", path: path == "/" ? "/x" : path + "/x")
    } catch {
      if case .system(let cause) = error, cause == .noSuchFile || cause.rawValue == ENOTDIR {
        throw isFile ? .notAFolder(path: path) : .noFolder(path: path)
      }
      throw error.described { .cannotWrite(file: path, $0) }
    }
  }

  /// Whether something else than a folder has the name.
  private var isFile: Bool {
    let name = path.utf8.last == UInt8(ascii: "/") ? String(path.dropLast()) : path
    guard let place = try? Place.locate(name) else { return false }
    return place.has(place.name)
  }

  /// What the files say of every process, by the order of the files' names; none when there is no folder.
  func heartbeats() throws(HeartbeatError) -> [HeartbeatEntry] {
    guard var place = try openForReading() else { return [] }
    var found: [HeartbeatEntry] = []
    for file in try names(in: place).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
      guard let process = OwnFileName.process(of: file.utf8) else { continue }
      place.name = file
      if let heartbeat = OwnFiles.heartbeat(process, place) { found.append(heartbeat) }
    }
    return found
  }

  /// What the file of a process says; nil when there is none.
  func heartbeat(of process: String) throws(HeartbeatError) -> HeartbeatEntry? {
    guard let file = OwnFileName.file(of: process), var place = try openForReading() else { return nil }
    place.name = file
    return OwnFiles.heartbeat(process, place)
  }

  private static func heartbeat(_ process: String, _ place: borrowing Place) -> HeartbeatEntry? {
    guard let content = OwnFile.content(of: place), let entry = try? JSONValue(parsing: content.bytes).objectValue
    else { return nil }
    return HeartbeatEntry(name: process, entry: entry)
  }

  private func openForReading() throws(HeartbeatError) -> Place? {
    do throws(HeartbeatError) {
      return try open()
    } catch {
      switch error {
      case .noFolder: return nil
      case .cannotWrite(let file, let cause): throw .cannotRead(file: file, cause)
      default: throw error
      }
    }
  }

  /// Removes files whose last beat is older than a time; returns their processes.
  ///
  /// - Parameter refused: gets what could not be removed, and why.
  func prune(before oldest: Double, dryRun: Bool, refused: inout [HeartbeatError]) throws(HeartbeatError) -> [String] {
    guard var place = try openForReading() else { return [] }
    if dryRun {
      return try names(in: place).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.compactMap { file in
        place.name = file
        return OwnFiles.isStale(place, oldest) ? OwnFileName.process(of: file.utf8) : nil
      }
    }
    let removed = removeStale(&place, oldest, readsAll: true, try names(in: place), refused: &refused)
    note(removed, &place)
    return removed
  }

  /// Removes the files of processes; says which had one.
  ///
  /// - Parameter notingAll: whether readers shall forget those too that have none.
  func remove(_ processes: [String], notingAll: Bool = false) throws(HeartbeatError) -> HeartbeatUpdate.Outcome {
    guard var place = try openForReading() else { return HeartbeatUpdate.Outcome() }
    var removed: [String] = []
    var refusal: HeartbeatError?
    for process in processes {
      guard let file = OwnFileName.file(of: process) else { continue }
      place.name = file
      place.path = place.beside(file)
      guard OwnFile.content(of: place)?.isOurs == true else { continue }
      do throws(Errno) {
        try place.folder.unlink(file)
        removed.append(process)
      } catch {
        if error == .noSuchFile { continue }
        refusal = OwnFiles.refusal(error, file, place)
        break
      }
    }
    // What was removed by then must not be remembered.
    let noted = notingAll && refusal == nil ? processes.filter { OwnFileName.file(of: $0) != nil } : removed
    let isNoted = note(noted, &place)
    if let refusal { throw refusal }
    return HeartbeatUpdate.Outcome(removed: removed, isNoted: isNoted)
  }

  /// How many processes have a file.
  func count() throws(HeartbeatError) -> Int {
    guard let place = try openForReading() else { return 0 }
    return try names(in: place).count { OwnFileName.process(of: $0.utf8) != nil }
  }

  /// Whether a process has a file.
  func has(_ process: String) throws(HeartbeatError) -> Bool {
    guard let file = OwnFileName.file(of: process), let place = try openForReading() else { return false }
    return place.has(file)
  }

  private func names(in place: borrowing Place) throws(HeartbeatError) -> [String] {
    do throws(Errno) {
      return try Array(place.names().prefix(OwnFiles.mostFiles))
    } catch {
      throw .cannotRead(file: path, error)
    }
  }

  /// Says in the folder that processes were removed on purpose: nobody remembers them then. Returns whether it could be said.
  @discardableResult
  private func note(_ processes: [String], _ place: inout Place) -> Bool {
    guard !processes.isEmpty else { return false }
    place.name = PrunedNotes.fileName(of: geteuid())
    place.path = place.beside(place.name)
    do throws(HeartbeatError) {
      try PrunedNotes.add(processes, to: place, now: Clock.realtime)
      return true
    } catch {
      options.warn("\(error); readers may go on remembering what was removed")
      return false
    }
  }

  // MARK: Clean-up

  /// Removes what dead writers left and files that have not beaten for long: when a writer starts, and once an hour, for a
  /// beat must cost the same however many files there are.
  private func sweep(_ place: inout Place, _ now: Double) {
    // A user's own: in a sticky folder nobody can remove another's files.
    let mark = OwnFile.sweepMarkPrefix + String(geteuid())
    guard Leftovers.isDue(OwnFile.temporaryPrefix, in: place, mark: mark, beatsOnce: options.beatsOnce),
      let names = try? place.names()
    else { return }
    Leftovers.remove(
      OwnFile.temporaryPrefix, of: names, in: place, olderThan: OwnFiles.temporaryDeadAfter, isAny: true)
    guard let oldest = options.oldest(now) else { return }
    // Who cleans up beside other work leaves what he may not remove to its owner.
    var refused: [HeartbeatError] = []
    _ = removeStale(&place, oldest, readsAll: false, names, refused: &refused)
  }

  /// - Parameter readsAll: also files that were written lately, which need no reading where it is only about making room.
  private func removeStale(
    _ place: inout Place, _ oldest: Double, readsAll: Bool, _ names: [String], refused: inout [HeartbeatError]
  ) -> [String] {
    var removed: [String] = []
    for file in names {
      guard let process = OwnFileName.process(of: file.utf8) else { continue }
      if !readsAll {
        guard let status = try? place.folder.status(at: file) else { continue }
        // One from the future says nothing of when the process has beaten.
        let time = FileStamp.seconds(status.st_mtim)
        if time >= oldest, time <= Clock.realtime { continue }
      }
      place.name = file
      guard OwnFiles.isStale(place, oldest) else { continue }
      do throws(Errno) {
        if try takeOut(&place, file, oldest) { removed.append(process) }
      } catch {
        if error != .noSuchFile { refused.append(OwnFiles.refusal(error, file, place)) }
      }
    }
    return removed
  }

  /// What is said of a file that could not be removed.
  private static func refusal(_ error: Errno, _ file: String, _ place: borrowing Place) -> HeartbeatError {
    let path = place.beside(file)
    if error == .accessDenied || error == .notPermitted,
      let owner = try? place.folder.status(at: file).st_uid, owner != geteuid()
    {
      return .ownedByAnother(file: path, user: owner)
    }
    return .cannotWrite(file: path, error)
  }

  private static func isStale(_ place: borrowing Place, _ oldest: Double) -> Bool {
    guard let content = OwnFile.content(of: place), let last = content.lastHeartbeat else { return false }
    return last + (content.isJob ? JobRecord.keptLonger : 0) < oldest
  }

  /// Removes a file, unless its process has just beaten: moved away first, looked at, and put back if it is fresh.
  private func takeOut(_ place: inout Place, _ file: String, _ oldest: Double) throws(Errno) -> Bool {
    let away = Replacement.temporaryName(OwnFile.temporaryPrefix)
    try place.folder.rename(file, to: away)
    place.name = away
    let isStale = OwnFiles.isStale(place, oldest)
    // An even younger one keeps its place.
    if !isStale { try? place.folder.link(away, as: file) }
    place.remove(away)
    return isStale
  }
}
