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

  /// Reads the content of `/proc/meminfo`; lines that are not well-formed are left out. Sizes are in kB, whatever the line; only the counts
  /// of huge pages have no unit.
  ///
  /// - Parameter odd: gets the names of these.
  public init(parsing bytes: UnsafeRawBufferPointer, odd: Procfs.OddLine = { _ in }) {
    var lines = ByteFields(bytes)
    while let line = lines.line() {
      var fields = ByteFields(line)
      guard let name = fields.upTo(UInt8(ascii: ":")), !name.isEmpty, let value = fields.unsigned() else {
        odd(line.firstIndex(of: UInt8(ascii: ":")).map { UnsafeRawBufferPointer(rebasing: line[..<$0]) } ?? line)
        continue
      }
      guard let unit = fields.field(), unit.equals("kB") else {
        if !name.hasPrefix("HugePages_") { odd(name) }
        continue
      }
      self.fields.append(Field(name: name.text, bytes: clampedProduct(value, 1024)))
    }
  }
}

extension Procfs {
  /// The host's memory, by `/proc/meminfo`.
  public func memoryInfo(_ complain: Complain = { _ in }) throws(ProcfsError) -> MemoryInfo {
    let memory = try read("meminfo", expecting: "a line MemTotal", complain) { bytes, odd in
      let memory = MemoryInfo(parsing: bytes, odd: odd)
      return memory["MemTotal"] == nil ? nil : memory
    }
    if memory["MemFree"] == nil { complain(missing("MemFree", in: "meminfo")) }
    if memory["MemAvailable"] == nil, SystemInfo.isKernel(atLeast: 3, 14) {
      complain(missing("MemAvailable", in: "meminfo"))
    }
    return memory
  }
}
