internal import COpenSSL
internal import Glibc
internal import POSIX

/// Whose certificates a client believes.
package struct TLSTrust: Hashable, Sendable {
  /// A file with the certificates of authorities (PEM); nil for those of the host.
  package var authorities: String?
  /// Whether any certificate will do: encrypted, but nobody knows to whom.
  package var isBlind = false
  /// Whether any version and cipher will do as well: who asks a server of one's own must not judge how it is set up.
  package var takesAnyProtocol = false

  /// Puts them together; without arguments, the authorities of the host.
  package init(authorities: String? = nil, isBlind: Bool = false, takesAnyProtocol: Bool = false) {
    self.authorities = authorities
    self.isBlind = isBlind
    self.takesAnyProtocol = takesAnyProtocol
  }
}

/// The client's side of an encrypted connection: OpenSSL's `SSL`, `ssl(7)`. The socket does not block, and outlives it.
final class TLSClientSession {
  /// What a call has done.
  enum Outcome {
    /// So many bytes are through.
    case moved(Int)
    /// Nothing, before the socket is ready for this (`poll(2)`).
    case blocked(Int32)
    /// The peer has said that it sends no more.
    case ended
  }

  private let context: OpaquePointer
  private let session: OpaquePointer
  private let isBlind: Bool

  /// - Parameter host: the name, or the address, that the certificate must be for.
  init(socket: Int32, host: String, _ trust: TLSTrust) throws(NetworkError) {
    ERR_clear_error()
    guard let context = SSL_CTX_new(TLS_client_method()) else { throw .system(Errno(ENOMEM)) }
    guard let session = Self.session(context, host, trust), SSL_set_fd(session, socket) == 1 else {
      SSL_CTX_free(context)
      throw .system(Errno(ENOMEM))
    }
    self.context = context
    self.session = session
    isBlind = trust.isBlind
    if let file = trust.authorities {
      guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
        throw .encryption("\(file): no certificates could be read: \(Self.reason)")
      }
    } else {
      _ = SSL_CTX_set_default_verify_paths(context)
    }
    SSL_set_connect_state(session)
  }

  private static func session(_ context: OpaquePointer, _ host: String, _ trust: TLSTrust) -> OpaquePointer? {
    if trust.takesAnyProtocol {
      SSL_CTX_set_security_level(context, 0)
    } else {
      _ = SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
    }
    // Bit 7 is SSL_OP_IGNORE_UNEXPECTED_EOF, a macro that Swift does not see: many servers close without a word, and HTTP tells itself
    // whether a body is whole.
    _ = SSL_CTX_set_options(context, 1 << 7)
    guard let session = SSL_new(context) else { return nil }
    SSL_set_verify(session, trust.isBlind ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nil)
    let parameters = SSL_get0_param(session)
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1 {
      // It is no address, so it is a name: what SSL_set_tlsext_host_name does.
      ERR_clear_error()
      var name = Array(host.utf8CString)
      _ = SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(clamping: TLSEXT_NAMETYPE_host_name), &name)
      _ = SSL_set1_host(session, host)
    }
    return session
  }

  deinit {
    SSL_free(session)
    SSL_CTX_free(context)
  }

  /// Agrees on keys; nil when that is done, else what the socket must be ready for before the next call.
  func shake() throws(NetworkError) -> Int32? {
    let outcome = try call { SSL_do_handshake($0) }
    if case .moved = outcome { return nil }
    guard case .blocked(let events) = outcome else {
      throw .encryption("it ended the connection, does it speak TLS?")
    }
    return events
  }

  /// The corresponding C function is `SSL_write(3)`.
  func write(_ bytes: ArraySlice<UInt8>) throws(NetworkError) -> Outcome {
    try call { session in
      bytes.withUnsafeBufferPointer { SSL_write(session, $0.baseAddress, Int32(clamping: $0.count)) }
    }
  }

  /// The corresponding C function is `SSL_read(3)`.
  func read(into buffer: inout [UInt8]) throws(NetworkError) -> Outcome {
    try call { SSL_read($0, &buffer, Int32(clamping: buffer.count)) }
  }

  /// Calls OpenSSL, which writes by write(2), also while it reads: the program that asks may not ignore SIGPIPE.
  private func call(_ body: (OpaquePointer) -> Int32) throws(NetworkError) -> Outcome {
    ERR_clear_error()
    return try withoutBrokenPipeSignal { () throws(NetworkError) in
      let result = body(session)
      return result > 0 ? .moved(Int(clamping: result)) : try outcome(result)
    }
  }

  private func outcome(_ result: Int32) throws(NetworkError) -> Outcome {
    let number = errno
    switch SSL_get_error(session, result) {
    case SSL_ERROR_WANT_READ: return .blocked(POLLIN)
    case SSL_ERROR_WANT_WRITE: return .blocked(POLLOUT)
    case SSL_ERROR_ZERO_RETURN: return .ended
    case SSL_ERROR_SYSCALL:
      guard number != 0 else { return .ended }
      throw .system(Errno(number))
    default:
      // SSL_AD_REASON_OFFSET of openssl/ssl.h: above it are the numbers of alerts, of which 1255 is the last.
      if (1000..<1256).contains(OpenSSLFailure.reason(of: ERR_peek_error())) { throw .alert(Self.reason) }
      let verification = SSL_get_verify_result(session)
      guard isBlind || verification == Int(X509_V_OK) else {
        throw .encryption(
          "its certificate is not trusted: \(String(cString: X509_verify_cert_error_string(verification)))")
      }
      throw .encryption("no TLS: \(Self.reason)")
    }
  }

  private static var reason: String {
    let code = ERR_get_error()
    defer { ERR_clear_error() }
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
  }
}
