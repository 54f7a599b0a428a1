internal import Exposition
internal import POSIX
internal import Procfs

/// Writes what the kernel says of the host. What this kernel does not tell is left out.
struct SystemCollector {
  private let procfs: Procfs
  /// For each CPU number the labels of its modes, ready-made: a large host has a thousand such series.
  private var cpuLabels: [Int: [Labels]] = [:]
  private let rememberedCPUs: Int

  init(procfs: Procfs, limits: ScrapeLimits = ScrapeLimits()) {
    self.procfs = procfs
    rememberedCPUs = limits.cpus
  }

  /// Forgets the labels.
  mutating func forget() {
    cpuLabels = [:]
  }

  /// Writes the families of one scrape; false when a source that every kernel has could not be read.
  mutating func collect(into exposition: inout Exposition) -> Bool {
    var isComplete = true
    func read<Value>(_ source: () throws(Errno) -> Value) -> Value? {
      do throws(Errno) {
        return try source()
      } catch {
        isComplete = false
        return nil
      }
    }
    let stat = read { () throws(Errno) in try procfs.systemStat() }
    if let stat { write(cpus: stat.cpus, into: &exposition) }
    if let load = read({ () throws(Errno) in try procfs.loadAverage() }) ?? nil {
      exposition.family(SystemFamilies.load1, load.one)
      exposition.family(SystemFamilies.load5, load.five)
      exposition.family(SystemFamilies.load15, load.fifteen)
    }
    if let memory = read({ () throws(Errno) in try procfs.memoryInfo() }) { write(memory, into: &exposition) }
    if let filesystems = read({ () throws(Errno) in try procfs.filesystems() }) {
      write(filesystems, into: &exposition)
    }
    if let devices = read({ () throws(Errno) in try procfs.networkDevices() }) { write(devices, into: &exposition) }
    // Containers may hide the disks, and kernels before 4.20 have no pressure figures: neither is a failure.
    if let disks = try? procfs.diskStats() { write(disks, into: &exposition) }
    for resource in Pressure.Resource.allCases { write(resource, into: &exposition) }
    if let boot = stat?.bootTime { exposition.family(SystemFamilies.bootTime, boot) }
    // Asked for each time: the name of a host can change.
    let info = procfs.systemInfo()
    exposition.family(
      SystemFamilies.info,
      labels: Labels([
        "sysname": info.systemName, "release": info.release, "version": info.version, "machine": info.machine,
        "nodename": info.nodeName,
      ]), 1)
    return isComplete
  }

  private mutating func write(cpus: [CPUTimes], into exposition: inout Exposition) {
    if cpuLabels.count > rememberedCPUs { cpuLabels = [:] }
    for cpu in cpus where cpuLabels[cpu.cpu] == nil {
      cpuLabels[cpu.cpu] = CPUTimes.modes.map { Labels(["cpu": String(cpu.cpu), "mode": $0]) }
    }
    exposition.family(SystemFamilies.cpu) { family in
      for cpu in cpus {
        for (labels, seconds) in zip(cpuLabels[cpu.cpu, default: []], cpu.seconds) { family.add(labels, seconds) }
      }
    }
  }

  /// The fields of `/proc/meminfo` that are shown, see `proc(5)`.
  private static let memory: [(field: String, family: MetricFamily)] = [
    ("MemTotal", SystemFamilies.memory("memory_total", "RAM that the kernel can use, in bytes.")),
    ("MemFree", SystemFamilies.memory("memory_free", "RAM that nothing uses, in bytes.")),
    ("MemAvailable", SystemFamilies.memory("memory_available", "RAM that programs could get without swapping.")),
    ("Buffers", SystemFamilies.memory("memory_buffers", "Bytes of block device buffers.")),
    ("Cached", SystemFamilies.memory("memory_cached", "Bytes of the page cache.")),
    ("Shmem", SystemFamilies.memory("memory_shared", "Bytes of shared memory and tmpfs.")),
    ("Slab", SystemFamilies.memory("memory_slab", "Bytes of the kernel's own data structures.")),
    ("Dirty", SystemFamilies.memory("memory_dirty", "Bytes that wait to be written to disk.")),
    ("SwapTotal", SystemFamilies.memory("swap_total", "Size of the swap space in bytes.")),
    ("SwapFree", SystemFamilies.memory("swap_free", "Free bytes of the swap space.")),
    ("SwapCached", SystemFamilies.memory("swap_cached", "Bytes in RAM that are in the swap space too.")),
  ]

  private func write(_ memory: MemoryInfo, into exposition: inout Exposition) {
    for (field, family) in SystemCollector.memory {
      if let bytes = memory[field] { exposition.family(family, Double(bytes)) }
    }
  }

  private func write(_ filesystems: [Filesystem], into exposition: inout Exposition) {
    let labels = filesystems.map {
      Labels(["device": $0.device, "mountpoint": $0.mountPoint, "fstype": $0.type])
    }
    func write(_ family: MetricFamily, _ value: (Filesystem) -> UInt64) {
      exposition.family(family) { samples in
        for (filesystem, labels) in zip(filesystems, labels) { samples.add(labels, Double(value(filesystem))) }
      }
    }
    write(SystemFamilies.filesystemSize) { $0.sizeBytes }
    write(SystemFamilies.filesystemFree) { $0.freeBytes }
    write(SystemFamilies.filesystemAvailable) { $0.availableBytes }
  }

  private func write(_ devices: [NetworkDevice], into exposition: inout Exposition) {
    exposition.family(SystemFamilies.networkReceived) { family in
      for device in devices { family.add(Labels(["device": device.name]), Double(device.receiveBytes)) }
    }
    exposition.family(SystemFamilies.networkTransmitted) { family in
      for device in devices { family.add(Labels(["device": device.name]), Double(device.transmitBytes)) }
    }
  }

  private func write(_ disks: [DiskStats], into exposition: inout Exposition) {
    exposition.family(SystemFamilies.diskRead) { family in
      for disk in disks { family.add(Labels(["device": disk.device]), Double(disk.readBytes)) }
    }
    exposition.family(SystemFamilies.diskWritten) { family in
      for disk in disks { family.add(Labels(["device": disk.device]), Double(disk.writtenBytes)) }
    }
  }

  private static let pressureFamilies: [String: (some: MetricFamily, full: MetricFamily)] =
    Dictionary(
      // no trap: each case is there once
      uniqueKeysWithValues: Pressure.Resource.allCases.map {
        (
          $0.rawValue,
          (SystemFamilies.pressure($0.rawValue, full: false), SystemFamilies.pressure($0.rawValue, full: true))
        )
      })

  private func write(_ resource: Pressure.Resource, into exposition: inout Exposition) {
    guard let pressure = (try? procfs.pressure(of: resource)) ?? nil,
      let families = SystemCollector.pressureFamilies[resource.rawValue]
    else { return }
    if let seconds = pressure.someSeconds { exposition.family(families.some, seconds) }
    if let seconds = pressure.fullSeconds { exposition.family(families.full, seconds) }
  }
}
