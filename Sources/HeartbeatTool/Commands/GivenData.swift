internal import Flags
internal import Glibc
internal import JSON
internal import POSIX

/// The data of a beat as they are given on the command line: `--json OBJECT`, and what `--data KEY=VALUE` adds to it.
enum GivenData {
  /// The most bytes of JSON that are read from standard input.
  static let longestInput = 1 << 20

  /// nil when neither was given.
  case given(JSONObject?)
  /// Standard input cannot be read, which is said.
  case unreadable

  /// - Parameters:
  ///   - json: the text of an object; `-` for standard input.
  ///   - pairs: each `KEY=VALUE`.
  /// - Throws: for what is neither.
  init(json: String?, pairs: [String]) throws(FlagError) {
    var object: JSONObject?
    if let json {
      var bytes = Array(json.utf8)
      if json == "-" {
        bytes = []
        do throws(Errno) {
          try StandardInput.read(into: &bytes, limit: Self.longestInput)
        } catch {
          let isTooLong = error.rawValue == EFBIG
          Console.error(
            isTooLong
              ? "standard input has more than \(Self.longestInput) bytes" : "cannot read standard input: \(error)")
          self = .unreadable
          return
        }
      }
      object = try Self.parse(bytes, from: json == "-" ? "standard input" : "--json")
    }
    for pair in pairs {
      let (key, value) = try DataValue.member(pair)
      object = object ?? [:]
      object?[key] = value
    }
    self = .given(object)
  }

  private static func parse(_ bytes: [UInt8], from source: String) throws(FlagError) -> JSONObject {
    // As a text with other signs in their place two keys could become one.
    guard String(validating: bytes, as: UTF8.self) != nil else { throw .invalid("\(source): expected UTF-8") }
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw .invalid("\(source): \(error)")
    }
    guard let object = value.objectValue else { throw .invalid("\(source): expected a JSON object") }
    var numbers = UnspeakableNumbers()
    let kept = numbers.takeOut(of: object)
    if !numbers.paths.isEmpty {
      Console.error("\(source): left out, since no number of JSON is near: \(numbers.paths.joined(separator: ", "))")
    }
    return kept
  }
}
