/// The names of this product's own programs: their command lines hold the words of what they watch
/// (`heartbeat run --name bidder -- python bidder.py`), so a search for a process must pass them over.
enum OwnPrograms {
  /// By the name in `/proc/PID/stat`, of which the kernel keeps 15 bytes.
  static func contains(commandName name: UnsafeRawBufferPointer) -> Bool {
    name.equals("heartbeat") || name.equals("heartbeat-expor")
  }

  /// By a command line whose arguments end with NUL: the last part of the first argument's path decides.
  static func contains(commandLine line: UnsafeRawBufferPointer) -> Bool {
    let program = line.prefix { $0 != 0 }
    let slash = program.lastIndex(of: UInt8(ascii: "/"))
    let name = UnsafeRawBufferPointer(rebasing: program[(slash.map { $0 + 1 } ?? program.startIndex)...])
    return name.equals("heartbeat") || name.equals("heartbeat-exporter")
  }
}
