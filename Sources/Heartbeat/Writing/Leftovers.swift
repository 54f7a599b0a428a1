internal import Glibc
internal import POSIX

/// Temporary files of writers that were killed between making and renaming one. They are looked for when a writer
/// starts, and once an hour: a folder with many other files must not be listed for each beat.
enum Leftovers {
  /// Nanoseconds between two searches of one process for one file.
  static let interval: UInt64 = 3_600_000_000_000
  private static let mostKnown = 1_000

  private struct Key: Hashable {
    let device: UInt
    let inode: UInt
    /// A folder that was removed may give its number to the next one.
    let path: String
    let name: String
  }

  /// When this process last searched, by the monotonic clock.
  private static let searched = Lock([Key: UInt64]())

  /// When a search is due.
  enum Due {
    case notNow
    /// For the first time in this process.
    case start
    /// An hour after the last time.
    case again
  }

  /// Whether a search is due; if so it counts as made.
  static func due(_ name: String, in place: borrowing Place, now: UInt64 = Clock.monotonicNanoseconds) -> Due {
    guard let folder = try? place.folder.status() else { return .notNow }
    let key = Key(
      device: UInt(widening: folder.st_dev), inode: UInt(widening: folder.st_ino), path: place.path, name: name)
    return searched.withLock { searched in
      let last = searched[key]
      if let last, now &- last < interval { return .notNow }
      if searched.count >= mostKnown { searched.removeAll() }
      searched[key] = now
      return last == nil ? .start : .again
    }
  }

  /// Removes temporary files.
  ///
  /// - Parameters:
  ///   - prefix: what their names begin with, followed by 16 hexadecimal digits.
  ///   - names: what is in the folder.
  ///   - age: seconds that must have gone by since one was written; nil for any: the caller knows that its writer is dead.
  ///   - isAny: whatever follows the prefix.
  static func remove(
    _ prefix: String, of names: [String], in place: borrowing Place, olderThan age: Double? = nil, isAny: Bool = false
  ) {
    let prefix = Array(prefix.utf8)
    for name in names where isAny ? name.utf8.starts(with: prefix) : isTemporary(name.utf8, prefix) {
      if let age {
        guard let status = try? place.folder.status(at: name),
          Clock.realtime - FileContents.time(status.st_mtim) >= age
        else { continue }
      }
      place.remove(name)
    }
  }

  /// Whether a name is the prefix with 16 hexadecimal digits: nothing else is ever removed.
  static func isTemporary(_ name: some Collection<UInt8>, _ prefix: [UInt8]) -> Bool {
    name.count == prefix.count + 16 && name.starts(with: prefix)
      && name.dropFirst(prefix.count).allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
