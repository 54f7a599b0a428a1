internal import CLinux
internal import Glibc
internal import POSIX

/// A tiny process that outlives its supervisor by a moment: when the supervisor is gone, even by `SIGKILL`, it kills
/// the process group that it was told last.
///
/// The kernel's own death signal (`PR_SET_PDEATHSIG`) reaches only the direct child; `npm run serve` is a shell that
/// starts node, and node would live on.
final class Guardian: Sendable {
  private let lifeline: FileDescriptor
  private let pid: pid_t

  /// Forks the guardian.
  init() throws(Errno) {
    var end: Int32 = -1
    let pid = clinux_guardian(&end)
    guard pid > 0 else { throw Errno.last }
    self.pid = pid
    lifeline = FileDescriptor(owning: end)
  }

  /// Tells which process group dies with the supervisor from now on; 0 for none, -1 ends the guardian.
  func watch(group: pid_t) {
    var group = group
    withUnsafeBytes(of: &group) { _ = try? lifeline.write($0) }
  }

  /// Lets the guardian end, and waits for it.
  func dismiss() {
    // It ends at this, for the lifeline stays open until this object goes.
    watch(group: -1)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
  }
}
