internal import Glibc

/// What stands at a path, to be compared with what stood there before. No file system is asked that may hang: the way is followed, link
/// by link, for as long as it lies on this machine's own disks; where it enters anything else, that mount is what stands there.
///
/// The kernel's table of mounts (`proc(5)`, `/proc/PID/mountinfo`) never hangs, and gives each mount a number of its own. A disk that is
/// broken hangs all the same, so that a thread asks that nobody waits for.
struct Standing: Equatable, Sendable {
  private enum Step: Equatable, Sendable {
    case link(to: String)
    case mount(String)
    /// What a look at it says; of a folder only which one it is, for it changes with each file in it.
    case file(FileStamp)
    case folder(device: UInt, inode: UInt)
    case nothing
  }

  private var steps: [Step] = []
  /// Whether the whole way lies on this machine's own disks, so that who goes it does not hang.
  private(set) var isLocal = false
  /// Where it ends, if it is local: a path without links.
  private(set) var end = ""

  /// So many symbolic links are followed, as the kernel follows them.
  private static let mostLinks = 40

  /// Nobody knows what.
  private init() {}

  init(at path: String, table: String = "/proc/self/mountinfo") {
    self = MountTable(table).map { Standing(at: path, in: $0) } ?? Standing()
  }

  init(at path: String, in mounts: MountTable) {
    var left = Standing.components(of: path)
    var place: [String] = []
    if path.utf8.first != UInt8(ascii: "/") {
      guard let folder = getcwd(nil, 0) else { return }
      defer { free(folder) }
      place = Standing.components(of: String(cString: folder)).reversed()
    }
    var links = 0
    var last = stat()
    var isThere = false
    var isFollowed = true
    var mount = ""
    while true {
      let above = "/" + place.joined(separator: "/")
      let found = mounts.holding(above)
      if found.number != mount {
        mount = found.number
        steps.append(.mount(mount))
      }
      guard found.isLocal else {
        // What is mounted on the rest of the way, as far as its names tell.
        let rest = (place + left.reversed()).joined(separator: "/")
        steps.append(.mount(mounts.holding("/" + rest).number))
        return
      }
      guard let name = left.popLast() else { break }
      if name == ".." {
        _ = place.popLast()
        continue
      }
      let next = place.isEmpty ? "/" + name : above + "/" + name
      place.append(name)
      // What is mounted there is no link, and is not to be touched.
      if mounts.points.contains(ExactText(next)) { continue }
      isThere = lstat(next, &last) == 0
      guard isThere else { break }
      guard last.st_mode & S_IFMT == S_IFLNK else { continue }
      links += 1
      guard links <= Standing.mostLinks, let target = Standing.target(of: next) else {
        isFollowed = false
        break
      }
      steps.append(.link(to: target))
      place.removeLast()
      if target.utf8.first == UInt8(ascii: "/") { place = [] }
      left += Standing.components(of: target)
      isThere = false
    }
    isLocal = isFollowed
    end = "/" + place.joined(separator: "/")
    if !isThere {
      steps.append(.nothing)
    } else if last.st_mode & S_IFMT == S_IFDIR {
      steps.append(.folder(device: UInt(widening: last.st_dev), inode: UInt(widening: last.st_ino)))
    } else {
      steps.append(.file(FileStamp(last)))
    }
  }

  /// The names of a path, the last one first.
  static func components(of path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { $0 != "." }.reversed()
  }

  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { text -> String? in
      guard let start = text.baseAddress else { return nil }
      let count = readlink(link, start, text.count)
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(text).prefix(count), as: UTF8.self) : nil
    }
  }
}
