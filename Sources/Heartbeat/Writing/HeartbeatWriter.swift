internal import Glibc
internal import JSON
internal import POSIX

/// Writes the beats of many, for a program that does so all the time: it remembers the file's text from one write to
/// the next and reads it again only when somebody else has changed the file. It follows the same protocol as every
/// other writer. To be used by one thread at a time.
public final class HeartbeatWriter {
  private let update: HeartbeatUpdate
  private var known: (text: HeartbeatText, stamp: FileStamp)?
  /// Holds the file that this wrote last: as long as it is open, no other file can have its number.
  private var held: FileDescriptor?

  /// Makes a writer; touches no file yet.
  public init(file: String, options: HeartbeatManager.Options) {
    update = HeartbeatUpdate(file: file, options: options)
  }

  /// Writes groups of beats under one lock with one replacement of the file; of several beats with one name the last
  /// wins, but for data that it leaves as they are. The beats are to be checked already: `HeartbeatManager.longestName`.
  ///
  /// - Parameter maximumEntries: a group that would make the file have more entries is left out as a whole.
  /// - Returns: what became of the groups; those that it does not name are written.
  public func write(_ groups: [[Beat]], maximumEntries: Int) throws(HeartbeatError) -> Outcome {
    if HeartbeatLocation.isFolder(update.file) { return try writeOwnFiles(groups, maximumEntries) }
    return Outcome(refused: try writeOneFile(groups, maximumEntries))
  }

  /// What became of groups of beats.
  public struct Outcome: Sendable, Equatable {
    /// The indices of groups that would make too many entries.
    public var refused: [Int]
    /// In a folder, where each process has its own file: groups of which a beat could not be written, by their index.
    public var failures: [Int: HeartbeatError] = [:]
  }

  private func writeOneFile(_ groups: [[Beat]], _ maximumEntries: Int) throws(HeartbeatError) -> [Int] {
    let place = try update.place()
    try update.refuseForeign(place)
    let lock = try FileLock(of: place, timeout: update.options.lockTimeout)
    defer { _ = lock }
    do throws(HeartbeatError) {
      return try writeLocked(groups, maximumEntries, place)
    } catch {
      // The text may hold beats by now that the file does not.
      forgetText()
      throw error
    }
  }

  /// Removes entries by their names; returns those that were there.
  ///
  /// - Parameter notingAll: whether readers shall forget those too that are not there.
  public func remove(_ names: [String], notingAll: Bool = false) throws(HeartbeatError) -> [String] {
    try forget(names, notingAll: notingAll).removed
  }

  func forget(_ names: [String], notingAll: Bool) throws(HeartbeatError) -> HeartbeatUpdate.Outcome {
    if HeartbeatLocation.isFolder(update.file) { return try ownFiles.remove(names, notingAll: notingAll) }
    forgetText()
    let now = Clock.realtime
    return try update.run(.removing, noting: notingAll ? PrunedNames.possible(names) : []) { (text) throws(JSONError) in
      try HeartbeatMerge([], into: text, now: now, forgetting: names, removingBefore: nil)
    }
  }

  private var ownFiles: OwnFiles { OwnFiles(path: update.file, options: update.options) }

  private func writeOwnFiles(_ groups: [[Beat]], _ maximumEntries: Int) throws(HeartbeatError) -> Outcome {
    let files = ownFiles
    var known: [[UInt8]: Bool] = [:]
    for beat in groups.joined() where known[Array(beat.name.utf8)] == nil {
      known[Array(beat.name.utf8)] = try files.has(beat.name)
    }
    // Counted only when a process is new: the folder is not listed for each beat.
    let count = known.values.allSatisfy { $0 } ? 0 : try files.count()
    let (beats, refused) = HeartbeatWriter.select(groups, maximumEntries, count: count) { known[$0] ?? false }
    let failures = try files.send(beats)
    var outcome = Outcome(refused: refused)
    guard !failures.isEmpty else { return outcome }
    var failed: [[UInt8]: HeartbeatError] = [:]
    for (index, error) in failures { failed[Array(beats[index].name.utf8)] = error }
    for (index, group) in groups.enumerated() where !refused.contains(index) {
      outcome.failures[index] = group.lazy.compactMap { failed[Array($0.name.utf8)] }.first
    }
    return outcome
  }

  private func forgetText() {
    known = nil
    held = nil
  }

  private func writeLocked(
    _ groups: [[Beat]], _ maximumEntries: Int, _ place: borrowing Place
  ) throws(HeartbeatError) -> [Int] {
    var status: stat?
    // Nobody else may have the text while it is changed, or it would be copied.
    var text = takeRemembered(place, &status)
    update.removeLeftovers(place)
    if status == nil {
      let contents = FileContents(limit: update.options.maximumFileSize)
      if case .value(let value, let found) = try contents.read(place, HeartbeatText.init(scanning:)) {
        (text, status) = (value, found)
      }
    }
    let (beats, refused) = HeartbeatWriter.select(groups, maximumEntries, count: text.count) { text.has($0) }
    guard !beats.isEmpty else { return refused }
    let now = Clock.realtime
    let oldest = update.options.oldest(now)
    guard text.isRegular, let status, text.set(beats, now: now, removingBefore: oldest) else {
      // A new file, an odd one, a corrupt one, or one with entries to remove.
      _ = try update.runLocked(place, .merging) { (text) throws(JSONError) in
        try HeartbeatMerge(beats, into: text, now: now, removingBefore: oldest)
      }
      return refused
    }
    guard text.bytes.count <= update.options.maximumFileSize else {
      throw .tooLarge(file: place.path, limit: update.options.maximumFileSize)
    }
    let made = try update.replace(place, with: text.bytes, like: status)
    remember(text, FileStamp(made), place)
    return refused
  }

  /// The text, if the file is still the one that this wrote.
  ///
  /// A writer that changes the file in place, without a lock and so that its size and its time to the clock's tick stay
  /// the same, is not seen. Such a writer and any other lose each other's beats in any case.
  private func takeRemembered(_ place: borrowing Place, _ status: inout stat?) -> HeartbeatText {
    defer { known = nil }
    guard let stamp = known?.stamp, let present = try? place.folder.status(at: place.name),
      FileStamp(present).hasContent(of: stamp), let text = known?.text
    else { return HeartbeatText() }
    status = present
    return text
  }

  private func remember(_ text: consuming HeartbeatText, _ stamp: FileStamp, _ place: borrowing Place) {
    held = try? place.open(place.name, O_RDONLY)
    guard let status = try? held?.status(), FileStamp(status).hasContent(of: stamp) else { return held = nil }
    known = (text, stamp)
  }

  /// The beats to write, one for each name, and the groups that would make too many entries.
  private static func select(
    _ groups: [[Beat]], _ maximumEntries: Int, count: Int, has: ([UInt8]) -> Bool
  ) -> (beats: [Beat], refused: [Int]) {
    var beats: [Beat] = []
    var places: [[UInt8]: Int] = [:]
    var refused: [Int] = []
    var count = count
    for (index, group) in groups.enumerated() {
      let names = group.map { Array($0.name.utf8) }
      let new = Set(names.filter { places[$0] == nil && !has($0) })
      guard new.isEmpty || count + new.count <= maximumEntries else {
        refused.append(index)
        continue
      }
      count += new.count
      for (beat, name) in zip(group, names) {
        if let place = places[name] {
          beats[place] = beat.following(beats[place])
        } else {
          places[name] = beats.count
          beats.append(beat)
        }
      }
    }
    return (beats, refused)
  }
}
