internal import CLinux
internal import Glibc
internal import POSIX

/// A tiny process that outlives its supervisor by a moment: when the supervisor is gone, even by `SIGKILL`, it kills
/// what that has left behind.
///
/// The kernel's own death signal (`PR_SET_PDEATHSIG`) reaches only the direct child; `npm run serve` is a shell that
/// starts node, and node would live on. The guardian finds the others by their process group, and by a mark in their
/// environment, which goes on to whatever they start, in a session of its own too; and those that cleared their environment by
/// their numbers, as far as the supervisor has told them.
final class Guardian: Sendable {
  let pid: pid_t
  private let lifeline: FileDescriptor

  /// Forks the guardian.
  ///
  /// - Parameter mark: a text that nobody else has in the environment.
  init(mark: String) throws(Errno) {
    var end: Int32 = -1
    let pid = clinux_guardian(&end, mark)
    guard pid > 0 else { throw Errno.last }
    self.pid = pid
    lifeline = FileDescriptor(owning: end)
  }

  /// Tells which process group dies with the supervisor from now on; 0 for none.
  func watch(group: pid_t) {
    tell(clinux_charge(kind: 0, pid: group, seen: 0, start: 0))
  }

  /// Tells which processes die with the supervisor from now on, beside those that it finds itself.
  func watch(_ processes: [pid_t]) {
    tell(clinux_charge(kind: 2, pid: 0, seen: 0, start: 0))
    for pid in processes.prefix(Int(CLINUX_MOST_CHARGES)) {
      guard let seen = Descendants.shared.number(of: pid), let state = Descendants.shared.state(at: seen) else {
        continue
      }
      tell(clinux_charge(kind: 1, pid: pid, seen: seen, start: state.startTicks))
    }
  }

  private func tell(_ charge: clinux_charge) {
    // A whole charge or none (pipe(7), PIPE_BUF); a guardian that takes no more is one that was stopped.
    withUnsafeBytes(of: charge) { _ = try? lifeline.write($0) }
  }

  /// Ends the guardian, which nothing else does but the supervisor's end, and collects it.
  func dismiss() {
    _ = kill(pid, SIGKILL)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) == -1, errno == EINTR {}
  }
}
