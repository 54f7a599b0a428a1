internal import CLinux
internal import Glibc

/// The text of `gai_strerror(3)`.
package struct ResolverError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Such as `Name or service not known`.
  package let description: String
}

extension SocketAddress {
  /// Every address behind a name, once, in the resolver's order. Blocks as long as the resolver does. The corresponding C
  /// function is `getaddrinfo(3)`.
  ///
  /// - Parameters:
  ///   - host: a name, or an address without brackets.
  ///   - isAddress: true to look up nothing: a name is an error then, and nothing blocks.
  static func all(of host: String, port: UInt16, isAddress: Bool = false) throws(ResolverError) -> [SocketAddress] {
    var hints = addrinfo()
    if isAddress { hints.ai_flags = AI_NUMERICHOST }
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, nil, &hints, &list)
    guard code == 0 else {
      throw ResolverError(description: gai_strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }
    defer { freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = list
    // The list ends with a null pointer, and each node stays valid until freeaddrinfo.
    while let node = next {
      if let raw = node.pointee.ai_addr, var address = SocketAddress(raw) {
        address.port = port
        if !found.contains(address) { found.append(address) }
      }
      next = node.pointee.ai_next
    }
    return found
  }

  /// The addresses of the first one's family and the others in turn, each in their own order: one family may have no way
  /// out of this host (RFC 8305, section 4).
  static func alternating(_ addresses: [SocketAddress]) -> [SocketAddress] {
    let first = addresses.filter { $0.family == addresses.first?.family }
    let second = addresses.filter { $0.family != addresses.first?.family }
    return (0..<max(first.count, second.count)).flatMap {
      first.dropFirst($0).prefix(1) + second.dropFirst($0).prefix(1)
    }
  }
}
