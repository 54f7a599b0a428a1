/// Calls that may never return, such as `statvfs(3)` where the server of the file system is gone. No time limit can be put on them,
/// so threads of their own make them, and who needs the answers waits with a limit.
///
/// What has not come back is not called again before it has, or before a call beside it came back (`HangWatch`): it keeps one thread, and
/// costs nobody else. What comes back late goes nowhere.
public final class TimeLimitedCalls<Key: Hashable & Sendable>: Sendable {
  @usableFromInline
  struct State {
    /// What is being called, and the number of the call.
    @usableFromInline var running: [Key: Int] = [:]
    @usableFromInline var calls = 0
    /// Of what was found to be under way, whether it answers anew.
    @usableFromInline var watches: [Key: HangWatch] = [:]
    /// The calls that were left behind, which take no place of others.
    @usableFromInline var leftBehind: [Int: HangWatch] = [:]
    @usableFromInline var work: [@Sendable () -> Bool] = []
    @usableFromInline var threads = 0
    /// How many threads were begun, and the first work of those that have not taken it yet.
    @usableFromInline var started = 0
    @usableFromInline var first: [Int: @Sendable () -> Bool] = [:]
    @usableFromInline var idle = 0
    /// Nobody calls any more.
    @usableFromInline var isOver = false

    init() {}
  }

  private enum Need { case none, thread(Int), refused }

  private let name: String
  private let threadLimit: Int
  private let paths: (@Sendable (Key) -> [String])?
  private let watch: @Sendable ([String]) -> HangWatch
  @usableFromInline let state = ConditionLock(State())

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
  @inlinable
  public func call<Value: Sendable>(
    _ keys: [Key], until deadline: UInt64, patience: Double = 0.1, _ call: @escaping @Sendable (Key) -> Value
  ) -> [Value?] {
    begin(keys, call).results(until: deadline, patience: patience)
  }

  /// Begins to make the calls; their answers are waited for later.
  @inlinable
  public func begin<Value: Sendable>(
    _ keys: [Key], _ call: @escaping @Sendable (Key) -> Value
  ) -> PendingCalls<Key, Value> {
    let batch = Batch<Key, Value>(keys)
    let work: @Sendable () -> Bool = { [self] in
      var next = batch.next()
      while let (place, key) = next {
        guard let number = begin(key, { _ = call(key) }) else {
          next = batch.finish(place, nil)
          continue
        }
        let value = call(key)
        // Its thread counts no more.
        let isLeftBehind = end(key, number)
        next = batch.finish(place, value, goesOn: !isLeftBehind)
        if isLeftBehind { return false }
      }
      return true
    }
    let isStarted = keys.isEmpty || start(work)
    return PendingCalls(batch: batch, isStarted: isStarted) { [self] in start(work) }
  }

  /// Whether nothing is being called.
  public var isIdle: Bool { state.withoutWaking { $0.running.isEmpty } }

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
  ///
  /// - Parameter call: makes it, where it hangs, beside the one that hangs.
  @inlinable
  func begin(_ key: Key, _ call: @autoclosure () -> @Sendable () -> Void) -> Int? {
    let number = state.withoutWaking { state -> Int? in
      guard state.running[key] == nil else { return nil }
      state.calls += 1
      state.running[key] = state.calls
      return state.calls
    }
    return number ?? beginBeside(key, call())
  }

  /// The same where one for the key hangs.
  @usableFromInline
  func beginBeside(_ key: Key, _ call: @escaping @Sendable () -> Void) -> Int? {
    let (hanging, known) = state.withoutWaking { ($0.running[key], $0.watches[key]) }
    // It has come back meanwhile.
    guard let hanging else { return begin(key, call) }
    guard let paths else { return nil }
    guard let watch = known else {
      let watch = self.watch(paths(key))
      state.withoutWaking { if $0.running[key] == hanging { $0.watches[key] = watch } }
      return nil
    }
    guard watch.answers(call), leaveBehind(key, hanging, watch) else { return nil }
    return begin(key, call)
  }

