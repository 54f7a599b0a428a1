@testable import HTTP

/// Requests: the same bytes give the same outcome in one piece, byte by byte, and cut where the input says.
func fuzzRequest(_ input: UnsafeRawBufferPointer) {
  let whole = outcomes(of: input, piece: { _ in .max })
  require(outcomes(of: input, piece: { _ in 1 }) == whole, "byte by byte it is another request")
  require(outcomes(of: input, piece: { Int($0 % 7) + 1 }) == whole, "cut elsewhere it is another request")
}

private func outcomes(of input: UnsafeRawBufferPointer, piece: (UInt8) -> Int) -> [String] {
  var limits = RequestLimits()
  // Small, so that the fuzzer meets them.
  (limits.requestLineBytes, limits.headerBytes, limits.headerCount, limits.bodyBytes) = (100, 300, 10, 200)
  var parser = RequestParser(limits: limits)
  var found: [String] = []
  var index = 0
  while true {
    switch parser.next() {
    case .needsMore:
      guard index < input.count else { return found }
      let end = index + min(piece(input[index]), input.count - index)
      parser.append(UnsafeRawBufferPointer(rebasing: input[index..<end]))
      index = end
    case .expectsContinue: break  // depends on how much of the body has come
    case .request(let request, let keepsAlive):
      require(request.body.count <= limits.bodyBytes, "a body above its limit")
      require(request.rawPath.first == "/" || request.rawPath == "*", "a path without a slash")
      require(request.headers.all.count <= limits.headerCount, "more headers than the limit")
      for (name, value) in request.headers.all {
        require(!name.isEmpty, "a header without a name")
        require(!value.utf8.contains { $0 == 13 || $0 == 10 || $0 == 0 }, "a line end in a header")
      }
      found.append("\(request.method) \(request.rawPath) \(request.query) \(request.headers.all) \(request.body)")
      found.append("\(keepsAlive)")
    case .failure(let failure):
      require((400...599).contains(failure.status), "a failure that is none: \(failure.status)")
      found.append("\(failure.status) \(failure)")
      return found
    }
  }
}
