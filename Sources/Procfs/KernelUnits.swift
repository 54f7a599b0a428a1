internal import Glibc

/// The units in which the kernel counts. They are those of the running kernel, also for a tree that was copied.
enum KernelUnits {
  /// Clock ticks in a second, the unit of CPU times and start times: `sysconf(_SC_CLK_TCK)`, 100 on Linux.
  static let ticksPerSecond = max(1, Double(sysconf(Int32(_SC_CLK_TCK))))

  /// Bytes in a page, the unit of resident memory: `sysconf(_SC_PAGESIZE)`.
  static let pageSize = UInt64(clamping: max(1, sysconf(Int32(_SC_PAGESIZE))))

  /// Bytes in a sector of `/proc/diskstats`, whatever the disk's own sector size is.
  static let sectorSize: UInt64 = 512
}
