/// Made for these tests and used nowhere else: a certificate that signed itself, for `localhost`, 127.0.0.1,
/// ops@example.org and spiffe://example.org/x, good for a hundred years, and keys.
enum Credentials {
  static let certificate = pem(
    "CERTIFICATE",
    """
    MIIBxjCCAWygAwIBAgIUaAfPCRf9899L79ZiejqKNI0ue0AwCgYIKoZIzj0EAwIw
    FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNTE1NTUyOFoYDzIxMjYxMTAx
    MTU1NTI4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
    PQMBBwNCAASp3UkizY0LauJYrWq5kavfEcORGFT8GOA3JVrDPhEnQ6n15QS1564z
    DxClkWmu9exz7JbEurr5JneXGYj5BCOPo4GZMIGWMB0GA1UdDgQWBBSVphuaiuSW
    2j5D9eQnx7BJYV3sujAfBgNVHSMEGDAWgBSVphuaiuSW2j5D9eQnx7BJYV3sujAP
    BgNVHRMBAf8EBTADAQH/MEMGA1UdEQQ8MDqCCWxvY2FsaG9zdIcEfwAAAYEPb3Bz
    QGV4YW1wbGUub3JnhhZzcGlmZmU6Ly9leGFtcGxlLm9yZy94MAoGCCqGSM49BAMC
    A0gAMEUCIQCzkf6/B443mvVD9hwmPtgBURchyQYpfBfjebBQ4U0STQIgdbOm/FL0
    cDQzyY27HapcmQmYOX74OqBxTBMAPxxbeb4=
    """)

  /// Of an RSA key of 512 bits, which OpenSSL takes at no level of security.
  static let weakCertificate = pem(
    "CERTIFICATE",
    """
    MIIBdzCCASGgAwIBAgIUXfxxMVbnP9NYgzL+tHTZUWKnpjYwDQYJKoZIhvcNAQEL
    BQAwDzENMAsGA1UEAwwEd2VhazAgFw0yNjExMjUxOTI5MzFaGA8yMTI2MTEwMTE5
    MjkzMVowDzENMAsGA1UEAwwEd2VhazBcMA0GCSqGSIb3DQEBAQUAA0sAMEgCQQDx
    juQpdLjvDx1xUwSvEtCKJvtIZ/hgYUGbTRiAfDF6iOwM8jjF7CKP++mfQXp1H2N0
    IEOfzYQrBvsmK8AihIkbAgMBAAGjUzBRMB0GA1UdDgQWBBROoVCRQiE9MjgBG4nQ
    Igco0vboCDAfBgNVHSMEGDAWgBROoVCRQiE9MjgBG4nQIgco0vboCDAPBgNVHRMB
    Af8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA0EAERFSJua0pCaGAwGZLtqU8O1kpU5H
    5ezDnKhfxST+/HDikRFokk6CAgFq3zyEWZBUZRMRSqCzMVi8ZckATm+3Qg==
    """)

  static let key = pem(
    "PRIVATE KEY",
    """
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgT7PRXE5L3p1U1/9b
    MRZ1E4Kf/YuGLOgL7vfwORxt+zehRANCAASp3UkizY0LauJYrWq5kavfEcORGFT8
    GOA3JVrDPhEnQ6n15QS1564zDxClkWmu9exz7JbEurr5JneXGYj5BCOP
    """)

  /// A key that is not that of the certificate.
  static let otherKey = pem(
    "EC PRIVATE KEY",
    """
    MHcCAQEEINsjE5FX9epKl4+JtF6xNKbUw8cT+IjTUBg+LCAEis0loAoGCCqGSM49
    AwEHoUQDQgAE39Z2VRCC43GPc0G2blCMEG/MksjJdF5wuEk2r5IWtQ+VmGNswvuj
    G0CJvSu8JWTTzZoQ4/kQ/4m2Cc4z53lJ2w==
    """)

  /// RFC 7468.
  private static func pem(_ kind: String, _ text: String) -> String {
    "-----BEGIN \(kind)-----\n\(text)\n-----END \(kind)-----\n"
  }
}
