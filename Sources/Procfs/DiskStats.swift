public import POSIX

/// One disk and what went to and from it: a line of `/proc/diskstats`, see `proc_diskstats(5)`.
public struct DiskStats: Equatable, Sendable {
  /// The disk's name, such as `sda` or `nvme0n1`.
  public var device: String
  /// Bytes read.
  public var readBytes: UInt64
  /// Bytes written.
  public var writtenBytes: UInt64

  /// Reads the content of `/proc/diskstats`: whole disks only, because partitions would count again what the disk
  /// counts, and neither RAM disks nor loop devices nor floppies.
  public static func parse(_ bytes: UnsafeRawBufferPointer) -> [DiskStats] {
    var disks: [DiskStats] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard fields.skip(2), let name = fields.field(), !isLeftOut(name),
        fields.skip(2), let read = fields.unsigned(), fields.skip(3), let written = fields.unsigned()
      else { continue }
      disks.append(
        DiskStats(
          device: name.text, readBytes: clampedProduct(read, KernelUnits.sectorSize),
          writtenBytes: clampedProduct(written, KernelUnits.sectorSize)))
    }
    return disks
  }

  /// Whether the name is one of `ram0 zram0 loop0 fd0`, of `sda1 hda1 vda1 xvda1`, or of `nvme0n1p1 mmcblk0p1`.
  static func isLeftOut(_ name: UnsafeRawBufferPointer) -> Bool {
    let digits = name.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    guard digits > 0, digits < name.count else { return false }
    let stem = UnsafeRawBufferPointer(rebasing: name.dropLast(digits))
    if stem.equals("ram") || stem.equals("zram") || stem.equals("loop") || stem.equals("fd") { return true }
    if stem.hasPrefix("nvme") || stem.hasPrefix("mmcblk") { return stem.last == UInt8(ascii: "p") }
    let isDisk = stem.hasPrefix("sd") || stem.hasPrefix("hd") || stem.hasPrefix("vd") || stem.hasPrefix("xvd")
    return isDisk && stem.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
  }
}

extension Procfs {
  /// The host's disks, by `/proc/diskstats`.
  public func diskStats() throws(Errno) -> [DiskStats] {
    try withContents(of: "diskstats") { DiskStats.parse($0) }
  }
}
