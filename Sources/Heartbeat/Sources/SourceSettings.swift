internal import POSIX

/// What the configuration says of a source; what it does not say is recognised.
public struct SourceSettings: Hashable, Sendable {
  /// Where its files are: a path, a folder, or a pattern with `*`, `?` and `[...]`.
  public var path: String
  /// What its processes are called: `{star}`, `{stem}`, `{dir}`, a key path that begins with a dot, or a text.
  public var name: String?
  /// Where the beat is.
  public var time: Time?
  /// The zone of times that name none.
  public var zone: ZoneRules?
  /// In growing files, the key path whose value names the process of a line.
  public var each: KeyPath?
  /// Where the pid is.
  public var pid: Place = .recognised
  /// Where the status word is.
  public var status: Place = .recognised
  /// The object whose numbers count; nil is everything.
  public var data: KeyPath?
  /// The age in seconds from which its processes are silent.
  public var timeout: Double?
  /// What its files are.
  public var layout: SourceLayout?

  /// Whether the same comes of a file: from when its processes are silent is no matter of reading.
  func reads(as other: SourceSettings) -> Bool {
    var settings = self
    settings.timeout = other.timeout
    return settings == other
  }

  /// Where a time is.
  public enum Time: Hashable, Sendable {
    /// The file's own time of change.
    case modified
    /// Under a key.
    case key(KeyPath)
  }

  /// Where a value is.
  public enum Place: Hashable, Sendable {
    /// By its usual keys.
    case recognised
    /// Nowhere.
    case none
    /// Under a key.
    case key(KeyPath)
  }

  /// A source of which nothing but the path is known.
  public init(path: String) {
    self.path = path
  }

  /// Keys from the outside in.
  public struct KeyPath: Hashable, Sendable, CustomStringConvertible {
    /// `["stats", "updated_at"]`
    public var keys: [String] { exact.map(\.text) }
    // By the bytes: they are looked for in files of others.
    private let exact: [ExactText]

    init(keys: [String]) { exact = keys.map { ExactText($0) } }

    /// Reads `.stats.updated_at` or `stats.updated_at`; nil when a key is empty or there are too many.
    public init?(_ text: String) {
      let text = text.utf8.first == UInt8(ascii: ".") ? text.utf8.dropFirst() : text.utf8[...]
      let keys = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
        String(Substring($0))
      }
      guard keys.allSatisfy({ !$0.isEmpty }), keys.count <= HeartbeatSnapshot.maximumDataDepth else { return nil }
      self.init(keys: keys)
    }

    /// `.stats.updated_at`
    public var description: String { keys.map { "." + $0 }.joined() }
  }
}

/// What a file is.
public enum SourceLayout: String, CaseIterable, Sendable {
  /// The layout of docs/file-format.md.
  case ours
  /// A folder with a file of its own for each process.
  case folder
  /// One object with a beat: one process.
  case single
  /// An object of objects with beats, or of times: its keys are processes.
  case map
  /// An array of objects with beats: a process for each id.
  case list
  /// A file that grows: its last complete line counts.
  case lines
  /// A time in a text.
  case text
  /// Its time of change is the beat.
  case touched

  /// Whether a file of another layout may look like this one in the middle of its writing. One that grows becomes lines by that.
  func mayBeHalf(of other: SourceLayout) -> Bool {
    switch (other, self) {
    case (.ours, .ours), (.touched, _): false
    case (.ours, _), (_, .touched), (.single, .text), (.map, .text), (.list, .text): true
    default: false
    }
  }
}
