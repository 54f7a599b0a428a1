import POSIX
import Testing

@testable import HTTP

@Suite("The question whether a server on this host works")
struct HealthProbeTests {
  private func ask(_ text: String, usesTLS: Bool = false, timeout: Double = 30) throws -> HealthProbe.Answer {
    try HealthProbe.get("/-/healthy", of: try ListenAddress(text), usesTLS: usesTLS, timeout: timeout)
  }

  /// What is said where there is no answer.
  private func failure(_ text: String, usesTLS: Bool = false, timeout: Double = 30) -> String? {
    do {
      _ = try ask(text, usesTLS: usesTLS, timeout: timeout)
      return nil
    } catch {
      return "\(error)"
    }
  }

  @Test("is answered with the status, whatever it is", arguments: [200, 204, 404, 503])
  func statuses(status: Int) throws {
    let server = try TestServer(handler: { request, responder in
      responder.send(.text(request.path == "/-/healthy" ? status : 599, "x"))
    })
    #expect(try ask(server.address.description) == .status(status))
  }

  @Test("asks an address that means all of the host's by loopback", arguments: ["", "0.0.0.0", "[::]"])
  func everyAddress(host: String) throws {
    let server = try TestServer()
    #expect(try ask("\(host):\(server.address.port)") == .status(200))
  }

  @Test("asks by IPv6 where nobody answers by IPv4")
  func ipv6() throws {
    let address = try ListenAddress("[::1]:0")
    let server = try TestServer(configure: { $0.listen = [address] })
    #expect(try ask("0.0.0.0:\(server.address.port)") == .status(200))
  }

  @Test("says that nobody listens, or that there is no such host")
  func nobody() throws {
    let port: UInt16
    do {
      let server = try TestServer()
      port = server.address.port
      server.server.shutdown(grace: 0)
    }
    #expect(failure("127.0.0.1:\(port)")?.contains("ECONNREFUSED") == true)
    #expect(failure("no-such-host.invalid:1")?.contains("no such host") == true)
  }

  @Test("says what is no answer of a server of this kind")
  func wrongKind() throws {
    let server = try TestServer()
    let address = server.address.description
    #expect(failure(address, usesTLS: true)?.contains("no TLS") == true)
    let context = try TLSContext(
      TLSSettings(certificate: Array(Credentials.certificate.utf8), key: Array(Credentials.key.utf8)))
    let encrypted = try TestServer(configure: { $0.tls = { context } })
    #expect(try ask(encrypted.address.description) == .status(400))
  }

  @Test("does not wait for ever")
  func silence() throws {
    let held = Lock<[Responder]>([])
    let server = try TestServer(handler: { _, responder in held.withLock { $0.append(responder) } })
    #expect(failure(server.address.description, timeout: 0.05) == "no answer in time")
  }
}
