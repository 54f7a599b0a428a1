internal import POSIX
internal import Exposition
internal import HTTP

/// What the metrics tell of pushes.
final class PushCounts: Sendable {
  /// Why a push was not taken: one word for each status that one can get.
  enum Reason: String, CaseIterable {
    case badRequest = "bad_request"
    case forbidden
    case invalid
    case mediaType = "media_type"
    case methodNotAllowed = "method_not_allowed"
    case noSpace = "no_space"
    case notFound = "not_found"
    case other
    case rateLimited = "rate_limited"
    case tooLarge = "too_large"
    case unauthorized
    case unavailable

    /// The reason that a status stands for; nil for one that is no error.
    init?(status: Int) {
      switch status {
      case ..<400: return nil
      case 400: self = .badRequest
      case 401: self = .unauthorized
      case 403: self = .forbidden
      case 404: self = .notFound
      case 405: self = .methodNotAllowed
      case 413: self = .tooLarge
      case 415: self = .mediaType
      case 422: self = .invalid
      case 429: self = .rateLimited
      case 503: self = .unavailable
      case 507: self = .noSpace
      default: self = .other
      }
    }
  }

  private struct Counts {
    var beats: UInt64 = 0
    var errors: [Reason: UInt64] = [:]
    var commits: UInt64 = 0
    var nanoseconds: UInt64 = 0
  }

  private let counts = Lock(Counts())
  private let queue: PushQueue

  init(queue: PushQueue) {
    self.queue = queue
  }

  /// Counts beats that are in the file, and the write that brought them there.
  func wrote(beats: Int, nanoseconds: UInt64) {
    counts.withLock { counts in
      counts.beats &+= UInt64(clamping: beats)
      counts.commits &+= 1
      counts.nanoseconds &+= nanoseconds
    }
  }

  /// Counts the answer to a push.
  func answered(status: Int) {
    guard let reason = Reason(status: status) else { return }
    counts.withLock { $0.errors[reason, default: 0] &+= 1 }
  }

  /// Writes the counters.
  func collect(into exposition: inout Exposition) {
    let counts = counts.withLock { $0 }
    exposition.family(PushFamilies.beats, Double(counts.beats))
    exposition.family(PushFamilies.errors) { family in
      for reason in Reason.allCases {
        family.add(Labels(["reason": reason.rawValue]), Double(counts.errors[reason] ?? 0))
      }
    }
    exposition.family(PushFamilies.commits, Double(counts.commits))
    exposition.family(PushFamilies.commitSeconds, Double(counts.nanoseconds / 1000) / 1e6)
    exposition.family(PushFamilies.queue, Double(queue.count))
  }
}

/// What is told of pushes, when they are on.
enum PushFamilies {
  static let beats = MetricFamily(
    "heartbeat_push_beats_total", .counter, "Beats that came by push and are in the file.")
  static let errors = MetricFamily(
    "heartbeat_push_errors_total", .counter, "Pushes that were not taken, by reason.")
  static let commits = MetricFamily(
    "heartbeat_push_commits_total", .counter, "Replacements of the file: pushes that come together share one.")
  static let commitSeconds = MetricFamily(
    "heartbeat_push_commit_seconds_total", .counter, "Seconds that these took, the wait for the lock included.")
  static let queue = MetricFamily(
    "heartbeat_push_queue_length", .gauge, "Pushes that wait for the file.")
}
