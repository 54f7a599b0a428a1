/// What `http://host:port/path`, `https://host:port/path` and `tcp://host:port` name.
package struct Endpoint: Hashable, Sendable {
  /// How one talks to it.
  package enum Scheme: String, Sendable {
    case http, https, tcp

    /// The port of a URL that names none; empty when it must name one.
    fileprivate var port: String {
      switch self {
      case .http: "80"
      case .https: "443"
      case .tcp: ""
      }
    }
  }

  package let scheme: Scheme
  /// A name or an address; without the brackets of an IPv6 address.
  package let host: String
  package let port: UInt16
  /// Path and query of a `http` or `https` URL, `/` at least.
  package let path: String

  /// The longest URL that is taken.
  package static let longest = 4096

  /// Reads a URL; nil when it is none of these kinds, or holds something that has no place in a request line.
  package init?(_ text: String) {
    guard text.utf8.count <= Self.longest, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].isEmpty, parts[0].hasSuffix(":"),
      let scheme = Scheme(rawValue: parts[0].dropLast().lowercased())
    else { return nil }
    let rest = parts[2].prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let tail = rest[authority.endIndex...]
    var host = authority
    var port = scheme.port
    let bracket = authority.lastIndex(of: "]") ?? authority.startIndex
    if let colon = authority[bracket...].lastIndex(of: ":") {
      host = authority[..<colon]
      port = String(authority[authority.index(after: colon)...])
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, !host.contains("@"), let number = UInt16(port), number > 0 else { return nil }
    guard scheme != .tcp || tail.isEmpty || tail == "/" else { return nil }
    self.scheme = scheme
    self.host = String(host)
    self.port = number
    self.path = tail.hasPrefix("/") ? String(tail) : "/" + tail
  }

  /// An HTTP server on this machine.
  package init(localhost port: UInt16) {
    scheme = .http
    host = "localhost"
    self.port = port
    path = "/"
  }

  /// `host:port`, as the `Host` header has it.
  package var authority: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
