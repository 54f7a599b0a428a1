/// How a server encrypts: its certificate, whose clients it lets in, and what it negotiates.
public struct TLSSettings: Sendable {
  /// What a client must show of itself; the names are those of Go's `crypto/tls`, on which Prometheus' exporters build.
  public enum ClientAuthentication: String, Sendable, CaseIterable {
    /// No certificate is asked for.
    case none = "NoClientCert"
    /// One is asked for, and neither needed nor checked.
    case request = "RequestClientCert"
    /// One is needed, and not checked.
    case requireAny = "RequireAnyClientCert"
    /// One is asked for, and checked when there is one.
    case verifyIfGiven = "VerifyClientCertIfGiven"
    /// One is needed and checked.
    case requireAndVerify = "RequireAndVerifyClientCert"

    /// Whether a certificate that is shown must stem from an authority that is trusted.
    public var verifies: Bool { self == .verifyIfGiven || self == .requireAndVerify }
    /// Whether there is no connection without a certificate.
    public var requires: Bool { self == .requireAny || self == .requireAndVerify }
  }

  /// A version of the protocol.
  public enum Version: String, Sendable, CaseIterable, Comparable {
    /// TLS 1.0 (RFC 2246), which RFC 8996 forbids.
    case tls10 = "TLS10"
    /// TLS 1.1 (RFC 4346), which RFC 8996 forbids.
    case tls11 = "TLS11"
    /// TLS 1.2 (RFC 5246).
    case tls12 = "TLS12"
    /// TLS 1.3 (RFC 8446).
    case tls13 = "TLS13"

    /// Older before newer.
    public static func < (one: Version, other: Version) -> Bool { one.rawValue < other.rawValue }
  }

  /// A group for the key exchange, by Go's name.
  public enum Group: String, Sendable, CaseIterable {
    /// NIST's P-256.
    case p256 = "CurveP256"
    /// NIST's P-384.
    case p384 = "CurveP384"
    /// NIST's P-521.
    case p521 = "CurveP521"
    /// Curve25519 (RFC 7748).
    case x25519 = "X25519"
  }

  /// The server's certificate and those between it and the authority, in PEM.
  public var certificate: [UInt8]
  /// The certificate's private key, in PEM, not encrypted.
  public var key: [UInt8]
  /// The authorities whose clients are let in, in PEM; nil for those that the system trusts.
  public var clientAuthorities: [UInt8]?
  /// What a client must show.
  public var clientAuthentication = ClientAuthentication.none
  /// The DNS names, IP addresses, e-mail addresses and URIs of which a client's certificate must have one as its subject
  /// alternative name; empty for any.
  public var allowedNames: [String] = []
  /// The oldest version.
  public var oldest = Version.tls12
  /// The newest version.
  public var newest = Version.tls13
  /// The cipher suites by their names in IANA's registry, in order; empty for OpenSSL's choice.
  public var cipherSuites: [String] = []
  /// Whether the server's order of cipher suites counts, not the client's.
  public var prefersOwnOrder = true
  /// The groups for the key exchange in order; empty for OpenSSL's choice.
  public var groups: [Group] = []

  /// A server of this certificate with the defaults.
  public init(certificate: [UInt8], key: [UInt8]) {
    self.certificate = certificate
    self.key = key
  }
}

/// Which part of the settings cannot be used, and why.
public struct TLSError: Error, Sendable, CustomStringConvertible {
  /// A part of `TLSSettings`.
  public enum Part: Sendable {
    /// `certificate`.
    case certificate
    /// `key`.
    case key
    /// `clientAuthorities`.
    case clientAuthorities
    /// `cipherSuites`, `groups` or the versions.
    case negotiation
  }

  /// The part.
  public let part: Part
  /// What is wrong with it; no part of a key is in it.
  public let description: String

  init(_ part: Part, _ description: String) {
    self.part = part
    self.description = description
  }
}
