internal import COpenSSL

/// Puts certificates and keys in PEM into OpenSSL's structures (`PEM_read_bio_X509(3)`).
enum TLSCredentials {
  static func use(_ settings: TLSSettings, in context: OpaquePointer) throws(TLSError) {
    try useCertificate(settings.certificate, in: context)
    try useKey(settings.key, in: context)
    if let authorities = settings.clientAuthorities {
      try trust(authorities, in: context)
    } else if settings.clientAuthentication.verifies {
      _ = SSL_CTX_set_default_verify_paths(context)
    }
    ERR_clear_error()
  }

  private static func useCertificate(_ bytes: [UInt8], in context: OpaquePointer) throws(TLSError) {
    let expected = "expected certificates in PEM, the server's own first"
    let certificates = try certificates(bytes, .certificate, expected)
    for (index, certificate) in certificates.enumerated() {
      if index == 0 {
        guard SSL_CTX_use_certificate(context, certificate.pointer) == 1 else {
          throw TLSError(.certificate, OpenSSLFailure.take() ?? expected)
        }
      } else {
        // The context takes over what it is given.
        guard X509_up_ref(certificate.pointer) == 1 else { continue }
        let pointer = UnsafeMutableRawPointer(certificate.pointer)
        if SSL_CTX_ctrl(context, SSL_CTRL_EXTRA_CHAIN_CERT, 0, pointer) != 1 { X509_free(certificate.pointer) }
      }
    }
  }

  private static func useKey(_ bytes: [UInt8], in context: OpaquePointer) throws(TLSError) {
    let key = try withBIO(bytes, .key) { (bio) throws(TLSError) in
      // Nobody is there to be asked for a passphrase.
      guard let key = PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in 0 }, nil) else {
        let failure = OpenSSLFailure.take(ifNotReason: PEM_R_NO_START_LINE)
        throw TLSError(
          .key,
          "no private key that can be read: expected one in PEM, not encrypted"
            + (failure.map { " (\($0))" } ?? ""))
      }
      return key
    }
    defer { EVP_PKEY_free(key) }
    ERR_clear_error()
    guard SSL_CTX_use_PrivateKey(context, key) == 1, SSL_CTX_check_private_key(context) == 1 else {
      ERR_clear_error()
      throw TLSError(.key, "the private key is not that of the certificate")
    }
  }

  private static func trust(_ bytes: [UInt8], in context: OpaquePointer) throws(TLSError) {
    let authorities = try certificates(bytes, .clientAuthorities, "expected certificates of authorities in PEM")
    let store = SSL_CTX_get_cert_store(context)
    for authority in authorities {
      // One that is there twice is no harm.
      _ = X509_STORE_add_cert(store, authority.pointer)
      _ = SSL_CTX_add_client_CA(context, authority.pointer)
    }
  }

  /// A certificate, freed with its last holder.
  private final class Certificate {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { X509_free(pointer) }
  }

  /// All certificates of a text, at least one.
  private static func certificates(
    _ bytes: [UInt8], _ part: TLSError.Part, _ expected: String
  ) throws(TLSError) -> [Certificate] {
    let found = try withBIO(bytes, part) { (bio) throws(TLSError) in
      var found: [Certificate] = []
      while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) { found.append(Certificate(certificate)) }
      // The end of the text is told as a missing start of the next certificate.
      if let failure = OpenSSLFailure.take(ifNotReason: PEM_R_NO_START_LINE) {
        throw TLSError(part, "a certificate cannot be read (\(failure)): \(expected)")
      }
      return found
    }
    guard !found.isEmpty else { throw TLSError(part, "no certificate: \(expected)") }
    return found
  }

  private static func withBIO<Result>(
    _ bytes: [UInt8], _ part: TLSError.Part, _ body: (OpaquePointer) throws(TLSError) -> Result
  ) throws(TLSError) -> Result {
    ERR_clear_error()
    // A copy of OpenSSL's own, so that no pointer into the array outlives the call.
    guard let bio = BIO_new(BIO_s_mem()) else { throw TLSError(part, "OpenSSL has no memory") }
    defer { BIO_free(bio) }
    if !bytes.isEmpty, BIO_write(bio, bytes, Int32(clamping: bytes.count)) != Int32(clamping: bytes.count) {
      throw TLSError(part, "OpenSSL has no memory")
    }
    return try body(bio)
  }
}

/// OpenSSL's queue of errors (`ERR_get_error(3)`), of which every thread has one.
enum OpenSSLFailure {
  /// Empties the queue and gives the text of its first error.
  static func take(ifNotReason reason: Int32? = nil) -> String? {
    let code = ERR_get_error()
    defer { ERR_clear_error() }
    guard code != 0, reason == nil || OpenSSLFailure.reason(of: code) != reason else { return nil }
    return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
  }

  /// `ERR_GET_REASON`, a macro that Swift does not see (openssl/err.h).
  static func reason(of code: UInt) -> Int32 { Int32(truncatingIfNeeded: code & 0x7F_FFFF) }
}
