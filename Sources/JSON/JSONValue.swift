/// Any JSON value (RFC 8259): what a program puts into, and finds in, `additional_data`.
///
/// Numbers that are whole and fit stay integers, so a byte count of 2^53 + 1 survives; an object keeps its members'
/// order.
public enum JSONValue: Sendable, Equatable {
  /// `null`
  case null
  /// `true` or `false`
  case bool(Bool)
  /// A number without fraction and exponent that fits 64 bits.
  case integer(Int64)
  /// Any other number. One that JSON cannot spell (NaN, infinities) is written as `null`.
  case number(Double)
  /// A string, without its escapes.
  case string(String)
  /// `[ ... ]`
  case array([JSONValue])
  /// `{ ... }`
  case object(JSONObject)

  /// Whether both are the same: texts by their bytes, and a whole number is none of the others.
  public static func == (one: JSONValue, other: JSONValue) -> Bool {
    switch (one, other) {
    case (.null, .null): true
    case (.bool(let one), .bool(let other)): one == other
    case (.integer(let one), .integer(let other)): one == other
    case (.number(let one), .number(let other)): one == other
    case (.string(let one), .string(let other)): one.isSame(as: other)
    case (.array(let one), .array(let other)): one == other
    case (.object(let one), .object(let other)): one == other
    case (.null, _), (.bool, _), (.integer, _), (.number, _), (.string, _), (.array, _), (.object, _): false
    }
  }
}

extension String {
  // Swift's `==` takes texts for the same that are not, and may take the square of their length for it.
  fileprivate func isSame(as other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }
}

/// The members of a JSON object in the order in which they stand.
public struct JSONObject: Sendable, Equatable {
  /// One `"key": value`.
  public struct Member: Sendable, Equatable {
    /// Whether key and value are the same.
    public static func == (one: Member, other: Member) -> Bool {
      one.key.isSame(as: other.key) && one.value == other.value
    }

    /// The key, without its escapes.
    public var key: String
    /// What it stands for.
    public var value: JSONValue

    /// Puts a key and a value together.
    public init(key: String, value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// The members, in order; a key that is there twice counts with its last value.
  public private(set) var members: [Member]

  /// Takes members over as they are.
  public init(_ members: [Member] = []) {
    self.members = members
  }

  /// True when there is no member.
  public var isEmpty: Bool { members.isEmpty }

  /// How many members there are.
  public var count: Int { members.count }

  /// The value of a key; nil when it is not there. Setting nil removes the key, setting a new key appends it.
  ///
  /// Keys are compared by their bytes, as everywhere in this module: `é` and `e` with an accent behind it are two.
  public subscript(key: String) -> JSONValue? {
    get { members.last { $0.key.isSame(as: key) }?.value }
    set {
      guard let newValue else { return members.removeAll { $0.key.isSame(as: key) } }
      if let index = members.lastIndex(where: { $0.key.isSame(as: key) }) {
        members[index].value = newValue
      } else {
        members.append(Member(key: key, value: newValue))
      }
    }
  }

  /// These members, with those of another object set one after the other: in time that grows with how many there are.
  public func merging(_ other: JSONObject) -> JSONObject {
    var merged = members
    var places: [[UInt8]: Int] = [:]
    for (place, member) in members.enumerated() { places[Array(member.key.utf8)] = place }
    for member in other.members {
      let key = Array(member.key.utf8)
      if let place = places[key] {
        merged[place].value = member.value
      } else {
        places[key] = merged.count
        merged.append(member)
      }
    }
    return JSONObject(merged)
  }

  /// Appends a member without looking whether the key is there already.
  public mutating func append(_ key: String, _ value: JSONValue) {
    members.append(Member(key: key, value: value))
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// `["offset": 140, "debug_mode": false]`, in that order.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements.map { Member(key: $0.0, value: $0.1) })
  }
}

extension JSONValue {
  /// A whole number of a program's own, such as an `Int`; one that 64 bits do not hold becomes the nearest `number`.
  public init(_ value: some BinaryInteger) {
    self = Int64(exactly: value).map { .integer($0) } ?? .number(Double(value))
  }

  /// A number of a program's own.
  public init(_ value: some BinaryFloatingPoint) { self = .number(Double(value)) }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// `null`
  public init(nilLiteral: ()) { self = .null }
  /// `true` or `false`
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A whole number.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A number with a fraction.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object, in the literal's order.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements.map { JSONObject.Member(key: $0.0, value: $0.1) }))
  }
}

extension JSONValue {
  /// The number as a `Double`, booleans excluded; nil for every other value.
  public var doubleValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// The whole number; nil for every other value.
  public var integerValue: Int64? {
    switch self {
    case .integer(let value): value
    case .number(let value): Int64(exactly: value)
    default: nil
    }
  }

  /// The string; nil for every other value.
  public var stringValue: String? {
    if case .string(let value) = self { value } else { nil }
  }

  /// The object; nil for every other value.
  public var objectValue: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }
}
