extension JSONValue {
  /// The value as JSON text in UTF-8.
  ///
  /// - Parameters:
  ///   - pretty: one member a line, indented by two spaces, as a heartbeat file is for human readers; else no white
  ///     space at all.
  ///   - depth: how many levels deep the text will stand, for the indentation of its lines after the first.
  public func serialised(pretty: Bool = false, depth: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    append(to: &bytes, pretty: pretty, depth: depth)
    return bytes
  }

  /// Appends the value as JSON text in UTF-8, without any white space.
  public func append(to bytes: inout [UInt8]) {
    append(to: &bytes, pretty: false, depth: 0)
  }

  func append(to bytes: inout [UInt8], pretty: Bool, depth: Int) {
    switch self {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .number(let value): JSONText.append(value, to: &bytes)
    case .string(let value): JSONText.append(value, to: &bytes)
    case .array(let values):
      guard !values.isEmpty else { return bytes.append(contentsOf: "[]".utf8) }
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if pretty { JSONText.appendLineBreak(to: &bytes, depth: depth + 1) }
        value.append(to: &bytes, pretty: pretty, depth: depth + 1)
      }
      if pretty { JSONText.appendLineBreak(to: &bytes, depth: depth) }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object):
      guard !object.isEmpty else { return bytes.append(contentsOf: "{}".utf8) }
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        if pretty { JSONText.appendLineBreak(to: &bytes, depth: depth + 1) }
        JSONText.append(member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        if pretty { bytes.append(UInt8(ascii: " ")) }
        member.value.append(to: &bytes, pretty: pretty, depth: depth + 1)
      }
      if pretty { JSONText.appendLineBreak(to: &bytes, depth: depth) }
      bytes.append(UInt8(ascii: "}"))
    }
  }
}

/// The spelling of JSON's scalars and of a heartbeat file's white space.
enum JSONText {
  /// Appends a line feed and two spaces for each level.
  static func appendLineBreak(to bytes: inout [UInt8], depth: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
  }

  /// Appends the shortest text that reads back as the same number; `null` for one that JSON cannot spell.
  static func append(_ number: Double, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: number.isFinite ? number.description.utf8 : "null".utf8)
  }

  /// Appends a string in quotes; only what must be escaped is (RFC 8259 section 7), so other languages stay legible.
  static func append(_ string: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(byte)
      case 0x0A: bytes.append(contentsOf: "\\n".utf8)
      case 0x0D: bytes.append(contentsOf: "\\r".utf8)
      case 0x09: bytes.append(contentsOf: "\\t".utf8)
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(hexadecimal(byte >> 4))
        bytes.append(hexadecimal(byte & 15))
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// The lowercase digit of a value below 16.
  static func hexadecimal(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ (value &- 10)
  }
}
