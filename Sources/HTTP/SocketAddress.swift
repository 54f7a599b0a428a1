internal import Glibc
internal import POSIX

/// An IPv4 or IPv6 address with a port, or a Unix socket's path.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// The path of a Unix socket, empty for one without a name, as clients have it; nil for an address of a network.
  public let unixPath: String?
  /// 4 or 16 bytes in network order; none for a Unix socket.
  public let bytes: [UInt8]
  /// The port in host order.
  public internal(set) var port: UInt16
  /// The interface of a link-local IPv6 address, else 0.
  let scope: UInt32

  /// Whether it is an IPv6 address; one that only wraps an IPv4 address (`::ffff:1.2.3.4`) counts as IPv4.
  public var isIPv6: Bool { bytes.count == 16 }

  init(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
    let wrapsIPv4 = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
    self.bytes = wrapsIPv4 ? Array(bytes[12...]) : bytes
    self.port = port
    self.scope = scope
    unixPath = nil
  }

  init(unixPath: String) {
    self.unixPath = unixPath
    (bytes, port, scope) = ([], 0, 0)
  }

  /// Whether it is an address of this host's own loopback interface, or a Unix socket.
  public var isLocal: Bool {
    unixPath != nil || (isIPv6 ? bytes == [UInt8](repeating: 0, count: 15) + [1] : bytes.first == 127)
  }

  /// Copies a kernel's address; nil for a family that is neither IPv4, IPv6 nor that of Unix sockets.
  init?(_ address: UnsafePointer<sockaddr>) {
    // The family says which structure lies behind the pointer, as sockaddr(3type) prescribes.
    let raw = UnsafeRawPointer(address)
    switch Int32(truncatingIfNeeded: address.pointee.sa_family) {
    case AF_INET:
      var inet = raw.loadUnaligned(as: sockaddr_in.self)
      self.init(bytes: withUnsafeBytes(of: &inet.sin_addr) { Array($0) }, port: UInt16(bigEndian: inet.sin_port))
    case AF_INET6:
      var inet = raw.loadUnaligned(as: sockaddr_in6.self)
      self.init(
        bytes: withUnsafeBytes(of: &inet.sin6_addr) { Array($0) }, port: UInt16(bigEndian: inet.sin6_port),
        scope: inet.sin6_scope_id)
    case AF_UNIX:
      // Only bound sockets have a path; whoever calls has zeroed what the kernel did not write.
      self.init(
        unixPath: withUnsafeBytes(of: raw.loadUnaligned(as: sockaddr_un.self).sun_path) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        })
    default: return nil
    }
  }

  /// Its address family.
  var family: Int32 { unixPath != nil ? AF_UNIX : isIPv6 ? AF_INET6 : AF_INET }

  /// Lends the kernel's form of the address.
  func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    let length: Int
    if let unixPath {
      // No name at all where the path cannot be one: system calls refuse it.
      return (UnixAddress(unixPath) ?? .unnamed).withAddress(body)
    } else if isIPv6 {
      var inet = sockaddr_in6()
      inet.sin6_family = sa_family_t(AF_INET6)
      inet.sin6_port = port.bigEndian
      inet.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &inet.sin6_addr) { $0.copyBytes(from: bytes) }
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: inet, as: sockaddr_in6.self) }
      length = MemoryLayout<sockaddr_in6>.size
    } else {
      var inet = sockaddr_in()
      inet.sin_family = sa_family_t(AF_INET)
      inet.sin_port = port.bigEndian
      withUnsafeMutableBytes(of: &inet.sin_addr) { $0.copyBytes(from: bytes) }
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: inet, as: sockaddr_in.self) }
      length = MemoryLayout<sockaddr_in>.size
    }
    // sockaddr_storage is made to be seen as any sockaddr.
    return withUnsafePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(clamping: length)) }
    }
  }

  /// Starts to connect a socket that does not block. The corresponding C function is `connect(2)`.
  ///
  /// - Returns: 0, or the error's number, which is `EINPROGRESS` where the answer takes time.
  func connect(_ socket: Int32) -> Int32 {
    withSockaddr { Glibc.connect(socket, $0, $1) == 0 ? 0 : errno }
  }

  /// Every address of IPv6, and of IPv4 too where the socket allows it.
  static func anyIPv6(port: UInt16) -> SocketAddress {
    SocketAddress(bytes: [UInt8](repeating: 0, count: 16), port: port)
  }

  /// Every address of IPv4.
  static func anyIPv4(port: UInt16) -> SocketAddress {
    SocketAddress(bytes: [0, 0, 0, 0], port: port)
  }

  /// The address without the port, as `inet_ntop(3)` writes it.
  public var host: String {
    if unixPath != nil { return "unix" }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    guard inet_ntop(isIPv6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(clamping: text.count)) != nil else {
      return "?"
    }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `127.0.0.1:9464` or `[::1]:9464`.
  public var description: String {
    if let unixPath { return "unix:\(unixPath)" }
    return isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
