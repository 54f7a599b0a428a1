internal import CLinux
internal import Glibc
internal import POSIX

/// `epoll(7)` and `eventfd(2)`. Level-triggered: what was not read is reported again.
struct EventPoll: ~Copyable {
  static let readable = UInt32(EPOLLIN.rawValue) | leaving
  /// The other end has closed its sending half, also when something it sent before was not read yet.
  static let leaving = UInt32(EPOLLRDHUP.rawValue)
  static let writable = UInt32(EPOLLOUT.rawValue)
  static let broken = UInt32(EPOLLERR.rawValue) | UInt32(EPOLLHUP.rawValue)

  private let descriptor: FileDescriptor
  private var events = [epoll_event](repeating: epoll_event(), count: 128)

  /// The corresponding C function is `epoll_create1(2)`.
  init() throws(Errno) {
    descriptor = FileDescriptor(owning: try retryingOnInterrupt { epoll_create1(Int32(EPOLL_CLOEXEC)) })
  }

  func add(_ socket: Int32, token: UInt64, interest: UInt32) throws(Errno) {
    try control(EPOLL_CTL_ADD, socket, token, interest)
  }

  func modify(_ socket: Int32, token: UInt64, interest: UInt32) {
    try? control(EPOLL_CTL_MOD, socket, token, interest)
  }

  func remove(_ socket: Int32) {
    try? control(EPOLL_CTL_DEL, socket, 0, 0)
  }

  /// Waits for events. The corresponding C function is `epoll_wait(2)`.
  ///
  /// - Parameter milliseconds: how long at the most; -1 for without end.
  mutating func wait(milliseconds: Int32) -> Int {
    // Interrupted, or out of memory for a moment: no events.
    max(0, Int(widening: epoll_wait(descriptor.rawValue, &events, Int32(clamping: events.count), milliseconds)))
  }

  func event(_ index: Int) -> (token: UInt64, events: UInt32) {
    (events[index].data.u64, events[index].events)
  }

  private func control(
    _ operation: Int32, _ socket: Int32, _ token: UInt64, _ interest: UInt32
  ) throws(Errno) {
    var event = epoll_event(events: interest, data: epoll_data_t(u64: token))
    let number = descriptor.rawValue
    _ = try retryingOnInterrupt { epoll_ctl(number, operation, socket, &event) }
  }

  static func makeWakeUp() throws(Errno) -> FileDescriptor {
    let flags = Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)
    return FileDescriptor(owning: try retryingOnInterrupt { eventfd(0, flags) })
  }

  static func signal(_ wakeUp: borrowing FileDescriptor) {
    var one: UInt64 = 1
    // It fails only when the counter is full, and then the loop is awake anyway.
    _ = try? withUnsafeBytes(of: &one) { (bytes) throws(Errno) in try wakeUp.write(bytes) }
  }

  static func acknowledge(_ wakeUp: borrowing FileDescriptor) {
    var count: UInt64 = 0
    _ = try? withUnsafeMutableBytes(of: &count) { (bytes) throws(Errno) in try wakeUp.read(into: bytes) }
  }
}
