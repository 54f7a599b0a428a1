/// Where a text stops being JSON, and what was expected there.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The byte offset from the text's beginning.
  public let offset: Int
  /// What is wrong there.
  public let reason: String

  package init(offset: Int, reason: String) {
    self.offset = offset
    self.reason = reason
  }

  package init(_ error: JSONParseError, in text: UnsafeRawBufferPointer) {
    switch error {
    case .empty, .torn: self.init(offset: text.count, reason: "the text ends early")
    case .notJSON(let offset, let expected), .wrongShape(let offset, let expected):
      self.init(offset: offset, reason: "expected \(expected)")
    }
  }

  /// Such as `expected a value at byte 17`.
  public var description: String { "\(reason) at byte \(offset)" }

  /// Gives a parser the text's bytes; they stay where they are until it returns.
  package static func catching<Value>(
    in text: [UInt8], _ parse: (JSONCursor) throws(JSONParseError) -> Value
  ) throws(JSONError) -> Value {
    let result: Result<Value, JSONError> = text.withUnsafeBytes { bytes in
      do throws(JSONParseError) {
        return .success(try parse(JSONCursor(bytes.bindMemory(to: UInt8.self))))
      } catch {
        return .failure(JSONError(error, in: bytes))
      }
    }
    return try result.get()
  }
}
