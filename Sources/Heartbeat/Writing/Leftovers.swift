internal import Glibc
internal import POSIX

/// Temporary files of writers that were killed between making and renaming one. They are looked for when a writer
/// starts, and once an hour: a folder with many other files must not be listed for each beat.
///
/// In a folder of own files, when somebody last looked is the time of a file, the mark, for processes know nothing of each
/// other: a program that beats once and ends would start each time, and a thousand programs would each look once an hour.
enum Leftovers {
  /// Seconds between two searches.
  static let interval = 3_600.0
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

  /// Whether a search is due. If so it counts as made.
  ///
  /// - Parameters:
  ///   - name: what is searched for in the folder, as this process remembers it.
  ///   - mark: the name of the file whose time says when somebody last searched; nil where there is none.
  ///   - beatsOnce: whether this process beats once and ends, again and again: its start alone is no occasion.
  static func isDue(
    _ name: String, in place: borrowing Place, mark: String? = nil, beatsOnce: Bool = false,
    now: UInt64 = Clock.monotonicNanoseconds
  ) -> Bool {
    guard let folder = try? place.folder.status() else { return false }
    let key = Key(
      device: UInt(widening: folder.st_dev), inode: UInt(widening: folder.st_ino), path: Path.folder(of: place.path),
      name: name)
    var isStart = true
    let mayBe = searched.withLock { searched in
      if let last = searched[key] {
        if Double(now &- last) / 1e9 < interval { return false }
        isStart = false
      }
      if searched.count >= mostKnown { searched.removeAll() }
      searched[key] = now
      return true
    }
    guard mayBe, let mark else { return mayBe }
    if isStart, !beatsOnce {
      _ = setMark(mark, in: place)
      return true
    }
    if isYoung(mark, in: place) { return false }
    // Who can set no mark would look at each start, or never: it looks now and then.
    return setMark(mark, in: place) || !beatsOnce
      || Int.random(in: 0..<startsWithoutMark) == 0  // no trap: it is more than 0
  }

  /// One of so many starts of who cannot set the mark, as where somebody else's file has its name, is an occasion.
  private static let startsWithoutMark = 50

  private static func isYoung(_ mark: String, in place: borrowing Place) -> Bool {
    // In a folder that others may write too, anybody may have made a file of this name.
    guard let status = try? place.folder.status(at: mark), isMark(status) else { return false }
    // One from the future is none: the clock was set back.
    return (0..<interval).contains(Clock.realtime - FileStamp.seconds(status.st_mtim))
  }

  private static func isMark(_ status: stat) -> Bool {
    status.isRegular && status.st_nlink == 1 && status.st_uid == geteuid()
  }

  /// Gives the mark this moment's time; false when this user may not.
  private static func setMark(_ mark: String, in place: borrowing Place) -> Bool {
    do throws(Errno) {
      let descriptor: FileDescriptor
      do throws(Errno) {
        descriptor = try place.open(mark, O_RDONLY)
      } catch {
        guard error == .noSuchFile else { return false }
        descriptor = try place.open(mark, O_RDONLY | O_CREAT | O_EXCL)
      }
      guard isMark(try descriptor.status()) else { return false }
      return futimens(descriptor.rawValue, nil) == 0
    } catch {
      return false
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
        // One from the future was made before the clock was set back.
        guard let status = try? place.folder.status(at: name),
          (Clock.realtime - FileStamp.seconds(status.st_mtim)).magnitude >= age
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
