internal import POSIX

/// What comes of a file, for those who ask why.
extension SourceSet {
  /// One process of a file.
  public struct Shown: Sendable {
    /// Its name.
    public var name: String
    /// Unix time of its last beat; nil when it says that it never beat.
    public var time: Double?
    /// Where the time stands.
    public var place: String
    /// Why that is the beat.
    public var rule: String
    /// The pid that it reports.
    public var pid: Int32?
    /// Its status word.
    public var status: String?
    /// Seconds between two beats as it means to beat.
    public var interval: Double?
    /// The age in seconds from which its source says that it is silent; nil when that says nothing.
    public var timeout: Double?
    /// The host that it names.
    public var host: String?
    /// The numbers of its own data, by their key paths.
    public var numbers: [(key: String, value: Double)]
  }

  /// The processes of a file, in its order.
  public func processes(of file: SourceReader) -> [Shown] {
    let snapshot = file.snapshot
    return snapshot.entries.map { entry in
      let name = snapshot.string(entry.name)
      let beat = file.explanation?.beats[ExactText(name)]
      return Shown(
        name: name, time: entry.lastHeartbeat, place: beat?.place ?? ".last_heartbeat",
        rule: beat?.rule ?? "our own layout",
        pid: entry.pid, status: entry.status.map(snapshot.string), interval: entry.interval,
        timeout: units[file.source].settings.timeout, host: entry.host.map(snapshot.string),
        numbers: snapshot.numbers[entry.numbers].map { number in
          (snapshot.keyPaths[Int(widening: number.key)].components.joined(separator: "."), number.value)
        })
    }
  }

  /// Whether a path matches a pattern.
  public static func matches(_ path: String, _ pattern: String) -> Bool {
    guard PathPattern.isPattern(pattern) else { return false }
    let slash = UInt8(ascii: "/")
    let (names, patterns) = (path.utf8.split(separator: slash), pattern.utf8.split(separator: slash))
    return names.count == patterns.count && (path.utf8.first == slash) == (pattern.utf8.first == slash)
      && zip(names, patterns).allSatisfy { PathPattern.match(Array($0), Array($1)) != nil }
  }
}
