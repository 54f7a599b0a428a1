internal import Glibc
internal import POSIX

/// Asks a server on this host how it is, as a container's or an orchestrator's health check does.
public enum HealthProbe {
  /// What the server did.
  public enum Answer: Sendable, Equatable {
    /// It answered with this status.
    case status(Int)
    /// It refused the handshake, as one does that wants a client's certificate: somebody is there and works.
    case handshakeRefused
  }

  /// Why there is no answer.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    /// The sentence that a user reads.
    public let description: String
  }

  /// Sends one GET. Blocks for `timeout` seconds at the most.
  ///
  /// - Parameters:
  ///   - address: where the server listens; an address that means all of the host's is asked by loopback.
  ///   - usesTLS: whether the server speaks TLS. Its certificate is not checked: it is made for the names that others
  ///     know the server by.
  public static func get(
    _ path: String, of address: ListenAddress, usesTLS: Bool, timeout: Double
  ) throws(Failure) -> Answer {
    var candidates: [SocketAddress]
    do throws(ServerError) {
      candidates = try address.resolved()
    } catch {
      throw Failure(description: error.description)
    }
    if candidates.isEmpty || candidates.contains(where: { $0.bytes.allSatisfy { $0 == 0 } }) {
      let loopback6 = SocketAddress(bytes: [UInt8](repeating: 0, count: 15) + [1], port: address.port)
      candidates = [SocketAddress(bytes: [127, 0, 0, 1], port: address.port), loopback6]
    }
    let request = "GET \(path) HTTP/1.1\r\nHost: localhost:\(address.port)\r\nConnection: close\r\n\r\n"
    do throws(NetworkError) {
      let connection = try ClientConnection(
        toAnyOf: candidates, encryptedFor: usesTLS ? "localhost" : nil, Deadline(after: timeout),
        TLSTrust(isBlind: true, takesAnyProtocol: true))
      return .status(try HTTPClient.exchange(Array(request.utf8), connection, wantsBody: false).status)
    } catch {
      if case .alert = error { return .handshakeRefused }
      throw Failure(description: error == .timeout ? "no answer in time" : error.description)
    }
  }
}
