import POSIX
import Testing

@testable import HTTP

/// A span of time may come from the environment, as that of the watchdog does.
@Suite("Spans of any length")
struct SpanTests {
  private static let spans: [Double] = [.nan, .infinity, -.infinity, 1e300, 9e12, -1, 0]

  @Test("a server pulses, answers and stops whatever the time between two pulses is", arguments: spans)
  func pulse(seconds: Double) throws {
    let pulses = ConditionLock(0)
    let server = try TestServer(configure: { $0.pulse = (seconds, { pulses.withLock { $0 += 1 } }) })
    let client = try server.connect()
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(client.receive()?.status == 200)
    #expect(pulses.wait(timeout: 30) { $0 > 0 ? true : nil } == true)
    server.server.shutdown(grace: 0)
  }

  @Test("a server pulses once in the time between two pulses, whatever it does meanwhile")
  func onePulse() throws {
    let pulses = ConditionLock(0)
    let server = try TestServer(configure: { $0.pulse = (3_600, { pulses.withLock { $0 += 1 } }) })
    for _ in 0..<20 {
      let client = try server.connect()
      client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
      #expect(client.receive()?.status == 200)
    }
    server.server.shutdown(grace: 0)
    #expect(pulses.withLock { $0 } == 1)
  }

  @Test("a server has any time limit and any grace", arguments: spans)
  func limits(seconds: Double) throws {
    let server = try TestServer(configure: {
      $0.timeouts.write = seconds
      $0.timeouts.linger = seconds
    })
    let client = try server.connect()
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(client.receive()?.status == 200)
    server.server.shutdown(grace: seconds)
  }
}
