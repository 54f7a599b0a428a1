/// How files of a `/proc` that a kernel serves give their content.
enum KernelFile {
  /// How a file is read.
  struct Way {
    /// Whether a read that gives less than was asked for has given all: then none has to find the end.
    let isAtOnce: Bool
    /// The most bytes that are asked for at once.
    let size: Int

    /// Until nothing more comes.
    static let inPieces = Way(isAtOnce: false, size: .max)
  }

  /// Files that the kernel makes as one record (`single_open`), which it gives whole to whoever has room for it.
  static let records: [StaticString] = [
    "stat", "loadavg", "meminfo", "uptime", "pressure/cpu", "pressure/memory", "pressure/io", "pressure/irq",
  ]

  /// How to read a file that lies in the kernel's own file system, and not in one that was mounted over it.
  static func way(of file: StaticString) -> Way {
    // Numbers of the kernel are read from their beginning alone (`proc_dointvec` and its like), and the kernel first makes room for as
    // many bytes as it is asked for.
    if "\(file)".hasPrefix("sys/") { return Way(isAtOnce: true, size: 1_024) }
    return Way(isAtOnce: records.contains { "\($0)" == "\(file)" }, size: .max)
  }
}
