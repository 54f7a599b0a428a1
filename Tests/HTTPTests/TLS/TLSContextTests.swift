import POSIX
import Testing

@testable import HTTP

@Suite("Encrypted connections")
struct TLSContextTests {
  private func settings(_ change: (inout TLSSettings) -> Void = { _ in }) -> TLSSettings {
    var settings = TLSSettings(
      certificate: Array(Credentials.certificate.utf8), key: Array(Credentials.key.utf8))
    change(&settings)
    return settings
  }

  /// What a client without a certificate gets of a server with these settings.
  private func ask(_ settings: TLSSettings) throws -> HealthProbe.Answer {
    let context = try TLSContext(settings)
    let server = try TestServer(configure: { $0.tls = { context } })
    return try HealthProbe.get(
      "/", of: try ListenAddress(server.address.description), usesTLS: true, timeout: 30)
  }

  @Test("are answered like any other", arguments: TLSSettings.Version.allCases)
  func versions(version: TLSSettings.Version) throws {
    #expect(try ask(settings { ($0.oldest, $0.newest) = (version, version) }) == .status(200))
  }

  @Test("are answered with every cipher suite and group that can be chosen")
  func suites() throws {
    let suites = TLSCipherSuite.usual.filter { !$0.contains("_RSA_") }
    for suite in suites { #expect(try ask(settings { $0.cipherSuites = [suite] }) == .status(200), "\(suite)") }
    for group in TLSSettings.Group.allCases {
      #expect(try ask(settings { $0.groups = [group] }) == .status(200), "\(group)")
    }
  }

  @Test(
    "without a certificate of the client are refused where one is required, and nowhere else",
    arguments: TLSSettings.ClientAuthentication.allCases)
  func clientCertificates(authentication: TLSSettings.ClientAuthentication) throws {
    let answer = try ask(
      settings {
        $0.clientAuthentication = authentication
        $0.clientAuthorities = Array(Credentials.certificate.utf8)
      })
    #expect(answer == (authentication.requires ? .handshakeRefused : .status(200)))
  }

  @Test("need a certificate and its key; what is wrong with them is told, and of which")
  func broken() throws {
    for (part, words, change) in [
      (.certificate, "no certificate", { $0.certificate = [] }),
      (.certificate, "no certificate", { $0.certificate = Array(Credentials.key.utf8) }),
      (.certificate, "cannot be read", { $0.certificate = Array(Credentials.certificate.utf8.dropLast(300)) }),
      (
        .certificate, "cannot be read",
        { $0.certificate = Array(Credentials.certificate.replacing("MII", with: "AAA").utf8) }
      ),
      (.certificate, "key too small", { $0.certificate = Array(Credentials.weakCertificate.utf8) }),
      (.key, "no private key", { $0.key = [] }),
      (.key, "no private key", { $0.key = Array(Credentials.certificate.utf8) }),
      (.key, "not that of the certificate", { $0.key = Array(Credentials.otherKey.utf8) }),
      (.clientAuthorities, "no certificate", { $0.clientAuthorities = Array("nonsense".utf8) }),
    ] as [(TLSError.Part, String, (inout TLSSettings) -> Void)] {
      let error = try #require(throws: TLSError.self) { try TLSContext(settings(change)) }
      #expect(error.part == part && error.description.contains(words), "\(error)")
    }
  }

  @Test(
    "know the cipher suites by the names of Go and the RFCs",
    arguments: [
      ("TLS_AES_128_GCM_SHA256", true, true), ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true, false),
      ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", true, false), ("TLS_NO_SUCH_SUITE", false, false), ("", false, false),
      ("AES128-SHA", false, false), ("TLS_AES_128_GCM_SHA256\0", false, false),
    ])
  func names(name: String, isKnown: Bool, isTLS13: Bool) {
    let suite = TLSCipherSuite(name)
    #expect((suite != nil) == isKnown && suite?.isTLS13 ?? false == isTLS13)
    #expect(TLSCipherSuite.usual.allSatisfy { TLSCipherSuite($0) != nil })
  }

  @Test(
    "an allowed name is compared as certificates write it",
    arguments: [
      ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::A", "2001:db8::a"), ("192.0.2.1", "192.0.2.1"),
      ("example.org", "example.org"), ("1.2.3", "1.2.3"),
    ])
  func canonical(text: String, expected: String) {
    #expect(SubjectNames.canonical(text) == expected)
  }
}
