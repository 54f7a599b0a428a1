internal import Exposition
internal import Procfs

/// The open files of all processes: `/proc/sys/fs/file-nr`, see `proc_sys_fs(5)`.
struct FileDescriptorSource: HostSource {
  static let file: StaticString = "sys/fs/file-nr"

  private static let allocated = MetricFamily(
    "system_file_descriptors_allocated", .gauge, "Open files of all processes.")
  private static let maximum = MetricFamily(
    "system_file_descriptors_maximum", .gauge, "Most files that all processes may have open.")

  /// The two numbers.
  struct Counts: Equatable {
    var allocated: UInt64
    var maximum: UInt64

    /// Reads the content of the file: the second of its three numbers is 0 in all kernels of today.
    init?(parsing bytes: UnsafeRawBufferPointer) {
      var fields = ByteFields(bytes)
      guard let allocated = fields.unsigned(), fields.skip(1), let maximum = fields.unsigned() else { return nil }
      self.allocated = allocated
      self.maximum = maximum
    }
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let counts = try reading.procfs.readIfPresent(Self.file, expecting: "three numbers", { reading.fail($0) }) {
      bytes, _ in
      Counts(parsing: bytes)
    }
    guard let counts else { return }
    reading.exposition.family(Self.allocated, Double(counts.allocated))
    reading.exposition.family(Self.maximum, Double(counts.maximum))
  }
}
