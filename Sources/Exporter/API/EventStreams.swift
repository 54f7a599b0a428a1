internal import HTTP
internal import POSIX

/// Those who watch the status page: server-sent events (WHATWG HTML, section 9.2). Who comes gets a `status` event with the
/// whole picture, and then `change` events with what has changed; who missed one gets the whole picture again.
///
/// Each event is made once for all, and compressed once, and only while somebody watches.
final class EventStreams: Sendable {
  /// Seconds between two events.
  static let interval = 1.0

  private struct Watcher {
    let stream: ResponseStream
    let isCompressed: Bool
  }

  private let worker = Worker<[Watcher]>(named: "watch", [])
  /// The picture that all have who missed nothing.
  private let last = Lock<LivePicture.Memory?>(nil)
  private let limit: Int
  private let interval: Double

  /// - Parameters:
  ///   - limit: how many may watch at once.
  ///   - interval: seconds between two events.
  init(limit: Int, interval: Double = EventStreams.interval) {
    self.limit = limit
    self.interval = interval
  }

  /// How long a browser waits before it comes again, in milliseconds.
  private static let greeting = Array("retry: 2000\n\n".utf8)
  /// The same as the beginning of a gzip member without an end; nil when there is not enough memory.
  private static let compressedGreeting: [UInt8]? = {
    var gzip = Gzip(level: 1)
    return gzip.part(greeting).map { Gzip.header + $0.bytes }
  }()

  /// Lets one more watch; false when there are too many.
  ///
  /// - Parameter coding: `gzip` compresses what is sent, each event for itself, so that it can be read when it comes.
  func add(_ responder: Responder, coding: ContentCoding = .identity) -> Bool {
    worker.hand { watchers in
      watchers.removeAll { !$0.stream.isOpen }
      guard watchers.count < limit else { return false }
      let compressed = coding == .gzip ? Self.compressedGreeting : nil
      var head = Response(
        status: 200,
        headers: [
          ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
          ("X-Content-Type-Options", "nosniff"), ("Vary", "Accept-Encoding"),
        ],
        body: compressed ?? Self.greeting)
      if compressed != nil { head.headers.append(("Content-Encoding", "gzip")) }
      watchers.append(Watcher(stream: responder.stream(head), isCompressed: compressed != nil))
      return true
    } ?? false
  }

  /// Sends everybody what is new in a picture.
  ///
  /// - Parameter compress: makes deflate blocks that look back to nothing before them; nil when there is not enough memory.
  func send(_ picture: LivePicture, compress: ([UInt8]) -> [UInt8]?) {
    let watchers = worker.withoutWaking { watchers in
      watchers.removeAll { !$0.stream.isOpen }
      return watchers
    }
    let memory = watchers.isEmpty ? nil : picture.memory
    let before = last.withLock { last in
      defer { last = memory }
      return last
    }
    // Each is made when the first one needs it.
    var events: [Event: [UInt8]?] = [:]
    for watcher in watchers {
      let isWhole = watcher.stream.isBehind || before == nil
      let kind = Event(isWhole: isWhole, isCompressed: watcher.isCompressed)
      if events[kind] == nil {
        let text = isWhole ? picture.whole : before.map { picture.changes(since: $0) } ?? []
        let event = Array(
          ([Array("event: \(isWhole ? "status" : "change")\ndata: ".utf8)] + text + [Array("\n\n".utf8)]).joined())
        events[kind] = .some(watcher.isCompressed ? compress(event) : event)
      }
      if let event = events[kind] ?? nil {
        watcher.stream.send(event, standsAlone: isWhole)
      } else {
        // Who missed this one would have a gap: it may come again.
        watcher.stream.end()
      }
    }
  }

  private struct Event: Hashable {
    let isWhole: Bool
    let isCompressed: Bool
  }

  /// Starts the clock on a thread of its own.
  func start(asking queue: ScrapeQueue) throws(Errno) {
    try worker.start { [self] in run(asking: queue) }
  }

  /// Asks for a picture at each interval while somebody watches, until `close`.
  func run(asking queue: ScrapeQueue) {
    while worker.next({ $0.isEmpty ? nil : () }) != nil {
      _ = queue.add(
        StatusRequest(subject: .watchers(self), coding: .identity, knownTag: nil, responder: nil))
      guard worker.rest(interval) else { return }
      worker.withoutWaking { $0.removeAll { !$0.stream.isOpen } }
    }
  }

  /// Ends the clock and all streams.
  func close() {
    worker.close { $0 = [] }
  }
}
