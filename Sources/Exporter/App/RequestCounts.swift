internal import Exposition
internal import POSIX

/// How many requests were answered, by handler and status code.
final class RequestCounts: Sendable {
  private struct Count {
    let handler: String
    let code: Int
    let labels: Labels
    var answers: UInt64 = 0

    init(_ handler: String, _ code: Int) {
      self.handler = handler
      self.code = code
      labels = Labels(["handler": handler, "code": String(code)])
    }
  }

  /// Few, and sorted by handler and code, as they are written.
  private let counts: Lock<[Count]>

  /// Starts with the answers of `handler` that people alert on, at 0, so that their first increase is seen.
  init(handler: String) {
    counts = Lock([200, 500, 503].map { Count(handler, $0) })
  }

  /// Counts one answer. `handler` must be one of few names, never a path that the client chose.
  func add(handler: String, code: Int) {
    counts.withLock { counts in
      let place = counts.firstIndex { ($0.handler, $0.code) >= (handler, code) } ?? counts.endIndex
      if place == counts.endIndex || (counts[place].handler, counts[place].code) != (handler, code) {
        counts.insert(Count(handler, code), at: place)
      }
      counts[place].answers &+= 1
    }
  }

  /// Writes the counter, sorted by handler and code.
  func collect(into exposition: inout Exposition) {
    let counts = counts.withLock { $0 }
    exposition.family(ExporterFamilies.requests) { family in
      for count in counts { family.add(count.labels, Double(count.answers)) }
    }
  }
}
