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
  }

  /// The most bytes of bodies that may wait.
  static let mostBytes = 64 << 20
  /// How often the watch looks, in microseconds.
  // Not mutated: a little more or less shows nowhere.
  private static let watchInterval: UInt32 = 50_000

  private let writer = Worker(named: "push", State())
  /// Is told when something comes while it does not look.
  private let watch = Worker(named: "push-watch", false)
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
  var count: Int { writer.withoutWaking { $0.waiting.count + $0.inHand.count } }

  /// Adds a request, which is answered sooner or later; false when too many wait.
  ///
  /// - Parameter now: the time of the monotonic clock.
  func add(
    _ task: Task, size: Int, _ responder: Responder, now: UInt64 = Clock.monotonicNanoseconds
  ) -> Bool {
    let deadline = now &+ Clock.nanoseconds(timeout)
    let job = Job(task: task, responder: responder, deadline: deadline, size: size)
    let isTaken = writer.hand { state in
      guard state.waiting.count + state.inHand.count < limit,
        state.size + size <= PushQueue.mostBytes
      else { return false }
      state.waiting.append(job)
      state.size += size
      return true
    }
    guard isTaken == true else { return false }
    if !isWatching.load(ordering: .acquiring) { watch.withLock { $0 = true } }
    return true
  }

  /// Waits for requests and takes all that there are; nil is the end.
  func take() -> [Job]? {
    writer.next { state in
      guard !state.waiting.isEmpty else { return nil }
      state.inHand = state.waiting
      state.waiting = []
      return state.inHand
    }
  }

  /// Says that those it has taken are answered.
  func finished() {
    writer.withoutWaking { state in
      state.inHand = []
      state.size = state.waiting.reduce(0) { $0 + $1.size }
    }
  }

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
    let (late, isBusy) = writer.withoutWaking { state -> ([Job], Bool) in
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

  /// How long the end waits for the disk, in seconds.
  private static let endPatience = 1.0

  /// Starts the two threads.
  ///
  /// - Parameter write: what the writer's does, until `take` gives nil.
  func start(_ write: @escaping @Sendable () -> Void) throws(Errno) {
    try writer.start(write)
    try watch.start { [self] in watchDeadlines() }
  }

  /// Lets the threads end once nothing is left to do.
  func close() {
    writer.close()
    // Once more, so that it has seen all that came.
    watch.close { $0 = true }
  }

  /// Ends the threads when all that waits is written; false when that is left behind: a disk that hangs cannot be interrupted.
  func stop() -> Bool {
    close()
    return writer.hasEnded(within: PushQueue.endPatience)
  }
}
