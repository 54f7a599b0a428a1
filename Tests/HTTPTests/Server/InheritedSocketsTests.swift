import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite("Sockets of the service manager")
struct InheritedSocketsTests {
  private static let pid = String(getpid())

  /// What is taken of one descriptor.
  private func take(
    _ file: borrowing FileDescriptor, pid: String? = pid, count: String? = "1", names: String = ""
  ) -> Result<[InheritedSocket], InheritedSockets.Unusable> {
    do throws(InheritedSockets.Unusable) {
      return .success(try InheritedSockets.take(pid: pid, count: count, names: names, from: file.rawValue))
    } catch {
      return .failure(error)
    }
  }

  private func reason(_ result: Result<[InheritedSocket], InheritedSockets.Unusable>) -> String {
    if case .failure(let error) = result { error.description } else { "" }
  }

  private func socket(_ family: Int32, _ type: __socket_type = SOCK_STREAM, listens: Bool = true) throws
    -> FileDescriptor
  {
    let number = Glibc.socket(family, Int32(type.rawValue), 0)
    try #require(number >= 0)
    if listens { try #require(listen(number, 1) == 0) }
    return FileDescriptor(owning: number)
  }

  @Test("are taken with their names and kinds, and then neither block nor are inherited any further")
  func taken() throws {
    let file = try socket(AF_INET)
    let number = file.rawValue
    #expect(
      try take(file, names: "web:more").get() == [InheritedSocket(descriptor: number, name: "web", isUnix: false)])
    #expect(fcntl(number, F_GETFL) & O_NONBLOCK != 0 && fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
    #expect(try take(file).get().first?.name == "")
  }

  @Test("go on listening when the server has ended: they are the service manager's too")
  func outlive() throws {
    let file = try socket(AF_INET)
    // Another descriptor of the same socket, as the service manager has one.
    let served = try InheritedSockets.take(pid: Self.pid, count: "1", names: "", from: dup(file.rawValue))
    var configuration = ServerConfiguration(listen: [])
    configuration.further = [ListenSocket(.inherited(served[0]), name: "web")]
    let server = Server(configuration: configuration, handler: TestServer.echo)
    try server.start()
    let address = try #require(server.boundAddresses.first)
    server.shutdown(grace: 1)
    _ = try RawClient(SocketAddress.all(of: "127.0.0.1", port: address.port)[0])
    // Here they end, or the client's connection would be reset before it is made.
    _ = consume file
  }

  @Test("of Unix are told from those of the network")
  func unix() throws {
    // Bound to a name of the kernel's choice, without which no Unix socket listens.
    let file = try socket(AF_UNIX, listens: false)
    let number = file.rawValue
    var address = sockaddr(sa_family: sa_family_t(AF_UNIX), sa_data: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    try #require(bind(number, &address, socklen_t(MemoryLayout<sa_family_t>.size)) == 0)
    try #require(listen(number, 1) == 0)
    #expect(try take(file).get().first?.isUnix == true)
  }

  @Test("that are for another process, or for nobody, are left alone", arguments: [nil, "", "1", "0\(pid)"])
  func others(pid: String?) throws {
    let file = try socket(AF_INET)
    #expect(try take(file, pid: pid).get().isEmpty)
  }

  @Test("are as many as was said", arguments: [nil, "", "x", "-1", "65", "99999999999"])
  func counts(count: String?) throws {
    let file = try socket(AF_INET)
    let none = try take(file, count: "0").get()
    let reason = reason(take(file, count: count))
    #expect(none.isEmpty && reason.hasPrefix("LISTEN_FDS is \"\(count ?? "")\""))
  }

  @Test("must be streams that listen")
  func kinds() throws {
    let null = try FileDescriptor.open("/dev/null", O_RDONLY)
    let datagrams = try socket(AF_INET, SOCK_DGRAM, listens: false)
    let silent = try socket(AF_INET, listens: false)
    let reasons = [reason(take(null, names: "n")), reason(take(datagrams)), reason(take(silent))]
    #expect(reasons[0].hasPrefix("descriptor \(null.rawValue) (\"n\")") && reasons[0].contains("is no socket"))
    #expect(reasons[1].contains("is no stream socket") && reasons[2].contains("does not listen"))
  }
}
