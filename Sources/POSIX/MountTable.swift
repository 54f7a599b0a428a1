internal import Glibc

/// The mounts that this process sees: the kernel's table of them (`proc(5)`, `/proc/PID/mountinfo`), which never hangs.
struct MountTable: Sendable {
  private struct Mount {
    var number: String
    var point: String
    var isLocal: Bool
  }

  /// Those that came later are behind.
  private var all: [Mount] = []
  /// Where they are, but for the root.
  private(set) var points: Set<ExactText> = []
  /// Where those are that may hang, and the folders that they are in.
  private var strangers: Set<ExactText> = []
  private var parents: Set<ExactText> = []

  init?(_ table: String = "/proc/self/mountinfo") {
    var text: [UInt8] = []
    guard let file = try? FileDescriptor.open(table, O_RDONLY),
      (try? file.readToEnd(appendingTo: &text, limit: 16 << 20)) != nil
    else { return nil }
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " "))
      guard fields.count > 6, let end = fields.firstIndex(where: { $0.elementsEqual("-".utf8) }),
        end + 1 < fields.count
      else { continue }
      let point = MountTable.unescaped(fields[4])
      let type = String(decoding: fields[end + 1], as: UTF8.self)
      all.append(
        Mount(
          number: String(decoding: fields[0], as: UTF8.self), point: point,
          isLocal: MountTable.localTypes.contains(type)))
      guard point != "/" else { continue }
      points.insert(ExactText(point))
      if all.last?.isLocal == false, let slash = point.utf8.lastIndex(of: UInt8(ascii: "/")) {
        strangers.insert(ExactText(point))
        parents.insert(ExactText(slash == point.utf8.startIndex ? "/" : String(point[..<slash])))
      }
    }
  }

  /// The mount that holds a path: the one with the longest way, or one that came later and lies over it, if that may hang.
  func holding(_ path: String) -> (number: String, isLocal: Bool) {
    var best: Mount?
    for mount in all where mount.point == "/" || MountTable.isAtOrBelow(path, mount.point) {
      if let best, mount.point.utf8.count < best.point.utf8.count, mount.isLocal { continue }
      best = mount
    }
    return best.map { ($0.number, $0.isLocal) } ?? ("", false)
  }

  /// Whether something that may hang is mounted right in a folder; a path without links.
  func mayHang(in folder: String) -> Bool { parents.contains(ExactText(folder)) }

  /// Whether something that may hang is mounted at a path; one without links.
  func mayHang(at path: String) -> Bool { strangers.contains(ExactText(path)) }

  private static func isAtOrBelow(_ path: String, _ point: String) -> Bool {
    let rest = path.utf8.dropFirst(point.utf8.count)
    return path.utf8.starts(with: point.utf8) && (rest.isEmpty || rest.first == UInt8(ascii: "/"))
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
