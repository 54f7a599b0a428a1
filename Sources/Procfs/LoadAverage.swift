/// How many threads ran or waited for a CPU or a disk, on average: `/proc/loadavg`, see `proc_loadavg(5)`.
public struct LoadAverage: Equatable, Sendable {
  /// Over the last minute.
  public var one: Double
  /// Over the last five minutes.
  public var five: Double
  /// Over the last quarter of an hour.
  public var fifteen: Double

  /// Reads the content of `/proc/loadavg`; nil when it is not well-formed.
  public init?(parsing bytes: UnsafeRawBufferPointer) {
    var fields = ByteFields(bytes)
    guard let one = fields.field()?.decimal, let five = fields.field()?.decimal,
      let fifteen = fields.field()?.decimal
    else { return nil }
    self.one = one
    self.five = five
    self.fifteen = fifteen
  }
}

extension Procfs {
  /// The host's load, by `/proc/loadavg`.
  public func loadAverage() throws(ProcfsError) -> LoadAverage {
    try read("loadavg", expecting: "three numbers") { LoadAverage(parsing: $0) }
  }
}
