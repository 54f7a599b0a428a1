/// Numbers of bytes with a unit: `64MiB`, `100MB`, `4096`.
///
/// `KiB`, `MiB`, `GiB`, `TiB` are powers of 1024; `kB`, `MB`, `GB`, `TB` powers of 1000 (IEC 80000-13).
/// Upper and lower case are the same; without a unit, or with `B`, it is bytes.
public enum ByteSizes {
  private static let units: [(name: String, bytes: Int)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000), ("B", 1),
  ]

  /// Reads a size.
  ///
  /// - Returns: bytes, at least 0.
  public static func parse(_ text: String) throws(ValueError) -> Int {
    let expected = ValueError(expected: "a size such as 64MiB, 100MB or 4096 (bytes)")
    let digits = text.utf8.prefix(while: isDigit)
    guard let number = String(digits), !number.isEmpty else { throw expected }
    guard let count = Int(number) else { throw ValueError(expected: "a size below 8388608TiB") }
    guard let unit = String(text.utf8[digits.endIndex...]) else { throw expected }
    if unit.isEmpty { return count }
    guard let match = units.first(where: { $0.name.lowercased() == unit.lowercased() }) else { throw expected }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: match.bytes)
    guard !overflow else { throw ValueError(expected: "a size below 8388608TiB") }
    return bytes
  }

  /// Writes a size with the largest unit that leaves a whole number: 67,108,864 gives `64MiB`.
  public static func format(_ bytes: Int) -> String {
    for unit in units.prefix(4) where bytes != 0 && bytes % unit.bytes == 0 {
      return "\(bytes / unit.bytes)\(unit.name)"
    }
    return "\(bytes)"
  }
}
