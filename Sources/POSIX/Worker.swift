/// A thread that works off what others hand to it, and the end of both: the one kind for every thread that is not a helper for a
/// single question (`TimeLimitedCalls`).
///
/// `Work` is everything that passes between the thread and the others: what waits, what is in hand. The thread goes round by
/// ``next(_:)`` or ``next(within:_:)`` until that says that it is over, which is when the worker is closed and nothing waits any
/// more. Whoever closes it may take away what waits, so that it ends after what it has in hand.
public final class Worker<Work: Sendable>: Sendable {
  private struct State {
    var work: Work
    var isClosed = false
    var hasEnded = false
  }

  /// What a turn of the thread is for.
  public enum Turn<Task> {
    /// There is something to do.
    case task(Task)
    /// Nothing came for as long as it was to wait.
    case timeout
    /// The worker is closed, and nothing waits.
    case end
  }

  private let name: String
  private let state: ConditionLock<State>

  /// Has no thread yet; what is handed over waits for `start`.
  ///
  /// - Parameters:
  ///   - name: what `top -H` shows of the thread; the kernel keeps 15 bytes of it.
  ///   - work: what there is at the beginning.
  public init(named name: String, _ work: Work) {
    self.name = name
    state = ConditionLock(State(work: work))
  }

  /// Starts the thread.
  ///
  /// - Parameter body: what it does; returns when `next` says that it is over.
  /// - Throws: `EAGAIN` when the process may start no more threads; then the worker counts as ended.
  public func start(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    let state = state
    do throws(Errno) {
      try Thread.startDetached(named: name) {
        body()
        state.withLock { $0.hasEnded = true }
      }
    } catch {
      state.withLock { $0.hasEnded = true }
      throw error
    }
  }

  // MARK: For the others

  /// Hands something over and wakes the thread.
  ///
  /// - Returns: what `body` gave; nil, without a call of it, once the worker is closed.
  public func hand<Result>(_ body: (inout Work) -> Result) -> Result? {
    state.withLock { $0.isClosed ? nil : body(&$0.work) }
  }

  /// Touches the work, closed or not, and wakes the thread.
  public func withLock<Result>(_ body: (inout Work) -> Result) -> Result { state.withLock { body(&$0.work) } }

  /// Touches the work, closed or not, and wakes nobody: for looking, and for changes that nobody waits for.
  public func withoutWaking<Result>(_ body: (inout Work) -> Result) -> Result {
    state.withoutWaking { body(&$0.work) }
  }

  /// Waits until `body` gives something other than nil, and returns that; nil when the time runs out.
  ///
  /// - Parameter seconds: how long at the most.
  public func wait<Result>(within seconds: Double, until body: (inout Work) -> Result?) -> Result? {
    state.wait(timeout: seconds) { body(&$0.work) }
  }

  /// Lets the thread end once nothing waits any more. More than one call does no harm.
  public func close() { close { _ in } }

  /// The same, and touches the work in the same moment: `body` may take away what waits.
  public func close<Result>(_ body: (inout Work) -> Result) -> Result {
    state.withLock { state in
      state.isClosed = true
      return body(&state.work)
    }
  }

  /// Waits until the thread has ended; false when the time runs out, for a call of the kernel that hangs cannot be interrupted: it is
  /// left behind.
  ///
  /// - Parameter seconds: how long at the most.
  public func hasEnded(within seconds: Double) -> Bool {
    state.wait(timeout: seconds) { $0.hasEnded ? true : nil } ?? false
  }

  // MARK: For the thread

  /// Waits for something to do; nil is the end.
  ///
  /// - Parameter take: takes it from the work; nil when there is nothing.
  public func next<Task>(_ take: (inout Work) -> Task?) -> Task? {
    let turn: Turn<Task>? = state.wait { Self.turn(&$0, take) }
    if case .task(let task)? = turn { return task }
    return nil
  }

  /// The same for a thread that has something to do from time to time, whether anything came or not.
  ///
  /// - Parameters:
  ///   - seconds: how long it waits.
  ///   - take: as for `next(_:)`.
  public func next<Task>(within seconds: Double, _ take: (inout Work) -> Task?) -> Turn<Task> {
    state.wait(timeout: seconds) { Self.turn(&$0, take) } ?? .timeout
  }

  /// Rests for so many seconds; false, at once, when the worker is closed.
  public func rest(_ seconds: Double) -> Bool {
    state.wait(timeout: seconds) { $0.isClosed ? false : nil } ?? true
  }

  private static func turn<Task>(_ state: inout State, _ take: (inout Work) -> Task?) -> Turn<Task>? {
    if let task = take(&state.work) { return .task(task) }
    return state.isClosed ? .end : nil
  }
}
