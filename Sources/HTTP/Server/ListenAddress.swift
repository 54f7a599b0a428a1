/// Where to listen, as a flag spells it: `:9464`, `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name or an address without brackets; empty for every address of the host.
  public let host: String
  /// The port; 0 lets the kernel choose a free one.
  public let port: UInt16

  /// Reads `host:port`.
  ///
  /// - Throws: what was wrong and what was expected.
  public init(_ text: String) throws(ListenAddressError) {
    guard !text.indices.contains(where: { text[$0...].hasPrefix("://") }) else {
      throw ListenAddressError(text: text, problem: "has a scheme, which is not part of an address")
    }
    guard let colon = text.utf8.lastIndex(of: ASCII.colon) else {
      throw ListenAddressError(text: text, problem: "has no port")
    }
    var host = text[..<colon]
    if host.hasPrefix("[") {
      guard host.hasSuffix("]"), host.count > 2 else {
        throw ListenAddressError(text: text, problem: "has brackets that do not enclose an IPv6 address")
      }
      host = host.dropFirst().dropLast()
    } else if host.utf8.contains(ASCII.colon) {
      throw ListenAddressError(text: text, problem: "has an IPv6 address without brackets")
    }
    let allowed: (UInt8) -> Bool = { ASCII.isToken($0) || $0 == ASCII.colon }
    guard host.utf8.allSatisfy(allowed) else {
      throw ListenAddressError(text: text, problem: "has a host with characters that no host has")
    }
    let digits = text[text.utf8.index(after: colon)...]
    guard digits.utf8.allSatisfy(ASCII.isDigit), let port = UInt16(digits) else {
      throw ListenAddressError(text: text, problem: "has no port from 0 to 65535")
    }
    self.host = String(host)
    self.port = port
  }

  /// The spelling that `init` reads.
  public var description: String {
    host.utf8.contains(ASCII.colon) ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// The socket addresses behind it, by `getaddrinfo(3)`; empty when the host is empty, which means every address.
  func resolved() throws(ServerError) -> [SocketAddress] {
    if host.isEmpty { return [] }
    do throws(ResolverError) {
      return try SocketAddress.all(of: host, port: port)
    } catch {
      throw .cannotResolve(self, error.description)
    }
  }
}

/// Why a text is no listen address.
public struct ListenAddressError: Error, Sendable, CustomStringConvertible {
  /// What was given.
  public let text: String
  /// What is wrong with it, such as `has no port`.
  public let problem: String
  /// What was expected in its place.
  public static let expected = "host:port such as :9464, 127.0.0.1:9464 or [::1]:9464"

  /// The sentence a user reads.
  public var description: String { "the listen address \"\(text)\" \(problem); expected \(Self.expected)" }
}
