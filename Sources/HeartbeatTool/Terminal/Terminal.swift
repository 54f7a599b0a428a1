internal import Glibc
internal import POSIX

/// The terminal that this process belongs to.
enum Terminal {
  /// Whether a program that is started now shares it with us: it is among the standard streams, or we are in its foreground. Then job
  /// control (`setpgid(2)`, `tty_ioctl(4)`) is the shell's business, and the program must stay in our process group.
  static var isShared: Bool {
    for stream in 0..<Int32(3) where tcgetpgrp(stream) != -1 { return true }
    guard let terminal = try? FileDescriptor.open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK) else { return false }
    return tcgetpgrp(terminal.rawValue) == getpgrp()
  }
}
