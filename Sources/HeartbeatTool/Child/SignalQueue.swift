internal import CLinux
internal import Glibc
internal import POSIX

/// A signal that arrived.
struct ReceivedSignal: Sendable, Hashable {
  /// Its number.
  let number: Int32
  /// Whether the kernel sent it, as for Ctrl-C: then the whole foreground process group got it as well.
  var isFromTerminal = false
  /// Who sent it; 0 when that is not known.
  var sender: pid_t = 0
  /// The number that goes with it, when it was sent with one (`sigqueue(3)`).
  var value: Int32?
}

/// Signals as data to read, by `signalfd(2)`: no handler ever interrupts anything.
struct SignalQueue: ~Copyable {
  /// Readable when a signal waits; to be polled.
  let descriptor: FileDescriptor

  /// Blocks the signals for this thread, and those it starts, and queues them from now on.
  init(_ numbers: [Int32]) throws(Errno) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    let raw = signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard raw >= 0 else { throw Errno.last }
    descriptor = FileDescriptor(owning: raw)
  }

  /// The next signal, nil when none waits.
  borrowing func next() -> ReceivedSignal? {
    var info = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    let got = withUnsafeMutableBytes(of: &info) { (try? descriptor.read(into: $0)) ?? 0 }
    guard got == size else { return nil }
    let fromKernel: Int32 = 0x80  // SI_KERNEL
    let queued: Int32 = -1  // SI_QUEUE
    return ReceivedSignal(
      number: Int32(clamping: info.ssi_signo), isFromTerminal: info.ssi_code == fromKernel,
      sender: pid_t(clamping: info.ssi_pid), value: info.ssi_code == queued ? info.ssi_int : nil)
  }

  /// Sleeps until a signal waits, or another descriptor can be read, or the time runs out.
  ///
  /// - Parameter timeout: seconds.
  borrowing func wait(timeout: Double, also others: [Int32] = []) {
    var polled = ([descriptor.rawValue] + others).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    let milliseconds = Int32(clamping: min(max(timeout, 0) * 1000, 3_600_000).rounded(.up))
    _ = poll(&polled, nfds_t(polled.count), milliseconds)
  }
}
