import Foundation
import HTTPServer
import Testing

@testable import Exporter

/// As the folder of configuration files beside it: `<what>.good.yml`, `<what>.bad.yml`, and `<what>.expected` for what was
/// read, or the error.
private let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/web-config")
  .standardized

private let fixtures =
  (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yml") }.sorted()) ?? []

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
  lines += configuration.users.sorted { $0.key < $1.key }.map { "user \($0.key): cost \($0.value.cost)" }
  if let limit = configuration.rateLimit { lines.append("rate limit: \(limit.burst), each \(limit.interval) s") }
  return lines.map { $0 + "\n" }.joined()
}

@Suite("Web configuration files")
struct WebConfigurationTests {
  @Test("the folder of fixtures is found")
  func folderIsThere() {
    #expect(fixtures.count > 40)
  }

  @Test("a file is read or refused as its name and its .expected file say", arguments: fixtures)
  func fixture(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
    var isGood = true
    var result: String
    do {
      result = written(try WebConfigurationFile.parse(bytes, file: name))
    } catch {
      isGood = false
      result = error.description + "\n"
      #expect(error.description.hasPrefix(name + ":"))
      #expect(!error.description.contains("\n"))
      #expect(error.position != nil)
      #expect(!error.description.contains("secret"), "a password that was written in place of its hash")
    }
    #expect(name.hasSuffix(isGood ? ".good.yml" : ".bad.yml"), "\(result)")
    let expectedFile = folder.appending(path: name.replacing(/\.(good|bad)\.yml$/, with: ".expected"))
    if ProcessInfo.processInfo.environment["UPDATE_EXPECTED"] != nil {
      try result.write(to: expectedFile, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: expectedFile, encoding: .utf8) == result)
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
    let bytes = [UInt8](try Data(contentsOf: folder.appending(path: "full.good.yml")))
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
