internal import Glibc
internal import HTTP
internal import Heartbeat
internal import JSON
internal import POSIX

/// Why the API does not do what it was asked for: the status and the sentence that the client reads.
struct APIError: Error {
  let status: Int
  let message: String
  /// Where in the body it stopped being JSON.
  var position: Position?
  /// What else the client is told: when to try again, which methods are right, what a body may be.
  let headers: [(String, String)]

  /// A place in a text; all but the offset count from 1.
  struct Position {
    let offset: Int
    let line: Int
    let column: Int
  }

  /// - Parameter retryAfter: after so many seconds it may be tried again.
  init(_ status: Int, _ message: String, retryAfter: Int? = nil, headers: [(String, String)] = []) {
    self.status = status
    self.message = message
    self.headers = headers + (retryAfter.map { [("Retry-After", String($0))] } ?? [])
  }

  /// A body that is no JSON.
  init(_ error: JSONError, in body: [UInt8]) {
    let before = body.prefix(error.offset)
    let line = before.count { $0 == UInt8(ascii: "\n") } + 1
    let column = before.count - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
    self.init(400, "the body is not JSON: \(error.reason) at line \(line), column \(column)")
    position = Position(offset: error.offset, line: line, column: column)
  }

  /// A file that could not be written.
  init(_ error: HeartbeatError) {
    switch error {
    case .cannotWrite(_, let cause) where cause.isOutOfSpace, .cannotLock(_, let cause) where cause.isOutOfSpace,
      .cannotRead(_, let cause) where cause.isOutOfSpace:
      self.init(507, "\(error)", retryAfter: 10)
    case .tooLarge: self.init(507, "\(error)")
    case .invalidBeat: self.init(422, "\(error)")
    default: self.init(503, "\(error)", retryAfter: 1)
    }
  }

  /// The answer: `{"error": {"status": 400, "message": "...", "position": {...}}}`.
  var response: Response {
    var error: JSONObject = ["status": .integer(Int64(widening: status)), "message": .string(message)]
    if let position {
      error["position"] = .object([
        "offset": .integer(Int64(widening: position.offset)), "line": .integer(Int64(widening: position.line)),
        "column": .integer(Int64(widening: position.column)),
      ])
    }
    let headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")] + headers
    let body = JSONValue.object(["error": .object(error)]).serialised() + [UInt8(ascii: "\n")]
    return Response(status: status, headers: headers, body: body)
  }
}

extension Errno {
  /// Whether there is no room for a file, or will be none: a full disk, a used-up quota, a read-only file system.
  fileprivate var isOutOfSpace: Bool { [ENOSPC, EDQUOT, EFBIG, EROFS].contains(rawValue) }
}
