/// The URL of a server, and who asks it: `http://[user[:password]@]host:port/path`, or `https://…`.
package struct ServerURL: Hashable, Sendable, CustomStringConvertible {
  package let endpoint: Endpoint
  /// The value of `Authorization` (RFC 7617); nil without a user.
  package let authorization: String?
  /// Whether the URL itself has a password, which does not belong on a command line.
  package let namesPassword: Bool

  /// Reads a URL; nil when it is none of these kinds.
  ///
  /// - Parameter password: of the URL's user, when it is not in the URL.
  package init?(_ text: String, password: String? = nil) {
    let lower = text.lowercased()
    guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else { return nil }
    let rest = text.dropFirst(scheme.count)
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    var bare = rest
    if let at = authority.lastIndex(of: "@") {
      let pair = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let user = Self.decoded(pair[0]), let named = Self.decoded(pair.count > 1 ? pair[1] : "") else {
        return nil
      }
      namesPassword = pair.count > 1
      let secret = password.map { Array($0.utf8) } ?? named
      authorization = "Basic " + Self.base64(user + [UInt8(ascii: ":")] + secret)
      bare = rest[rest.index(after: at)...]
    } else {
      authorization = nil
      namesPassword = false
    }
    guard let endpoint = Endpoint(scheme + bare) else { return nil }
    self.endpoint = endpoint
  }

  /// The server, without its user.
  package var description: String { "\(endpoint.scheme.rawValue)://\(endpoint.authority)" }

  /// A page below this URL's path; nil when the text has something that has no place in a URL.
  package func page(_ path: String) -> Endpoint? {
    Endpoint(description + (endpoint.path.hasSuffix("/") ? endpoint.path : endpoint.path + "/") + path)
  }

  private static func decoded(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  /// RFC 4648, section 4.
  package static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for place in 0..<3 {
        bits = bits << 8 | (place < part.count ? UInt32(truncatingIfNeeded: part[start + place]) : 0)
      }
      for place in 0..<4 {
        text.append(place <= part.count ? digits[Int(widening: bits >> (18 - 6 * place)) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
