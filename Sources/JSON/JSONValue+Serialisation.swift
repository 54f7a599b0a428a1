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
