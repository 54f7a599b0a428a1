internal import HTTP
internal import POSIX

/// A question for how the processes do, which the scrape thread answers.
struct StatusRequest: Awaited {
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

  var client: Responder? { responder }

  /// One text is made for all of these, whichever tag each of them knows.
  struct Question: Hashable {
    let path: String
    /// By its bytes: two names that look the same are two processes.
    var name: ExactText?
    let isCompressed: Bool
  }

  var question: Question {
    let isCompressed = coding == .gzip
    return switch subject {
    case .heartbeats: Question(path: APIPath.heartbeats, isCompressed: isCompressed)
    case .heartbeat(let name): Question(path: APIPath.heartbeats, name: ExactText(name), isCompressed: isCompressed)
    case .host: Question(path: APIPath.host, isCompressed: isCompressed)
    case .watchers: Question(path: APIPath.events, isCompressed: isCompressed)
    }
  }

  static let busy = APIError(503, "too many requests at once", retryAfter: 1)

  func refuse() { responder?.send(StatusRequest.busy.response) }
}
