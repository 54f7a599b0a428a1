internal import COpenSSL
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

  /// Sends one GET. Blocks, at most for `timeout` seconds per step.
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
    var failure = Errno(EADDRNOTAVAIL)
    for candidate in candidates {
      let descriptor: FileDescriptor
      do throws(Errno) {
        descriptor = try connect(to: candidate, timeout: timeout)
      } catch {
        failure = error
        continue
      }
      let request = "GET \(path) HTTP/1.1\r\nHost: \(candidate)\r\nConnection: close\r\n\r\n"
      if usesTLS { return try exchangeEncrypted(request, descriptor) }
      return try exchange(request, descriptor)
    }
    throw Failure(description: failure.description)
  }

  private static func connect(to address: SocketAddress, timeout: Double) throws(Errno) -> FileDescriptor {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = FileDescriptor(owning: try retryingOnInterrupt { socket(address.family, kind, 0) })
    let number = descriptor.rawValue
    // SO_SNDTIMEO bounds connect(2) too (socket(7)).
    let patience = timespec(seconds: timeout)
    var time = timeval(tv_sec: patience.tv_sec, tv_usec: patience.tv_nsec / 1000)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      let size = socklen_t(MemoryLayout<timeval>.size)
      _ = try retryingOnInterrupt { setsockopt(number, SOL_SOCKET, option, &time, size) }
    }
    _ = try retryingOnInterrupt { address.withSockaddr { Glibc.connect(number, $0, $1) } }
    return descriptor
  }

  /// More of an answer is not read.
  private static let longestAnswer = 4096

  private static func exchange(_ request: String, _ descriptor: borrowing FileDescriptor) throws(Failure) -> Answer {
    let number = descriptor.rawValue
    let bytes = Array(request.utf8)
    do throws(Errno) {
      _ = try retryingOnInterrupt { send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }
    } catch {
      throw Failure(description: "the request could not be sent: \(error)")
    }
    return try status { piece throws(Failure) in
      do throws(Errno) {
        return try retryingOnInterrupt { recv(number, piece.baseAddress, piece.count, 0) }
      } catch {
        throw Failure(description: error.rawValue == EAGAIN ? "no answer in time" : "no answer: \(error)")
      }
    }
  }

  private static func exchangeEncrypted(
    _ request: String, _ descriptor: borrowing FileDescriptor
  ) throws(Failure) -> Answer {
    // OpenSSL writes by write(2), which raises SIGPIPE when the server is gone.
    signal(SIGPIPE, SIG_IGN)
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw Failure(description: "OpenSSL has no memory") }
    defer { SSL_CTX_free(context) }
    // Whatever version the server was told to speak is right here.
    SSL_CTX_set_security_level(context, 0)
    guard let session = SSL_new(context), SSL_set_fd(session, descriptor.rawValue) == 1 else {
      throw Failure(description: "OpenSSL has no memory")
    }
    defer { SSL_free(session) }
    let bytes = Array(request.utf8)
    guard SSL_connect(session) == 1 else { return try refusal("the TLS handshake failed") }
    // Whether that worked is told by what can be read: in TLS 1.3 a server looks at the certificate after the client
    // holds the handshake for done, and may have hung up by now.
    _ = SSL_write(session, bytes, Int32(clamping: bytes.count))
    ERR_clear_error()
    do throws(Failure) {
      return try status { piece throws(Failure) in
        let count = SSL_read(session, piece.baseAddress, Int32(clamping: piece.count))
        return count > 0 ? Int(widening: count) : 0
      }
    } catch {
      return try refusal(error.description)
    }
  }

  /// An alert of the server, as against silence or the end of the connection.
  private static func refusal(_ otherwise: String) throws(Failure) -> Answer {
    let reason = OpenSSLFailure.reason(of: ERR_peek_error())
    let text = OpenSSLFailure.take()
    // SSL_AD_REASON_OFFSET of openssl/ssl.h: above it are the numbers of alerts.
    if (1000..<1256).contains(reason) { return .handshakeRefused }
    throw Failure(description: otherwise + (text.map { ": \($0)" } ?? ""))
  }

  /// The status of an answer that comes in pieces; `read` gives 0 at the end.
  private static func status(
    reading read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> Answer {
    var answer: [UInt8] = []
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: longestAnswer, alignment: 1)
    defer { piece.deallocate() }
    while !answer.contains(ASCII.lineFeed), answer.count < longestAnswer {
      let count = try read(piece)
      if count == 0 { break }
      answer += piece[..<count]
    }
    let words = answer.prefix { $0 != ASCII.lineFeed }.split(separator: UInt8(ascii: " "))
    guard words.count >= 2, words[0].starts(with: Array("HTTP/1.".utf8)),
      let status = Int(String(decoding: words[1], as: UTF8.self)), (100...599).contains(status)
    else { throw Failure(description: answer.isEmpty ? "it closed the connection" : "what it answers is not HTTP") }
    return .status(status)
  }
}
