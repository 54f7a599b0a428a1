internal import Flags
internal import Heartbeat
internal import YAML
internal import POSIX

/// Turns the list `sources` of the configuration into settings of sources.
enum SourcesDecoder {
  /// The most sources.
  static let most = 1_000

  private static let keys = ["path", "name", "time", "zone", "each", "pid", "status", "data", "timeout", "layout"]

  static func sources(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> [SourceSettings] {
    let elements = try node.list(key, "a list of sources, each with a path", most: most)
    var sources: [SourceSettings] = []
    var paths: Set<ExactText> = []
    for element in elements {
      let settings = try source(element)
      guard paths.insert(ExactText(settings.path)).inserted else {
        throw YAMLError(
          element.position, "a second source with the path \(quoted(settings.path)): expected each path once")
      }
      sources.append(settings)
    }
    return sources
  }

  private static func source(_ node: YAMLNode) throws(YAMLError) -> SourceSettings {
    let pairs = try node.mapping("settings of a source: " + keys.joined(separator: ", "))
    var settings = SourceSettings(path: "")
    for (key, value) in pairs {
      switch key.text {
      case "path":
        settings.path = try value.text(key, "a file, a folder or a pattern such as /srv/*/status.json", longest: 4096)
      case "name": settings.name = try name(value, key)
      case "time": settings.time = try time(value, key)
      case "zone": settings.zone = try zone(value, key)
      case "each": settings.each = try keyPath(value, key)
      case "pid": settings.pid = try place(value, key)
      case "status": settings.status = try place(value, key)
      case "data": settings.data = try keyPath(value, key)
      case "timeout": settings.timeout = try ConfigurationDecoder.timeout(value, key)
      case "layout": settings.layout = try layout(value, key)
      default: throw key.unknown(among: keys)
      }
    }
    guard !settings.path.isEmpty else {
      throw YAMLError(node.position, "a source without a path: expected the key path")
    }
    if let name = settings.name, name.indices.contains(where: { name[$0...].hasPrefix("{star}") }),
      !settings.path.contains("*")
    {
      throw YAMLError(
        pairs.first { $0.0.text == "name" }?.1.position ?? node.position,
        "name is \(quoted(name)), but there is no star in the path \(quoted(settings.path)): expected {stem}, {dir}, a key path or a text"
      )
    }
    return settings
  }

  private static func keyPath(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> SourceSettings.KeyPath {
    let expected = "a key path such as .stats.updated_at"
    let text = try node.text(key, expected)
    guard let path = SourceSettings.KeyPath(text) else {
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): expected \(expected)")
    }
    return path
  }

  private static func time(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> SourceSettings.Time {
    if case .scalar(let text, _) = node.value, text.isSame(as: "mtime") { return .modified }
    return .key(try keyPath(node, key))
  }

  private static func place(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> SourceSettings.Place {
    node.isNull ? .none : .key(try keyPath(node, key))
  }

  private static func name(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> String {
    let expected = "a text, with {star}, {stem} or {dir} in it if you like, or a key path such as .bot.name"
    let text = try node.text(key, expected)
    guard text != HeartbeatEntry.exportersName else {
      throw YAMLError(
        node.position, "\(key.text) is \(quoted(text)), which is the exporter's own: expected another one")
    }
    if text.utf8.first == UInt8(ascii: ".") {
      _ = try keyPath(node, key)
      return text
    }
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      rest = rest[open...]
      guard let word = ["{star}", "{stem}", "{dir}"].first(where: rest.hasPrefix) else {
        throw YAMLError(node.position, "\(key.text) is \(quoted(text)): expected \(expected)")
      }
      rest = rest.dropFirst(word.count)
    }
    return text
  }

  static func zone(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> ZoneRules {
    let expected = "a time zone such as Europe/Zurich, utc or local"
    let text = try node.text(key, expected)
    guard let zone = ZoneRules.named(text) else {
      throw YAMLError(
        node.position,
        "\(key.text) is \(quoted(text)), which is none of the time zones in /usr/share/zoneinfo (Debian's tzdata): expected \(expected)"
      )
    }
    return zone
  }

  private static func layout(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> SourceLayout {
    let layouts = SourceLayout.allCases.filter { $0 != .folder }
    let expected = "one of " + layouts.map(\.rawValue).joined(separator: ", ")
    let text = try node.text(key, expected)
    guard let layout = layouts.first(where: { $0.rawValue == text }) else {
      let hint = nearest(to: text, among: layouts.map(\.rawValue)).map { "did you mean \($0)?" } ?? expected
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): \(hint)")
    }
    return layout
  }
}
