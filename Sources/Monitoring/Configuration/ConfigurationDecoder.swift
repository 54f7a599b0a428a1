internal import Flags
internal import Heartbeat
internal import YAML
internal import Procfs

/// Turns a YAML document into a `Configuration`.
enum ConfigurationDecoder {
  /// The most substrings of one match.
  static let mostSubstrings = 64
  /// The most processes.
  static let mostProcesses = 10_000

  static func configuration(_ root: YAMLNode) throws(YAMLError) -> Configuration {
    if root.isNull { return Configuration() }
    var processes: [ProcessConfiguration] = []
    var sources: [SourceSettings] = []
    for (key, value) in try root.mapping("the keys processes and sources") {
      if key.text == "sources" {
        if !value.isNull { sources = try SourcesDecoder.sources(value, key) }
        continue
      }
      guard key.text == "processes" else { throw key.unknown(among: ["processes", "sources"]) }
      if value.isNull { continue }
      for (name, node) in try value.mapping("heartbeat names, each with its settings") {
        guard processes.count < mostProcesses else {
          throw YAMLError(name.node.position, "too many processes: expected \(mostProcesses) at most")
        }
        processes.append(try process(name, node))
      }
    }
    return Configuration(processes: processes, sources: sources)
  }

  private static func process(_ name: YAMLKey, _ node: YAMLNode) throws(YAMLError) -> ProcessConfiguration {
    guard !name.text.isEmpty else { throw YAMLError(name.node.position, "an empty name: expected a heartbeat name") }
    guard name.text != HeartbeatEntry.exportersName else {
      throw YAMLError(
        name.node.position, "the name \(quoted(name.text)) is the exporter's own: expected another heartbeat name")
    }
    var process = ProcessConfiguration(name: name.text)
    if node.isNull { return process }
    let keys = ["display_name", "timeout", "match", "children", "stopped_status"] + JobPlanDecoder.keys
    var job = JobPlanDecoder()
    let pairs = try node.mapping("settings of \(quoted(name.text)): " + keys.joined(separator: ", "))
    for (key, value) in pairs {
      switch key.text {
      case "display_name": process.displayName = try value.text(key, "a name for people")
      case "timeout": process.timeout = try timeout(value, key)
      case "match": process.match = try match(value, key)
      case "children": process.children = try value.boolean(key)
      case let name where JobPlanDecoder.keys.contains(name): try job.take(value, key)
      case "stopped_status": process.stoppedWords = try stoppedWords(value, key)
      default: throw key.unknown(among: keys)
      }
    }
    process.job = try job.plan()
    if process.job != nil, process.timeout != nil, let key = pairs.first(where: { $0.0.text == "timeout" })?.0 {
      throw YAMLError(
        key.node.position, "timeout of a job, which does not beat: expected max_duration, for how long a run may take")
    }
    return process
  }

  private static func stoppedWords(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> [String] {
    var words: [String] = []
    for element in try node.list(key, "a list of status words such as [bye]", most: mostSubstrings) {
      words.append(try element.text(YAMLKey("a word of \(key.text)", element), "a status word").lowercased())
    }
    return words
  }

  /// A duration in seconds.
  static func timeout(
    _ node: YAMLNode, _ key: YAMLKey, _ range: ClosedRange<Double> = 0.001...Durations.longest
  ) throws(YAMLError) -> Double {
    let text = try node.text(key, "a duration such as 30s, 1h30m or 1d")
    do throws(ValueError) {
      return try FlagType<Double>.duration(range).parse(text)
    } catch {
      throw YAMLError(node.position, "\(key.text) is \(quoted(text)): expected \(error.expected)")
    }
  }

  private static func match(_ node: YAMLNode, _ key: YAMLKey) throws(YAMLError) -> ProcessConfiguration.Match {
    let expected = "a list of texts such as [python, bidder.py], or { cmdline_regex: '...' }"
    switch node.value {
    case .scalar:
      throw node.wrong(key, expected)
    case .sequence(let elements):
      guard !elements.isEmpty else { throw YAMLError(node.position, "match is an empty list: expected \(expected)") }
      guard elements.count <= mostSubstrings else {
        throw YAMLError(node.position, "match has too many texts: expected \(mostSubstrings) at most")
      }
      var substrings: [String] = []
      for element in elements { substrings.append(try element.text(YAMLKey("a text of match", element), "a text")) }
      return .substrings(substrings)
    case .mapping:
      let pairs = try node.mapping(expected)
      for (key, _) in pairs where key.text != "cmdline_regex" { throw key.unknown(among: ["cmdline_regex"]) }
      guard let (key, value) = pairs.first else {
        throw YAMLError(node.position, "match is an empty mapping: expected \(expected)")
      }
      let pattern = try value.text(key, "a regular expression")
      do throws(RegularExpression.CompileError) {
        _ = try RegularExpression(pattern, wasPOSIX: true)
      } catch {
        throw YAMLError(
          value.position, "cmdline_regex is \(quoted(pattern)): expected a regular expression; it has \(error)")
      }
      return .regex(pattern)
    }
  }
}
