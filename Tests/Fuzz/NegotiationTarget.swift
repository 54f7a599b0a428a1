@testable import Exporter
import Exposition

@testable import Exporter
@testable import HTTP

/// Headers and flags by which a client or an operator chooses something.
func fuzzNegotiation(_ input: UnsafeRawBufferPointer) {
  let text = String(decoding: input, as: UTF8.self)
  let coding = ContentCoding.negotiate(acceptEncoding: text)
  // A refused element changes nothing, so one that is no token may stand in front.
  require(ContentCoding.negotiate(acceptEncoding: "=," + text) == coding, "a malformed element counts")
  let style = ExpositionStyle.negotiate(accept: text)
  require(ExpositionStyle.negotiate(accept: "=," + text) == style, "a malformed element counts")
  require(
    style.contentType.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
      && ExpositionStyle.negotiate(accept: style.contentType) == style,
    "a content type that asks for something else: \(style.contentType)")
  // Whatever the scheme, a name is one that every reader takes.
  for escaping in NameEscaping.allCases where escaping != .allowUTF8 && !text.isEmpty {
    let name = escaping.escape("x" + text)
    require(
      name.utf8.allSatisfy { byte in byte == UInt8(ascii: "_") || byte == UInt8(ascii: ":") || isAlphanumeric(byte) },
      "a name that is none: \(name)")
  }
  if let address = try? ListenAddress(text) {
    require((try? ListenAddress("\(address)")) == address, "an address that does not read back: \(address)")
  }
  _ = RequestOrigin.isOwnName(text)
  if let bytes = BasicCredentials.decoded(text[...]) {
    require(bytes.count <= text.utf8.count / 4 * 3, "more than was encoded")
  }
  if let seconds = try? GoDuration.parse(text, longest: 86_400) {
    require((0...86_400).contains(seconds), "a duration beyond its bounds: \(seconds)")
  }
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"):
    true
  default: false
  }
}
