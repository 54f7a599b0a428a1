internal import Flags
internal import HTTP
internal import YAML
internal import POSIX

/// Reads `tls_server_config`.
enum TLSSectionDecoder {
  private static let keys = [
    "cert_file", "key_file", "client_ca_file", "cert", "key", "client_ca", "client_auth_type", "client_allowed_sans",
    "min_version", "max_version", "cipher_suites", "prefer_server_cipher_suites", "curve_preferences",
  ]

  /// What is found before it is known to be whole.
  private struct Found {
    var sources: [String: TLSSection.Source] = [:]
    var authentication: (TLSSettings.ClientAuthentication, ConfigurationError.Position)?
    var names: ([String], ConfigurationError.Position)?
    var oldest: (TLSSettings.Version, ConfigurationError.Position)?
    var newest: (TLSSettings.Version, ConfigurationError.Position)?
    var suites: [String] = []
    var groups: [TLSSettings.Group] = []
    var prefersOwnOrder = true
  }

  static func section(_ node: YAMLNode, _ name: YAMLKey) throws(YAMLError) -> TLSSection {
    var found = Found()
    for (key, value) in try node.mapping("settings of tls_server_config") {
      guard keys.contains(key.text) else { throw key.unknown(among: keys) }
      if value.isNull { continue }
      try read(key, value, into: &found)
    }
    var section = TLSSection(
      certificate: try source("cert", found, name), key: try source("key", found, name), position: name.node.position)
    section.clientAuthorities = try authorities(found)
    section.prefersOwnOrder = found.prefersOwnOrder
    section.cipherSuites = found.suites
    section.groups = found.groups
    section.oldest = found.oldest?.0 ?? .tls12
    section.newest = found.newest?.0 ?? .tls13
    if section.oldest > section.newest {
      throw YAMLError(
        found.oldest?.1 ?? found.newest?.1 ?? name.node.position,
        "min_version is \(section.oldest.rawValue), which is newer than max_version \(section.newest.rawValue)")
    }
    section.clientAuthentication = found.authentication?.0 ?? .none
    if let authorities = section.clientAuthorities, section.clientAuthentication == .none {
      throw YAMLError(
        authorities.position, "\(authorities.key) has no effect: expected client_auth_type RequireAndVerifyClientCert")
    }
    if let (names, position) = found.names {
      guard section.clientAuthentication.requires else {
        throw YAMLError(
          position, "client_allowed_sans has no effect: expected client_auth_type RequireAndVerifyClientCert")
      }
      section.allowedNames = names
    }
    return section
  }

  private static func read(_ key: YAMLKey, _ value: YAMLNode, into found: inout Found) throws(YAMLError) {
    switch key.text {
    case "cert_file", "key_file", "client_ca_file":
      let path = try value.text(key, "the path of a file in PEM", longest: 4096)
      found.sources[key.text] = .init(text: .file(path), key: key.text, position: value.position)
    case "cert", "key", "client_ca":
      let text = try value.text(key, "a text in PEM", longest: WebConfigurationFile.largestPEM)
      found.sources[key.text] = .init(text: .inline(Array(text.utf8)), key: key.text, position: value.position)
    case "client_auth_type": found.authentication = (try authentication(value, key), value.position)
    case "client_allowed_sans":
      var names: [String] = []
      let expected = "a list of DNS names, IP addresses, e-mail addresses or URIs"
      for element in try value.list(key, expected, most: WebConfigurationDecoder.mostElements) {
        names.append(try element.text(YAMLKey("a name of client_allowed_sans", element), "a text"))
      }
      guard !names.isEmpty else {
        throw YAMLError(
          value.position, "client_allowed_sans is empty, so no client would be let in: expected \(expected)")
      }
      found.names = (names, value.position)
    case "min_version": found.oldest = (try choice(value, key), value.position)
    case "max_version": found.newest = (try choice(value, key), value.position)
    case "cipher_suites":
      for element in try value.list(key, "a list of cipher suites", most: WebConfigurationDecoder.mostElements) {
        found.suites.append(try suite(element))
      }
    case "prefer_server_cipher_suites": found.prefersOwnOrder = try value.boolean(key)
    default:
      for element in try value.list(key, "a list of curves", most: WebConfigurationDecoder.mostElements) {
        found.groups.append(try choice(element, YAMLKey("a curve of curve_preferences", element)))
      }
    }
  }

  private static func authentication(
    _ node: YAMLNode, _ key: YAMLKey
  ) throws(YAMLError) -> TLSSettings.ClientAuthentication {
    switch node.value {
    case .scalar(let text, _) where text.isEmpty: .none
    // An older name that the toolkit still takes.
    case .scalar(let text, _) where text.isSame(as: "RequireClientCert"): .requireAny
    default: try choice(node, key)
    }
  }

  private static func suite(_ node: YAMLNode) throws(YAMLError) -> String {
    let name = try node.text(YAMLKey("a suite of cipher_suites", node), "a cipher suite's name")
    guard TLSCipherSuite(name) != nil else {
      let hint = nearest(to: name, among: TLSCipherSuite.usual).map { "did you mean \($0)?" }
      throw YAMLError(
        node.position,
        "unknown cipher suite \(quoted(name)), "
          + (hint ?? "expected a name such as "
            + "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"))
    }
    return name
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ node: YAMLNode, _ key: YAMLKey
  ) throws(YAMLError) -> Choice {
    let all = Choice.allCases.map(\.rawValue)
    let expected = "one of " + all.joined(separator: ", ")
    let text = try node.text(key, expected)
    guard let choice = Choice(exactly: text) else {
      let hint = nearest(to: text, among: all).map { "did you mean \($0)?" } ?? "expected \(expected)"
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)), \(hint)")
    }
    return choice
  }

  private static func source(
    _ kind: String, _ found: Found, _ name: YAMLKey
  ) throws(YAMLError) -> TLSSection.Source {
    guard let source = try one(kind, found) else {
      throw YAMLError(name.node.position, "tls_server_config has no \(kind)_file: expected the path of a file in PEM")
    }
    return source
  }

  private static func authorities(_ found: Found) throws(YAMLError) -> TLSSection.Source? {
    try one("client_ca", found)
  }

  /// The text that is given in the file itself or by a path, but not both.
  private static func one(_ kind: String, _ found: Found) throws(YAMLError) -> TLSSection.Source? {
    guard let inline = found.sources[kind] else { return found.sources[kind + "_file"] }
    if let file = found.sources[kind + "_file"] {
      throw YAMLError(file.position, "both \(kind) and \(kind)_file are given: expected one of them")
    }
    return inline
  }
}
