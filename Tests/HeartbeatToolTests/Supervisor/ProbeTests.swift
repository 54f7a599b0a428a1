import Glibc
import HTTP
import POSIX
import Testing

@testable import HeartbeatTool

@Suite("The probe of a program")
struct ProbeTests {
  /// A server on a free port that answers each request with the status that its path names.
  private final class Site {
    let server: Server

    init() throws {
      server = Server(configuration: ServerConfiguration(listen: [try ListenAddress("127.0.0.1:0")])) {
        request, responder in
        responder.send(.text(Int(request.path.dropFirst()) ?? 500, "x"))
      }
      try server.start()
    }

    deinit { server.shutdown(grace: 0) }

    var address: String { server.boundAddresses.first?.description ?? "" }
  }

  @Test(
    "an HTTP one is content with 2xx and 3xx",
    arguments: [(200, true), (204, true), (302, true), (399, true), (400, false), (404, false), (503, false)])
  func http(status: Int, expected: Bool) throws {
    let site = try Site()
    let answer = try #require(Probe("http://\(site.address)/\(status)")).ask()
    #expect(answer == (expected ? .works : .fails("answered with status \(status), expected 2xx or 3xx")))
  }

  @Test("a TCP one is content with a connection")
  func tcp() throws {
    let site = try Site()
    let probe = try #require(Probe("tcp://\(site.address)"))
    #expect(probe.ask() == .works)
    site.server.shutdown(grace: 0)
    #expect(probe.ask() != .works)
    #expect(try #require(Probe("http://\(site.address)/200")).ask() != .works)
  }

  @Test("the runner brings each answer, with the run that it was asked for")
  func runner() throws {
    let site = try Site()
    let probe = try #require(Probe("http://\(site.address)/200"))
    let runner = try ProbeRunner()
    for run in [1, 300] {
      let isAsked = runner.ask(probe, run: run)
      var answer: (run: Int, answer: Probe.Answer)?
      for _ in 0..<3000 where answer == nil {
        wait(for: runner.descriptor.rawValue)
        answer = runner.answer()
      }
      let further = runner.answer()
      #expect(isAsked && answer?.run == run && answer?.answer == .works && further == nil)
    }
  }
}

/// Sleeps until something can be read, but not for long.
private func wait(for descriptor: Int32) {
  var asked = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  _ = poll(&asked, 1, 10)
}
