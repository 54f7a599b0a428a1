extension FlagSet {
  /// Reads a command line and the environment; the command line wins.
  ///
  /// - Parameters:
  ///   - arguments: without the program's name.
  ///   - environment: by name; an empty value counts as unset.
  public func parse(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws(FlagError) -> FlagOutcome {
    var parser = Parser(self)
    if let early = try parser.read(arguments[...]) { return early }
    try parser.read(environment)
    try parser.checkArguments()
    return .values(parser.values)
  }
}

/// One run over a command line.
private struct Parser {
  let set: FlagSet
  let byName: [String: FlagSpecification]
  var values = FlagValues()

  init(_ set: FlagSet) {
    self.set = set
    var byName: [String: FlagSpecification] = [:]
    for flag in set.flags {
      byName[flag.name] = flag
      if flag.isNegatable { byName["no-" + flag.name] = flag }
    }
    self.byName = byName
  }

  /// Reads all words; gives an outcome when one of them asks for help or for the version.
  mutating func read(_ arguments: ArraySlice<String>) throws(FlagError) -> FlagOutcome? {
    var rest = arguments
    while let word = rest.popFirst() {
      if word == "--" {
        values.arguments += rest
        return nil
      }
      if word == "-h" || word == "--help" { return .help }
      if word == "--version", set.hasVersion { return .version }
      if word.hasPrefix("-"), word != "-" {
        try readFlag(word, &rest)
        continue
      }
      switch set.arguments {
      case .none:
        throw .unexpectedArgument(word)
      case .named(_, let count):
        guard values.arguments.count < count.upperBound else { throw .unexpectedArgument(word) }
        values.arguments.append(word)
      case .command:
        values.arguments = [word] + rest
        return nil
      }
    }
    return nil
  }

  /// Reads one flag and, if it stands apart, its value.
  private mutating func readFlag(_ word: String, _ rest: inout ArraySlice<String>) throws(FlagError) {
    // By bytes: a value may begin with an accent, which Swift would take together with the sign in front of it.
    let parts = word.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
    let spelling = String(Substring(parts[0]))
    let given = parts.count == 2 ? String(Substring(parts[1])) : nil
    if let given, spelling == "--help" || spelling == "--version" && set.hasVersion {
      throw .unexpectedValue(flag: spelling, value: given)
    }
    guard spelling.hasPrefix("--"), let flag = byName[String(spelling.dropFirst(2))] else {
      throw .unknownFlag(spelling, nearest: suggestion(for: spelling))
    }
    if values.sources[flag.name] != nil, !flag.isRepeatable { throw .repeated(flag: "--" + flag.name) }
    values.sources[flag.name] = .commandLine
    if flag.isToggle {
      let isNegated = spelling != "--" + flag.name
      if isNegated, let given { throw .unexpectedValue(flag: spelling, value: given) }
      try add(isNegated ? "false" : given ?? "true", to: flag, from: spelling, splits: false)
      return
    }
    // A value that begins with two dashes is far more often a forgotten value: `--name=--value` is still possible.
    guard let value = given ?? (rest.first?.hasPrefix("--") == false ? rest.popFirst() : nil) else {
      throw .missingValue(flag: spelling, expected: flag.expectation)
    }
    try add(value, to: flag, from: spelling, splits: flag.splitsAtCommas)
  }

  /// Reads the environment for the flags that the command line left open.
  mutating func read(_ environment: [String: String]) throws(FlagError) {
    var known: Set<String> = []
    for flag in set.flags {
      let names = set.environmentNames(of: flag)
      known.formUnion(names)
      guard values.sources[flag.name] == nil else { continue }
      for name in names {
        guard let text = environment[name], !text.isEmpty else { continue }
        values.sources[flag.name] = .environment(name)
        try add(text, to: flag, from: name, splits: flag.isRepeatable)
        break
      }
    }
    guard let prefix = set.environmentPrefix else { return }
    // Others use the prefix too (Kubernetes, for a service of the exporter's name), so only what looks like a typo is told.
    for name in environment.keys.sorted() where name.hasPrefix(prefix) && !known.contains(name) {
      if let meant = nearest(to: name, among: known.sorted()) {
        values.warnings.append("environment variable \(quoted(name)) is not known, did you mean \(meant)?")
      }
    }
  }

  /// Checks that the words beside the flags are as many as needed.
  func checkArguments() throws(FlagError) {
    switch set.arguments {
    case .none:
      if let first = values.arguments.first { throw .unexpectedArgument(first) }
    case .named(let name, let count):
      if values.arguments.count < count.lowerBound { throw .missingArgument(name: name) }
      if values.arguments.count > count.upperBound {
        throw .unexpectedArgument(values.arguments[count.upperBound])
      }
    case .command(let name):
      if values.arguments.isEmpty { throw .missingArgument(name: name) }
    }
  }

  private mutating func add(
    _ value: String, to flag: FlagSpecification, from source: String, splits: Bool
  ) throws(FlagError) {
    let texts =
      splits
      ? value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { trimmed(Substring($0)) }
      : [value]
    for text in texts {
      do throws(ValueError) {
        try flag.check(text)
      } catch {
        throw .badValue(source: source, value: text, expected: error.expected)
      }
      values.texts[flag.name, default: []].append(text)
    }
  }

  private func suggestion(for spelling: String) -> String? {
    let name = String(spelling.drop { $0 == "-" })
    let names = byName.keys.sorted() + (set.hasVersion ? ["help", "version"] : ["help"])
    if names.contains(name) { return "--" + name }
    if name.hasPrefix("no-"), byName[String(name.dropFirst(3))] != nil { return "--" + name.dropFirst(3) }
    return nearest(to: name, among: names).map { "--" + $0 }
  }

  private func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0 == " " }
    guard let end = start.lastIndex(where: { $0 != " " }) else { return "" }
    return String(start[...end])
  }
}
