internal import Glibc

/// Which paths lie on this machine's own disks at this moment, so that who asks the kernel for them does not hang.
///
/// A file that did not hang a moment ago says nothing of the next time: a symbolic link on the way to it may have been set to a dead
/// server since. So the way is looked at each time, link by link, and no step of it touches anything that may hang. That costs one
/// `lstat(2)` for a file, and for a folder one for each name of its path, once for all that is asked in one turn.
/// To be used by one thread at a time.
public struct LocalWays: Sendable {
  private enum Folder: Sendable {
    /// The path leads there without a link, and to nothing that may hang.
    case straight
    /// The same, but in it something that may hang is mounted.
    case crossed
    /// There is a link on the way, or something that may hang.
    case other
  }

  private var mounts: MountTable?
  /// Whether the names alone of a folder lead over nothing that may hang, for as long as the mounts are the same.
  private var texts: [ExactText: Folder] = [:]
  /// Whether something that may hang is mounted right in what may be a folder.
  private var crossed: [ExactText: Bool] = [:]
  /// What was found of folders in this turn.
  private var folders: [ExactText: Folder] = [:]
  /// The last of them.
  private var last: (path: String, folder: Folder)?

  /// So many folders are remembered.
  private static let most = 10_000

  private let table: String

  /// Knows nothing yet.
  ///
  /// - Parameter table: where the kernel's table of mounts is.
  public init(_ table: String = "/proc/self/mountinfo") { self.table = table }

  /// Begins a turn: whatever was found before may be another thing now.
  ///
  /// - Parameter mountsHaveChanged: whether the mounts may be others too.
  public mutating func begin(mountsHaveChanged: Bool) {
    folders.removeAll(keepingCapacity: true)
    last = nil
    if mountsHaveChanged || mounts == nil { (mounts, texts, crossed) = (MountTable(table), [:], [:]) }
  }

  /// Whether the way to a path, what stands there, and of a folder what is right in it lie on this machine's own disks, but for what
  /// symbolic links in it lead to. So also if nothing stands there.
  public mutating func isLocal(_ path: String) -> Bool {
    guard let mounts else { return false }
    if case .straight = look(at: LocalWays.folder(of: path)) {
      var status = stat()
      if lstat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFLNK { return !mayHang(in: path, mounts) }
    }
    let way = Standing(at: path, in: mounts)
    return way.isLocal && !mounts.mayHang(in: way.end)
  }

  /// Whether what is in a folder and no symbolic link lies on this machine's own disks.
  public mutating func isCertain(_ folder: String) -> Bool {
    if case .straight = look(at: folder) { true } else { false }
  }

  private mutating func mayHang(in path: String, _ mounts: MountTable) -> Bool {
    let key = ExactText(path)
    if let known = crossed[key] { return known }
    let mayHang = LocalWays.steps(to: path).map { mounts.mayHang(in: $0.last ?? "/") } ?? true
    if crossed.count >= LocalWays.most { crossed = [:] }
    crossed[key] = mayHang
    return mayHang
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  private mutating func look(at folder: String) -> Folder {
    if let last, last.path.utf8.elementsEqual(folder.utf8) { return last.folder }
    let key = ExactText(folder)
    let found = folders[key] ?? find(folder, key)
    if folders.count >= LocalWays.most { folders = [:] }
    folders[key] = found
    last = (folder, found)
    return found
  }

  private mutating func find(_ folder: String, _ key: ExactText) -> Folder {
    guard let mounts, let steps = LocalWays.steps(to: folder) else { return .other }
    let text: Folder
    if let known = texts[key] {
      text = known
    } else {
      let isLocal = mounts.holding("/").isLocal && steps.allSatisfy { mounts.holding($0).isLocal }
      text = !isLocal ? .other : mounts.mayHang(in: steps.last ?? "/") ? .crossed : .straight
      if texts.count >= LocalWays.most { texts = [:] }
      texts[key] = text
    }
    if case .other = text { return .other }
    var status = stat()
    for step in steps {
      // What is not there leads nowhere.
      guard lstat(step, &status) == 0 else { break }
      guard status.st_mode & S_IFMT != S_IFLNK else { return .other }
    }
    return text
  }

  /// The folders on the way to one, each by its whole path; nil where that cannot be told from the text.
  private static func steps(to folder: String) -> [String]? {
    var names = Array(Standing.components(of: folder).reversed())
    if !folder.hasPrefix("/") {
      guard let current = getcwd(nil, 0) else { return nil }
      defer { free(current) }
      names = Standing.components(of: String(cString: current)).reversed() + names
    }
    guard !names.contains("..") else { return nil }
    var path = ""
    return names.map { name in
      path += "/" + name
      return path
    }
  }
}
