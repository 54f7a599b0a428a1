internal import Glibc
internal import POSIX

/// The names in folders, listed again only when these changed.
package struct FolderListings: Sendable {
  private struct Listing {
    /// Nil where the folder may have changed since without a trace.
    var stamp: FileStamp?
    var found: Found
    var isUsed = true
  }

  /// What is wanted of a folder.
  struct Found: Sendable {
    /// The names, sorted by their bytes: the first ones.
    var names: [[UInt8]] = []
    /// How many more there are.
    var more = 0
    /// How many names were looked at.
    var seen = 0
  }

  private var listings: [ExactText: Listing] = [:]
  private let grain: Double
  /// Whether each folder that was asked for since the last `forgetUnused` is kept. Of nothing that was asked for nothing is known.
  private var areAllKept = false
  /// The folders of the last look that could not be asked, and of which no names are known.
  private(set) var unknown: [String] = []
  /// The folders of the last look that cannot be listed, and why.
  private(set) var unlisted: [(path: String, error: Errno)] = []
  /// How many paths the last look counted and did not give.
  private(set) var leftOut = 0
  /// How much there is to look at in all folders of the last look, if they have changed: their names, and they themselves.
  private(set) var size = 0
  /// How much a look may look at; nil where that is all.
  var mostWork: Int?
  private var work = 0
  /// Whether the last look ended early, as there was more to look at.
  private(set) var isOver = false

  /// - Parameter grain: how many seconds after its last change a folder may change without another time of change.
  init(grain: Double) {
    self.grain = grain
  }

  /// All folders that are known.
  var folders: some Collection<String> { listings.keys.lazy.map(\.text) }

  mutating func forget() {
    listings = [:]
    areAllKept = false
  }

  /// Begins to look at all folders anew.
  mutating func begin() {
    areAllKept = true
    unknown = []
    unlisted = []
    (leftOut, size, work, isOver) = (0, 0, 0, false)
  }

  /// Counts what a look has to look at besides the folders' names.
  mutating func hasRoom(forPaths count: Int) -> Bool {
    size += count
    return hasRoom(for: count)
  }

  /// Notes a folder that has no path, as its name is no UTF-8. What is in it may change without a trace here.
  ///
  /// - Parameter isHolding: whether something in it matches.
  mutating func noteUnreadable(_ path: String, _ isHolding: Bool) {
    areAllKept = false
    if isHolding { unlisted.append((path, Errno(EILSEQ))) }
  }

  /// Counts paths that are not given.
  mutating func leaveOut(_ count: Int) { leftOut += count }

  /// Whether so much more may be looked at in this look.
  mutating func hasRoom(for count: Int) -> Bool {
    work += count
    if let mostWork, work > mostWork { (isOver, areAllKept) = (true, false) }
    return !isOver
  }

  /// Whether an error means that there is no such file. After any other one there may be one.
  static func saysThatNoneIsThere(_ error: Errno) -> Bool { [ENOENT, ENOTDIR].contains(error.rawValue) }

  /// Whether all that was asked for in the last look is certainly as it was then.
  func areUnchanged() -> Bool {
    guard areAllKept else { return false }
    var status = stat()
    return listings.allSatisfy { stat($0.key.text, &status) == 0 && FileStamp(status) == $0.value.stamp }
  }

  /// Forgets folders that were not asked for since the last call.
  mutating func forgetUnused() {
    listings = listings.filter { $0.value.isUsed }
    for path in listings.keys { listings[path]?.isUsed = false }
  }

  /// The names in a folder that are wanted; those that were there last when it cannot be listed. A folder is always asked for the same.
  ///
  /// - Parameters:
  ///   - most: so many are given, the first ones.
  ///   - goOn: is called from time to time.
  ///   - isWanted: whether a name is.
  mutating func names(
    in folder: String, most: Int, goingOn goOn: () -> Void = {}, where isWanted: (UnsafeRawBufferPointer) -> Bool
  ) -> Found {
    var status = stat()
    let key = ExactText(folder)
    size += 1
    guard hasRoom(for: 1) else { return Found() }
    guard stat(folder, &status) == 0 else { return lastNames(in: folder, Errno.last) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      areAllKept = false
      listings[key] = nil
      return Found()
    }
    let stamp = FileStamp(status)
    if let known = listings[key], known.stamp == stamp {
      listings[key]?.isUsed = true
      size += known.found.seen
      return hasRoom(for: known.found.names.count) ? known.found : Found()
    }
    let start = Clock.realtime
    let found: Found?
    do throws(Errno) {
      let left = mostWork.map { max(0, $0 - work) } ?? .max
      let opened = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
      found = try FolderListings.list(opened, most: most, ofNames: left, goingOn: goOn, where: isWanted)
    } catch {
      return lastNames(in: folder, error)
    }
    guard let found else {
      (isOver, areAllKept) = (true, false)
      return Found()
    }
    size += found.seen
    work += found.seen
    // As with files: a change within the clock's grain leaves no trace.
    let isKept = start - FileStamp.seconds(status.st_ctim) > grain
    if !isKept { areAllKept = false }
    listings[key] = Listing(stamp: isKept ? stamp : nil, found: found)
    return found
  }

  /// After an error, the names that were in a folder before, where it may still be there: what it has is not gone for that.
  private mutating func lastNames(in folder: String, _ error: Errno) -> Found {
    areAllKept = false
    let key = ExactText(folder)
    guard !FolderListings.saysThatNoneIsThere(error) else {
      listings[key] = nil
      return Found()
    }
    unlisted.append((folder, error))
    listings[key]?.stamp = nil
    listings[key]?.isUsed = true
    return listings[key]?.found ?? Found()
  }

  /// The names that were in a folder when it was asked last.
  mutating func knownNames(in folder: String) -> Found {
    areAllKept = false
    listings[ExactText(folder)]?.isUsed = true
    let found = listings[ExactText(folder)]?.found ?? Found()
    if found.names.isEmpty { unknown.append(folder) }
    return found
  }

  /// The names that are wanted of a folder that has no path; nil where it cannot be listed. They are not kept.
  mutating func names(
    inUnreadable folder: borrowing FileDescriptor, where isWanted: (UnsafeRawBufferPointer) -> Bool
  ) -> [[UInt8]]? {
    let left = mostWork.map { max(0, $0 - work) } ?? .max
    let found: Found?
    do throws(Errno) {
      let opened = try folder.openFolder(at: [UInt8(ascii: ".")], O_RDONLY | O_NONBLOCK)
      found = try FolderListings.list(opened, most: PathPattern.most, ofNames: left, goingOn: {}, where: isWanted)
    } catch {
      return nil
    }
    guard let found else {
      (isOver, areAllKept) = (true, false)
      return []
    }
    size += found.seen
    work += found.seen
    return found.names
  }

  /// So many names of a folder are looked at.
  static let mostNames = 1_000_000
  /// So many bytes are kept of them together.
  static let mostBytes = ReadingLimits().listedBytes

  /// The names in a folder that are wanted.
  ///
  /// - Parameter names: nil is given where there are more, and the listing ends there.
  private static func list(
    _ descriptor: borrowing FileDescriptor, most: Int, ofNames names: Int, goingOn goOn: () -> Void,
    where isWanted: (UnsafeRawBufferPointer) -> Bool
  ) throws(Errno) -> Found? {
    var (found, bytes) = (Found(), 0)
    /// None that comes behind it is one of the first.
    var last: [UInt8]?
    try forEachName(of: descriptor) {
      goOn()
      return found.seen <= min(names, mostNames)
    } _: { name in
      found.seen += 1
      guard found.seen <= min(names, mostNames), isWanted(name) else { return }
      if let last, !precedes(name, last) {
        found.more += 1
        return
      }
      bytes += name.count
      guard bytes <= mostBytes else {
        found.more += 1
        return
      }
      found.names.append(Array(name))
      guard found.names.count >= 2 * max(most, 1_000) else { return }
      found.cut(to: most)
      bytes = found.names.reduce(0) { $0 + $1.count }
      last = found.names.last
    }
    guard found.seen <= names else { return nil }
    found.cut(to: most)
    return found
  }

  /// The names in a folder, sorted by their bytes.
  ///
  /// - Parameters:
  ///   - most: where there are more, the listing ends there.
  ///   - room: so many bytes of them are kept.
  /// - Returns: how many more were seen than are given, as they take too much room; nil where there are more than wanted, and none is given.
  static func list(
    _ folder: borrowing FileDescriptor, _ names: inout [[UInt8]], most: Int = .max, room: Int = mostBytes
  ) throws(Errno) -> Int? {
    var (bytes, dropped) = (0, 0)
    var found: [[UInt8]] = []
    try forEachName(of: folder) {
      found.count <= most && found.count < mostNames
    } _: { name in
      bytes += name.count
      if found.count < mostNames, bytes <= room { found.append(Array(name)) } else { dropped += 1 }
    }
    guard found.count <= most else { return nil }
    found.sort(by: precedes)
    names = found
    return dropped
  }

  private static func forEachName(
    of folder: borrowing FileDescriptor, while goesOn: () -> Bool, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(Errno) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let result: Result<Void, Errno> = buffer.withUnsafeMutableBytes { buffer in
      do throws(Errno) {
        try folder.forEachEntry(using: buffer, while: goesOn, body)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Whether the bytes of a name come before those of another one.
  static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.withUnsafeBytes { precedes($0, other) }
  }

  private static func precedes(_ one: UnsafeRawBufferPointer, _ other: [UInt8]) -> Bool {
    let order = other.withUnsafeBytes { other in
      guard let first = one.baseAddress, let second = other.baseAddress else { return Int32(0) }
      // Sound: no more is compared than both have.
      return memcmp(first, second, min(one.count, other.count))
    }
    return order == 0 ? one.count < other.count : order < 0
  }
}

extension FolderListings.Found {
  /// Keeps the first names, and counts the others.
  fileprivate mutating func cut(to most: Int) {
    names.sort(by: FolderListings.precedes)
    let surplus = max(0, names.count - max(0, most))
    names.removeLast(surplus)
    more += surplus
  }
}
