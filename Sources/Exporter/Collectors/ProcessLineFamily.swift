internal import Exposition
internal import Procfs

/// A family of which each process has one sample: a number that is one line of one of its files. One more is one more line in
/// `all`.
struct ProcessLineFamily {
  let line: ProcessLine
  let family: MetricFamily
  /// Whether flags ask for it.
  let isWanted: @Sendable (ExporterOptions) -> Bool

  static let all = [
    gauge("VmSwap", of: .status, "process_swap_bytes", "Memory that is in the swap space, in bytes."),
    gauge(
      "Pss", of: .smapsRollup, if: { $0.collectors.smaps }, "process_proportional_memory_bytes",
      "Memory that is in RAM, in bytes; of what several processes share, each has its part (PSS)."),
  ]

  private static func gauge(
    _ key: StaticString, of file: ProcessLine.File,
    if isWanted: @escaping @Sendable (ExporterOptions) -> Bool = { _ in true },
    _ name: String, _ help: String
  ) -> ProcessLineFamily {
    ProcessLineFamily(line: ProcessLine(key, of: file), family: MetricFamily(name, .gauge, help), isWanted: isWanted)
  }

  /// Those that flags ask for.
  static func wanted(by options: ExporterOptions) -> [ProcessLineFamily] {
    all.filter { $0.isWanted(options) }
  }
}
