internal import Glibc
internal import HTTP
internal import Heartbeat
internal import POSIX
internal import Synchronization

/// Pushes that wait for the writer, and how long they may.
///
/// What is packed or large is read by a thread of its own before the writer may have it: reading it takes long, and neither those who
/// scrape nor those who push little shall wait for that. Meanwhile the pushes of the same client that came behind it wait too, so that
/// a client's beats are written in their order.
///
/// A disk that hangs holds the writer's thread wherever the kernel keeps it, so that another thread watches the time:
/// every push is answered, whatever the disk does.
final class PushQueue: Sendable {
  /// What is to be written.
  enum Task: Sendable {
    case beats([Beat])
    case forget(String)
  }

  /// A request as it came, of which it is not known yet what is to be written.
  struct Unread: Sendable {
    /// What its body has, in bytes, as it came.
    let size: Int
    /// Whether reading it may take long.
    let isLong: Bool
    /// Whose it is.
    let peer: RateLimiter.Peer
    /// Reads it: what is to be written, and the bytes of its body once that is unpacked.
    let read: @Sendable () throws(APIError) -> (task: Task, size: Int)
  }

  /// One request, for the writer.
  struct Job: Sendable {
    let task: Task
    let responder: Responder
    /// What its body had, in bytes.
    let size: Int
  }

  /// One request, as it waits.
  private struct Waiting {
    enum Content {
      case unread(Unread)
      case read(Task)
    }

    let number: UInt64
    var content: Content
    let peer: RateLimiter.Peer
    let responder: Responder
    /// When it is given up, by the monotonic clock.
    let deadline: UInt64
    var size: Int

    /// Whether the reader must have it before the writer.
    var isForReader: Bool {
      if case .unread(let unread) = content { return unread.isLong }
      return false
    }
  }

  private struct State {
    var waiting: [Waiting] = []
    /// What the writer has at present.
    var inHand: [Waiting] = []
    var size = 0
    var lastNumber: UInt64 = 0
    /// Whose push was read last.
    var lastRead: RateLimiter.Peer?

    /// Takes away what the writer may have: all but what must be read first, and what its client sent behind that.
    mutating func takeReady() -> [Waiting] {
      guard waiting.contains(where: \.isForReader) else {
        defer { waiting = [] }
        return waiting
      }
      var ready: [Waiting] = []
      var rest: [Waiting] = []
      var late: Set<RateLimiter.Peer> = []
      for job in waiting {
        if job.isForReader { late.insert(job.peer) }
        if late.contains(job.peer) { rest.append(job) } else { ready.append(job) }
      }
      waiting = rest
      return ready
    }
  }

  /// The most bytes of bodies that may wait: as they came, and once they are read, as they are then.
  static let mostBytes = 64 << 20
  /// How often the watch looks, in microseconds.
  // Not mutated: a little more or less shows nowhere.
  private static let watchInterval: UInt32 = 50_000

  private let writer = Worker(named: "push", State())
  /// What is to be read first is told to it; which that is stands in the state.
  private let reader = Worker(named: "push-read", 0)
  /// Is told when something comes while it does not look.
  private let watch = Worker(named: "push-watch", false)
  private let isWatching = Atomic(false)
  private let limit: Int
  /// How many of them may be such that must be read first: the others have the rest for themselves.
  private let limitForReader: Int
  private let timeout: Double

  /// - Parameters:
  ///   - limit: how many requests may wait.
  ///   - timeout: how long, in seconds.
  init(limit: Int, timeout: Double) {
    self.limit = limit
    limitForReader = limit == 0 ? 0 : max(1, limit / 2)
    self.timeout = timeout
  }

  /// How many requests wait, those in the writer's hands too.
  var count: Int { writer.withoutWaking { $0.waiting.count + $0.inHand.count } }

  /// Adds a request, which is answered sooner or later; false when too many wait.
  ///
  /// - Parameter now: the time of the monotonic clock.
  func add(_ unread: Unread, _ responder: Responder, now: UInt64 = Clock.monotonicNanoseconds) -> Bool {
    let deadline = now &+ Clock.nanoseconds(timeout)
    let isTaken = writer.hand { state in
      guard state.waiting.count + state.inHand.count < limit,
        state.size + unread.size <= PushQueue.mostBytes,
        !unread.isLong || state.waiting.count(where: \.isForReader) < limitForReader
      else { return false }
      state.lastNumber &+= 1
      state.waiting.append(
        Waiting(
          number: state.lastNumber, content: .unread(unread), peer: unread.peer, responder: responder,
          deadline: deadline, size: unread.size))
      state.size += unread.size
      return true
    }
    guard isTaken == true else { return false }
    if unread.isLong { reader.withLock { $0 += 1 } }
    if !isWatching.load(ordering: .acquiring) { watch.withLock { $0 = true } }
    return true
  }

