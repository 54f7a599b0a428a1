internal import POSIX

/// What is on its way to a client: a head made for it and a body that others may share.
struct Output: Sendable {
  enum Outcome {
    case complete
    case blocked(Transport.Blocked)
    case failed(Errno)
    case rejected(String)
  }

  /// The head, then the pieces of the body.
  private var pieces: [[UInt8]]
  /// How many bytes are out.
  private(set) var sent = 0
  private let length: Int
  private let headLength: Int
  /// The first piece that is not out altogether, and how many of its bytes are.
  private var next = 0
  private var sentOfNext = 0
  /// `100 Continue`, which does not answer the request.
  let isInterim: Bool

  init(head: [UInt8], body: [[UInt8]] = [], isInterim: Bool = false) {
    pieces = [head] + body
    headLength = head.count
    length = pieces.reduce(0) { $0 + $1.count }
    self.isInterim = isInterim
  }

  var isComplete: Bool { sent == length }
  /// What this keeps in memory until it is complete.
  var held: [UntakenResponses.Piece] {
    pieces.map { piece in
      piece.withUnsafeBufferPointer {
        UntakenResponses.Piece(address: UInt(bitPattern: $0.baseAddress), count: $0.count)
      }
    }
  }
  var bodyBytesSent: Int { max(0, sent - headLength) }

  /// Sends as much as `send` takes.
  mutating func flush(_ send: ([UnsafeRawBufferPointer]) -> Transport.Outcome) -> Outcome {
    while !isComplete {
      switch sendSome(send) {
      case .moved(let count): moved(count)
      case .blocked(let direction): return .blocked(direction)
      case .failed(let error): return .failed(error)
      case .rejected(let reason): return .rejected(reason)
      case .ended: return .complete
      }
    }
    // Whoever made them may use their memory again.
    pieces = []
    return .complete
  }

  private mutating func moved(_ count: Int) {
    sent += count
    sentOfNext += count
    while next < pieces.count, sentOfNext >= pieces[next].count {
      sentOfNext -= pieces[next].count
      next += 1
    }
  }

  /// The most pieces that one system call is given; each takes a frame of the stack here.
  private static let piecesAtOnce = 24

  private func sendSome(_ send: ([UnsafeRawBufferPointer]) -> Transport.Outcome) -> Transport.Outcome {
    var first = sentOfNext
    var vectors: [UnsafeRawBufferPointer] = []
    vectors.reserveCapacity(Output.piecesAtOnce)
    let end = min(next + Output.piecesAtOnce, pieces.count)
    // The pointers are used within the innermost closure alone, while all the pieces are held.
    func add(_ index: Int) -> Transport.Outcome {
      guard index < end else { return send(vectors) }
      return pieces[index].withUnsafeBytes { bytes in
        vectors.append(UnsafeRawBufferPointer(rebasing: bytes[first...]))
        first = 0
        return add(index + 1)
      }
    }
    return add(next)
  }
}

/// What a request and its connection say of the form of the answer.
struct AnswerForm: Sendable {
  /// The client asks for the head alone.
  var isHeadOnly = false
  var isHTTP10 = false
  /// Whether the connection carries another request after this answer.
  var keepsAlive = true

  /// The bytes of an answer in this form.
  ///
  /// - Parameter further: what every answer has.
  func output(_ response: Response, further: FurtherHeaders?) -> Output {
    let field = keepsAlive ? (isHTTP10 ? "keep-alive" : nil) : "close"
    return Output(
      head: response.head(date: Int(clamping: Clock.realtime), connection: field, further: further),
      body: response.mayHaveBody && !isHeadOnly ? response.pieces : [])
  }
}
