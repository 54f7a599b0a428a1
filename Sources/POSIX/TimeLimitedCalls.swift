/// Calls that may never return, such as `statvfs(3)` where the server of the file system is gone. No time limit can be put on them,
/// so threads of their own make them, and who needs the answers waits with a limit.
///
/// What has not come back is not called again before it has: it keeps one thread, and costs nobody else.
public final class TimeLimitedCalls<Key: Hashable & Sendable>: Sendable {
  private struct State {
    /// What is being called.
    var running: Set<Key> = []
    var work: [@Sendable () -> Void] = []
    var threads = 0
    var idle = 0
  }

  private enum Need { case none, thread, refused }

  private let name: String
  private let threadLimit: Int
  private let state = ConditionLock(State())

  /// How long a thread without work is kept, in seconds: longer than most wait from one scrape to the next.
  private static var idleTime: Double { 70 }

  /// Calls nothing yet, and has no thread.
  ///
  /// - Parameters:
  ///   - name: of the threads.
  ///   - threadLimit: the most threads; once so many calls hang, none is made any more.
  public init(name: String, threadLimit: Int = 64) {
    self.name = name
    self.threadLimit = threadLimit
  }

  /// Makes a call for each key, one after the other; when one does not come back soon, the others are made beside it.
  ///
  /// - Parameters:
  ///   - deadline: on the monotonic clock, in nanoseconds.
  ///   - patience: for how many seconds the others wait for one that does not come back.
  /// - Returns: in the order of the keys what the calls gave; nil where one did not come back in time, or an earlier one for the same
  ///   key still has not.
  public func call<Value: Sendable>(
    _ keys: [Key], until deadline: UInt64, patience: Double = 0.1, _ call: @escaping @Sendable (Key) -> Value
  ) -> [Value?] {
    begin(keys, call).results(until: deadline, patience: patience)
  }

  /// Begins to make the calls; their answers are waited for later.
  public func begin<Value: Sendable>(
    _ keys: [Key], _ call: @escaping @Sendable (Key) -> Value
  ) -> PendingCalls<Key, Value> {
    let batch = Batch<Key, Value>(keys)
    let work: @Sendable () -> Void = { [self] in
      while let (place, key) = batch.next() {
        guard begin(key) else {
          batch.finish(place, nil)
          continue
        }
        let value = call(key)
        end(key)
        batch.finish(place, value)
      }
    }
    let isStarted = keys.isEmpty || start(work)
    return PendingCalls(batch: batch, isStarted: isStarted) { [self] in start(work) }
  }

  /// What has been called and has not come back.
  public var running: Set<Key> { state.withoutWaking { $0.running } }

  private func begin(_ key: Key) -> Bool {
    state.withoutWaking { $0.running.insert(key).inserted }
  }

  private func end(_ key: Key) {
    state.withoutWaking { _ = $0.running.remove(key) }
  }

  /// Has a thread do something; false when none can be had.
  private func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    let need = state.wakingOne { state -> Need in
      if state.idle > state.work.count {
        state.work.append(work)
        return .none
      }
      guard state.threads < threadLimit else { return .refused }
      state.threads += 1
      return .thread
    }
    switch need {
    case .none: return true
    case .refused: return false
    case .thread:
      // Taken out before it is done: the thread may live for long, and must not keep what its first work holds.
      let first = Lock<(@Sendable () -> Void)?>(work)
      do throws(Errno) {
        try Thread.start(named: name) { [self] in
          first.withLock { $0.take() }?()
          serve()
        }.detach()
        return true
      } catch {
        state.withoutWaking { $0.threads -= 1 }
        return false
      }
    }
  }

  private func serve() {
    while true {
      state.withoutWaking { $0.idle += 1 }
      _ = state.wait(timeout: Self.idleTime) { $0.work.isEmpty ? nil : () }
      let work = state.withoutWaking { state -> (@Sendable () -> Void)? in
        state.idle -= 1
        if state.work.isEmpty {
          state.threads -= 1
          return nil
        }
        return state.work.removeFirst()
      }
      guard let work else { return }
      work()
    }
  }
}

/// Calls that were begun.
public struct PendingCalls<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  fileprivate let batch: Batch<Key, Value>
  /// Whether a thread makes them.
  fileprivate let isStarted: Bool
  /// Has one more thread make them.
  fileprivate let help: @Sendable () -> Bool

  /// Waits for the answers, and goes on without those that are late; see `TimeLimitedCalls.call`.
  public func results(until deadline: UInt64, patience: Double = 0.1) -> [Value?] {
    var isStarted = isStarted || help()
    while isStarted, !batch.wait(until: deadline, patience: patience) {
      guard Clock.monotonicNanoseconds < deadline else { break }
      if batch.isWaiting { isStarted = help() || isStarted }
    }
    return batch.close()
  }

  /// Waits so many seconds; true when all have come back.
  public func haveEnded(within seconds: Double) -> Bool {
    batch.wait(until: Clock.monotonicNanoseconds + Clock.nanoseconds(seconds), patience: seconds)
  }
}

/// Calls that somebody waits for.
fileprivate final class Batch<Key: Sendable, Value: Sendable>: Sendable {
  private struct State {
    var next = 0
    var results: [Value?]
    var finished = 0
    var isClosed = false
  }

  private let keys: [Key]
  private let state: ConditionLock<State>

  init(_ keys: [Key]) {
    self.keys = keys
    state = ConditionLock(State(results: Array(repeating: nil, count: keys.count)))
  }

  /// The next call to make; nil when all are made, or nobody waits any more.
  func next() -> (place: Int, key: Key)? {
    state.withoutWaking { state in
      guard !state.isClosed, state.next < keys.count else { return nil }
      defer { state.next += 1 }
      return (state.next, keys[state.next])
    }
  }

  func finish(_ place: Int, _ value: Value?) {
    let isLast = state.withoutWaking { state in
      state.finished += 1
      if !state.isClosed { state.results[place] = value }
      return state.finished == keys.count
    }
    // Who waits is woken once, for all.
    if isLast { state.withLock { _ in } }
  }

  /// Whether some call is not being made yet.
  var isWaiting: Bool { state.withoutWaking { $0.next < keys.count } }

  /// Waits until all have come back, or none has for as long as the patience lasts.
  func wait(until deadline: UInt64, patience: Double) -> Bool {
    let count = keys.count
    var seen = state.withoutWaking { $0.finished }
    while true {
      let now = Clock.monotonicNanoseconds
      guard seen < count, now < deadline else { return seen == count }
      let left = min(patience, Double(deadline - now) / 1e9)
      if state.wait(timeout: left, until: { $0.finished == count ? () : nil }) != nil { return true }
      let finished = state.withoutWaking { $0.finished }
      guard finished > seen else { return false }
      seen = finished
    }
  }

  /// Takes what has come back; what comes later goes nowhere.
  func close() -> [Value?] {
    state.withoutWaking { state in
      state.isClosed = true
      return state.results
    }
  }
}
