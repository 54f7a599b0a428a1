package import POSIX

/// Why a peer gave no answer.
package enum NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name has no address; the text is that of `gai_strerror(3)`.
  case unknownHost(String)
  /// A system call failed.
  case system(Errno)
  /// It took longer than allowed.
  case timeout
  /// The answer is longer than allowed.
  case tooLarge
  /// It ended the connection without an answer.
  case closed
  /// What it answered is no HTTP.
  case notHTTP
  /// No encryption came about: its certificate is not trusted, or it speaks no TLS. The text says which.
  case encryption(String)
  /// The peer refused the handshake with an alert (RFC 8446, section 6), as one does that wants a certificate: somebody is
  /// there and works. The text says which alert.
  case alert(String)

  package var description: String {
    switch self {
    case .unknownHost(let reason): reason
    case .system(let error): error.description
    case .timeout: "timed out"
    case .tooLarge: "the answer is too large"
    case .closed: "it closed the connection"
    case .notHTTP: "the answer is not HTTP"
    case .encryption(let reason): reason
    case .alert(let reason): "no TLS: \(reason)"
    }
  }
}
