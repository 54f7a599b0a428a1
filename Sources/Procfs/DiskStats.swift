internal import POSIX

/// One disk and what went to and from it: a line of `/proc/diskstats`, see `proc_diskstats(5)`.
public struct DiskStats: Equatable, Sendable {
  /// The disk's name, such as `sda` or `nvme0n1`.
  public var device: String
  /// Reads that ended.
  public var reads: UInt64 = 0
  /// Bytes read.
  public var readBytes: UInt64
  /// Milliseconds in which reads were under way, those of each added up.
  public var readMilliseconds: UInt64 = 0
  /// Writes that ended.
  public var writes: UInt64 = 0
  /// Bytes written.
  public var writtenBytes: UInt64
  /// Milliseconds in which writes were under way, those of each added up.
  public var writeMilliseconds: UInt64 = 0
  /// Milliseconds in which something was under way.
  public var busyMilliseconds: UInt64 = 0

  /// Reads the content of `/proc/diskstats`; lines that are not well-formed are left out.
  ///
  /// - Parameters:
  ///   - excluded: names in which it is found are left out.
  ///   - odd: gets the names of the others that are not well-formed.
  public static func parse(
    _ bytes: UnsafeRawBufferPointer, without excluded: RegularExpression? = nil, odd: Procfs.OddLine = { _ in }
  ) -> [DiskStats] {
    var disks: [DiskStats] = []
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard fields.skip(2), let name = fields.field() else {
        odd(line)
        continue
      }
      guard !HostFilter.leavesOut(excluded, name) else { continue }
      guard let reads = fields.unsigned(), fields.skip(1), let read = fields.unsigned(),
        let reading = fields.unsigned(),
        let writes = fields.unsigned(), fields.skip(1), let written = fields.unsigned(),
        let writing = fields.unsigned(),
        fields.skip(1), let busy = fields.unsigned()
      else {
        odd(name)
        continue
      }
      disks.append(
        DiskStats(
          device: name.foreignText, reads: reads, readBytes: clampedProduct(read, KernelUnits.sectorSize),
          readMilliseconds: reading, writes: writes, writtenBytes: clampedProduct(written, KernelUnits.sectorSize),
          writeMilliseconds: writing, busyMilliseconds: busy))
    }
    return disks
  }
}

extension Procfs {
  /// The host's disks, by `/proc/diskstats`.
  public func diskStats(_ complain: Complain = { _ in }) throws(ProcfsError) -> [DiskStats] {
    // A container may have none.
    try read("diskstats", expecting: "disks and their figures", complain) { [filter] bytes, odd in
      DiskStats.parse(bytes, without: filter.disks, odd: odd)
    }
  }
}
