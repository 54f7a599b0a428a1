/// Which coding an answer's body is sent in (RFC 9110 section 12.5.3).
public enum ContentCoding: Sendable, Equatable {
  /// As it is.
  case identity
  /// Compressed by gzip.
  case gzip
  /// The client refuses both: 406.
  case notAcceptable

  /// Chooses by the value of `Accept-Encoding`, nil when there is none.
  ///
  /// gzip is chosen when the client names it, or `*`, and does not prefer identity. An element that is malformed is
  /// as if it was not there.
  public static func negotiate(acceptEncoding: String?) -> ContentCoding {
    guard let acceptEncoding else { return .identity }
    var gzip: Int?
    var identity: Int?
    var other: Int?
    for element in Array(acceptEncoding.utf8).split(separator: ASCII.comma) {
      let parts = element.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
      guard let first = parts.first, let weight = weight(parts.dropFirst()) else { continue }
      let coding = ASCII.trimmed(first)
      if ASCII.equals(coding, "gzip") || ASCII.equals(coding, "x-gzip") {
        gzip = max(gzip ?? 0, weight)
      } else if ASCII.equals(coding, "identity") {
        identity = max(identity ?? 0, weight)
      } else if ASCII.equals(coding, "*") {
        other = max(other ?? 0, weight)
      }
    }
    let gzipWeight = gzip ?? other ?? 0
    // Identity that is not mentioned is acceptable, but less than anything that is.
    let identityWeight = identity ?? other
    if gzipWeight > 0 && gzipWeight >= identityWeight ?? 0 { return .gzip }
    return identityWeight == 0 ? .notAcceptable : .identity
  }

  /// The weight in thousandths; 1000 when none is given, nil when it is malformed.
  private static func weight(_ parameters: ArraySlice<ArraySlice<UInt8>>) -> Int? {
    var result = 1000
    for parameter in parameters {
      let text = ASCII.trimmed(parameter)
      guard text.count >= 2, ASCII.lowercase(text[text.startIndex]) == UInt8(ascii: "q"),
        text[text.startIndex + 1] == UInt8(ascii: "=")
      else { return nil }
      let digits = Array(text.dropFirst(2))
      guard let whole = digits.first, whole == UInt8(ascii: "0") || whole == UInt8(ascii: "1"), digits.count <= 5,
        digits.count == 1 || digits[1] == UInt8(ascii: ".")
      else { return nil }
      result = whole == UInt8(ascii: "1") ? 1000 : 0
      var unit = 100
      for digit in digits.dropFirst(2) {
        guard ASCII.isDigit(digit) else { return nil }
        result += Int(digit - UInt8(ascii: "0")) * unit
        unit /= 10
      }
      if result > 1000 { return nil }
    }
    return result
  }
}
