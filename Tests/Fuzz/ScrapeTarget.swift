@testable import HTTP
@testable import HeartbeatTool

/// What the tool reads from the server that it watches.
func fuzzScrape(_ input: UnsafeRawBufferPointer) {
  let bytes = Array(input)
  if let head = HTTPClient.parseHead(bytes) {
    require((0...bytes.count).contains(head.size), "a head longer than its bytes")
    require((head.length ?? 0) >= 0, "a length below zero")
    if let body = HTTPClient.joinChunks(Array(bytes.dropFirst(head.size))) {
      require(body.count < bytes.count, "more than was sent")
    }
  }
  _ = MetricsReader(bytes) { _ in true }
}
