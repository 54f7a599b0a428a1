internal import POSIX

/// The name of a process that its file does not name.
enum SourceName {
  /// Words of a file's name that say what it is for, not whose it is.
  private static let generic: Set<String> = [
    "status", "state", "heartbeat", "heartbeats", "beat", "beats", "hb", "health", "healthy", "healthz", "healthcheck",
    "alive", "live",
    "liveness", "keepalive", "pulse", "ping", "last", "run", "summary", "watchdog", "json", "info", "stats", "report",
    "lastrun", "tick",
    "timestamp", "ts", "time", "current", "latest", "file", "output", "data", "log", "monitor", "monitoring",
  ]
  /// Folders that say where files lie, not whose they are.
  private static let places: Set<String> = generic.union([
    "tmp", "temp", "var", "lib", "logs", "cache", "runtime", "srv", "opt", "home", "etc", "usr", "share", "local",
    "root", "mnt", "media",
    "runs", "states", "out", "build", "dist", "src", "app", "config", "conf", "public", "static", "storage", "files",
    "persist",
    "persistent", "volume", "volumes", "outputs", "reports", "metrics", "artifacts", "db", "databases", "shm", "dev",
    "bin", "spool",
  ])

  /// What stars matched, if that is a name; else the file's stem without words such as `status` and `heartbeat`; else its folder's.
  static func make(_ facts: SourceFacts) -> String {
    let stem = stem(facts.path)
    let star = facts.stars.joined(separator: "-")
    if star.contains(where: \.isLetter) { return star }
    let own = stripped(stem)
    if !facts.stars.isEmpty { return own ?? (star.isEmpty ? stem : star) }
    return own ?? folder(facts.path) ?? stem
  }

  /// What `{star}`, `{stem}` and `{dir}` stand for.
  static func fill(_ pattern: String, _ facts: SourceFacts) -> String {
    var name = ""
    var rest = pattern[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      name += rest[..<open]
      switch rest[rest.index(after: open)..<close] {
      case "star": name += facts.stars.joined(separator: "-")
      case "stem": name += stem(facts.path)
      case "dir": name += components(facts.path).dropLast().last ?? ""
      case let other: name += "{\(other)}"
      }
      rest = rest[rest.index(after: close)...]
    }
    return name + rest
  }

  private static func components(_ path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { !$0.isSame(as: ".") }
  }

  /// The file's name without its end.
  static func stem(_ path: String) -> String {
    let name = components(path).last ?? path
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// The stem without generic words at its ends; nil when nothing is left.
  private static func stripped(_ stem: String) -> String? {
    var rest = stem[...]
    func isSeparator(_ character: Character) -> Bool { "_-. ".contains(character) }
    while true {
      while let first = rest.first, isSeparator(first) { rest.removeFirst() }
      while let last = rest.last, isSeparator(last) { rest.removeLast() }
      if rest.isEmpty { return nil }
      let words = rest.split(whereSeparator: isSeparator)
      if let last = words.last, isGeneric(last) {
        rest.removeLast(last.count)
      } else if let first = words.first, isGeneric(first) {
        rest.removeFirst(first.count)
      } else {
        return String(rest)
      }
    }
  }

  private static func isGeneric(_ word: some StringProtocol) -> Bool {
    let words = KeyWords.split(String(word))
    return !words.isEmpty && words.allSatisfy(generic.contains) || generic.contains(word.lowercased())
  }

  private static func folder(_ path: String) -> String? {
    for folder in components(path).dropLast().reversed() where folder != ".." {
      let name = String(folder.drop { $0 == "." })
      if !name.isEmpty, !places.contains(name.lowercased()) { return name }
    }
    return nil
  }

  /// What is said of a file with such a name.
  static func startMark(_ word: String) -> SourceFailure {
    .noBeat(
      "by the word \"\(word)\" in its name it is written once, at a start; `time: mtime` takes the file's own time as the beat"
    )
  }

  /// The word of a file's name by which it says that it is written once, at a start: `started`, `ready`, `.pid`.
  static func markOfStart(_ facts: SourceFacts) -> String? {
    let words = KeyWords.split(stem(facts.path))
    if words.contains(where: KeyWords.beat.contains) { return nil }
    if ["pid", "lock", "lck", "sock"].contains(facts.suffix) { return facts.suffix }
    return (words + [facts.suffix]).first(where: KeyWords.marksOfStart.contains)
  }
}
