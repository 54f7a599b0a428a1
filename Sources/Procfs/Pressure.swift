/// How long threads had to wait for a resource: a file of `/proc/pressure`, see the kernel's `accounting/psi.rst`.
public struct Pressure: Equatable, Sendable {
  /// What is short.
  public enum Resource: String, CaseIterable, Sendable {
    /// CPU time.
    case cpu
    /// Memory.
    case memory
    /// Storage.
    case io
    /// CPU time that interrupts took.
    case irq

    /// What it is, in words.
    public var meaning: String {
      switch self {
      case .cpu: "CPU time"
      case .memory: "memory"
      case .io: "storage"
      case .irq: "interrupts"
      }
    }
  }

  /// Seconds in which at least one thread waited.
  public var someSeconds: Double?
  /// Seconds in which all threads waited that had something to do; nil where the kernel does not tell.
  public var fullSeconds: Double?

  /// Reads the content of `/proc/pressure/cpu` and its like.
  ///
  /// - Parameter odd: gets the names of the lines that are not well-formed.
  public init(parsing bytes: UnsafeRawBufferPointer, odd: Procfs.OddLine = { _ in }) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let kind = fields.field() else { continue }
      var total: UInt64?
      while total == nil, let field = fields.field() {
        if field.hasPrefix("total=") { total = UnsafeRawBufferPointer(rebasing: field.dropFirst(6)).unsigned }
      }
      if let microseconds = total {
        if kind.equals("some") { someSeconds = Double(microseconds) / 1e6 }
        if kind.equals("full") { fullSeconds = Double(microseconds) / 1e6 }
      } else {
        odd(kind)
      }
    }
  }
}

extension Procfs {
  /// How long threads had to wait for a resource; nil on a kernel that does not count it (before 4.20, or `psi=0`).
  public func pressure(
    of resource: Pressure.Resource, _ complain: Complain = { _ in }
  ) throws(ProcfsError) -> Pressure? {
    let file: StaticString =
      switch resource {
      case .cpu: "pressure/cpu"
      case .memory: "pressure/memory"
      case .io: "pressure/io"
      case .irq: "pressure/irq"
      }
    let pressure = try readIfPresent(file, expecting: "a line that begins with some or full", complain) { bytes, odd in
      let pressure = Pressure(parsing: bytes, odd: odd)
      return pressure.someSeconds == nil && pressure.fullSeconds == nil ? nil : pressure
    }
    guard let pressure else { return nil }
    // Of interrupts there is no other one, of CPU time it came with Linux 5.13.
    if resource != .irq, pressure.someSeconds == nil { complain(missing("some", in: file)) }
    if resource != .cpu, pressure.fullSeconds == nil { complain(missing("full", in: file)) }
    return pressure
  }
}
