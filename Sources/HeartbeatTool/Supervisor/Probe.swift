internal import Glibc
internal import HTTP
internal import POSIX

/// Asks a program whether it works.
struct Probe: Sendable, Hashable {
  /// Seconds that one question may take.
  static let timeout = 5.0

  /// Whom one asks.
  enum Target: Sendable, Hashable {
    /// A page: `http` and `https` answer with a status 2xx or 3xx.
    case page(Endpoint)
    /// A port that takes the connection.
    case port(Endpoint)
    /// A Unix socket that takes the connection.
    case socket(String)
    /// A shell command that ends with status 0.
    case command(String)
  }

  /// What came of a question.
  enum Answer: Sendable, Hashable {
    case works
    /// It did not; the text says why, and completes "the probe URL: ".
    case fails(String)
    /// The same, but of a kind that a program that is still starting shows too: nobody listens yet.
    case absent(String)

    /// Why it does not work; nil when it does.
    var reason: String? {
      switch self {
      case .works: nil
      case .fails(let reason), .absent(let reason): reason
      }
    }
  }

  let target: Target
  /// Whose certificates are believed, for `https`.
  var trust = TLSTrust()

  /// The longest command of `exec:`, in bytes.
  static let longestCommand = 4096

  /// Reads `http://…`, `https://…`, `tcp://HOST:PORT`, `unix:/PATH` or `exec:COMMAND`; nil when it is none of these.
  init?(_ text: String) {
    let lower = text.lowercased()
    if lower.hasPrefix("unix:") {
      var path = text.dropFirst("unix:".count)
      if path.hasPrefix("///") { path = path.dropFirst(2) }
      guard path.hasPrefix("/"), path.utf8.count <= UnixAddress.longestPath, !path.utf8.contains(0) else { return nil }
      target = .socket(String(path))
    } else if lower.hasPrefix("exec:") {
      let command = text.dropFirst("exec:".count)
      guard command.contains(where: { !$0.isWhitespace }), command.utf8.count <= Self.longestCommand else { return nil }
      target = .command(String(command))
    } else if let endpoint = Endpoint(text) {
      target = endpoint.scheme == .tcp ? .port(endpoint) : .page(endpoint)
    } else {
      return nil
    }
  }

  /// Asks once; blocks for `timeout` at the most. A command is not asked here: it is a child process.
  func ask() -> Answer {
    let deadline = Deadline(after: Self.timeout)
    do throws(NetworkError) {
      switch target {
      case .port(let endpoint):
        _ = try ClientConnection(to: endpoint, deadline: deadline)
        return .works
      case .socket(let path):
        _ = try ClientConnection(toSocket: path, deadline: deadline)
        return .works
      case .page(let endpoint):
        let status = try HTTPClient.get(endpoint, timeout: Self.timeout, wantsBody: false, trust: trust).status
        return (200..<400).contains(status) ? .works : .fails("answered with status \(status), expected 2xx or 3xx")
      case .command:
        return .fails("is a command")
      }
    } catch {
      return Self.answer(error)
    }
  }

  /// None has come in time. Made once: of one that is made where it is handed over Swift 6.2 keeps the text for ever (the address
  /// sanitizer finds it).
  static let noAnswer = Answer.absent("no answer within \(seconds(timeout))")

  static func answer(_ error: NetworkError) -> Answer {
    switch error {
    case .system(let number) where [ECONNREFUSED, ENOENT, EAGAIN].contains(number.rawValue): .absent("\(error)")
    case .timeout: noAnswer
    default: .fails("\(error)")
    }
  }
}

extension Probe: CustomStringConvertible {
  var description: String {
    switch target {
    case .page(let endpoint): "\(endpoint.scheme.rawValue)://\(endpoint.authority)\(endpoint.path)"
    case .port(let endpoint): "tcp://\(endpoint.authority)"
    case .socket(let path): "unix:\(path)"
    case .command(let command): "exec:\(command)"
    }
  }
}
