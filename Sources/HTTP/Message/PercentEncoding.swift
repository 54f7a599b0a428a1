/// The `%20` of RFC 3986 section 2.1.
enum PercentEncoding {
  /// The decoded bytes; nil when a `%` is not followed by two hexadecimal digits, or a NUL is hidden in it.
  static func decodedStrictly(_ text: some Sequence<UInt8>) -> [UInt8]? {
    decode(text, plusIsSpace: false, lenient: false)
  }

  /// A path with all decoded but the slashes and percent signs that are characters of a segment: they stay `%2F` and `%25`, so
  /// that it can be told what separates segments (RFC 3986 section 2.2). nil as for `decodedStrictly`.
  static func decodedPath(_ path: some Sequence<UInt8>) -> [UInt8]? {
    var result: [UInt8] = []
    for (place, segment) in Array(path).split(separator: slash, omittingEmptySubsequences: false).enumerated() {
      guard let decoded = decodedStrictly(segment) else { return nil }
      if place > 0 { result.append(slash) }
      for byte in decoded {
        switch byte {
        case slash: result += "%2F".utf8
        case UInt8(ascii: "%"): result += "%25".utf8
        default: result.append(byte)
        }
      }
    }
    return result
  }

  private static let slash = UInt8(ascii: "/")

  /// The decoded bytes of a query's name or value: `+` is a space, a `%` that encodes nothing stands for itself.
  static func decodedQuery(_ text: some Sequence<UInt8>) -> [UInt8] {
    decode(text, plusIsSpace: true, lenient: true) ?? []
  }

  private static func decode(_ text: some Sequence<UInt8>, plusIsSpace: Bool, lenient: Bool) -> [UInt8]? {
    let bytes = Array(text)
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "+"), plusIsSpace {
        result.append(ASCII.space)
      } else if byte != UInt8(ascii: "%") {
        result.append(byte)
      } else if index + 1 < bytes.count, let high = ASCII.hexValue(bytes[index]),
        let low = ASCII.hexValue(bytes[index + 1]), lenient || high + low > 0
      {
        result.append(UInt8(truncatingIfNeeded: high << 4 | low))
        index += 2
      } else if lenient {
        result.append(byte)
      } else {
        return nil
      }
    }
    return result
  }
}