  /// Waits for requests and takes all that may be written; nil is the end. Of what was wrong with all of them, which is answered here,
  /// there may be none left.
  func take() -> [Job]? {
    let taken = writer.next { state -> [Waiting]? in
      let ready = state.takeReady()
      guard !ready.isEmpty else { return nil }
      state.inHand = ready
      return ready
    }
    return taken?.compactMap { job in
      switch job.content {
      case .read(let task): return Job(task: task, responder: job.responder, size: job.size)
      case .unread(let unread):
        do throws(APIError) {
          let (task, size) = try unread.read()
          return Job(task: task, responder: job.responder, size: size)
        } catch {
          job.responder.send(error.response)
          return nil
        }
      }
    }
  }

  /// Says that those it has taken are answered.
  func finished() {
    writer.withoutWaking { state in
      state.inHand = []
      state.size = state.waiting.reduce(0) { $0 + $1.size }
    }
  }

  /// Reads what must be read before it is written, until the queue is closed and nothing of that waits: what the reading thread does.
  func readLong() {
    let take = { (told: inout Int) -> Void? in
      guard told > 0 else { return nil }
      told -= 1
      return ()
    }
    while reader.next(take) != nil { readNext() }
  }

  /// Reads one of those that must be read first; of another client than last time, if there is any.
  func readNext() {
    let next = writer.withoutWaking { state -> Waiting? in
      let waiting = state.waiting.filter(\.isForReader)
      let next = waiting.first { $0.peer != state.lastRead } ?? waiting.first
      state.lastRead = next?.peer
      return next
    }
    // Some of those it was told of were given up.
    guard let next, case .unread(let unread) = next.content else { return }
    do throws(APIError) {
      let (task, size) = try unread.read()
      guard replace(next, by: task, size) else { throw PushQueue.full }
    } catch {
      writer.withLock { state in
        guard let place = state.waiting.firstIndex(where: { $0.number == next.number }) else { return }
        state.size -= state.waiting.remove(at: place).size
      }
      next.responder.send(error.response)
    }
  }

  /// Lets the writer have what was read; false when it has no room.
  private func replace(_ job: Waiting, by task: Task, _ size: Int) -> Bool {
    writer.withLock { state in
      // Else it has been given up, and answered.
      guard let place = state.waiting.firstIndex(where: { $0.number == job.number }) else { return true }
      guard state.size - job.size + size <= PushQueue.mostBytes else { return false }
      state.waiting[place].content = .read(task)
      state.waiting[place].size = size
      state.size += size - job.size
      return true
    }
  }

  /// What is told to whom there is no room for.
  static var full: APIError { APIError(503, "too many pushes wait for the disk (--push.queue-limit)", retryAfter: 1) }

  /// Answers those whose time is up, until the queue is closed and empty: what the watching thread does.
  func watchDeadlines() {
    while watch.next({ $0 ? true : nil }) != nil {
      isWatching.store(true, ordering: .releasing)
      watch.withoutWaking { $0 = false }
      var quiet = 0
      while quiet < 20 {
        usleep(PushQueue.watchInterval)
        quiet = giveUp(at: Clock.monotonicNanoseconds) ? 0 : quiet + 1
      }
      isWatching.store(false, ordering: .releasing)
      // Whatever came between the last look and the store has not asked for the watch.
      // Not mutated: no test can meet that moment.
      if count > 0 { watch.withLock { $0 = true } }
    }
  }

  /// Answers those whose time is up; false when nothing waits.
  func giveUp(at now: UInt64) -> Bool {
    let (late, isBusy) = writer.withoutWaking { state -> ([Waiting], Bool) in
      let isBusy = !state.waiting.isEmpty || !state.inHand.isEmpty
      // What still waits is not written any more; what the writer has may be, which does no harm.
      let late = state.waiting.filter { $0.deadline <= now }
      if !late.isEmpty {
        state.waiting.removeAll { $0.deadline <= now }
        state.size -= late.reduce(0) { $0 + $1.size }
      }
      return (late + state.inHand.filter { $0.deadline <= now }, isBusy)
    }
    // What waited for one of them to be read may be written now.
    if late.contains(where: \.isForReader) { writer.withLock { _ in } }
    for job in late {
      let message = "the heartbeat file could not be written within \(timeout) s (--push.timeout)"
      job.responder.send(APIError(503, message, retryAfter: 1).response)
    }
    return isBusy
  }

  /// How long the end waits for what must be read, and then for the disk, in seconds.
  private static let endPatience = 1.0

  /// Starts the three threads.
  ///
  /// - Parameter write: what the writer's does, until `take` gives nil.
  func start(_ write: @escaping @Sendable () -> Void) throws(Errno) {
    try writer.start(write)
    try reader.start { [self] in readLong() }
    try watch.start { [self] in watchDeadlines() }
  }

  /// Lets the threads end once nothing is left to do.
  func close() {
    reader.close()
    writer.close()
    // Once more, so that it has seen all that came.
    watch.close { $0 = true }
  }

  /// Ends the threads when all that waits is written; false when that is left behind: a disk that hangs cannot be interrupted.
  func stop() -> Bool {
    reader.close()
    // The writer ends as soon as there is nothing that it may have.
    let isRead = reader.hasEnded(within: PushQueue.endPatience)
    close()
    return writer.hasEnded(within: PushQueue.endPatience) && isRead
  }
}
