internal import HTTP
internal import Heartbeat

/// The paths of the JSON API.
enum APIPath {
  /// What all of them begin with.
  static let prefix = "/api/"
  /// All heartbeats, to read them and to push several; behind a slash follows the name of one process.
  static let heartbeats = "/api/v1/heartbeats"
  /// The host's figures.
  static let host = "/api/v1/host"
  /// The status page's news, without an end.
  static let events = "/api/v1/events"

  /// Whether a path is that of one heartbeat or of all.
  static func isHeartbeats(_ path: String) -> Bool {
    path == heartbeats || path.hasPrefix(heartbeats + "/")
  }

  /// What a path below `heartbeats` is about.
  enum Target: Equatable {
    case all
    case one(String)
    /// What happened to a job.
    case job(String, JobEvent.Word)
  }

  /// What a path is about; nil when there is no such one.
  ///
  /// - Parameter path: as in `Request.path`, so that a slash of a name is none of the path.
  static func target(_ path: String) -> Target? {
    guard path != heartbeats else { return .all }
    guard path.hasPrefix(heartbeats + "/") else { return nil }
    let segments = path.dropFirst(heartbeats.count + 1).split(separator: "/", omittingEmptySubsequences: false)
    guard let name = segments.first, !name.isEmpty else { return nil }
    switch segments.count {
    case 1: return .one(Request.text(ofSegment: name))
    case 2:
      return JobEvent.Word.allCases.first { $0.rawValue.utf8.elementsEqual(segments[1].utf8) }
        .map { .job(Request.text(ofSegment: name), $0) }
    default: return nil
    }
  }

  /// What is expected in the place of a path that is about no heartbeat.
  static func expectation(_ path: String) -> String {
    path == heartbeats + "/" || path.hasPrefix(heartbeats + "//")
      ? "expected the name of a process behind the slash"
      : "expected one name, and behind it nothing, /start, /success or /fail; a slash within it is written %2F"
  }

  /// Whether a method changes something.
  static func changes(_ method: Request.Method?) -> Bool { method != .get && method != .head && method != .options }
}
