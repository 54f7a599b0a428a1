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
    for element in WeightedList(acceptEncoding).elements where element.parameters.isEmpty {
      switch element.value {
      case "gzip", "x-gzip": gzip = max(gzip ?? 0, element.weight)
      case "identity": identity = max(identity ?? 0, element.weight)
      case "*": other = max(other ?? 0, element.weight)
      default: break
      }
    }
    let gzipWeight = gzip ?? other ?? 0
    // Identity that is not mentioned is acceptable, but less than anything that is.
    let identityWeight = identity ?? other
    if gzipWeight > 0, gzipWeight >= identityWeight ?? gzipWeight { return .gzip }
    return identityWeight == 0 ? .notAcceptable : .identity
  }
}
