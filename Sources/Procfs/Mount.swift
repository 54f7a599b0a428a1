internal import POSIX

/// A line of `/proc/PID/mounts`, see `fstab(5)`.
struct Mount: Equatable {
  var device: [UInt8]
  var point: [UInt8]
  var type: [UInt8]
  var isReadOnly = false
  /// What else the kernel says of it; nil where it does not.
  var info: MountInfo?
  /// Where it is looked for.
  var path: [UInt8] = []

  /// The mounts worth a look: those that hold data, each place once (the last mount there hides the others) and each
  /// device once (bind mounts and subvolumes show the same room again).
  ///
  /// - Parameters:
  ///   - root: only mounts below this path count, and they are named as seen from there.
  ///   - filter: which are left out.
  ///   - odd: gets the first words of lines that are none of a mount.
  /// - Returns: nil when there is no mount at all, which cannot be.
  static func parse(
    _ bytes: UnsafeRawBufferPointer, below root: [UInt8] = [], filter: HostFilter = .standard,
    odd: Procfs.OddLine = { _ in }
  ) -> [Mount]? {
    var mounts: [Mount] = []
    var places: [[UInt8]: Int] = [:]
    var hasMounts = false
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let device = fields.field(), let point = fields.field(), let type = fields.field() else {
        var words = ByteFields(line)
        odd(words.field() ?? line)
        continue
      }
      hasMounts = true
      var mount = Mount(device: unescape(device), point: unescape(point), type: unescape(type))
      mount.isReadOnly = fields.field().map(MountInfo.saysReadOnly) ?? false
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
    return hasMounts ? onePerDevice(mounts.filter { $0.holdsData(filter) }) : nil
  }

  /// Of the mounts of one device the most telling one, in the place of the first.
  private static func onePerDevice(_ mounts: [Mount]) -> [Mount] {
    var result: [Mount] = []
    var devices: [[[UInt8]]: Int] = [:]
    for mount in mounts {
      let device = [mount.type, mount.device]
      guard mount.isNamedByDevice, let index = devices[device] else {
        devices[device] = result.count
        result.append(mount)
        continue
      }
      if mount.vagueness < result[index].vagueness { result[index] = mount }
    }
    return result
  }

  /// Whether what is mounted under the same name and type is the same: the name is a path, and not what a program made up.
  private var isNamedByDevice: Bool {
    device.first == UInt8(ascii: "/") && !type.elementsEqual("fuse".utf8) && !type.starts(with: "fuse.".utf8)
  }

  /// How little the path says of the disk: in a container it is mounted at single files too.
  private var vagueness: Int {
    if Self.containerFiles.contains(point) { return 2 }
    // The name of a file, as far as names tell.
    let name = point.split(separator: UInt8(ascii: "/")).last ?? []
    return name.dropFirst().contains(UInt8(ascii: ".")) ? 1 : 0
  }

  /// Files that runtimes of containers mount into each.
  private static let containerFiles = Set(
    ["/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/dev/termination-log", "/run/.containerenv", "/.dockerenv"]
      .map { Array($0.utf8) })

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

  /// Whether there is data of the host's own in it, as far as the filter tells.
  private func holdsData(_ filter: HostFilter) -> Bool {
    if HostFilter.leavesOut(filter.mountPoints, point) { return false }
    // In a container the root is an overlay, and the only file system there is.
    if point == [UInt8(ascii: "/")], type.elementsEqual("overlay".utf8) { return true }
    return !HostFilter.leavesOut(filter.filesystemTypes, type)
  }
}
