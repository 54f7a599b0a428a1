/// The host's memory: `/proc/meminfo`, see `proc_meminfo(5)`.
public struct MemoryInfo: Equatable, Sendable {
  /// One line of the file, with the kernel's name such as `MemAvailable`.
  public struct Field: Equatable, Sendable {
    /// The kernel's name of it.
    public var name: String
    /// The value in bytes.
    public var bytes: UInt64
  }

  /// All that have a size, in the kernel's order. Mere counts (`HugePages_Total`) are not among them.
  public var fields: [Field] = []

  /// The value in bytes; nil when this kernel has no such line.
  public subscript(name: String) -> UInt64? {
    fields.first { $0.name == name }?.bytes
  }

  /// Reads the content of `/proc/meminfo`; lines that are not well-formed are left out.
  public init(parsing bytes: UnsafeRawBufferPointer) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let name = fields.upTo(UInt8(ascii: ":")), !name.isEmpty, let value = fields.unsigned(),
        let unit = fields.field(), unit.equals("kB")
      else { continue }
      self.fields.append(Field(name: name.text, bytes: clampedProduct(value, 1024)))
    }
  }
}

extension Procfs {
  /// The host's memory, by `/proc/meminfo`.
  public func memoryInfo() throws(ProcfsError) -> MemoryInfo {
    try read("meminfo", expecting: "a line MemTotal") {
      let memory = MemoryInfo(parsing: $0)
      return memory["MemTotal"] == nil ? nil : memory
    }
  }
}
