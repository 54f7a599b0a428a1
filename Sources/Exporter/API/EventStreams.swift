internal import HTTP
internal import POSIX

/// Those who watch the status page: server-sent events (WHATWG HTML, section 9.2), one `status` event after the other.
///
/// The picture is made once for all, and only while somebody watches.
final class EventStreams: Sendable {
  /// Seconds between two events.
  static let interval = 1.0

  private struct State {
    var streams: [ResponseStream] = []
    var isClosed = false
  }

  private let state = ConditionLock(State())
  private let limit: Int
  private let interval: Double

  /// - Parameters:
  ///   - limit: how many may watch at once.
  ///   - interval: seconds between two events.
  init(limit: Int, interval: Double = EventStreams.interval) {
    self.limit = limit
    self.interval = interval
  }

  /// Lets one more watch; false when there are too many.
  func add(_ responder: Responder) -> Bool {
    state.withLock { state in
      state.streams.removeAll { !$0.isOpen }
      guard !state.isClosed, state.streams.count < limit else { return false }
      let head = Response(
        status: 200,
        headers: [
          ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
          ("X-Content-Type-Options", "nosniff"),
        ],
        // How long a browser waits before it comes again, in milliseconds.
        body: Array("retry: 2000\n\n".utf8))
      state.streams.append(responder.stream(head))
      return true
    }
  }

  /// Sends a picture, whose text comes in pieces, to everybody.
  func send(_ picture: [[UInt8]]) {
    let event = Array(([Array("event: status\ndata: ".utf8)] + picture + [Array("\n\n".utf8)]).joined())
    let streams = state.withLock { state in
      state.streams.removeAll { !$0.isOpen }
      return state.streams
    }
    for stream in streams { stream.send(event) }
  }

  /// Starts the clock on a thread of its own.
  func start(asking queue: ScrapeQueue) throws(Errno) {
    try Thread.start(named: "watch") { [self] in run(asking: queue) }.detach()
  }

  /// Asks for a picture at each interval while somebody watches, until `close`.
  func run(asking queue: ScrapeQueue) {
    while true {
      let isOver = state.wait { (state) -> Bool? in
        if state.isClosed { return true }
        return state.streams.isEmpty ? nil : false
      }
      if isOver ?? true { return }
      _ = queue.add(
        StatusRequest(subject: .watchers(self), coding: .identity, knownTag: nil, responder: nil))
      let ended = state.wait(timeout: interval) { $0.isClosed ? true : nil }
      if ended == true { return }
      state.withLock { $0.streams.removeAll { !$0.isOpen } }
    }
  }

  /// Ends the clock and all streams.
  func close() {
    state.withLock { state in
      state.isClosed = true
      state.streams = []
    }
  }
}
