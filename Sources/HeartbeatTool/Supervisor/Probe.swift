internal import POSIX

/// Asks a program whether it works.
struct Probe: Sendable {
  /// Seconds that one question may take.
  static let timeout = 5.0

  let endpoint: Endpoint

  /// Whether it works: an `http` endpoint answers 2xx or 3xx, a `tcp` one takes the connection. Blocks for `timeout`
  /// at the most (and a name lookup).
  func ask() -> Bool {
    switch endpoint.scheme {
    case .tcp:
      guard let connection = try? Connection(to: endpoint, deadline: Deadline(after: Self.timeout)) else {
        return false
      }
      _ = consume connection
      return true
    case .http:
      guard let answer = try? HTTPClient.get(endpoint, timeout: Self.timeout, wantsBody: false) else { return false }
      return (200..<400).contains(answer.status)
    }
  }
}
