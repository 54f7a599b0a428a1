import Glibc
import POSIX
import Testing

@Suite("Writing to a peer that has gone")
struct BrokenPipeTests {
  private static var isPending: Bool {
    var set = sigset_t()
    sigpending(&set)
    return sigismember(&set, SIGPIPE) == 1
  }

  /// Runs `body` on a thread of its own, in which SIGPIPE is blocked: it stays to be seen, and ends nobody.
  private func blocked(_ body: @escaping @Sendable () -> Void) throws {
    try Thread.start(named: "pipe") {
      var set = sigset_t()
      sigemptyset(&set)
      sigaddset(&set, SIGPIPE)
      pthread_sigmask(SIG_BLOCK, &set, nil)
      body()
    }.join()
  }

  @Sendable private static func writeToNobody() -> Int32 {
    var ends: [Int32] = [0, 0]
    pipe(&ends)
    close(ends[0])
    defer { close(ends[1]) }
    var byte: UInt8 = 1
    return write(ends[1], &byte, 1) < 0 ? errno : 0
  }

  @Test("is an error, and no signal is left behind")
  func taken() throws {
    try blocked {
      #expect(!Self.isPending)
      #expect(Self.writeToNobody() == EPIPE && Self.isPending, "this is how it is without")
    }
    try blocked {
      let code = withoutBrokenPipeSignal { Self.writeToNobody() }
      #expect(code == EPIPE && !Self.isPending)
      var now = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &now)
      #expect(sigismember(&now, SIGPIPE) == 1, "the mask is as it was")
    }
  }

  @Test("a signal that waited before is the program's, and stays")
  func kept() throws {
    try blocked {
      pthread_kill(pthread_self(), SIGPIPE)
      #expect(withoutBrokenPipeSignal { Self.writeToNobody() } == EPIPE)
      #expect(Self.isPending)
    }
  }

  @Test("where it is not blocked it is neither during the call nor after it")
  func mask() throws {
    try Thread.start(named: "pipe") {
      #expect(withoutBrokenPipeSignal { Self.writeToNobody() } == EPIPE)
      var now = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &now)
      #expect(sigismember(&now, SIGPIPE) == 0)
    }.join()
  }
}
