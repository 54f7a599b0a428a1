@testable import Exporter
@testable import HTTPServer

/// Headers and flags by which a client or an operator chooses something.
func fuzzNegotiation(_ input: UnsafeRawBufferPointer) {
  let text = String(decoding: input, as: UTF8.self)
  let coding = ContentCoding.negotiate(acceptEncoding: text)
  // A refused element changes nothing, so one that is no token may stand in front.
  require(ContentCoding.negotiate(acceptEncoding: "=," + text) == coding, "a malformed element counts")
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
