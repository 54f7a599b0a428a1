/// Why bytes are not the JSON that a reader asked for.
public enum JSONParseError: Error, Hashable, Sendable {
  /// There is nothing but white space.
  case empty
  /// The text ends before its JSON does, as when it is being written.
  case torn
  /// At this byte something else stands than JSON has there.
  case notJSON(offset: Int, expected: String)
  /// It is JSON, and at this byte something else stands than its reader takes there.
  case wrongShape(offset: Int, expected: String)
}
