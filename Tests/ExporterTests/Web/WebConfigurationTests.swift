import Foundation
import HTTP
import Testing
import YAML

@testable import Exporter

private let fixtures = ConfigurationFixtures("web-config")

private func written(_ source: TLSSection.Source?) -> String {
  guard let source else { return "-" }
  return "\(source.key) in line \(source.position.line)"
}

/// A configuration as the expected files write it.
private func written(_ configuration: WebConfiguration) -> String {
  var lines: [String] = []
  if let tls = configuration.tls {
    lines += [
      "certificate: \(written(tls.certificate)), key: \(written(tls.key)), clients: \(written(tls.clientAuthorities))",
      "client authentication: \(tls.clientAuthentication), names: \(tls.allowedNames)",
      "versions: \(tls.oldest) to \(tls.newest), own order: \(tls.prefersOwnOrder)",
      "suites: \(tls.cipherSuites), groups: \(tls.groups)",
    ]
  }
  lines += configuration.headers.map { "header \($0.0): \($0.1)" }
  lines += configuration.users.sorted { $0.key.text < $1.key.text }.map { "user \($0.key.text): cost \($0.value.cost)" }
  if let limit = configuration.rateLimit { lines.append("rate limit: \(limit.burst), each \(limit.interval) s") }
  return lines.map { $0 + "\n" }.joined()
}

@Suite("Web configuration files")
struct WebConfigurationTests {
  @Test("the folder of fixtures is found")
  func folderIsThere() {
    #expect(fixtures.names.count > 40)
  }

  @Test("a file is read or refused as its name and its .expected file say", arguments: fixtures.names)
  func fixture(name: String) throws {
    try fixtures.check(name) { bytes throws(ConfigurationError) in
      written(try WebConfigurationFile.parse(bytes, file: name))
    }
  }

  @Test("as many users as the limit allows, and one more", arguments: [0, 1])
  func manyUsers(more: Int) {
    let hash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
    let lines = (0..<WebConfigurationDecoder.mostUsers + more).map { "  u\($0): \(hash)\n" }
    let text = "basic_auth_users:\n" + lines.joined()
    let result = Result { try WebConfigurationFile.parse(Array(text.utf8), file: "f") }
    #expect(((try? result.get()) == nil) == (more == 1))
  }

  @Test("half a file never traps")
  func truncated() throws {
    let bytes = try fixtures.bytes(of: "full.good.yml")
    for count in bytes.indices { _ = try? WebConfigurationFile.parse(Array(bytes[..<count]), file: "half") }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var broken = bytes
      for _ in 0..<3 { broken[Int.random(in: broken.indices, using: &generator)] = UInt8.random(in: 0...255) }
      _ = try? WebConfigurationFile.parse(broken, file: "broken")
    }
  }

  @Test("a file that is named and missing, or no PEM, is an error at the line that names it")
  func namedFiles() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "web-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appending(path: "web.yml").path
    let text = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    func error() -> String {
      (#expect(throws: ConfigurationError.self) { try WebConfigurationFile.load(file) })?.description ?? ""
    }
    let certificate = directory.appending(path: "cert.pem").path
    #expect(error() == "\(file):2:14: cert_file: \(certificate): cannot be read: No such file or directory (ENOENT)")
    try "no PEM".write(toFile: certificate, atomically: true, encoding: .utf8)
    try "no PEM".write(toFile: directory.appending(path: "key.pem").path, atomically: true, encoding: .utf8)
    #expect(
      error() == "\(file):2:14: cert_file: \(certificate): no certificate: expected certificates in PEM, "
        + "the server's own first")
    try "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".write(
      toFile: certificate, atomically: true, encoding: .utf8)
    #expect(error().hasPrefix("\(file):2:14: cert_file: \(certificate): a certificate cannot be read ("))
  }
}
