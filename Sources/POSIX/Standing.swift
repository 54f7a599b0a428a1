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

  /// So many symbolic links are followed, as the kernel follows them.
  private static let mostLinks = 40

  init(at path: String, table: String = "/proc/self/mountinfo") {
    guard let mounts = Mounts(table) else { return }
    var left = Standing.components(of: path)
    var place: [String] = []
    if !path.hasPrefix("/") {
      guard let folder = getcwd(nil, 0) else { return }
      defer { free(folder) }
      place = Standing.components(of: String(cString: folder)).reversed()
    }
    var links = 0
    var last = stat()
    var isThere = false
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
      if mounts.points.contains(next) { continue }
      isThere = lstat(next, &last) == 0
      guard isThere else { break }
      guard last.st_mode & S_IFMT == S_IFLNK else { continue }
      links += 1
      guard links <= Standing.mostLinks, let target = Standing.target(of: next) else { break }
      steps.append(.link(to: target))
      place.removeLast()
      if target.hasPrefix("/") { place = [] }
      left += Standing.components(of: target)
      isThere = false
    }
    if !isThere {
      steps.append(.nothing)
    } else if last.st_mode & S_IFMT == S_IFDIR {
      steps.append(.folder(device: UInt(widening: last.st_dev), inode: UInt(widening: last.st_ino)))
    } else {
      steps.append(.file(FileStamp(last)))
    }
  }

  /// The last one first.
  private static func components(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
  }

  private static func target(of link: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { text -> String? in
      guard let start = text.baseAddress else { return nil }
      let count = readlink(link, start, text.count)
      return count > 0 ? String(decoding: UnsafeRawBufferPointer(text).prefix(count), as: UTF8.self) : nil
    }
  }

  /// The mounts that this process sees.
  private struct Mounts {
    private struct Mount {
      var number: String
      var point: String
      var isLocal: Bool
    }

    /// Those that came later are behind.
    private var all: [Mount] = []
    var points: Set<String> = []

    init?(_ table: String) {
      var text: [UInt8] = []
      guard let file = try? FileDescriptor.open(table, O_RDONLY),
        (try? file.readToEnd(appendingTo: &text, limit: 16 << 20)) != nil
      else { return nil }
      for line in text.split(separator: UInt8(ascii: "\n")) {
        let fields = line.split(separator: UInt8(ascii: " "))
        guard fields.count > 6, let end = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }),
          end + 1 < fields.count
        else { continue }
        let point = Mounts.unescaped(fields[4])
        let type = String(decoding: fields[end + 1], as: UTF8.self)
        all.append(
          Mount(
            number: String(decoding: fields[0], as: UTF8.self), point: point, isLocal: Mounts.localTypes.contains(type))
        )
        if point != "/" { points.insert(point) }
      }
    }

    /// The mount that holds a path: the one with the longest way, or one that came later and lies over it, if that may hang.
    func holding(_ path: String) -> (number: String, isLocal: Bool) {
      var best: Mount?
      for mount in all {
        guard
          mount.point == "/"
            || path.hasPrefix(mount.point)
              && (path.utf8.count == mount.point.utf8.count || path.hasPrefix(mount.point + "/"))
        else { continue }
        if let best, mount.point.utf8.count < best.point.utf8.count, mount.isLocal { continue }
        best = mount
      }
      return best.map { ($0.number, $0.isLocal) } ?? ("", false)
    }

    private static func unescaped(_ field: ArraySlice<UInt8>) -> String {
      var result: [UInt8] = []
      var rest = field
      while let byte = rest.popFirst() {
        let digits = rest.prefix(3).map { Int(widening: $0) - 48 }
        guard byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy((0...7).contains) else {
          result.append(byte)
          continue
        }
        result.append(UInt8(truncatingIfNeeded: digits[0] * 64 + digits[1] * 8 + digits[2]))
        rest = rest.dropFirst(3)
      }
      return String(decoding: result, as: UTF8.self)
    }

    /// Those whose answers need no other program and no other machine.
    private static let localTypes: Set<String> = [
      "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "devtmpfs", "f2fs", "zfs", "overlay", "bcachefs",
    ]
  }
}
