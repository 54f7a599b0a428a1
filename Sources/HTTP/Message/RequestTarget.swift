/// The forms of a request's target (RFC 9112 section 3.2).
enum RequestTarget {
  /// Path and query of a target in origin form or absolute form; `*` stays itself, for `OPTIONS` alone.
  static func normalised(
    _ target: ArraySlice<UInt8>, method: Request.Method
  ) throws(RequestFailure) -> ArraySlice<UInt8> {
    guard target.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
      throw .bad("the target has a character that must be percent-encoded")
    }
    var target = target
    if target.elementsEqual("*".utf8) {
      if method == .options { return target }
      throw .bad("only OPTIONS can ask for *")
    }
    if target.first != ASCII.slash { target = try withoutAuthority(target) }
    let path = target.prefix { $0 != UInt8(ascii: "?") }
    guard PercentEncoding.decodedStrictly(path) != nil else {
      throw .bad("the path is not well percent-encoded")
    }
    return target
  }

  /// Whether `bytes` are `host` or `host:port`.
  static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    if rest.first == UInt8(ascii: "[") {
      guard let end = rest.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let address = rest[(rest.startIndex + 1)..<end]
      guard !address.isEmpty, address.allSatisfy({ ASCII.isHost($0) || $0 == ASCII.colon }) else { return false }
      rest = rest[(end + 1)...]
    } else {
      let host = rest.prefix { $0 != ASCII.colon }
      guard !host.isEmpty, host.allSatisfy(ASCII.isHost) else { return false }
      rest = rest[host.endIndex...]
    }
    return rest.isEmpty || (rest.first == ASCII.colon && rest.dropFirst().allSatisfy(ASCII.isDigit))
  }

  private static func withoutAuthority(_ target: ArraySlice<UInt8>) throws(RequestFailure) -> ArraySlice<UInt8> {
    let scheme = target.prefix { $0 != ASCII.colon }
    guard ASCII.equals(scheme, "http") || ASCII.equals(scheme, "https"),
      target[scheme.endIndex...].starts(with: "://".utf8)
    else { throw .bad("the target is neither a path nor a URL") }
    let rest = target[(scheme.endIndex + 3)...]
    let authority = rest.prefix { $0 != ASCII.slash && $0 != UInt8(ascii: "?") }
    guard isAuthority(authority) else { throw .bad("the target's host is no host") }
    let path = rest[authority.endIndex...]
    if path.first == ASCII.slash { return path }
    return ([ASCII.slash] + path)[...]
  }
}
