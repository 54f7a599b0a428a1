internal import Glibc
public import POSIX

/// A mounted file system and the room in it, by `/proc/1/mounts` and `statvfs(3)`.
public struct Filesystem: Equatable, Sendable {
  /// What is mounted, such as `/dev/sda1`.
  public var device: String
  /// Where, such as `/home`.
  public var mountPoint: String
  /// The file system's type, such as `ext4`.
  public var type: String
  /// Size in bytes.
  public var sizeBytes: UInt64
  /// Free bytes, those kept for root included.
  public var freeBytes: UInt64
  /// Free bytes for everybody.
  public var availableBytes: UInt64

  /// The part that is used, as df(1) shows it; nil when there is no room at all.
  public var usedShare: Double? {
    Filesystem.usedShare(
      used: Double(sizeBytes) - Double(freeBytes), available: Double(availableBytes))
  }

  /// Of what is not kept for root, the part that is used: used / (used + available); nil when that is no number of 0...1.
  public static func usedShare(used: Double, available: Double) -> Double? {
    let share = used / (used + available)
    return used >= 0 && available >= 0 && share.isFinite ? share : nil
  }
}

/// A line of `/proc/PID/mounts`, see `fstab(5)`.
struct Mount: Equatable {
  var device: [UInt8]
  var point: [UInt8]
  var type: [UInt8]

  /// The most mounts that are looked at: a host of containers has some hundred.
  static let limit = 4096

  /// The mounts worth a look: those that hold data, each place once (the last mount there hides the others) and each
  /// device once (bind mounts and subvolumes show the same room again).
  ///
  /// - Parameter root: only mounts below this path count, and they are named as seen from there.
  static func parse(_ bytes: UnsafeRawBufferPointer, below root: [UInt8] = []) -> [Mount] {
    var mounts: [Mount] = []
    var places: [[UInt8]: Int] = [:]
    var lines = ByteFields(bytes)
    while let line = lines.line(), mounts.count < limit {
      var fields = ByteFields(line)
      guard let device = fields.field(), let point = fields.field(), let type = fields.field() else { continue }
      var mount = Mount(device: unescape(device), point: unescape(point), type: unescape(type))
      guard mount.point.starts(with: root) else { continue }
      mount.point.removeFirst(root.count)
      if mount.point.isEmpty { mount.point = [UInt8(ascii: "/")] }
      guard mount.point.first == UInt8(ascii: "/"), !mount.point.contains(0) else { continue }
      if let index = places[mount.point] {
        mounts[index] = mount
      } else {
        places[mount.point] = mounts.count
        mounts.append(mount)
      }
    }
    var devices: Set<[UInt8]> = []
    return mounts.filter { mount in
      guard mount.holdsData else { return false }
      return mount.device.first != UInt8(ascii: "/") || devices.insert(mount.device).inserted
    }
  }

  /// Decodes `\040` and its like: a backslash and three octal digits.
  static func unescape(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\"), index + 3 < bytes.count,
        let value = octal(bytes[index + 1], bytes[index + 2], bytes[index + 3])
      {
        result.append(value)
        index += 4
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }

  private static func octal(_ digits: UInt8...) -> UInt8? {
    var value = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      value = value * 8 + Int(widening: digit - UInt8(ascii: "0"))
    }
    return UInt8(exactly: value)
  }

  /// Whether there is data of the host's own in it: neither the kernel's own trees and images that are always full,
  /// nor a container's layers, nor what another machine or program serves: asking a server that hangs would block.
  private var holdsData: Bool {
    let type = String(decoding: type, as: UTF8.self)
    // In a container the root is an overlay, and the only file system there is.
    if type == "overlay" { return point == [UInt8(ascii: "/")] }
    if Self.leftOutTypes.contains(type) || type.hasPrefix("fuse.") { return false }
    let place = String(decoding: point, as: UTF8.self)
    return !Self.leftOutPlaces.contains { place == $0 || place.hasPrefix($0 + "/") }
  }

  private static let leftOutTypes: Set<String> = [
    // Of the kernel, and read-only images.
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs",
    "fusectl", "hugetlbfs", "iso9660", "mqueue", "nsfs", "proc", "procfs", "pstore", "rpc_pipefs", "securityfs",
    "selinuxfs", "squashfs", "erofs", "sysfs", "tracefs",
    // Served by others.
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "fuse", "glusterfs", "lustre", "gfs2",
    "ocfs2", "davfs",
  ]

  private static let leftOutPlaces = [
    "/dev", "/proc", "/sys", "/run/credentials", "/var/lib/docker", "/var/lib/containers/storage",
  ]
}

/// The mounts as they were read last.
struct LastMounts {
  let mounts: [Mount]
  /// Where they were read, which tells when they change.
  let file: StaticString
}

extension Procfs {
  /// The mounted file systems that hold data of the host, with their room; one that does not answer is left out.
  ///
  /// The mounts are those that process 1 sees, or this process where that is not allowed.
  public func filesystems() throws(Errno) -> [Filesystem] {
    var root = Array(rootfs.utf8)
    while root.last == UInt8(ascii: "/") { root.removeLast() }
    let mounts = try currentMounts(below: root)
    var found: [Filesystem] = []
    for mount in mounts {
      var room = statvfs()
      let path = (root + mount.point + [0]).map { CChar(bitPattern: $0) }
      // As in node_exporter, what has no blocks at all is no storage.
      guard statvfs(path, &room) == 0, room.f_blocks > 0 else { continue }
      let block = UInt64(widening: room.f_frsize)
      found.append(
        Filesystem(
          device: String(decoding: mount.device, as: UTF8.self),
          mountPoint: String(decoding: mount.point, as: UTF8.self),
          type: String(decoding: mount.type, as: UTF8.self),
          sizeBytes: clampedProduct(UInt64(widening: room.f_blocks), block),
          freeBytes: clampedProduct(UInt64(widening: room.f_bfree), block),
          availableBytes: clampedProduct(UInt64(widening: room.f_bavail), block)))
    }
    return found
  }

  /// The mounts, parsed again only when the kernel says that some came or went, see `proc_pid_mounts(5)`.
  private func currentMounts(below root: [UInt8]) throws(Errno) -> [Mount] {
    if let last = mounts, !hasChanged(last.file) { return last.mounts }
    // The kernel tells of a change once: when it then cannot be read, the old ones are not to be taken for the present ones.
    mounts = nil
    let found: LastMounts
    if let host = try? withContents(of: Self.hostMounts, { Mount.parse($0) }) {
      found = LastMounts(mounts: host, file: Self.hostMounts)
    } else {
      // Our own mount points begin with the place where the host's root is mounted.
      let own = try withContents(of: Self.ownMounts) { Mount.parse($0, below: root) }
      found = LastMounts(mounts: own, file: Self.ownMounts)
    }
    mounts = found
    return found.mounts
  }

  private static let hostMounts: StaticString = "1/mounts"
  private static let ownMounts: StaticString = "self/mounts"
}
