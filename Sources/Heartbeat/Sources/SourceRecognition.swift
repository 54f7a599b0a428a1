public import JSON

/// What a file was recognised as, and what comes of it.
public struct SourceRecognition: Sendable, Equatable {
  /// What it is.
  public var layout: SourceLayout
  /// The processes, each name once.
  public var processes: [SourceProcess]
  /// What was left out of it, and why.
  public var leftOut: [LeftOut] = []
  /// The zone in which times without one were read; nil when there were none.
  public var zone: String?
  /// How many numbers have a key that would be another one with every write.
  public var changingKeys: Int { processes.reduce(0) { $0 + $1.changingKeys } }

  init(_ layout: SourceLayout, _ processes: [SourceProcess], leftOut: [LeftOut] = []) {
    self.layout = layout
    self.processes = processes
    self.leftOut = leftOut
  }

  /// A part that does not count.
  public struct LeftOut: Sendable, Hashable {
    /// Where it stands: a key path, or a line.
    public var place: String
    /// What was found, and what was expected.
    public var reason: String

    package init(_ place: String, _ reason: String) {
      self.place = place
      self.reason = reason
    }
  }
}

/// One process as another program's file tells of it.
public struct SourceProcess: Sendable, Equatable {
  /// What it is called.
  public var name: String
  /// Unix time of its last beat; nil when the file says that it never beat.
  public var time: Double?
  /// Where the time stands: a key path, a line, or the file's own time.
  public var place: String
  /// Why that is the beat, as a clause for people.
  public var rule: String
  /// Its pid as it stands there.
  public var pid: JSONValue?
  /// Its status word.
  public var status: String?
  /// Seconds between two beats as it means to beat.
  public var interval: Double?
  /// The host on which it runs.
  public var host: String?
  /// All else that it says.
  public var data = JSONObject()
  /// How many members of its data are left out because their keys are ids or times.
  public var changingKeys = 0

  init(name: String, time: Double?, place: String, rule: String) {
    self.name = name
    self.time = time
    self.place = place
    self.rule = rule
  }
}

/// Why no process comes of a file.
public enum SourceFailure: Error, Hashable, Sendable {
  /// There is no sign of life in it; the sentence says what is nearest to one.
  case noBeat(String)
  /// It ends in the middle.
  case torn
  /// It is no JSON, and its name says that it should be.
  case notJSON(offset: Int, expected: String)
  /// There is nothing in it, and its name says that there should be JSON.
  case empty
}
