public import Glibc

/// The address of a Unix socket (`unix(7)`).
public struct UnixAddress: Sendable {
  /// The most bytes of a path.
  public static let longestPath = 107

  private let bytes: [UInt8]

  /// Reads a name; nil for what is no name of a socket, and for what is too long.
  ///
  /// - Parameter name: a path, or `@` and a name in the abstract namespace.
  public init?(_ name: String) {
    var bytes = Array(name.utf8)
    guard bytes.count > 1, bytes.count <= Self.longestPath, !bytes.contains(0) else { return nil }
    switch bytes.first {
    case UInt8(ascii: "/"): break
    case UInt8(ascii: "@"): bytes[0] = 0
    default: return nil
    }
    self.bytes = bytes
  }

  private init() {
    bytes = []
  }

  /// The address of no socket (`unix(7)`, "unnamed"): connecting or sending to it fails.
  public static let unnamed = UnixAddress()

  /// Calls `body` with the address as system calls want it.
  public func withAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix(max(0, $0.count - 1))) }
    // An abstract name is as long as the address says; a path's zero byte may be a part of it or not.
    let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
    // sockaddr_un is made to be seen as a sockaddr.
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
