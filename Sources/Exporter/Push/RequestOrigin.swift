internal import Glibc
internal import HTTP

/// From whose page a request comes, where it comes from a browser: some it sends without asking anybody first.
enum RequestOrigin {
  /// Whether a page in a browser sends this: browsers say so whenever something may change (Fetch Standard, "origin
  /// header"; Fetch Metadata).
  static func isBrowser(_ request: Request) -> Bool {
    request.header("Origin") != nil || request.header("Sec-Fetch-Site") != nil
  }

  /// Whether a browser says that the page is that of another site.
  static func isAnotherSite(_ request: Request) -> Bool {
    if let site = request.header("Sec-Fetch-Site") { return site != "same-origin" && site != "none" }
    guard let origin = request.header("Origin") else { return false }
    let host = request.header("Host") ?? ""
    return origin != "http://\(host)" && origin != "https://\(host)"
  }

  /// Whether a host is an address or `localhost`. Any other name can be another site's, whose owner lets it point here
  /// for a moment so that his page and this exporter seem to be one ("DNS rebinding").
  static func isOwnName(_ host: String) -> Bool {
    var name = host[...]
    if name.hasPrefix("[") {
      name = name.dropFirst().prefix { $0 != "]" }
    } else if let colon = name.lastIndex(of: ":") {
      name = name[..<colon]
    }
    let text = name.lowercased()
    if text == "localhost" || text.hasSuffix(".localhost") { return true }
    var address = in6_addr()
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
  }
}
