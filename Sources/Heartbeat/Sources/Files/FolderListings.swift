internal import Glibc
internal import POSIX

/// The names in folders, listed again only when these changed.
package struct FolderListings: Sendable {
  private struct Listing {
    /// Nil where the folder may have changed since without a trace.
    var stamp: FileStamp?
    var names: [[UInt8]]
    var isUsed = true
  }

  private var listings: [ExactText: Listing] = [:]
  private let grain: Double
  /// Whether each folder that was asked for since the last `forgetUnused` is kept.
  private var areAllKept = true
  /// The folders of the last look that could not be asked, and of which no names are known.
  private(set) var unknown: [String] = []
  /// The folders of the last look that cannot be listed, and why.
  private(set) var unlisted: [(path: String, error: Errno)] = []

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

  /// The names in a folder, sorted by their bytes; those that were there last when it cannot be listed.
  mutating func names(in folder: String) -> [[UInt8]] {
    var status = stat()
    let key = ExactText(folder)
    guard stat(folder, &status) == 0 else { return lastNames(in: folder, Errno.last) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      areAllKept = false
      listings[key] = nil
      return []
    }
    let stamp = FileStamp(status)
    if listings[key]?.stamp == stamp {
      listings[key]?.isUsed = true
      return listings[key]?.names ?? []
    }
    let start = Clock.realtime
    let names: [[UInt8]]
    do throws(Errno) { names = try FolderListings.list(folder) } catch { return lastNames(in: folder, error) }
    // As with files: a change within the clock's grain leaves no trace.
    let isKept = start - FileStamp.seconds(status.st_ctim) > grain
    if !isKept { areAllKept = false }
    listings[key] = Listing(stamp: isKept ? stamp : nil, names: names)
    return names
  }

  /// After an error, the names that were in a folder before, where it may still be there: what it has is not gone for that.
  private mutating func lastNames(in folder: String, _ error: Errno) -> [[UInt8]] {
    areAllKept = false
    let key = ExactText(folder)
    guard !FolderListings.saysThatNoneIsThere(error) else {
      listings[key] = nil
      return []
    }
    unlisted.append((folder, error))
    listings[key]?.stamp = nil
    listings[key]?.isUsed = true
    return listings[key]?.names ?? []
  }

  /// The names that were in a folder when it was asked last.
  mutating func knownNames(in folder: String) -> [[UInt8]] {
    areAllKept = false
    listings[ExactText(folder)]?.isUsed = true
    let names = listings[ExactText(folder)]?.names ?? []
    if names.isEmpty { unknown.append(folder) }
    return names
  }

  /// So many names of a folder are looked at.
  static let mostNames = 1_000_000
  /// So many bytes of them together.
  static let mostBytes = 16 << 20

  /// The names in a folder, sorted by their bytes.
  private static func list(_ folder: String) throws(Errno) -> [[UInt8]] {
    var names: [[UInt8]] = []
    let descriptor = try FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
    try list(descriptor, &names)
    return names
  }

  static func list(_ folder: borrowing FileDescriptor, _ names: inout [[UInt8]]) throws(Errno) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var bytes = 0
    let result: Result<Void, Errno> = buffer.withUnsafeMutableBytes { buffer in
      do throws(Errno) {
        try folder.forEachEntry(using: buffer) { name in
          bytes += name.count
          if names.count < mostNames, bytes <= mostBytes { names.append(Array(name)) }
        }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
    names.sort(by: precedes)
  }

  /// Whether the bytes of a name come before those of another one.
  static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    let order = one.withUnsafeBytes { one in
      other.withUnsafeBytes { other in
        guard let first = one.baseAddress, let second = other.baseAddress else { return Int32(0) }
        // Sound: no more is compared than both have.
        return memcmp(first, second, min(one.count, other.count))
      }
    }
    return order == 0 ? one.count < other.count : order < 0
  }
}
