internal import Glibc

/// Which paths lie on this machine's own disks at this moment, so that who asks the kernel for them does not hang.
///
/// A file that did not hang a moment ago says nothing of the next time: a symbolic link on the way to it may have been set to a dead
/// server since. So the way is looked at each time, link by link, and no step of it touches anything that may hang. That costs one
/// `lstat(2)` for a file, and for a folder one for each name of its path, once for all that is asked in one turn.
/// To be used by one thread at a time.
public struct LocalWays: Sendable {
  /// What is known of a folder.
  private struct Folder: Sendable {
    /// Whether the way there lies on this machine's own disks.
    var isLocal: Bool
    /// Whether something that may hang is mounted right in it.
    var mayHang = false
    /// Its path without links.
    var end = ""

    var isWhollyLocal: Bool { isLocal && !mayHang }

    static let other = Folder(isLocal: false)
  }

  private let table: String
  private var mounts: MountTable?
  /// What was found in this turn.
  private var folders: [ExactText: Folder] = [:]
  /// The last of them: many files follow one another in one folder.
  private var last: (path: String, folder: Folder)?

  /// So many folders are remembered in a turn.
  private static let most = 10_000

  /// Knows nothing yet.
  ///
  /// - Parameter table: where the kernel's table of mounts is.
  public init(_ table: String = "/proc/self/mountinfo") { self.table = table }

  /// One that knows nothing yet, for another thread: what is found for that shares nothing with this one.
  public func another() -> LocalWays { LocalWays(table) }

  /// Begins a turn: whatever was found before may be another thing now.
  ///
  /// - Parameter mountsHaveChanged: whether the mounts may be others too.
  public mutating func begin(mountsHaveChanged: Bool) {
    folders.removeAll(keepingCapacity: true)
    last = nil
    if mountsHaveChanged || mounts == nil { mounts = MountTable(table) }
  }

  /// Whether the way to a path, what stands there, and of a folder what is right in it lie on this machine's own disks, but for what
  /// symbolic links in it lead to. So also if nothing stands there.
  public mutating func isLocal(_ path: String) -> Bool {
    guard let mounts else { return false }
    guard LocalWays.isPlain(path) else { return follow(path, mounts).isWhollyLocal }
    let folder = look(at: LocalWays.folder(of: path), mounts)
    // A mount that may hang is not to be touched.
    guard folder.isLocal, !mayHang(path, in: folder, mounts) else { return false }
    var status = stat()
    guard lstat(path, &status) == 0, [S_IFLNK, S_IFDIR].contains(status.st_mode & S_IFMT) else { return true }
    return look(at: path, mounts).isWhollyLocal
  }

  /// Whether what is in a folder and no symbolic link lies on this machine's own disks.
  public mutating func isCertain(_ folder: String) -> Bool {
    guard let mounts else { return false }
    return look(at: folder, mounts).isWhollyLocal
  }

  private mutating func look(at folder: String, _ mounts: MountTable) -> Folder {
    if let last, last.path.utf8.elementsEqual(folder.utf8) { return last.folder }
    let key = ExactText(folder)
    let found = folders[key] ?? find(folder, mounts)
    if folders.count >= LocalWays.most { folders = [:] }
    folders[key] = found
    last = (folder, found)
    return found
  }

  private mutating func find(_ folder: String, _ mounts: MountTable) -> Folder {
    guard folder != "/", LocalWays.isPlain(folder) else { return follow(folder, mounts) }
    let above = look(at: LocalWays.folder(of: folder), mounts)
    guard above.isLocal, !mayHang(folder, in: above, mounts) else { return .other }
    var status = stat()
    // What is not there leads nowhere.
    if lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFLNK { return follow(folder, mounts) }
    let end = LocalWays.end(of: folder, in: above)
    return Folder(isLocal: true, mayHang: mounts.mayHang(in: end), end: end)
  }

  /// Link by link.
  private func follow(_ path: String, _ mounts: MountTable) -> Folder {
    let way = Standing(at: path, in: mounts)
    guard way.isLocal else { return .other }
    return Folder(isLocal: true, mayHang: mounts.mayHang(in: way.end), end: way.end)
  }

  /// Whether what stands at a path, and is no link, is a mount that may hang.
  private func mayHang(_ path: String, in folder: Folder, _ mounts: MountTable) -> Bool {
    folder.mayHang && mounts.mayHang(at: LocalWays.end(of: path, in: folder))
  }

  private static func end(of path: String, in folder: Folder) -> String {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.utf8.startIndex
    return (folder.end == "/" ? "" : folder.end) + path[slash...]
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash != path.utf8.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// Whether a path goes down from the root, name by name.
  private static func isPlain(_ path: String) -> Bool {
    guard path.utf8.first == UInt8(ascii: "/"), path.utf8.count > 1 else { return false }
    var (length, dots) = (0, 0)
    for byte in path.utf8.dropFirst() {
      if byte == UInt8(ascii: "/") {
        if length == dots, length < 3 { return false }
        (length, dots) = (0, 0)
      } else {
        length += 1
        if byte == UInt8(ascii: ".") { dots += 1 }
      }
    }
    return length != dots || length > 2
  }
}
