internal import Exposition
internal import JSON
internal import POSIX
internal import Procfs

/// The room in the mounted file systems: `/proc/1/mounts` and `statvfs(3)`.
struct FilesystemSource: HostSource {
  static let file: StaticString = "1/mounts"

  private static let size = MetricFamily("system_filesystem_size_bytes", .gauge, "Size of the file system in bytes.")
  private static let free = MetricFamily("system_filesystem_free_bytes", .gauge, "Free bytes of the file system.")
  private static let available = MetricFamily(
    "system_filesystem_avail_bytes", .gauge, "Bytes of the file system that ordinary users can still fill.")
  private static let files = MetricFamily(
    "system_filesystem_files", .gauge, "Most files that the file system can hold.")
  private static let freeFiles = MetricFamily(
    "system_filesystem_files_free", .gauge, "How many more files the file system can hold.")
  private static let isReadOnly = MetricFamily(
    "system_filesystem_readonly", .gauge, "1 if nobody can write to the file system.")
  private static let error = MetricFamily(
    "system_filesystem_device_error", .gauge, "1 if the file system did not say how much room is in it, or not in time."
  )

  private struct Name: Equatable {
    let device: ExactText
    let mountPoint: ExactText
    let type: ExactText

    init(_ filesystem: Filesystem) {
      device = ExactText(filesystem.device)
      mountPoint = ExactText(filesystem.mountPoint)
      type = ExactText(filesystem.type)
    }
  }

  private var labels = KeptLabels<Name>()

  mutating func collect(_ reading: inout HostReading) throws(ProcfsError) {
    var unseen: [String] = []
    let all = try reading.procfs.filesystems({ reading.fail($0) }, unseen: { unseen = $0 })
    reading.unseenMounts = unseen
    let series = labels.series(of: all.map(Name.init)) {
      Labels(["device": $0.device.text, "mountpoint": $0.mountPoint.text, "fstype": $0.type.text])
    }
    reading.family(Self.size, all, series) { $0.room.map { Double($0.sizeBytes) } }
    reading.family(Self.free, all, series) { $0.room.map { Double($0.freeBytes) } }
    reading.family(Self.available, all, series) { $0.room.map { Double($0.availableBytes) } }
    // Btrfs makes room for files as they come, and says 0.
    reading.family(Self.files, all, series) { $0.room.map { Double($0.files) } }
    reading.family(Self.freeFiles, all, series) { $0.room.map { Double($0.freeFiles) } }
    reading.family(Self.isReadOnly, all, series) { $0.isReadOnly ? 1 : 0 }
    reading.family(Self.error, all, series) { $0.failure == nil ? 0 : 1 }
    for series in series where all.indices.contains(series.place) {
      let filesystem = all[series.place]
      if let failure = filesystem.failure { reading.fail(ProcfsError(mount: filesystem.mountPoint, failure)) }
    }
  }

  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject {
    let filesystems = try procfs.filesystems().compactMap { filesystem in
      filesystem.room.map { (filesystem.mountPoint, $0) }
    }
    return [
      "filesystems": .array(
        filesystems.map { mountPoint, room in
          [
            "mountpoint": .string(mountPoint), "size_bytes": .integer(Int64(clamping: room.sizeBytes)),
            "free_bytes": .integer(Int64(clamping: room.freeBytes)),
            "available_bytes": .integer(Int64(clamping: room.availableBytes)),
            "used_ratio": room.usedShare.map { .number(($0 * 1e4).rounded() / 1e4) } ?? .null,
          ]
        })
    ]
  }
}
