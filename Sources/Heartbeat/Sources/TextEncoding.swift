/// What encodings texts come in.
enum TextEncoding {
  /// The text in UTF-8, without a byte order mark; nil when the bytes are no text.
  ///
  /// PowerShell's `>` writes UTF-16.
  static func utf8(_ bytes: [UInt8]) -> [UInt8]? {
    if bytes.starts(with: [0xFF, 0xFE]) { return utf16(bytes.dropFirst(2), isLittle: true) }
    if bytes.starts(with: [0xFE, 0xFF]) { return utf16(bytes.dropFirst(2), isLittle: false) }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return Array(bytes.dropFirst(3)) }
    let isBinary = bytes.contains { $0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D && $0 != 0x0C && $0 != 0x1B }
    return isBinary ? nil : bytes
  }

  /// What stands behind a hole: a log that was copied and truncated while its writer went on at its old place begins with zeros.
  static func behindHole(_ bytes: [UInt8]) -> [UInt8] {
    guard let last = bytes.lastIndex(of: 0), last < bytes.count - 1 else { return bytes }
    return Array(bytes[(last + 1)...])
  }

  private static func utf16(_ bytes: ArraySlice<UInt8>, isLittle: Bool) -> [UInt8] {
    var units: [UInt16] = []
    units.reserveCapacity(bytes.count / 2)
    var rest = bytes
    while rest.count >= 2 {
      let (one, other) = (
        UInt16(truncatingIfNeeded: rest.removeFirst()), UInt16(truncatingIfNeeded: rest.removeFirst())
      )
      units.append(isLittle ? one | other << 8 : other | one << 8)
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }
}
