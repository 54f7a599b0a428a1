internal import COpenSSL

/// A cipher suite by its name in IANA's registry, such as `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
public struct TLSCipherSuite: Sendable {
  /// What OpenSSL calls it, such as `ECDHE-RSA-AES128-GCM-SHA256`.
  let openSSLName: String
  /// Whether it belongs to TLS 1.3, whose suites name no key exchange.
  let isTLS13: Bool

  /// Looks a name up; nil for one that OpenSSL does not have.
  public init?(_ name: String) {
    _ = OPENSSL_init_ssl(0, nil)
    // Go leaves out the end of these names.
    let full = name.hasSuffix("CHACHA20_POLY1305") ? name + "_SHA256" : name
    guard full.hasPrefix("TLS_"), !full.utf8.contains(0), let found = OPENSSL_cipher_name(full) else { return nil }
    openSSLName = String(cString: found)
    guard openSSLName != "(NONE)" else { return nil }
    isTLS13 = !full.split(separator: "_").contains("WITH")
  }

  /// The names that Go's `crypto/tls` deems secure, for a hint at what is meant.
  public static let usual = [
    "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  ]
}