  /// Whether the call had been left behind.
  @inlinable
  func end(_ key: Key, _ number: Int) -> Bool {
    let isUsual = state.withoutWaking { state in
      if state.running[key] == number { state.running[key] = nil }
      return state.leftBehind.isEmpty && state.watches.isEmpty
    }
    return isUsual ? false : endBeside(key, number)
  }

  /// The same where some call hangs or was left behind.
  @usableFromInline
  func endBeside(_ key: Key, _ number: Int) -> Bool {
    let left = state.withoutWaking { $0.leftBehind.removeValue(forKey: number) }
    left?.comeBack()
    state.withoutWaking { state in
      guard state.running[key] == nil, let watch = state.watches[key], !watch.isNeeded else { return }
      state.watches[key] = nil
    }
    return left != nil
  }

  /// Has a thread do something; false when none can be had.
  @usableFromInline
  func start(_ work: @escaping @Sendable () -> Bool) -> Bool {
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
  @usableFromInline let batch: Batch<Key, Value>
  /// Whether a thread makes them.
  @usableFromInline let isStarted: Bool
  /// Has one more thread make them.
  @usableFromInline let help: @Sendable () -> Bool

  @inlinable
  init(batch: Batch<Key, Value>, isStarted: Bool, help: @escaping @Sendable () -> Bool) {
    (self.batch, self.isStarted, self.help) = (batch, isStarted, help)
  }

  /// Waits for the answers, and goes on without those that are late; see `TimeLimitedCalls.call`.
  @inlinable
  public func results(until deadline: UInt64, patience: Double = 0.1) -> [Value?] {
    var isStarted = isStarted || help()
    while isStarted, !batch.wait(until: deadline, patience: patience) {
      guard Clock.monotonicNanoseconds < deadline else { break }
      if batch.isWaiting { isStarted = help() || isStarted }
    }
    return batch.close()
  }

  /// Waits so many seconds; true when all have come back.
  @inlinable
  public func haveEnded(within seconds: Double) -> Bool {
    batch.wait(until: Clock.monotonicNanoseconds + Clock.nanoseconds(seconds), patience: seconds)
  }
}

/// Calls that somebody waits for.
@usableFromInline
final class Batch<Key: Sendable, Value: Sendable>: Sendable {
  @usableFromInline
  struct State {
    @usableFromInline var next = 0
    @usableFromInline var results: [Value?]
    @usableFromInline var finished = 0
    @usableFromInline var isClosed = false

    @inlinable
    init(results: [Value?]) { self.results = results }

    @inlinable
    mutating func take(_ keys: [Key]) -> (place: Int, key: Key)? {
      guard !isClosed, next < keys.count else { return nil }
      defer { next += 1 }
      return (next, keys[next])
    }
  }

  @usableFromInline let keys: [Key]
  @usableFromInline let state: ConditionLock<State>

  @inlinable
  init(_ keys: [Key]) {
    self.keys = keys
    state = ConditionLock(State(results: Array(repeating: nil, count: keys.count)))
  }

  /// The next call to make; nil when all are made, or nobody waits any more.
  @inlinable
  func next() -> (place: Int, key: Key)? { state.withoutWaking { $0.take(keys) } }

  /// Takes what a call gave.
  ///
  /// - Returns: the next call to make, as of `next`; nil also when its thread does not go on.
  @inlinable
  func finish(_ place: Int, _ value: Value?, goesOn: Bool = true) -> (place: Int, key: Key)? {
    let (isLast, next) = state.withoutWaking { state in
      state.finished += 1
      if !state.isClosed { state.results[place] = value }
      return (state.finished == keys.count, goesOn ? state.take(keys) : nil)
    }
    // Who waits is woken once, for all.
    if isLast { state.withLock { _ in } }
    return next
  }

  /// Whether some call is not being made yet.
  @inlinable
  var isWaiting: Bool { state.withoutWaking { $0.next < keys.count } }

  /// Waits until all have come back, or none has for as long as the patience lasts.
  @inlinable
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
  @inlinable
  func close() -> [Value?] {
    state.withoutWaking { state in
      state.isClosed = true
      return state.results
    }
  }
}
