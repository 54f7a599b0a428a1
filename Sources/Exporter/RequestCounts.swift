internal import POSIX
internal import Exposition

/// How many requests were answered, by handler and status code.
final class RequestCounts: Sendable {
  private struct Key: Hashable {
    let handler: String
    let code: Int
  }

  private let counts: Lock<[Key: UInt64]>

  /// Starts with the answers of `handler` that people alert on, at 0, so that their first increase is seen.
  init(handler: String) {
    var counts: [Key: UInt64] = [:]
    for code in [200, 500, 503] { counts[Key(handler: handler, code: code)] = 0 }
    self.counts = Lock(counts)
  }

  /// Counts one answer. `handler` must be one of few names, never a path that the client chose.
  func add(handler: String, code: Int) {
    counts.withLock { $0[Key(handler: handler, code: code), default: 0] &+= 1 }
  }

  /// Writes the counter, sorted by handler and code.
  func collect(into exposition: inout Exposition) {
    let sorted = counts.withLock { Array($0) }.sorted { ($0.key.handler, $0.key.code) < ($1.key.handler, $1.key.code) }
    exposition.family(ExporterFamilies.requests) { family in
      for (key, count) in sorted {
        family.add(Labels(["handler": key.handler, "code": String(key.code)]), Double(count))
      }
    }
  }
}
