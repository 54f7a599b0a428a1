internal import Synchronization

/// A place at which a call hangs, and whether it answers by now.
///
/// A call that hung once may never come back, though something healthy has been put in its place: a link that was changed, a mount that
/// was taken away from under it. So the place is asked anew, on a thread beside the one that hangs: when something else stands there,
/// and, since that cannot always be seen, after 10 s, 40 s and so on. Nobody waits for the answer; it is there at one of the next questions.
/// All that hangs beside the first call is bounded, for each place and for the whole process.
public final class HangWatch: Sendable {
  /// So many threads may hang at one place beside the first one, those that were left behind when it answered anew too.
  public static let mostAtOnePlace = 6
  /// So many may hang at all places together that ask anew; half of them where nothing was seen to change.
  public static let mostAsking = 16
  /// So many may be left behind at all places together.
  public static let mostLeftBehind = 64
  /// How long after a call began to hang the place is asked anew, in seconds; each time after four times as long.
  static let firstPause = 10.0
  private static let growth = 4.0
  /// How often it asks anew where nothing was seen to change.
  static let mostByTime = 4

  /// What hangs in this process.
  final class Bound: Sendable {
    let mostAsking: Int
    let mostLeftBehind: Int
    private let asking = Atomic(0)
    private let leftBehind = Atomic(0)

    init(mostAsking: Int = HangWatch.mostAsking, mostLeftBehind: Int = HangWatch.mostLeftBehind) {
      self.mostAsking = mostAsking
      self.mostLeftBehind = mostLeftBehind
    }

    fileprivate func ask(hasChanged: Bool) -> Bool { Self.raise(asking, to: hasChanged ? mostAsking : mostAsking / 2) }
    fileprivate func asked() { asking.subtract(1, ordering: .relaxed) }
    fileprivate func leave() -> Bool { Self.raise(leftBehind, to: mostLeftBehind) }
    fileprivate func left() { leftBehind.subtract(1, ordering: .relaxed) }

    private static func raise(_ count: borrowing Atomic<Int>, to most: Int) -> Bool {
      if count.add(1, ordering: .relaxed).newValue <= most { return true }
      count.subtract(1, ordering: .relaxed)
      return false
    }

    static let ofProcess = Bound()
  }

  private struct State {
    /// A thread looks what stands there.
    var isLooking = false
    var standing: [Standing]?
    /// Which question is the last one; what comes of those before is not believed.
    var question = 0
    var hasAnswer = false
    /// How many ask, how many were left behind.
    var asking = 0
    var leftBehind = 0
    var byTime = 0
    var next: UInt64
  }

  private let paths: [String]
  private let bound: Bound
  private let clock: @Sendable () -> UInt64
  private let state: Lock<State>

  /// Looks what stands there now.
  ///
  /// - Parameter paths: what stands there tells whether to ask anew.
  public convenience init(at paths: [String]) {
    self.init(at: paths, bound: .ofProcess) { Clock.monotonicNanoseconds }
  }

  init(at paths: [String], bound: Bound, clock: @escaping @Sendable () -> UInt64) {
    (self.paths, self.bound, self.clock) = (paths, bound, clock)
    state = Lock(State(next: clock() &+ Clock.nanoseconds(HangWatch.firstPause)))
    if !paths.isEmpty { look(nil) }
  }

  /// Whether the place answers by now, as one of the threads found that ask it anew; has it asked if it is time, and does not wait.
  ///
  /// - Parameter ask: does what hangs.
  public func answers(_ ask: @escaping @Sendable () -> Void) -> Bool {
    if state.withLock({ $0.hasAnswer }) { return true }
    look(ask)
    return false
  }

  /// Leaves the thread that hangs to itself, so that another one can do what it was to do; false when too many were left already. Calls
  /// `comeBack` when it comes back.
  public func leaveBehind() -> Bool {
    state.withLock { state in
      guard state.asking + state.leftBehind < HangWatch.mostAtOnePlace, bound.leave() else { return false }
      state.leftBehind += 1
      // Another one may hang now; what was answered was answered before.
      (state.hasAnswer, state.question) = (false, state.question + 1)
      return true
    }
  }

  /// One that was left behind has come back.
  public func comeBack() {
    bound.left()
    state.withLock { $0.leftBehind -= 1 }
  }

  /// Whether threads that were left behind hang here.
  public var isNeeded: Bool { state.withLock { $0.asking + $0.leftBehind > 0 } }

  /// Whether it knows what stood there at the beginning.
  var hasLooked: Bool { state.withLock { $0.standing != nil } }

  /// Has a thread look what stands there, and ask if that is something else or it is time.
  private func look(_ ask: (@Sendable () -> Void)?) {
    guard
      state.withLock({ state in
        // With as many as may hang there is nothing to be found out.
        guard !state.isLooking, state.standing == nil || state.asking + state.leftBehind < HangWatch.mostAtOnePlace
        else { return false }
        state.isLooking = true
        return true
      })
    else { return }
    // By itself: who looks, and who asks, may hang.
    do throws(Errno) {
      try Thread.startDetached(named: "hang-watch") { [self] in work(ask) }
    } catch {
      state.withLock { $0.isLooking = false }
    }
  }

  private func work(_ ask: (@Sendable () -> Void)?) {
    let now = paths.map { Standing(at: $0) }
    let question = state.withLock { state -> Int? in
      state.isLooking = false
      let hasChanged = state.standing.map { $0 != now } ?? false
      if state.standing == nil { state.standing = now }
      let isTime = state.byTime < HangWatch.mostByTime && clock() >= state.next
      guard ask != nil, hasChanged || isTime, state.asking + state.leftBehind < HangWatch.mostAtOnePlace,
        bound.ask(hasChanged: hasChanged)
      else { return nil }
      state.standing = now
      if isTime {
        state.byTime += 1
        let pause = (0..<state.byTime).reduce(HangWatch.firstPause) { pause, _ in pause * HangWatch.growth }
        state.next = clock() &+ Clock.nanoseconds(pause)
      }
      state.asking += 1
      state.question += 1
      return state.question
    }
    guard let question, let ask else { return }
    ask()
    bound.asked()
    state.withLock { state in
      state.asking -= 1
      if state.question == question { state.hasAnswer = true }
    }
  }
}
