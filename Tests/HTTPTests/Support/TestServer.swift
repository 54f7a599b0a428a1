import POSIX
import Testing

@testable import HTTP

/// A server on a free port of 127.0.0.1, with what it reported.
final class TestServer: Sendable {
  struct Reports: Sendable {
    var access: [AccessRecord] = []
    var problems: [ConnectionProblem.Kind] = []
    var details: [String] = []
  }

  let server: Server
  let address: SocketAddress
  private let reports: ConditionLock<Reports>

  init(
    configure: (inout ServerConfiguration) -> Void = { _ in },
    accept: @escaping @Sendable (Int32) throws(Errno) -> AcceptedSocket = Socket.accept,
    handler: @escaping Server.Handler = TestServer.echo
  ) throws {
    var configuration = ServerConfiguration(listen: [try ListenAddress("127.0.0.1:0")])
    configure(&configuration)
    let reports = ConditionLock(Reports())
    configuration.onAccess = { record in reports.withLock { $0.access.append(record) } }
    configuration.onProblem = { problem in
      reports.withLock {
        $0.problems.append(problem.kind)
        if let detail = problem.detail { $0.details.append(detail) }
      }
    }
    self.reports = reports
    server = Server(configuration: configuration, accept: accept, handler: handler)
    try server.start()
    address = try #require(server.boundAddresses.first)
  }

  deinit {
    server.shutdown(grace: 0)
  }

  func connect(receiveBuffer: Int32? = nil) throws -> RawClient {
    try RawClient(address, receiveBuffer: receiveBuffer)
  }

  /// What was reported until now.
  var accessRecords: [AccessRecord] { reports.withLock { $0.access } }

  /// What was told of the problems until now.
  var details: [String] { reports.withLock { $0.details } }

  /// Waits until the reports satisfy a condition, for as long as no sane machine needs.
  func waits(until condition: (Reports) -> Bool) -> Bool {
    reports.wait(timeout: 30) { condition($0) ? true : nil } ?? false
  }

  /// Says what the request was.
  static let echo: Server.Handler = { request, responder in
    let body = String(decoding: request.body, as: UTF8.self)
    responder.send(.text(200, "\(request.method.rawValue) \(request.path)?\(request.rawQuery) [\(body)]"))
  }
}
