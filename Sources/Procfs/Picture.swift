internal import Glibc
internal import POSIX

/// A picture of the host: what is asked once for all readers of one tree that make it.
public final class Picture: Sendable {
  /// Which directory a path leads to.
  struct Identity: Equatable, Sendable {
    private let device: dev_t
    private let inode: ino_t

    init(_ status: Glibc.stat) { (device, inode) = (status.st_dev, status.st_ino) }
  }

  private let found = Lock<Identity?>(nil)

  /// Nothing was asked yet.
  public init() {}

  /// Where a path leads to, asked at the first call; nil when that cannot be said. It waits for whatever is there, but not for others
  /// that ask.
  func identity(of path: String) -> Identity? {
    if let known = found.withLock({ $0 }) { return known }
    var status = Glibc.stat()
    guard fstatat(AT_FDCWD, path, &status, 0) == 0 else { return nil }
    let identity = Identity(status)
    found.withLock { $0 = $0 ?? identity }
    return identity
  }
}
