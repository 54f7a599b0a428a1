/// Calls that may never return, such as `statvfs(3)` where the server of the file system is gone. No time limit can be put on them,
/// so threads of their own make them, and who needs the answers waits with a limit.
///
/// What has not come back is not called again before it has, or before a call beside it came back (`HangWatch`): it keeps one thread, and
/// costs nobody else. What comes back late goes nowhere.
public final class TimeLimitedCalls<Key: Hashable & Sendable>: Sendable {
  private struct State {
    /// What is being called, and the number of the call.
    var running: [Key: Int] = [:]
    var calls = 0
    /// Of what was found to be under way, whether it answers anew.
    var watches: [Key: HangWatch] = [:]
    /// The calls that were left behind, which take no place of others.
    var leftBehind: [Int: HangWatch] = [:]
    var work: [@Sendable () -> Bool] = []
    var threads = 0
    /// How many threads were begun, and the first work of those that have not taken it yet.
    var started = 0
    var first: [Int: @Sendable () -> Bool] = [:]
    var idle = 0
    /// Nobody calls any more.
    var isOver = false
  }

  private enum Need { case none, thread(Int), refused }

  private let name: String
  private let threadLimit: Int
  private let paths: (@Sendable (Key) -> [String])?
  private let watch: @Sendable ([String]) -> HangWatch
  private let state = ConditionLock(State())

  /// How long a thread without work is kept, in seconds: longer than most wait from one scrape to the next.
  private static var idleTime: Double { 70 }

  /// Calls nothing yet, and has no thread.
  ///
  /// - Parameters:
  ///   - name: of the threads.
  ///   - threadLimit: the most threads; once so many calls hang, none is made any more.
  ///   - paths: where the calls for a key may hang: when something else stands there, it is called anew. nil where a call that hangs is
  ///     never made beside itself.
  public convenience init(name: String, threadLimit: Int = 64, paths: (@Sendable (Key) -> [String])? = nil) {
    self.init(name: name, threadLimit: threadLimit, paths: paths) { HangWatch(at: $0) }
  }

  init(
    name: String, threadLimit: Int, paths: (@Sendable (Key) -> [String])?,
    watch: @escaping @Sendable ([String]) -> HangWatch
  ) {
    (self.name, self.threadLimit, self.paths, self.watch) = (name, threadLimit, paths, watch)
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
    let work: @Sendable () -> Bool = { [self] in
      while let (place, key) = batch.next() {
        guard let number = begin(key, { _ = call(key) }) else {
          batch.finish(place, nil)
          continue
        }
        let value = call(key)
        let isLeftBehind = end(key, number)
        batch.finish(place, value)
        // Its thread counts no more.
        if isLeftBehind { return false }
      }
      return true
    }
    let isStarted = keys.isEmpty || start(work)
    return PendingCalls(batch: batch, isStarted: isStarted) { [self] in start(work) }
  }

  /// What has been called and has not come back.
  public var running: Set<Key> { state.withoutWaking { Set($0.running.keys) } }

  /// Leaves the calls that hang for these keys to themselves, for what they ask is not there any more. They take no place of others; as
  /// many are left as the process may leave (`HangWatch`).
  public func leaveBehind(where isGone: (Key) -> Bool) {
    for key in running where isGone(key) { _ = leaveBehind(key) }
  }

  /// Has the call that hangs for a key made anew by the next `begin`, beside the one that hangs; false when too many hang there.
  public func beginAnew(_ key: Key) -> Bool { leaveBehind(key) }

  private func leaveBehind(_ key: Key) -> Bool {
    let (number, known) = state.withoutWaking { ($0.running[key], $0.watches[key]) }
    guard let number else { return true }
    return leaveBehind(key, number, known ?? watch(paths?(key) ?? []))
  }

  private func leaveBehind(_ key: Key, _ number: Int, _ watch: HangWatch) -> Bool {
    guard watch.leaveBehind() else { return false }
    let isLeft = state.withoutWaking { state in
      guard state.running[key] == number else { return false }
      state.running[key] = nil
      state.watches[key] = watch
      state.leftBehind[number] = watch
      state.threads -= 1
      return true
    }
    // It has come back meanwhile.
    if !isLeft { watch.comeBack() }
    return true
  }

  /// The number of a call that may be made; nil when one for the key hangs.
  private func begin(_ key: Key, _ call: @escaping @Sendable () -> Void) -> Int? {
    let (number, hanging, watch) = state.withoutWaking { state -> (Int?, Int?, HangWatch?) in
      if let hanging = state.running[key] { return (nil, hanging, state.watches[key]) }
      state.calls += 1
      state.running[key] = state.calls
      return (state.calls, nil, nil)
    }
    guard let hanging, let paths else { return number }
    guard let watch else {
      let watch = self.watch(paths(key))
      state.withoutWaking { if $0.running[key] == hanging { $0.watches[key] = watch } }
      return nil
    }
    guard watch.answers(call), leaveBehind(key, hanging, watch) else { return nil }
    return begin(key, call)
  }

  /// Whether the call had been left behind.
  private func end(_ key: Key, _ number: Int) -> Bool {
    let left = state.withoutWaking { state -> HangWatch? in
      if state.running[key] == number { state.running[key] = nil }
      return state.leftBehind.removeValue(forKey: number)
    }
    left?.comeBack()
    state.withoutWaking { state in
      guard state.running[key] == nil, let watch = state.watches[key], !watch.isNeeded else { return }
      state.watches[key] = nil
    }
    return left != nil
  }

  /// Has a thread do something; false when none can be had.
  private func start(_ work: @escaping @Sendable () -> Bool) -> Bool {
    let need = state.wakingOne { state -> Need in
      if state.idle > state.work.count {
        state.work.append(work)
        return .none
      }
      guard state.threads < threadLimit else { return .refused }
      state.threads += 1
      state.started += 1
      state.first[state.started] = work
      return .thread(state.started)
    }
    switch need {
    case .none: return true
    case .refused: return false
    case .thread(let number):
      do throws(Errno) {
        // It keeps nothing but the state, so that who calls no more needs no thread any more.
        try Thread.startDetached(named: name) { [state] in
          // Taken out before it is done: the thread may live for long, and must not keep what its first work holds.
          if state.withoutWaking({ $0.first.removeValue(forKey: number) })?() ?? true { Self.serve(state) }
        }
        return true
      } catch {
        state.withoutWaking { state in
          state.threads -= 1
          state.first[number] = nil
        }
        return false
      }
    }
  }

  /// Does what comes, until nothing has come for a while or nobody calls any more.
  private static func serve(_ state: ConditionLock<State>) {
    while true {
      state.withoutWaking { $0.idle += 1 }
      _ = state.wait(timeout: idleTime) { $0.work.isEmpty && !$0.isOver ? nil : () }
      let work = state.withoutWaking { state -> (@Sendable () -> Bool)? in
        state.idle -= 1
        if state.work.isEmpty {
          state.threads -= 1
          return nil
        }
        return state.work.removeFirst()
      }
      guard let work, work() else { return }
    }
  }

  deinit { state.withLock { $0.isOver = true } }
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
