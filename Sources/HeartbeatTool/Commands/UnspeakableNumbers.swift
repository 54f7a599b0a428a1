internal import Flags
internal import JSON

/// `NaN`, infinities and numbers beyond a double's: JSON would have null for them. Such a number costs itself, not the beat, and is named.
struct UnspeakableNumbers {
  /// So many are named.
  private static let mostNamed = 10

  /// Where they stood.
  private(set) var paths: [String] = []

  /// The object without them.
  mutating func takeOut(of object: JSONObject) -> JSONObject { takeOut(of: object, at: "") }

  private mutating func takeOut(of object: JSONObject, at path: String) -> JSONObject {
    JSONObject(
      object.members.compactMap { member in
        takeOut(of: member.value, at: path + member.key).map { JSONObject.Member(key: member.key, value: $0) }
      })
  }

  private mutating func takeOut(of value: JSONValue, at path: String) -> JSONValue? {
    switch value {
    case .number(let number) where !number.isFinite:
      if paths.count < Self.mostNamed { paths.append(quoted(path)) }
      return nil
    case .object(let object): return .object(takeOut(of: object, at: path + "."))
    case .array(let values):
      // The others keep their places.
      return .array(values.enumerated().map { takeOut(of: $1, at: "\(path)[\($0)]") ?? .null })
    default: return value
    }
  }
}
