internal import Flags
internal import HTTP
internal import POSIX
internal import YAML

/// Turns a YAML document into a `WebConfiguration`.
enum WebConfigurationDecoder {
  /// The most users.
  static let mostUsers = 1000
  /// The most elements of a list.
  static let mostElements = 1000
  /// The longest `rate_limit.interval`, in seconds.
  static let longestInterval = 86_400.0
  /// The longest value of a header, in bytes.
  static let longestHeader = 4096

  private static let sections = ["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"]

  static func configuration(_ root: YAMLNode) throws(YAMLError) -> WebConfiguration {
    var configuration = WebConfiguration()
    if root.isNull { return configuration }
    for (key, value) in try root.mapping("the keys " + sections.joined(separator: ", ")) {
      guard sections.contains(key.text) else { throw key.unknown(among: sections) }
      if value.isNull { continue }
      switch key.text {
      case "tls_server_config": configuration.tls = try TLSSectionDecoder.section(value, key)
      case "http_server_config": configuration.headers = try headers(value)
      case "basic_auth_users": configuration.users = try users(value)
      default: configuration.rateLimit = try rateLimit(value)
      }
    }
    return configuration
  }

  // MARK: - http_server_config

  /// The headers that can be set, and their values where only some have a meaning.
  private static let values: [String: [String]] = [
    "Content-Security-Policy": [], "Strict-Transport-Security": [], "X-XSS-Protection": [],
    "X-Content-Type-Options": ["nosniff"], "X-Frame-Options": ["deny", "sameorigin"],
  ]

  private static func headers(_ node: YAMLNode) throws(YAMLError) -> [(String, String)] {
    var headers: [(String, String)] = []
    for (key, value) in try node.mapping("the keys http2 and headers") {
      switch key.text {
      // HTTP/2 is not spoken, so either value is as good.
      case "http2": _ = try value.boolean(key)
      case "headers" where value.isNull: continue
      case "headers":
        for (name, value) in try value.mapping("names of headers, each with its value") {
          if let header = try header(name, value) { headers.append(header) }
        }
      default: throw key.unknown(among: ["http2", "headers"])
      }
    }
    return headers
  }

  private static func header(_ name: YAMLKey, _ node: YAMLNode) throws(YAMLError) -> (String, String)? {
    guard let allowed = values[name.text] else { throw name.unknown(among: values.keys.sorted()) }
    // Blank means: not set.
    if case .scalar(let text, _) = node.value, text.isEmpty { return nil }
    if node.isNull { return nil }
    let value = try node.text(name, "the value of a header", longest: longestHeader)
    guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 }) else {
      throw YAMLError(node.position, "\(name.text) has a character that no header may have: expected ASCII on one line")
    }
    guard allowed.isEmpty || allowed.contains(value) else {
      throw YAMLError(
        node.position, "\(name.text) is \(quoted(value)): expected " + allowed.joined(separator: " or "))
    }
    return (name.text, value)
  }

  // MARK: - basic_auth_users

  private static func users(_ node: YAMLNode) throws(YAMLError) -> [ExactText: PasswordHash] {
    var users: [ExactText: PasswordHash] = [:]
    for (name, value) in try node.mapping("user names, each with the bcrypt hash of its password") {
      guard users.count < mostUsers else {
        throw YAMLError(name.node.position, "too many users: expected \(mostUsers) at most")
      }
      guard !name.text.isEmpty, !name.text.utf8.contains(UInt8(ascii: ":")), !name.text.utf8.contains(0) else {
        throw YAMLError(
          name.node.position, "the user name \(quoted(name.text)): expected at least one character and no colon")
      }
      // What stands in the wrong place is not repeated.
      guard !["$2a$", "$2b$", "$2y$"].contains(where: { name.text.utf8.starts(with: $0.utf8) }) else {
        throw YAMLError(name.node.position, "a bcrypt hash as a user name: expected the name, a colon, the hash")
      }
      let expected = "a bcrypt hash such as htpasswd -nBC 10 makes"
      // The wrong text may be the password itself: it is not repeated.
      let text = try value.text(YAMLKey("the hash of \(name.text)", name.node), expected)
      do throws(PasswordHash.Invalid) {
        users[ExactText(name.text)] = try PasswordHash(text)
      } catch {
        throw YAMLError(value.position, "the hash of \(name.text): \(error.reason), expected \(expected)")
      }
    }
    return users
  }

  // MARK: - rate_limit

  private static func rateLimit(_ node: YAMLNode) throws(YAMLError) -> WebConfiguration.RateLimit? {
    var limit = WebConfiguration.RateLimit(interval: 0, burst: 0)
    for (key, value) in try node.mapping("the keys interval and burst") {
      switch key.text {
      case "interval":
        let text = try value.text(key, "a duration such as 1s or 100ms")
        do throws(ValueError) {
          limit.interval = try GoDuration.parse(text, longest: longestInterval)
        } catch {
          throw YAMLError(value.position, "interval is \(quoted(text)): expected \(error.expected)")
        }
      case "burst":
        let text = try value.text(key, "a number of requests")
        guard let number = Int(text), (0...1_000_000).contains(number) else {
          throw YAMLError(value.position, "burst is \(quoted(text)): expected a number from 0 to 1000000")
        }
        limit.burst = number
      default: throw key.unknown(among: ["interval", "burst"])
      }
    }
    guard limit.interval > 0 else { return nil }
    guard limit.burst > 0 else {
      throw YAMLError(node.position, "rate_limit has no burst: expected one of 1 or more, else no request is let in")
    }
    return limit
  }
}
