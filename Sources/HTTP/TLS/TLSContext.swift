internal import COpenSSL
internal import Glibc
internal import POSIX

/// What all encrypted connections of one certificate share: OpenSSL's `SSL_CTX` (`SSL_CTX_new(3)`).
///
/// Sound as Sendable: it is changed in `init` alone, and OpenSSL lets threads share what is no longer changed
/// (`openssl-threads(7)`).
public final class TLSContext: @unchecked Sendable {
  let pointer: OpaquePointer
  /// As `TLSSettings.allowedNames`, IP addresses as the kernel writes them.
  let allowedNames: Set<ExactText>

  /// Makes one; the certificates and the key are read and checked here.
  public init(_ settings: TLSSettings) throws(TLSError) {
    // OpenSSL writes by write(2), which raises SIGPIPE when the client is gone.
    signal(SIGPIPE, SIG_IGN)
    guard let context = SSL_CTX_new(TLS_server_method()) else {
      throw TLSError(.negotiation, OpenSSLFailure.take() ?? "OpenSSL has no memory")
    }
    pointer = context
    allowedNames = Set(settings.allowedNames.map { ExactText(SubjectNames.canonical($0)) })
    try setUp(settings)
  }

  deinit {
    SSL_CTX_free(pointer)
  }

  private func setUp(_ settings: TLSSettings) throws(TLSError) {
    // Partial writes let the event loop go on with other clients; the pieces of an answer are gathered anew for each try.
    let modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS
    _ = SSL_CTX_ctrl(pointer, SSL_CTRL_MODE, Int(widening: modes), nil)
    // Else a read that met something that is not for HTTP goes on with what comes next, as long as anything does (SSL_read(3)).
    _ = SSL_CTX_ctrl(pointer, SSL_CTRL_CLEAR_MODE, Int(widening: SSL_MODE_AUTO_RETRY), nil)
    _ = SSL_CTX_ctrl(pointer, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    // HTTP says itself where a request ends, so the end of the connection without a farewell hides nothing.
    var options = TLSContext.bit(7) | TLSContext.bit(30)
    if settings.prefersOwnOrder { options |= TLSContext.bit(22) }
    _ = SSL_CTX_set_options(pointer, options)
    // Needed for a client that comes back with a ticket when certificates are verified.
    let name = Array("heartbeat-exporter".utf8)
    _ = SSL_CTX_set_session_id_context(pointer, name, UInt32(clamping: name.count))
    SSL_CTX_set_alpn_select_cb(pointer, selectProtocol, nil)
    try TLSCredentials.use(settings, in: pointer)
    try negotiate(settings)
    demandCertificates(settings)
  }

  /// `SSL_OP_BIT` of openssl/ssl.h, a macro that Swift does not see: 7 is SSL_OP_IGNORE_UNEXPECTED_EOF, 22
  /// SSL_OP_CIPHER_SERVER_PREFERENCE, 30 SSL_OP_NO_RENEGOTIATION.
  private static func bit(_ number: UInt64) -> UInt64 { 1 << number }

  private func negotiate(_ settings: TLSSettings) throws(TLSError) {
    _ = SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, settings.oldest.number, nil)
    _ = SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MAX_PROTO_VERSION, settings.newest.number, nil)
    // What TLS 1.0 and 1.1 are signed with is below every security level but 0 (SSL_CTX_set_security_level(3)).
    if settings.oldest < .tls12 { SSL_CTX_set_security_level(pointer, 0) }
    let suites = settings.cipherSuites.compactMap(TLSCipherSuite.init)
    let older = suites.filter { !$0.isTLS13 }.map(\.openSSLName).joined(separator: ":")
    let newer = suites.filter(\.isTLS13).map(\.openSSLName).joined(separator: ":")
    if !older.isEmpty, SSL_CTX_set_cipher_list(pointer, older) != 1 {
      throw TLSError(.negotiation, "OpenSSL has none of these cipher suites: \(older)")
    }
    if !newer.isEmpty, SSL_CTX_set_ciphersuites(pointer, newer) != 1 {
      throw TLSError(.negotiation, "OpenSSL has none of these cipher suites: \(newer)")
    }
    guard !settings.groups.isEmpty else { return }
    let groups = settings.groups.map(\.openSSLName).joined(separator: ":")
    let isSet = groups.withCString {
      SSL_CTX_ctrl(pointer, SSL_CTRL_SET_GROUPS_LIST, 0, UnsafeMutableRawPointer(mutating: $0))
    }
    if isSet != 1 { throw TLSError(.negotiation, "OpenSSL has not all of these groups: \(groups)") }
    ERR_clear_error()
  }

  private func demandCertificates(_ settings: TLSSettings) {
    var mode = SSL_VERIFY_NONE
    if settings.clientAuthentication != .none { mode = SSL_VERIFY_PEER }
    if settings.clientAuthentication.requires { mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT }
    // The context outlives every session, which holds it, so the session's callback may use the pointer.
    SSL_CTX_set_ex_data(pointer, 0, Unmanaged.passUnretained(self).toOpaque())
    let isVerified = settings.clientAuthentication.verifies
    SSL_CTX_set_verify(pointer, mode, isVerified ? verifyStrictly : verifyNamesAlone)
  }
}

