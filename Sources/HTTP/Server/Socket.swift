internal import CLinux
internal import Glibc
internal import POSIX

/// TCP's system calls, each wrapped once.
enum Socket {
  /// Opens a listening socket. The corresponding C functions are `socket(2)`, `bind(2)` and `listen(2)`.
  ///
  /// - Parameter dualStack: whether an IPv6 socket takes IPv4 clients too.
  static func listen(on address: SocketAddress, dualStack: Bool, backlog: Int) throws(Errno) -> FileDescriptor {
    let family = address.isIPv6 ? AF_INET6 : AF_INET
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = FileDescriptor(owning: try retryingOnInterrupt { Glibc.socket(family, kind, 0) })
    // A restarted server must not wait for the old one's connections in TIME_WAIT.
    try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
    if address.isIPv6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, dualStack ? 0 : 1) }
    let number = descriptor.rawValue
    _ = try retryingOnInterrupt { address.withSockaddr { Glibc.bind(number, $0, $1) } }
    _ = try retryingOnInterrupt { Glibc.listen(number, Int32(clamping: backlog)) }
    return descriptor
  }

  /// The address that a socket is bound to. The corresponding C function is `getsockname(2)`.
  static func localAddress(of descriptor: borrowing FileDescriptor) throws(Errno) -> SocketAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = descriptor.rawValue
    _ = try retryingOnInterrupt { withSockaddr(&storage) { getsockname(number, $0, &length) } }
    guard let address = withSockaddr(&storage, { SocketAddress($0) }) else { throw Errno(EAFNOSUPPORT) }
    return address
  }

  /// Accepts a connection, non-blocking and without Nagle's delay. The corresponding C function is `accept4(2)`.
  static func accept(from listener: Int32) throws(Errno) -> AcceptedSocket {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = FileDescriptor(
      owning: try retryingOnInterrupt { withSockaddr(&storage) { accept4(listener, $0, &length, flags) } })
    let peer = withSockaddr(&storage) { SocketAddress($0) } ?? .anyIPv4(port: 0)
    if peer.unixPath == nil { try? set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
    return AcceptedSocket(descriptor: descriptor, peer: peer)
  }

  /// Who connected to a Unix socket; nil for any other. The corresponding C function is `getsockopt(2)` with
  /// `SO_PEERCRED` of `unix(7)`.
  static func credentials(of number: Int32) -> PeerCredentials? {
    var value = PeerCredentials.Raw()
    var length = socklen_t(MemoryLayout<PeerCredentials.Raw>.size)
    guard getsockopt(number, SOL_SOCKET, SO_PEERCRED, &value, &length) == 0,
      length == socklen_t(MemoryLayout<PeerCredentials.Raw>.size)
    else { return nil }
    return PeerCredentials(pid: value.pid, user: value.user)
  }

  /// Closes the sending half. The corresponding C function is `shutdown(2)`.
  static func shutdownSending(_ descriptor: Int32) {
    _ = Glibc.shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Makes the coming `close(2)` drop what was not sent and reset the connection (`SO_LINGER` of `socket(7)`).
  static func abortOnClose(_ number: Int32) {
    var option = linger(l_onoff: 1, l_linger: 0)
    _ = setsockopt(number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  private static func set(
    _ descriptor: borrowing FileDescriptor, _ level: Int32, _ option: Int32, _ value: Int32
  ) throws(Errno) {
    var value = value
    let number = descriptor.rawValue
    _ = try retryingOnInterrupt {
      setsockopt(number, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  private static func withSockaddr<Result>(
    _ storage: inout sockaddr_storage, _ body: (UnsafeMutablePointer<sockaddr>) -> Result
  ) -> Result {
    // sockaddr_storage is made to be seen as any sockaddr.
    withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
    }
  }
}

/// Who is at the other end of a Unix socket, as the kernel vouches for it.
public struct PeerCredentials: Sendable, Hashable {
  /// The process that connected, as this process's pid namespace knows it; 0 when that does not know it.
  public let pid: Int32
  /// The user of that process.
  public let user: UInt32

  /// `struct ucred` of `unix(7)`, which glibc declares under `_GNU_SOURCE` alone.
  struct Raw {
    var pid: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0
  }
}

/// A new connection: its socket and who is at the other end.
struct AcceptedSocket: ~Copyable {
  let descriptor: FileDescriptor
  let peer: SocketAddress

  consuming func intoDescriptor() -> FileDescriptor { descriptor }
}
