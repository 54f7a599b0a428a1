internal import POSIX

/// A line of `/proc/PID/mountinfo`, see `proc_pid_mountinfo(5)`: what the line of the same mount in `/proc/PID/mounts` does not tell.
struct MountInfo: Equatable {
  /// The kernel's number of this mount, which no other one has while it is there, in no namespace.
  var number: UInt64
  /// The device of its file system, as `device(_:_:)` puts it; mounts of one file system have the same, wherever they are.
  var device: UInt64
  /// Where it is.
  var point: [UInt8]
  /// Whether nobody can write through this mount.
  var isReadOnly: Bool
  /// Whether nobody can write to the file system, through whichever mount: it was mounted so, or was turned so since, as the kernel
  /// does after errors of a disk, or was shut down.
  var isFilesystemReadOnly: Bool

  /// - Returns: nil for what is no such line.
  init?(_ line: UnsafeRawBufferPointer) {
    var fields = ByteFields(line)
    guard let number = fields.unsigned(), fields.skip(1), let device = fields.field().flatMap(Self.device),
      fields.skip(1), let point = fields.field(), let options = fields.field()
    else { return nil }
    self.number = number
    self.device = device
    self.point = Mount.unescape(point)
    isReadOnly = Self.saysReadOnly(options)
    // Its last field holds the options of the file system; before it, some are not always there.
    var last: UnsafeRawBufferPointer?
    while let field = fields.field() { last = field }
    isFilesystemReadOnly = last.map(Self.saysReadOnly) ?? false
  }

  /// All lines, in their order.
  static func parse(_ bytes: UnsafeRawBufferPointer) -> [MountInfo] {
    var all: [MountInfo] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      if let info = MountInfo(line) { all.append(info) }
    }
    return all
  }

  /// Those of some mounts alone.
  static func parse(_ bytes: UnsafeRawBufferPointer, only numbers: Set<UInt64>) -> [MountInfo] {
    var all: [MountInfo] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let number = fields.unsigned(), numbers.contains(number), let info = MountInfo(line) else { continue }
      all.append(info)
    }
    return all
  }

  /// As `major << 32 | minor`, which holds both of any kernel.
  static func device(_ major: UInt64, _ minor: UInt64) -> UInt64 { major << 32 | minor & 0xffff_ffff }

  private static func device(_ field: UnsafeRawBufferPointer) -> UInt64? {
    guard let colon = field.firstIndex(of: UInt8(ascii: ":")),
      let major = UnsafeRawBufferPointer(rebasing: field[..<colon]).unsigned,
      let minor = UnsafeRawBufferPointer(rebasing: field[(colon + 1)...]).unsigned
    else { return nil }
    return device(major, minor)
  }

  /// Whether options say that nobody can write. Since Linux 6.12 ext4 does not become `ro` after errors: `errors=remount-ro` and
  /// `ioctl(2)` put a bar of its own before writing, which it shows since 6.15, and of which `statvfs(3)` says nothing.
  static func saysReadOnly(_ options: UnsafeRawBufferPointer) -> Bool {
    options.split(separator: UInt8(ascii: ",")).contains { option in
      readOnlyOptions.contains { option.elementsEqual($0.utf8) }
    }
  }

  private static let readOnlyOptions: [String] = ["ro", "emergency_ro", "shutdown"]
}
