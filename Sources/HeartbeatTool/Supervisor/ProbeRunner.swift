internal import CLinux
internal import Glibc
internal import POSIX

/// Asks a probe on a thread of its own, so that a slow answer holds up nothing; the answer arrives through a pipe.
struct ProbeRunner: ~Copyable {
  /// Readable when an answer is there; to be polled.
  let descriptor: FileDescriptor
  private let writer: FileDescriptor
  private let probe: Probe?

  init(_ probe: Probe?) throws(Errno) {
    var ends: [Int32] = [-1, -1]
    guard pipe2(&ends, O_CLOEXEC | O_NONBLOCK) == 0 else { throw Errno.last }
    descriptor = FileDescriptor(owning: ends[0])
    writer = FileDescriptor(owning: ends[1])
    self.probe = probe
  }

  /// Asks once.
  ///
  /// - Parameter run: which run of the program is meant; `answer` tells it again.
  borrowing func ask(run: UInt8) -> Bool {
    guard let probe else { return false }
    // The thread has its own end of the pipe: this one may be closed before the answer is there.
    let end = dup(writer.rawValue)
    guard end >= 0 else { return false }
    let thread = try? Thread.start(named: "probe") {
      let end = FileDescriptor(owning: end)
      try? end.writeAll([run, probe.ask() ? 1 : 0])
    }
    thread?.detach()
    return thread != nil
  }

  /// An answer that has arrived; nil when there is none.
  borrowing func answer() -> (run: UInt8, isPositive: Bool)? {
    var bytes: [UInt8] = [0, 0]
    let got = bytes.withUnsafeMutableBytes { (try? descriptor.read(into: $0)) ?? 0 }
    return got == 2 ? (bytes[0], bytes[1] == 1) : nil
  }
}
