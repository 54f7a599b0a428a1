/// One process by `/proc/PID/stat`, see `proc_pid_stat(5)`.
public struct ProcessStat: Equatable, Sendable {
  /// The process's number.
  public var pid: Int32
  /// The state's letter: `R`, `S`, `D`, `T`, `Z`, ...
  public var state: UInt8
  /// The parent's number; 0 for those that the kernel started.
  public var parent: Int32
  /// What the kernel notes of it, `PF_*` (field 9).
  var flags: UInt64
  /// Faults that needed no page from a disk (field 10).
  public var minorFaults: UInt64
  /// The same of the children it has waited for, and of theirs (field 11).
  public var childMinorFaults: UInt64
  /// Faults that needed a page from a disk (field 12).
  public var majorFaults: UInt64
  /// The same of the children it has waited for, and of theirs (field 13).
  public var childMajorFaults: UInt64
  /// CPU time in user and kernel mode, in clock ticks (fields 14 and 15).
  public var ticks: UInt64
  /// CPU time of the children it has waited for, and of theirs, in clock ticks (fields 16 and 17).
  public var childTicks: UInt64
  /// Number of threads (field 20).
  public var threads: UInt64
  /// When it started, in clock ticks after the host booted (field 22). Together with the pid it names one process.
  public var startTicks: UInt64
  /// Size of the address space in bytes (field 23).
  public var virtualBytes: UInt64
  /// Memory that is in RAM, in bytes (field 24).
  public var residentBytes: UInt64
  /// Whether its name is that of the exporter or of the tool, which other programs may have, too.
  var isNamedAsOwnProgram: Bool

  /// CPU time in user and kernel mode, in seconds.
  public var cpuSeconds: Double { Double(ticks) / KernelUnits.ticksPerSecond }

  /// Whether it has ended and only waits for its parent to ask for its exit status (`Z`, `X`).
  ///
  /// The state is the main thread's. That one may have ended while others work on, see `pthread_exit(3)`: they are counted.
  public var isZombie: Bool { hasEndedMainThread && threads <= 1 }

  /// Whether the main thread has ended.
  var hasEndedMainThread: Bool {
    state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || state == UInt8(ascii: "x")
  }

  /// Whether a signal has stopped it (`T`): it does nothing until another one has it go on. The state is the main thread's, see
  /// `ProcessTable.isSuspended`.
  public var isSuspended: Bool { state == UInt8(ascii: "T") }

  /// Whether it is a thread of the kernel's own, which no program can be (`PF_KTHREAD`).
  public var isKernelThread: Bool { flags & 0x0020_0000 != 0 }

  /// Unix time in seconds at which it started, up to a second early because the boot time has whole seconds.
  public func startTime(bootTime: Double) -> Double {
    bootTime + Double(startTicks) / KernelUnits.ticksPerSecond
  }

  /// Reads the content of `/proc/PID/stat`; nil when it is not whole, which is known by the line feed at its end.
  ///
  /// The name, in parentheses, is whatever the process likes, such as `a) R 1 (b`: only the last `)` ends it.
  public init?(parsing bytes: UnsafeRawBufferPointer) {
    guard bytes.last == UInt8(ascii: "\n"), let open = bytes.firstIndex(of: UInt8(ascii: "(")),
      let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
    else { return nil }
    var before = ByteFields(UnsafeRawBufferPointer(rebasing: bytes[..<open]))
    var fields = ByteFields(UnsafeRawBufferPointer(rebasing: bytes[(close + 1)...]))
    guard let pid = before.field()?.processID, before.field() == nil,
      let state = fields.field(), state.count == 1, let letter = state.first,
      let parent = fields.unsigned().flatMap({ Int32(exactly: $0) }),
      fields.skip(4), let flags = fields.clamped(),
      let minorFaults = fields.clamped(), let childMinorFaults = fields.clamped(),
      let majorFaults = fields.clamped(), let childMajorFaults = fields.clamped(),
      let user = fields.clamped(), let system = fields.clamped(),
      let childUser = fields.clamped(), let childSystem = fields.clamped(),
      fields.skip(2),
      let threads = fields.clamped(), fields.skip(1),
      let startTicks = fields.unsigned(), let virtualBytes = fields.unsigned(), let pages = fields.clamped()
    else { return nil }
    self.pid = pid
    self.state = letter
    self.parent = parent
    self.flags = flags
    self.minorFaults = minorFaults
    self.childMinorFaults = childMinorFaults
    self.majorFaults = majorFaults
    self.childMajorFaults = childMajorFaults
    self.ticks = clampedSum(user, system)
    self.childTicks = clampedSum(childUser, childSystem)
    self.threads = threads
    self.startTicks = startTicks
    self.virtualBytes = virtualBytes
    self.residentBytes = clampedProduct(pages, KernelUnits.pageSize)
    self.isNamedAsOwnProgram = OwnPrograms.contains(
      commandName: UnsafeRawBufferPointer(rebasing: bytes[(open + 1)..<close]))
  }
}
