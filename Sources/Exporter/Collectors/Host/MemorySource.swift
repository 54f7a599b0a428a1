internal import Exposition
internal import JSON
internal import Procfs

/// Memory and swap space: `/proc/meminfo`.
struct MemorySource: HostSource {
  static let file: StaticString = "meminfo"

  /// The fields that are shown, see `proc_meminfo(5)`.
  private static let families: [(field: String, family: MetricFamily)] = [
    ("MemTotal", family("memory_total", "RAM that the kernel can use, in bytes.")),
    ("MemFree", family("memory_free", "RAM that nothing uses, in bytes.")),
    ("MemAvailable", family("memory_available", "RAM that programs could get without swapping.")),
    ("Buffers", family("memory_buffers", "Bytes of block device buffers.")),
    ("Cached", family("memory_cached", "Bytes of the page cache.")),
    ("Shmem", family("memory_shared", "Bytes of shared memory and tmpfs.")),
    ("Slab", family("memory_slab", "Bytes of the kernel's own data structures.")),
    ("Dirty", family("memory_dirty", "Bytes that wait to be written to disk.")),
    ("SwapTotal", family("swap_total", "Size of the swap space in bytes.")),
    ("SwapFree", family("swap_free", "Free bytes of the swap space.")),
    ("SwapCached", family("swap_cached", "Bytes in RAM that are in the swap space too.")),
  ]

  private static func family(_ name: String, _ help: String) -> MetricFamily {
    MetricFamily("system_\(name)_bytes", .gauge, help)
  }

  func collect(_ reading: inout HostReading) throws(ProcfsError) {
    let memory = try reading.procfs.memoryInfo { reading.fail($0) }
    for (field, family) in Self.families {
      if let bytes = memory[field] { reading.exposition.family(family, Double(bytes)) }
    }
  }

  func facts(_ procfs: Procfs) throws(ProcfsError) -> JSONObject {
    let memory = try procfs.memoryInfo()
    var facts = JSONObject()
    for (key, field) in [
      ("memory_total_bytes", "MemTotal"), ("memory_available_bytes", "MemAvailable"),
      ("swap_total_bytes", "SwapTotal"), ("swap_free_bytes", "SwapFree"),
    ] {
      if let bytes = memory[field] { facts[key] = .integer(Int64(clamping: bytes)) }
    }
    return facts
  }
}
