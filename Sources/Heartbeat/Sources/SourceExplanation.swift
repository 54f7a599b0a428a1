public import POSIX

/// Why a file is what it was taken for.
public struct SourceExplanation: Sendable, Equatable {
  /// Where the beat of a process stands, and why that is the beat.
  public struct Beat: Sendable, Equatable {
    /// A key path, a line, or the file's own time.
    public var place: String
    /// A clause for people.
    public var rule: String
  }

  /// For each process by its name.
  public var beats: [ExactText: Beat]
  /// The zone in which times without one were read; nil when there were none.
  public var zone: String?
  /// What was left out.
  public var leftOut: [SourceRecognition.LeftOut]

  init(_ recognition: SourceRecognition) {
    beats = [:]
    for process in recognition.processes {
      beats[ExactText(process.name)] = Beat(place: process.place, rule: process.rule)
    }
    zone = recognition.zone
    leftOut = recognition.leftOut
  }
}
