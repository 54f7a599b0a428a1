internal import Glibc

/// Tells whether file systems were mounted or unmounted where this process sees them, as the kernel tells it to who polls its table
/// (`proc(5)`, `/proc/PID/mountinfo`). To be used by one thread at a time.
public final class MountChanges: Sendable {
  private let descriptor: Int32

  /// - Parameter table: where the kernel's table is.
  public init(_ table: String = "/proc/self/mountinfo") {
    do throws(Errno) {
      descriptor = try FileDescriptor.open(table, O_RDONLY | O_NONBLOCK).take()
    } catch {
      descriptor = -1
    }
  }

  deinit {
    if descriptor >= 0 { _ = close(descriptor) }
  }

  /// Whether there were any since the last question, or since it was made; true when that cannot be known.
  public func hasChanged() -> Bool {
    guard descriptor >= 0 else { return true }
    var asked = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    guard poll(&asked, 1, 0) >= 0 else { return true }
    return asked.revents & Int16(POLLPRI | POLLERR | POLLHUP | POLLNVAL) != 0
  }
}
