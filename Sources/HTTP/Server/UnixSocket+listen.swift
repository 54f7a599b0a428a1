internal import CLinux
internal import Glibc
internal import POSIX

extension UnixSocket {
  /// A file by its number: what tells a socket of one's own from another's at the same path.
  struct Identity: Equatable {
    var device: UInt
    var inode: UInt
  }

  /// Makes the socket and listens. The corresponding C functions are `socket(2)`, `bind(2)` and `listen(2)`.
  ///
  /// Nobody can connect before `listen`, so that the mode is right before the first client comes.
  func listen(backlog: Int) throws(ServerError) -> FileDescriptor {
    guard path.utf8.count <= UnixSocket.longestPath, !path.utf8.isEmpty, !path.utf8.contains(0) else {
      throw .cannotListenAt(self, "its path must have 1 to \(UnixSocket.longestPath) bytes")
    }
    try removeStale()
    do throws(Errno) {
      let descriptor = try open()
      let number = descriptor.rawValue
      _ = try retryingOnInterrupt { SocketAddress(unixPath: path).withSockaddr { Glibc.bind(number, $0, $1) } }
      do throws(Errno) {
        if let group { _ = try retryingOnInterrupt { chown(path, uid_t.max, group) } }
        _ = try retryingOnInterrupt { chmod(path, mode) }
        _ = try retryingOnInterrupt { Glibc.listen(number, Int32(clamping: backlog)) }
      } catch {
        unlink(path)
        throw error
      }
      return descriptor
    } catch {
      throw .cannotListenAt(self, explain(error))
    }
  }

  /// What lies at the path now; nil when nothing does.
  var identity: Identity? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return Identity(device: UInt(widening: status.st_dev), inode: UInt(widening: status.st_ino))
  }

  /// Takes away what a server that was killed has left behind.
  private func removeStale() throws(ServerError) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw .cannotListenAt(self, "there is a file that is no socket; move it away or name another path")
    }
    do throws(Errno) {
      let descriptor = try open()
      let number = descriptor.rawValue
      _ = try retryingOnInterrupt { SocketAddress(unixPath: path).withSockaddr { connect(number, $0, $1) } }
    } catch {
      // Only a refusal says that nobody listens; a full backlog, for one, says the contrary.
      if error.rawValue == ECONNREFUSED {
        unlink(path)
        return
      }
      if error.rawValue == ENOENT { return }
      if error.rawValue == EACCES { throw .cannotListenAt(self, explain(error)) }
    }
    throw .cannotListenAt(self, "another program listens there already (EADDRINUSE)")
  }

  private func open() throws(Errno) -> FileDescriptor {
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    return FileDescriptor(owning: try retryingOnInterrupt { socket(AF_UNIX, kind, 0) })
  }

  private func explain(_ error: Errno) -> String {
    switch error.rawValue {
    case ENOENT: "its folder does not exist; make it, or name another path (ENOENT)"
    case EACCES: "this user may not make files in its folder (EACCES)"
    case EPERM where group != nil: "this user may not give it to group \(group ?? 0): it must be a member (EPERM)"
    default: error.description
    }
  }
}
