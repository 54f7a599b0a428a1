/// Seconds that one CPU spent in each mode since the host booted.
public struct CPUTimes: Equatable, Sendable {
  /// The names of the modes, in the order of `seconds`. Time that guests ran is part of `user` and `nice`.
  public static let modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"]

  /// The modes in which nothing of this host is computed: it waits for work, for a disk, or for another guest of the same machine.
  public static let idleModes: Set<String> = ["idle", "iowait", "steal"]

  /// The CPU's number.
  public var cpu: Int
  /// Seconds by mode, in the order of `modes`; fewer on a kernel that has fewer.
  public var seconds: [Double]
}

/// The host's CPUs and its start: `/proc/stat`, see `proc_stat(5)`.
public struct SystemStat: Equatable, Sendable {
  /// One entry for each CPU, as the kernel has them; of `Procfs.systemStat` in the order of their numbers, with those that are offline.
  public var cpus: [CPUTimes] = []
  /// How many CPUs are online.
  public var onlineCPUs = 0
  /// Unix time in seconds at which the host booted; nil when it is not there.
  public var bootTime: Double?
  /// How many processes and threads were made since the host booted; nil when it is not there.
  public var forks: UInt64?

  /// Seconds that all CPUs had together.
  public var totalSeconds: Double { cpus.reduce(0) { $0 + $1.seconds.reduce(0, +) } }

  /// Those of them in which something was computed.
  public var busySeconds: Double {
    cpus.reduce(0) { sum, cpu in
      zip(CPUTimes.modes, cpu.seconds).reduce(sum) { CPUTimes.idleModes.contains($1.0) ? $0 : $0 + $1.1 }
    }
  }

  /// No boot is later, in Unix seconds: a number like this is none of a clock.
  private static let latestBoot: UInt64 = 1 << 40

  /// Reads the content of `/proc/stat`; what is not well-formed is left out.
  ///
  /// - Parameter odd: gets the names of the lines of which something is left out.
  public init(parsing bytes: UnsafeRawBufferPointer, odd: Procfs.OddLine = { _ in }) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let key = fields.field() else { continue }
      if key.equals("btime") {
        bootTime = fields.unsigned().flatMap { $0 <= Self.latestBoot ? Double($0) : nil }
        if bootTime == nil { odd(key) }
      } else if key.equals("processes") {
        forks = fields.unsigned()
        if forks == nil { odd(key) }
      } else if key.hasPrefix("cpu"), !key.equals("cpu") {
        let (cpu, isWhole) = Self.cpu(key, &fields)
        if let cpu { cpus.append(cpu) }
        if !isWhole { odd(key) }
      }
    }
    onlineCPUs = cpus.count
  }

  /// The times of one CPU, as far as they can be read, and whether all could be.
  private static func cpu(_ key: UnsafeRawBufferPointer, _ fields: inout ByteFields) -> (CPUTimes?, isWhole: Bool) {
    guard let number = UnsafeRawBufferPointer(rebasing: key.dropFirst(3)).unsigned.flatMap({ Int(exactly: $0) }) else {
      return (nil, false)
    }
    var seconds: [Double] = []
    var isWhole = true
    while isWhole, seconds.count < CPUTimes.modes.count, let field = fields.field() {
      if let ticks = field.unsigned {
        seconds.append(Double(ticks) / KernelUnits.ticksPerSecond)
      } else {
        isWhole = false
      }
    }
    return seconds.count >= 4 ? (CPUTimes(cpu: number, seconds: seconds), isWhole) : (nil, false)
  }

  /// Only the boot time.
  static func bootTime(in bytes: UnsafeRawBufferPointer) -> Double? {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      guard line.hasPrefix("btime ") else { continue }
      return UnsafeRawBufferPointer(rebasing: line.dropFirst(6)).unsigned.map { Double($0) }
    }
    return nil
  }
}
