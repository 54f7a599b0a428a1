import POSIX
import Testing

@testable import HTTP

@Suite struct ServerStartTests {
  private func server(_ addresses: [String]) throws -> Server {
    Server(
      configuration: ServerConfiguration(listen: try addresses.map { try ListenAddress($0) }), handler: TestServer.echo)
  }

  private func answers(_ address: SocketAddress) throws -> Bool {
    let client = try RawClient(address)
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    return client.receive()?.status == 200
  }

  @Test("A taken port is one clear sentence")
  func taken() throws {
    let first = try TestServer()
    let second = try server([first.address.description])
    let error = #expect(throws: ServerError.self) { try second.start() }
    #expect(
      error?.description
        == "cannot listen on \(first.address): another program listens there already (EADDRINUSE)")
    second.shutdown(grace: 0)
    second.join()
  }

  @Test(
    "What cannot be listened on says why",
    arguments: [("192.0.2.1:0", "this host has no such address"), ("no-such-host.invalid:0", "no such host")])
  func impossible(address: String, reason: String) throws {
    let server = try server([address])
    let error = #expect(throws: ServerError.self) { try server.start() }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test("Without an address, and a second time, it does not start")
  func misuse() throws {
    let empty = try server([])
    #expect(throws: ServerError.self) { try empty.start() }
    let twice = try server(["127.0.0.1:0"])
    try twice.start()
    let error = #expect(throws: ServerError.self) { try twice.start() }
    #expect(error?.description.hasPrefix("cannot start the server's event loop") == true)
    #expect(try answers(#require(twice.boundAddresses.first)))
    twice.shutdown(grace: 0)
  }

  @Test("Several addresses are served, and the empty host takes IPv4 clients")
  func several() throws {
    let server = try server([":0", "127.0.0.1:0"])
    try server.start()
    defer { server.shutdown(grace: 0) }
    let addresses = server.boundAddresses
    #expect(addresses.count == 2)
    #expect(Set(addresses.map { $0.port }).count == 2)
    #expect(try answers(SocketAddress(bytes: [127, 0, 0, 1], port: addresses[0].port)))
    #expect(try answers(addresses[1]))
  }

  @Test("A port is free again as soon as its server has been shut down")
  func restart() throws {
    let first = try server(["127.0.0.1:0"])
    try first.start()
    let address = try #require(first.boundAddresses.first)
    let client = try RawClient(address)
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(client.receive()?.status == 200)
    first.shutdown(grace: 5)
    let second = try server([address.description])
    try second.start()
    #expect(try answers(address))
    second.shutdown(grace: 0)
  }
}
