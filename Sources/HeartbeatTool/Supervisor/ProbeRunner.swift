internal import CLinux
internal import Glibc
internal import POSIX

/// Asks a probe on a thread of its own, so that a slow answer holds up nothing; that an answer is there is told through a pipe.
struct ProbeRunner: ~Copyable {
  /// Readable when an answer is there; to be polled.
  let descriptor: FileDescriptor
  private let writer: FileDescriptor
  private let answers = Lock<[(run: Int, answer: Probe.Answer)]>([])

  init() throws(Errno) {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { throw Errno.last }
    descriptor = FileDescriptor(owning: ends[0])
    writer = FileDescriptor(owning: ends[1])
  }

  /// Asks once; false when that is not possible now.
  ///
  /// - Parameter run: which run of the program is meant; `answer` tells it again.
  borrowing func ask(_ probe: Probe, run: Int) -> Bool {
    // The thread has its own end of the pipe: this one may be closed before the answer is there.
    let end = fcntl(writer.rawValue, F_DUPFD_CLOEXEC, 0)
    guard end >= 0 else { return false }
    let answers = answers
    do throws(Errno) {
      try Thread.startDetached(named: "probe") {
        let end = FileDescriptor(owning: end)
        let answer = probe.ask()
        answers.withLock { $0.append((run, answer)) }
        try? end.writeAll([0])
      }
      return true
    } catch {
      close(end)
      return false
    }
  }

  /// An answer that has arrived; nil when there is none.
  borrowing func answer() -> (run: Int, answer: Probe.Answer)? {
    var byte: UInt8 = 0
    let got = withUnsafeMutableBytes(of: &byte) { (try? descriptor.read(into: $0)) ?? 0 }
    return got == 1 ? answers.withLock { $0.isEmpty ? nil : $0.removeFirst() } : nil
  }
}
