import Glibc
import POSIX
import Testing

@testable import HTTP

@Suite struct UnixSocketTests {
  private let folder: String

  init() throws {
    var template = Array("/tmp/heartbeat-socket-XXXXXX".utf8CString)
    folder = String(cString: try #require(mkdtemp(&template)))
  }

  private func server(_ socket: UnixSocket) throws -> Server {
    var configuration = ServerConfiguration(listen: [try ListenAddress("127.0.0.1:0")])
    configuration.further = [ListenSocket(.unix(socket), name: "push")]
    configuration.failureResponse = { status, reason, path in .text(status, "\(path): \(reason)") }
    return Server(configuration: configuration) { request, responder in
      let user = request.credentials.map { "\($0.pid == getpid()) \($0.user == getuid())" } ?? "-"
      responder.send(.text(200, "\(request.listener) \(request.peer?.isLocal ?? false) \(user)"))
    }
  }

  private func ask(_ address: SocketAddress, _ request: String = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") throws -> String {
    let client = try RawClient(address)
    client.send(request)
    return client.receive()?.text ?? ""
  }

  @Test("A Unix socket has its mode whatever the umask is, knows its peers, and goes with the server")
  func serves() throws {
    let socket = UnixSocket(path: folder + "/s", mode: 0o620)
    let server = try server(socket)
    try server.start()
    var status = stat()
    #expect(lstat(socket.path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o620)
    #expect(server.boundAddresses.map { $0.description }.last == "unix:\(socket.path)")
    #expect(try ask(SocketAddress(unixPath: socket.path)) == "push true true true\n")
    #expect(try ask(server.boundAddresses[0]) == "web true -\n")
    #expect(try ask(SocketAddress(unixPath: socket.path), "nonsense\r\n\r\n").hasPrefix(": "))
    server.shutdown(grace: 1)
    #expect(lstat(socket.path, &status) != 0)
  }

  @Test("A socket that a killed server left is replaced; one that is served, and any other file, is not")
  func stale() throws {
    let socket = UnixSocket(path: folder + "/s")
    let dead = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(SocketAddress(unixPath: socket.path).withSockaddr { bind(dead, $0, $1) } == 0)
    close(dead)
    let first = try server(socket)
    try first.start()
    let error = #expect(throws: ServerError.self) { try server(socket).start() }
    #expect(error?.description.contains("another program listens there already") == true)
    #expect(try ask(SocketAddress(unixPath: socket.path)).hasPrefix("push"))

    // What lies there in the end is another's, so it stays.
    unlink(socket.path)
    let file = open(socket.path, O_CREAT | O_WRONLY, 0o600)
    close(file)
    first.shutdown(grace: 0)
    #expect(access(socket.path, F_OK) == 0)
    let other = #expect(throws: ServerError.self) { try server(socket).start() }
    #expect(other?.description.contains("a file that is no socket") == true)
    #expect(access(socket.path, F_OK) == 0)
  }

  @Test("A socket whose listener has no room for one more is served, so it stays")
  func fullBacklog() throws {
    let socket = UnixSocket(path: folder + "/s")
    let address = SocketAddress(unixPath: socket.path)
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let listener = FileDescriptor(owning: Glibc.socket(AF_UNIX, kind, 0))
    let number = listener.rawValue
    #expect(address.withSockaddr { bind(number, $0, $1) } == 0 && listen(number, 0) == 0)
    var waiting: [Int32] = []
    while waiting.count < 100 {
      let client = Glibc.socket(AF_UNIX, kind, 0)
      waiting.append(client)
      if address.withSockaddr({ connect(client, $0, $1) }) != 0 { break }
    }
    #expect(errno == EAGAIN && waiting.count < 100)
    let error = #expect(throws: ServerError.self) { try server(socket).start() }
    #expect(error?.description.contains("another program listens there already") == true)
    #expect(access(socket.path, F_OK) == 0)
    for client in waiting { close(client) }
  }

  @Test(
    "What cannot be made says why",
    arguments: [
      ("/no/such/folder/s", "its folder does not exist"), ("/tmp/" + String(repeating: "x", count: 200), "107"),
    ])
  func impossible(path: String, reason: String) throws {
    let server = try server(UnixSocket(path: path))
    let error = #expect(throws: ServerError.self) { try server.start() }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
  }
}
