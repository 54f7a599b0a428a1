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
}
