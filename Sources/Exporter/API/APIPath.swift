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

  /// What happened to a job, by what follows its name; nil when nothing follows, or something else.
  ///
  /// - Parameter rawPath: the path as it was asked for, so that a slash of the name is none.
  static func jobWord(_ rawPath: String) -> JobEvent.Word? {
    let rest = rawPath.utf8.dropFirst(heartbeats.utf8.count + 1)
    guard rawPath.hasPrefix(heartbeats + "/"), let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return nil }
    return JobEvent.Word.allCases.first { $0.rawValue.utf8.elementsEqual(rest[rest.index(after: slash)...]) }
  }

  /// Whether a method changes something.
  static func changes(_ method: Request.Method?) -> Bool { method != .get && method != .head && method != .options }
}