extension TLSSettings.Version {
  fileprivate var number: Int {
    switch self {
    case .tls10: Int(TLS1_VERSION)
    case .tls11: Int(TLS1_1_VERSION)
    case .tls12: Int(TLS1_2_VERSION)
    case .tls13: Int(TLS1_3_VERSION)
    }
  }
}

extension TLSSettings.Group {
  fileprivate var openSSLName: String {
    switch self {
    case .p256: "P-256"
    case .p384: "P-384"
    case .p521: "P-521"
    case .x25519: "X25519"
    }
  }
}

/// HTTP/1.1 is all that is spoken, whatever else a client would like (RFC 7301).
private let selectProtocol:
  @convention(c) (
    OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?, UnsafePointer<UInt8>?,
    UInt32, UnsafeMutableRawPointer?
  ) -> Int32 = { _, chosen, length, offered, count, _ in
    guard let chosen, let length, let offered else { return SSL_TLSEXT_ERR_NOACK }
    let list = UnsafeBufferPointer(start: offered, count: Int(widening: count))
    let wanted = Array("http/1.1".utf8)
    var index = 0
    while index < list.count {
      let end = index + 1 + Int(widening: list[index])
      guard end <= list.count else { break }
      if list[(index + 1)..<end].elementsEqual(wanted) {
        // Into what the client sent, which OpenSSL keeps until it has answered.
        chosen.pointee = offered + index + 1
        length.pointee = UInt8(clamping: wanted.count)
        return SSL_TLSEXT_ERR_OK
      }
      index = end
    }
    return SSL_TLSEXT_ERR_NOACK
  }

private let verifyStrictly: @convention(c) (Int32, OpaquePointer?) -> Int32 = { isGood, store in
  isGood == 1 && hasAllowedName(store) ? 1 : 0
}

private let verifyNamesAlone: @convention(c) (Int32, OpaquePointer?) -> Int32 = { _, store in
  hasAllowedName(store) ? 1 : 0
}

/// Whether the certificate in question is not the client's own, or has one of the names that are allowed.
private func hasAllowedName(_ store: OpaquePointer?) -> Bool {
  guard X509_STORE_CTX_get_error_depth(store) == 0 else { return true }
  guard
    let session = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).map(OpaquePointer.init),
    let data = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), 0)
  else { return false }
  let context = Unmanaged<TLSContext>.fromOpaque(data).takeUnretainedValue()
  if context.allowedNames.isEmpty { return true }
  let names = X509_STORE_CTX_get_current_cert(store).map(SubjectNames.all) ?? []
  if names.contains(where: { context.allowedNames.contains(ExactText($0)) }) { return true }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
  return false
}
