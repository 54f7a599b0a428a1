/// The chunked transfer coding (RFC 9112 section 7.1), decoded piece by piece. Extensions and trailers are checked,
/// then dropped.
struct ChunkedDecoder {
  /// A size line: more hexadecimal digits than a body can need, and some room for extensions.
  static let maximumSizeLineBytes = 4096
  /// What each chunk may spend before it counts against `RequestLimits.chunkOverheadBytes`.
  static let freeBytesPerChunk = 16

  private enum State {
    case size
    case data(remaining: Int)
    case dataEnd
    case trailer
  }

  private let limits: RequestLimits
  private var state = State.size
  private var overhead = 0
  private var trailerBytes = 0
  private var trailerCount = 0

  init(limits: RequestLimits) {
    self.limits = limits
  }

  /// Appends what it can decode to `body`; true when the body and its trailers are complete.
  mutating func decode(_ input: inout LineBuffer, into body: inout [UInt8]) throws(RequestFailure) -> Bool {
    while true {
      switch state {
      case .size:
        guard let line = try takeLine(&input, limit: Self.maximumSizeLineBytes, tooLong: 400) else { return false }
        let size = try chunkSize(input.bytes[line])
        overhead += max(0, line.count - Self.freeBytesPerChunk)
        if overhead > limits.chunkOverheadBytes { throw .bad("too many chunk extensions") }
        if size > limits.bodyBytes - body.count {
          throw RequestFailure(413, "the body is larger than \(limits.bodyBytes) bytes")
        }
        state = size == 0 ? .trailer : .data(remaining: size)
      case .data(let remaining):
        let part = input.take(remaining)
        body.append(contentsOf: part)
        state = part.count == remaining ? .dataEnd : .data(remaining: remaining - part.count)
        if part.count < remaining { return false }
      case .dataEnd:
        switch input.takeLine(limit: 0) {
        case .found: state = .size
        case .incomplete: return false
        // The line end of the data is missing, or the data goes on.
        case .tooLong: throw .bad("a chunk does not end with CR LF where its size says")
        case .bareLineFeed: throw .bad("a line must end with CR LF")
        }
      case .trailer:
        let room = max(0, limits.headerBytes - trailerBytes - 2)
        guard let line = try takeLine(&input, limit: room, tooLong: 431) else { return false }
        if line.isEmpty { return true }
        trailerBytes += line.count + 2
        trailerCount += 1
        if trailerCount > limits.headerCount { throw RequestFailure(431, "too many trailers") }
        _ = try RequestHead.field(input.bytes[line])
      }
    }
  }

  private func takeLine(
    _ input: inout LineBuffer, limit: Int, tooLong: Int
  ) throws(RequestFailure) -> Range<Int>? {
    switch input.takeLine(limit: limit) {
    case .found(let line): return line
    case .incomplete: return nil
    case .tooLong: throw RequestFailure(tooLong, "a line of the chunked body is too long")
    case .bareLineFeed: throw .bad("a line must end with CR LF")
    }
  }

  private func chunkSize(_ line: ArraySlice<UInt8>) throws(RequestFailure) -> Int {
    let digits = line.prefix { ASCII.hexValue($0) != nil }
    let rest = line[digits.endIndex...].drop(while: ASCII.isOptionalSpace)
    // White space is bad only where nothing follows it: extensions may stand behind some (section 7.1.1).
    let isPlain = digits.endIndex == line.endIndex
    guard !digits.isEmpty, isPlain || rest.first == UInt8(ascii: ";"), rest.allSatisfy(ASCII.isFieldValue) else {
      throw .bad("a chunk's size is no hexadecimal number")
    }
    var size = 0
    for digit in digits {
      guard size <= Int.max >> 4 else { throw RequestFailure(413, "a chunk is too large") }
      size = size << 4 | (ASCII.hexValue(digit) ?? 0)
    }
    return size
  }
}
