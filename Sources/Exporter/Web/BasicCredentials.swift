internal import HTTP

/// What a client says of itself by `Authorization: Basic` (RFC 7617).
struct BasicCredentials: Sendable {
  let user: String
  let password: [UInt8]

  /// Reads the header field; nil when there is none of this kind, or it is broken.
  init?(_ request: Request) {
    guard let field = request.header("Authorization") else { return nil }
    let parts = field.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "basic", let bytes = BasicCredentials.decoded(parts[1]),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    else { return nil }
    user = String(decoding: bytes[..<colon], as: UTF8.self)
    password = Array(bytes[(colon + 1)...])
  }

  init(user: String, password: [UInt8]) {
    self.user = user
    self.password = password
  }

  /// Base64 of RFC 4648 section 4.
  static func decoded(_ text: Substring) -> [UInt8]? {
    let text = text.utf8.drop { $0 == UInt8(ascii: " ") }
    let digits = text.prefix { $0 != UInt8(ascii: "=") }
    guard text.count % 4 == 0, text.count - digits.count <= 2,
      text.dropFirst(digits.count).allSatisfy({ $0 == UInt8(ascii: "=") })
    else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for digit in digits {
      guard let value = value(digit) else { return nil }
      bits = bits << 6 | UInt32(truncatingIfNeeded: value)
      count += 6
      if count >= 8 {
        count -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
