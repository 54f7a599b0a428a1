internal import HTTP

/// A question for how the processes do, which the scrape thread answers.
struct StatusRequest: Sendable {
  /// What is asked for.
  enum Subject: Sendable {
    /// Every process.
    case heartbeats
    /// One process.
    case heartbeat(name: String)
    /// The host.
    case host
    /// Everything, for those who watch.
    case watchers(EventStreams)
  }

  let subject: Subject
  let coding: ContentCoding
  /// The value of `If-None-Match`.
  let knownTag: String?
  /// nil for `watchers`.
  let responder: Responder?
}
