@testable import Exporter

/// The part of an answer that only the past explains, kept by an account of its own: what was wrong with each reading of the
/// file, and with each new content; and the last good content, which is served as long as the file is bad.
///
/// What more an exporter has seen and cannot read again is taken over as it is: see `Core.follow`.
struct History {
  /// Where the heartbeat file is.
  let file: String
  /// What the counters must be, by series.
  private var counters: [String: Double] = [:]
  private(set) var lastGood: [UInt8]?

  init(file: String) {
    self.file = file
  }

  /// Adds what one look at the file came to.
  ///
  /// - Parameters:
  ///   - content: what stood there; nil when nothing did.
  ///   - isGood: whether it could be read.
  ///   - errors: how many readings failed, by reason: none or one.
  ///   - alone: the counters of an exporter that has seen this content alone.
  mutating func add(_ content: [UInt8]?, isGood: Bool, errors: [String: UInt64], alone: () -> [String: Double]) {
    for (reason, count) in errors {
      counters["heartbeat_file_read_errors_total{file=\"\(file)\",reason=\"\(reason)\"}", default: 0] += Double(count)
    }
    guard isGood else { return }
    guard let content else {
      // A folder stands there: what was good before it is no more.
      lastGood = nil
      return
    }
    guard content != lastGood else { return }
    lastGood = content
    for (series, count) in alone() where !series.hasPrefix("heartbeat_file_read_errors") {
      counters[series, default: 0] += count
    }
  }

  /// In what the counters of an answer differ from the account; nil when they do not.
  func difference(from answer: Answer) -> String? {
    for (series, count) in answer.counters.sorted(by: { $0.key < $1.key }) where counters[series, default: 0] != count {
      return "\(series) is \(count), expected \(counters[series, default: 0])"
    }
    return nil
  }
}
