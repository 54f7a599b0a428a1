internal import HTTP

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

  /// Whether a method changes something.
  static func changes(_ method: Request.Method?) -> Bool { method != .get && method != .head && method != .options }
}
