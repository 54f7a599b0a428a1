/// The header fields of a request, in the order in which they came; names are compared without case (RFC 9110 section 5.1).
public struct Headers: Sendable {
  // Names and values lie in one array: a request costs two allocations here, not two per field.
  private var bytes: [UInt8] = []
  private var fields: [Field] = []

  private struct Field: Sendable {
    var name: Range<Int>
    var value: Range<Int>
  }

  /// No fields at all.
  public init() {}

  /// Fields from names and values, as tests write them.
  public init(_ fields: [(String, String)]) {
    for (name, value) in fields { append(name: Array(name.utf8)[...], value: Array(value.utf8)[...]) }
  }

  /// How many field lines there are; a name that came twice counts twice.
  public var count: Int { fields.count }

  /// Every field line in the order of the request.
  public var all: [(name: String, value: String)] {
    fields.map { (String(decoding: bytes[$0.name], as: UTF8.self), String(decoding: bytes[$0.value], as: UTF8.self)) }
  }

  /// The value of a field; several lines of one name are joined by `, ` (RFC 9110 section 5.2). nil when there is none.
  ///
  /// It is ASCII, as all fields are that have a meaning here: in the place of each byte beyond it stands a question mark, which makes no
  /// value another one that has a meaning. What comes from anybody is then compared in time that grows with its length alone.
  public subscript(name: String) -> String? {
    var result: String?
    for field in fields where matches(field.name, name) {
      let value = ASCII.text(bytes[field.value])
      if let earlier = result { result = earlier + ", " + value } else { result = value }
    }
    return result
  }

  mutating func append(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>) {
    let start = bytes.count
    bytes.append(contentsOf: name)
    let middle = bytes.count
    bytes.append(contentsOf: value)
    fields.append(Field(name: start..<middle, value: middle..<bytes.count))
  }

  private func matches(_ range: Range<Int>, _ name: String) -> Bool {
    let other = name.utf8
    guard other.count == range.count else { return false }
    var index = range.lowerBound
    for byte in other {
      if ASCII.lowercase(bytes[index]) != ASCII.lowercase(byte) { return false }
      index += 1
    }
    return true
  }
}
