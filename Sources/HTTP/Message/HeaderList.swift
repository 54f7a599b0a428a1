/// A header field that lists words, as `Content-Encoding` does (RFC 9110 section 5.6.1).
public enum HeaderList {
  /// The words in lower case, without the empty ones, which mean nothing (section 5.6.1.2).
  public static func elements(_ field: String) -> [String] {
    elements(Array(field.utf8)[...]).map { String(decoding: $0.map(ASCII.lowercase), as: UTF8.self) }
  }

  /// The same of bytes as they came.
  static func elements(_ field: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    field.split(separator: ASCII.comma).map(ASCII.trimmed).filter { !$0.isEmpty }
  }
}
