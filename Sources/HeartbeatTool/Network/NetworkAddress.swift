internal import CLinux
internal import Glibc

/// One of the addresses that a name stands for, in the kernel's own form.
struct NetworkAddress: Hashable, Sendable {
  /// `AF_INET` or `AF_INET6`.
  let family: Int32
  /// A `sockaddr_in` or `sockaddr_in6`, byte for byte.
  let bytes: [UInt8]

  /// Every address behind a name, by `getaddrinfo(3)`: in the resolver's order, but of each family in turn, since one
  /// family may have no way out of this host (RFC 8305, section 4). Blocks as long as the resolver does.
  static func all(of endpoint: Endpoint) throws(NetworkError) -> [NetworkAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
    guard code == 0 else { throw .unknownHost(String(cString: gai_strerror(code))) }
    defer { freeaddrinfo(list) }
    var found: [NetworkAddress] = []
    var entry = list
    // The list ends with a null pointer, and each node stays valid until freeaddrinfo; ai_addrlen bytes lie at ai_addr.
    while let node = entry?.pointee {
      let bytes = Array(UnsafeRawBufferPointer(start: node.ai_addr, count: Int(clamping: node.ai_addrlen)))
      found.append(NetworkAddress(family: node.ai_family, bytes: bytes))
      entry = node.ai_next
    }
    return alternating(found)
  }

  /// The addresses of the first one's family and the others in turn, each in their own order.
  static func alternating(_ addresses: [NetworkAddress]) -> [NetworkAddress] {
    let first = addresses.filter { $0.family == addresses.first?.family }
    let second = addresses.filter { $0.family != addresses.first?.family }
    return (0..<max(first.count, second.count)).flatMap {
      first.dropFirst($0).prefix(1) + second.dropFirst($0).prefix(1)
    }
  }

  /// Starts to connect a socket that does not block. The corresponding C function is `connect(2)`.
  ///
  /// - Returns: 0, or the error's number, which is `EINPROGRESS` where the answer takes time.
  func connect(_ socket: Int32) -> Int32 {
    bytes.withUnsafeBytes { raw in
      // Copied from a sockaddr of this length, and any sockaddr may be seen as one; connect(2) only reads it.
      guard let address = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return EINVAL }
      return Glibc.connect(socket, address, socklen_t(clamping: raw.count)) == 0 ? 0 : errno
    }
  }
}
