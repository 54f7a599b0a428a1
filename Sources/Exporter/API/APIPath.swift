internal import HTTP
internal import Heartbeat
internal import POSIX

/// The paths of the JSON API. They are looked at byte by byte: whoever asks may name any path, and a slash with an accent behind it, as a
/// name's first character may be one, is one character to Swift and none that is a slash.
enum APIPath {
  /// What all of them begin with.
  private static let prefix = "/api/"
  /// All heartbeats, to read them and to push several; behind a slash follows the name of one process.
  static let heartbeats = "/api/v1/heartbeats"
  /// The host's figures.
  static let host = "/api/v1/host"
  /// The status page's news, without an end.
  static let events = "/api/v1/events"

  /// Whether a path is that of one heartbeat or of all.
  static func isHeartbeats(_ path: String) -> Bool {
    path.isSame(as: heartbeats) || path.utf8.starts(with: belowHeartbeats.utf8)
  }

  private static let belowHeartbeats = heartbeats + "/"

  /// Whether a path is one of the API's, there or not.
  static func isAPI(_ path: String) -> Bool { path.utf8.starts(with: prefix.utf8) }

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
    guard !path.isSame(as: heartbeats) else { return .all }
    guard path.utf8.starts(with: belowHeartbeats.utf8) else { return nil }
    let segments = path.utf8.dropFirst(belowHeartbeats.utf8.count)
      .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard let name = segments.first, !name.isEmpty else { return nil }
    switch segments.count {
    case 1: return .one(Request.text(ofSegment: Substring(name)))
    case 2:
      return JobEvent.Word.allCases.first { $0.rawValue.utf8.elementsEqual(segments[1]) }
        .map { .job(Request.text(ofSegment: Substring(name)), $0) }
    default: return nil
    }
  }

  /// What is expected in the place of a path that is about no heartbeat.
  static func expectation(_ path: String) -> String {
    path.isSame(as: belowHeartbeats) || path.utf8.starts(with: (belowHeartbeats + "/").utf8)
      ? "expected the name of a process behind the slash"
      : "expected one name, and behind it nothing, /start, /success or /fail; a slash within it is written %2F"
  }

  /// Whether a method changes something.
  static func changes(_ method: Request.Method?) -> Bool { method != .get && method != .head && method != .options }
}
