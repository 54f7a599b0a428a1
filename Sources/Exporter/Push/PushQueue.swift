internal import Glibc
internal import HTTP
internal import Heartbeat
internal import POSIX
internal import Synchronization

/// Pushes that wait for the writer, and how long they may.
///
/// A disk that hangs holds the writer's thread wherever the kernel keeps it, so that a second thread watches the time:
/// every push is answered, whatever the disk does.
final class PushQueue: Sendable {
  /// What is to be written.
  enum Task: Sendable {
    case beats([Beat])
    case forget(String)
  }

  /// One request.
  struct Job: Sendable {
    let task: Task
    let responder: Responder
    /// When it is given up, by the monotonic clock.
    let deadline: UInt64
    /// What its body had, in bytes.
    let size: Int
  }

  private struct State {
    var waiting: [Job] = []
    /// What the writer has at present.
    var inHand: [Job] = []
    var size = 0
    var isClosed = false
    var hasEnded = false
  }

  /// The most bytes of bodies that may wait.
  static let mostBytes = 64 << 20
  /// How often the watch looks, in microseconds.
  // Not mutated: a little more or less shows nowhere.
  private static let watchInterval: UInt32 = 50_000

  private let state = ConditionLock(State())
  private let watch = ConditionLock(false)
  private let isWatching = Atomic(false)
  private let limit: Int
  private let timeout: Double

  /// - Parameters:
  ///   - limit: how many requests may wait.
  ///   - timeout: how long, in seconds.
  init(limit: Int, timeout: Double) {
    self.limit = limit
    self.timeout = timeout
  }

  /// How many requests wait, those in the writer's hands too.
  var count: Int { state.withLock { $0.waiting.count + $0.inHand.count } }

  /// Adds a request, which is answered sooner or later; false when too many wait.
  ///
  /// - Parameter now: the time of the monotonic clock.
  func add(
    _ task: Task, size: Int, _ responder: Responder, now: UInt64 = Clock.monotonicNanoseconds
  ) -> Bool {
    let deadline = now &+ Clock.nanoseconds(timeout)
    let job = Job(task: task, responder: responder, deadline: deadline, size: size)
    let isTaken = state.withLock { state in
      guard !state.isClosed, state.waiting.count + state.inHand.count < limit,
        state.size + size <= PushQueue.mostBytes
      else { return false }
      state.waiting.append(job)
      state.size += size
      return true
    }
    if isTaken, !isWatching.load(ordering: .acquiring) { watch.withLock { $0 = true } }
    return isTaken
  }

  /// Waits for requests and takes all that there are; nil is the end.
  func take() -> [Job]? {
    state.wait { (state) -> [Job]?? in
      if state.waiting.isEmpty { return state.isClosed ? .some(nil) : nil }
      state.inHand = state.waiting
      state.waiting = []
      return .some(state.inHand)
    } ?? nil
  }

  /// Says that those it has taken are answered.
  func finished() {
    state.withLock { state in
      state.inHand = []
      state.size = state.waiting.reduce(0) { $0 + $1.size }
    }
  }

  /// Answers those whose time is up, until the queue is closed and empty: what the watching thread does.
  func watchDeadlines() {
    while true {
      _ = watch.wait { isNeeded -> Bool? in isNeeded ? true : nil }
      isWatching.store(true, ordering: .releasing)
      watch.withLock { $0 = false }
      var quiet = 0
      while quiet < 20 {
        usleep(PushQueue.watchInterval)
        quiet = giveUp(at: Clock.monotonicNanoseconds) ? 0 : quiet + 1
      }
      isWatching.store(false, ordering: .releasing)
      let state = state.withLock { ($0.isClosed, $0.waiting.count + $0.inHand.count) }
      if state.0, state.1 == 0 { return }
      // Whatever came between the last look and the store has not asked for the watch.
      // Not mutated: no test can meet that moment.
      if state.1 > 0 { watch.withLock { $0 = true } }
    }
  }

  /// Answers those whose time is up; false when nothing waits.
  func giveUp(at now: UInt64) -> Bool {
    let (late, isBusy) = state.withLock { state -> ([Job], Bool) in
      let isBusy = !state.waiting.isEmpty || !state.inHand.isEmpty
      // What still waits is not written any more; what the writer has may be, which does no harm.
      let late = state.waiting.filter { $0.deadline <= now }
      if !late.isEmpty {
        state.waiting.removeAll { $0.deadline <= now }
        state.size -= late.reduce(0) { $0 + $1.size }
      }
      return (late + state.inHand.filter { $0.deadline <= now }, isBusy)
    }
    for job in late {
      let message = "the heartbeat file could not be written within \(timeout) s (--push.timeout)"
      job.responder.send(APIError(503, message, retryAfter: 1).response)
    }
    return isBusy
  }

  /// Lets the threads end once nothing is left to do.
  func close() {
    state.withLock { $0.isClosed = true }
    watch.withLock { $0 = true }
  }

  /// Says that the writer does nothing any more.
  func end() {
    state.withLock { $0.hasEnded = true }
  }

  /// Waits for the writer to say so; false when the time runs out.
  func waitForEnd(timeout: Double) -> Bool {
    state.wait(timeout: timeout) { $0.hasEnded ? true : nil } ?? false
  }
}
