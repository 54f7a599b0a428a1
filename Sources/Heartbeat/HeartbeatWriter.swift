internal import Glibc
internal import JSON
internal import POSIX

/// Writes the beats of many, for a program that does so all the time: it remembers the file's text from one write to
/// the next and reads it again only when somebody else has changed the file. It follows the same protocol as every
/// other writer. To be used by one thread at a time.
public final class HeartbeatWriter {
  private let update: HeartbeatUpdate
  private var known: (text: HeartbeatText, stamp: Stamp)?
  /// Holds the file that this wrote last: as long as it is open, no other file can have its number.
  private var held: FileDescriptor?

  /// What tells one content from another without reading it.
  private struct Stamp: Equatable {
    let device: UInt
    let inode: UInt
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      device = UInt(widening: status.st_dev)
      inode = UInt(widening: status.st_ino)
      size = Int(widening: status.st_size)
      seconds = status.st_mtim.tv_sec
      nanoseconds = status.st_mtim.tv_nsec
    }
  }

  /// Makes a writer; touches no file yet.
  public init(file: String, options: HeartbeatManager.Options) {
    update = HeartbeatUpdate(file: file, options: options)
  }

  /// Writes groups of beats under one lock with one replacement of the file; of several beats with one name the last
  /// wins, but for data that it leaves as they are. The beats are to be checked already: `HeartbeatManager.longestName`.
  ///
  /// - Parameter maximumEntries: a group that would make the file have more entries is left out as a whole.
  /// - Returns: the indices of the groups that were left out; all others are in the file.
  public func write(_ groups: [[Beat]], maximumEntries: Int) throws(HeartbeatError) -> [Int] {
    let target = try update.target()
    let lock = try FileLock(of: target, timeout: update.options.lockTimeout)
    defer { _ = lock }
    do throws(HeartbeatError) {
      return try writeLocked(groups, maximumEntries, target)
    } catch {
      // The text may hold beats by now that the file does not.
      forgetText()
      throw error
    }
  }

  /// Removes entries by their names; returns those that were there.
  public func remove(_ names: [String]) throws(HeartbeatError) -> [String] {
    forgetText()
    let now = Clock.realtime
    return try update.run(.removing) { (text) throws(JSONError) in
      try HeartbeatMerge([], into: text, now: now, forgetting: names, removingBefore: nil)
    }
  }

  private func forgetText() {
    known = nil
    held = nil
  }

  private func writeLocked(
    _ groups: [[Beat]], _ maximumEntries: Int, _ target: String
  ) throws(HeartbeatError) -> [Int] {
    var status: stat?
    // Nobody else may have the text while it is changed, or it would be copied.
    var text = takeRemembered(target, &status)
    if status == nil {
      AtomicReplace.removeLeftovers(of: target)
      let contents = FileContents(file: target, limit: update.options.maximumFileSize)
      if case .value(let value, let found) = try contents.read(HeartbeatText.init(scanning:)) {
        (text, status) = (value, found)
      }
    }
    let (beats, refused) = HeartbeatWriter.select(groups, maximumEntries, text)
    guard !beats.isEmpty else { return refused }
    let now = Clock.realtime
    let oldest = update.options.retention > 0 ? now - update.options.retention : nil
    guard text.isRegular, let status, text.set(beats, now: now, removingBefore: oldest) else {
      // A new file, an odd one, a corrupt one, or one with entries to remove.
      _ = try update.runLocked(target, .merging) { (text) throws(JSONError) in
        try HeartbeatMerge(beats, into: text, now: now, removingBefore: oldest)
      }
      return refused
    }
    guard text.bytes.count <= update.options.maximumFileSize else {
      throw .tooLarge(file: target, limit: update.options.maximumFileSize)
    }
    do throws(Errno) {
      let made = try AtomicReplace.replace(
        target, with: text.bytes, like: status, synchronise: update.options.synchronise)
      remember(text, Stamp(made), target)
    } catch {
      throw .cannotWrite(file: target, error)
    }
    return refused
  }

  /// The text, if the file is still the one that this wrote.
  ///
  /// A writer that changes the file in place, without a lock and so that its size and its time to the clock's tick stay
  /// the same, is not seen. Such a writer and any other lose each other's beats in any case.
  private func takeRemembered(_ target: String, _ status: inout stat?) -> HeartbeatText {
    defer { known = nil }
    var present = stat()
    guard let stamp = known?.stamp, stat(target, &present) == 0, Stamp(present) == stamp, let text = known?.text else {
      return HeartbeatText()
    }
    status = present
    return text
  }

  private func remember(_ text: consuming HeartbeatText, _ stamp: Stamp, _ target: String) {
    held = try? FileDescriptor.open(target, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
    guard let number = held?.rawValue else { return }
    var status = stat()
    guard fstat(number, &status) == 0, Stamp(status) == stamp else { return held = nil }
    known = (text, stamp)
  }

  /// The beats to write, one for each name, and the groups that would make too many entries.
  private static func select(
    _ groups: [[Beat]], _ maximumEntries: Int, _ text: borrowing HeartbeatText
  ) -> (beats: [Beat], refused: [Int]) {
    var beats: [Beat] = []
    var places: [[UInt8]: Int] = [:]
    var refused: [Int] = []
    var count = text.count
    for (index, group) in groups.enumerated() {
      let names = group.map { Array($0.name.utf8) }
      let new = Set(names.filter { places[$0] == nil && !text.has($0) })
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
