/// Why a request cannot be served: the server answers with this status and closes the connection.
struct RequestFailure: Error, Equatable {
  /// 400, 413, 414, 417, 431, 501 or 505.
  let status: Int
  /// One line for the client, without any of its own bytes.
  let reason: String

  init(_ status: Int, _ reason: String) {
    self.status = status
    self.reason = reason
  }

  static func bad(_ reason: String) -> RequestFailure { RequestFailure(400, reason) }
}
