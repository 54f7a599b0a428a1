internal import COpenSSL

/// Why two ends did not agree on keys, in a few words that a metric's label can have; OpenSSL's own words are in the log.
public enum HandshakeError: String, CaseIterable, Sendable {
  /// The client showed none, where one is needed.
  case noCertificate = "no_certificate"
  /// The client's has expired, or is not valid yet.
  case expiredCertificate = "expired_certificate"
  /// The client's is of an authority that is not known, or does not fit otherwise.
  case invalidCertificate = "invalid_certificate"
  /// The client does not accept the server's.
  case refusedByClient = "refused_by_client"
  /// There is no version or cipher that both take.
  case noAgreement = "no_agreement"
  /// What came is no TLS, such as plain HTTP.
  case notTLS = "not_tls"
  /// It did not end in time.
  case timeout = "timeout"
  /// Anything else.
  case other = "other"

  /// - Parameters:
  ///   - reason: `ERR_GET_REASON` of the error.
  ///   - verification: `SSL_get_verify_result(3)`.
  init(reason: Int32, verification: Int) {
    switch reason {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .noCertificate
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      let isExpired = [X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID].contains(
        Int32(clamping: verification))
      self = isExpired ? .expiredCertificate : .invalidCertificate
    case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST, SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_PROTOCOL_VERSION_NUMBER,
      SSL_R_RECORD_LENGTH_MISMATCH, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_MESSAGE, SSL_R_UNKNOWN_PROTOCOL:
      self = .notTLS
    case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE,
      SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
      SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      self = .noAgreement
    // RFC 8446 section 6.2: bad_certificate, unsupported_, revoked, expired, unknown, and unknown_ca. OpenSSL adds 1000.
    case 1042...1046, 1048: self = .refusedByClient
    default: self = .other
    }
  }
}
