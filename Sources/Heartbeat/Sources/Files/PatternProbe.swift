internal import Glibc
internal import POSIX

/// Which files of a pattern can be asked for: as `FileProbe` is for one file, but where some hang the others are answered.
///
/// A thread asks each path that a reader will ask, first those that were there before. One at which it hangs is left to it, and another
/// thread asks the rest; when the first one gets its answer after all, or a thread beside it does (`HangWatch`), the path counts as any
/// other. One that goes on, or works, is slow and does not hang: it goes on behind the looks, and what it finds counts in the one by which
/// it is done. To be used by one thread at a time.
final class PatternProbe: Sendable {
  /// So many places of a pattern may hang, each with a thread of its own; with more, only what was there before is asked.
  static let mostHanging = 16
  /// So many may hang with those that were there before; with more, nothing of the pattern is asked.
  static let mostThreads = 24

  /// What is known of the paths of a pattern.
  struct Answer: Sendable {
    /// Where nothing answers.
    var hanging: Set<ExactText> = []
    /// What answered, where not all was asked; nil where all was.
    var answered: Set<ExactText>?

    /// Whether all paths answered.
    var isComplete: Bool { hanging.isEmpty && answered == nil }

    /// Whether nothing answers at a path, or above it.
    func hangs(_ path: String) -> Bool { PatternProbe.hangs(path, hanging) }

    /// Whether a path may be asked for.
    func asks(_ path: String) -> Bool { answered.map { $0.contains(ExactText(path)) } ?? !hangs(path) }
  }

  private struct State {
    var isAsked = false
    var isLocal = false
    /// The thread that walks now; those before hang, or did.
    var walker = 0
    var hasThread = false
    /// What it asks just now, and how often it has gone on.
    var path: String?
    var steps = 0
    /// How often it had gone on when that was found out last.
    var stepsSeen = 0
    /// That of the processor's time that it has had; how much that was then, and when that was on the monotonic clock.
    var clock: clockid_t?
    var spentSeen: UInt64 = 0
    var seen: UInt64 = 0
    /// Whether all is known to lie on this machine's own disks, whatever the thread says.
    var isKnownLocal = true
    /// Where nothing answers, and the thread that waits there.
    var hanging: [ExactText: Int] = [:]
    /// Whether those answer anew, and others did.
    var watches: [ExactText: HangWatch] = [:]
    /// The threads that are left to themselves.
    var leftBehind: [Int: HangWatch] = [:]
    /// What answered since the last question.
    var answered: Set<ExactText> = []
    /// What there was at the end of the last walk.
    var known: [String] = []
    /// Something was not asked, as too much else hangs.
    var hasLeftOut = false
    /// A walk has ended, and nobody got its answer yet: who began it had not the time.
    var isUntaken = false
    /// Nobody needs it any more.
    var isOver = false

    func answer(isAll: Bool) -> Answer { Answer(hanging: Set(hanging.keys), answered: isAll ? nil : answered) }

    /// Whether the thread that walks has gone on, or worked, since the last call.
    mutating func hasGoneOn() -> Bool {
      let (now, spent) = (Clock.monotonicNanoseconds, clock.map(LongReading.spentTime) ?? 0)
      defer { (stepsSeen, spentSeen, seen) = (steps, spent, now) }
      return steps != stepsSeen || spent > spentSeen && spent - spentSeen > (now - seen) / LongReading.workingPart
    }
  }

  /// What a walk calls: in front of each path with that, and from time to time.
  struct Asking {
    fileprivate let ask: (String) -> Bool
    /// Notes that it goes on, where it does much at one path.
    let goOn: () -> Void

    /// Whether a path may be asked.
    func callAsFunction(_ path: String) -> Bool { ask(path) }
  }

  /// Does all that a reader does but for the paths that hang, and says whether all lie on local file systems, and which there are.
  ///
  /// - Parameters:
  ///   - known: is to be asked first.
  ///   - ask: is to be called in front of each path: false where it is not to be asked.
  typealias Walk = @Sendable (_ known: [String], _ ask: Asking) -> (isLocal: Bool, paths: [String])

  private let walk: Walk
  private let touch: @Sendable (String) -> Void
  private let state = ConditionLock(State())

  /// - Parameter touch: does what hangs at a path.
  init(touch: @escaping @Sendable (String) -> Void = { _ = FileProbe.touchAny($0) }, walk: @escaping Walk) {
    (self.walk, self.touch) = (walk, touch)
  }

  deinit { state.withLock { $0.isOver = true } }

  /// - Parameter most: so many files are asked, the first ones.
  convenience init(_ pattern: PathPattern, _ listings: FolderListings, most: Int) {
    self.init { known, ask in
      var listings = listings
      var isLocal = true
      var touched: Set<ExactText> = []
      for path in known where ask(path) {
        touched.insert(ExactText(path))
        if !FileProbe.touchAny(path) { isLocal = false }
      }
      guard ask(pattern.base) else { return (false, known) }
      if !FileProbe.touchFolder(pattern.base) { isLocal = false }
      var paths = [pattern.base]
      // What is no text is touched by nobody.
      for match in pattern.matches(&listings, most: most, asking: { ask($0) }, goingOn: ask.goOn) where match.isText {
        let isTouched = touched.contains(ExactText(match.path))
        guard isTouched || ask(match.path) else { continue }
        paths.append(match.path)
        if !isTouched, !FileProbe.touchAny(match.path) { isLocal = false }
      }
      return (isLocal, paths)
    }
  }

  /// Forgets where the files lie.
  func forget() { state.withLock { $0.isLocal = false } }

  /// What answers.
  ///
  /// - Parameters:
  ///   - seconds: how long to wait.
  ///   - wasGood: whether the last reading of all files went well.
  func answer(within seconds: Double, wasGood: Bool) -> Answer {
    if let answer = begin(wasGood: wasGood) { return answer }
    for round in 1...PatternProbe.rounds {
      if let answer = wait(within: seconds / Double(PatternProbe.rounds)) { return answer }
      if let answer = goOn(isLast: round == PatternProbe.rounds) { return answer }
    }
    return partial
  }

  /// So often it is looked whether a thread goes on: one that does not hangs, and another one asks the rest.
  static let rounds = 4

  /// Begins to ask; then `wait` and `goOn` follow by turns.
  ///
  /// - Parameters:
  ///   - wasGood: whether the last reading of all files went well.
  ///   - isLocal: as for `FileProbe`.
  /// - Returns: nil where there is something to be waited for.
  func begin(wasGood: Bool, isLocal: Bool = true) -> Answer? {
    if wasGood, state.withoutWaking({ $0.isLocal && $0.hanging.isEmpty }) { return Answer() }
    let isUntaken = state.withoutWaking { state in
      // Of a walk that an earlier look began all counts.
      if !state.isAsked, !state.isUntaken { state.answered = [] }
      state.isKnownLocal = isLocal
      return state.isUntaken
    }
    leaveBehind()
    // Another walk would take as long, and its answer be as late.
    return isUntaken ? nil : askRest()
  }

  /// Waits for the end of what was begun; nil when it is not there by then.
  func wait(within seconds: Double) -> Answer? {
    state.wait(timeout: seconds) { state in
      guard !state.isAsked else { return nil }
      state.isUntaken = false
      return state.answer(isAll: !state.hasLeftOut)
    }
  }

  /// Leaves a thread that has not gone on since the last call to itself, and has another one ask the rest.
  ///
  /// - Parameter isLast: whether nobody waits any more.
  /// - Returns: what answers, where nothing is waited for any more.
  func goOn(isLast: Bool) -> Answer? {
    let new = state.withLock { state -> String? in
      // One that goes on is slow and does not hang.
      guard !state.hasGoneOn(), state.isAsked, let path = state.path else { return nil }
      state.hanging[ExactText(path)] = state.walker
      state.walker += 1
      (state.hasThread, state.path, state.clock) = (false, nil, nil)
      return state.watches[ExactText(path)] == nil ? path : nil
    }
    if let new {
      let watch = HangWatch(at: [new])
      state.withoutWaking { $0.watches[ExactText(new)] = watch }
    }
    return isLast ? partial : askRest()
  }

  /// What answers so far.
  var partial: Answer { state.withoutWaking { $0.answer(isAll: false) } }

  /// Has a thread ask what was not asked; gives what answers where there can be none.
  private func askRest() -> Answer? {
    let (isFull, needsThread, walker) = state.withLock { state in
      if state.hanging.count >= PatternProbe.mostThreads {
        // Nobody asks any more, so that an answer of before would hold for ever.
        state.answered = []
        return (true, false, 0)
      }
      state.isAsked = true
      _ = state.hasGoneOn()
      defer { state.hasThread = true }
      return (false, !state.hasThread, state.walker)
    }
    if isFull { return partial }
    guard needsThread else { return nil }
    do throws(Errno) {
      // Not this value: it ends the threads when nobody needs it any more.
      try Thread.startDetached(named: "file-probe") { [state, walk] in
        PatternProbe.serve(walker, state, walk)
      }
      return nil
    } catch {
      // Without a thread the files are read all the same, as in `FileProbe`.
      return state.withLock { state in
        (state.isAsked, state.hasThread) = (false, false)
        return state.answer(isAll: state.isKnownLocal)
      }
    }
  }

  /// Leaves the threads to themselves at whose places others got an answer.
  private func leaveBehind() {
    let hanging = state.withoutWaking { state -> [ExactText: HangWatch] in
      guard !state.watches.isEmpty || !state.hanging.isEmpty else { return [:] }
      state.watches = state.watches.filter { state.hanging[$0.key] != nil || $0.value.isNeeded }
      return state.watches.filter { state.hanging[$0.key] != nil }
    }
    for (place, watch) in hanging where watch.answers({ [touch] in touch(place.text) }) && watch.leaveBehind() {
      let isLeft = state.withoutWaking { state in
        guard let walker = state.hanging.removeValue(forKey: place) else { return false }
        state.leftBehind[walker] = watch
        return true
      }
      // It has come back meanwhile.
      if !isLeft { watch.comeBack() }
    }
  }

  private static func serve(_ walker: Int, _ state: ConditionLock<State>, _ walk: Walk) {
    var clock = clockid_t()
    if pthread_getcpuclockid(pthread_self(), &clock) == 0 {
      state.withoutWaking { if $0.walker == walker { $0.clock = clock } }
    }
    while true {
      let known = state.wait { state -> [String]?? in
        if state.isOver || state.walker != walker { return .some(nil) }
        guard state.isAsked else { return nil }
        state.hasLeftOut = false
        return state.known
      }
      guard case .some(.some(let known)) = known else { return }
      let ask: (String) -> Bool = { path in
        let exact = ExactText(path)
        return state.withoutWaking { state in
          goOn(&state, walker)
          guard !state.isOver, state.walker == walker, !hangs(path, state.hanging.keys) else { return false }
          // Also a folder in which there was something.
          guard state.hanging.count < mostHanging || known.contains(where: { hangs($0, [exact]) }) else {
            state.hasLeftOut = true
            return false
          }
          state.path = path
          return true
        }
      }
      let asking = Asking(ask: ask) { state.withoutWaking { if $0.walker == walker { $0.steps &+= 1 } } }
      let (isLocal, paths) = walk(known, asking)
      state.withLock { state in
        goOn(&state, walker)
        guard state.walker == walker else { return }
        state.known = paths
        (state.isLocal, state.isAsked) = (isLocal && state.hanging.isEmpty, false)
        state.isUntaken = true
      }
    }
  }

  /// Notes that a thread came back from the path that it asked.
  private static func goOn(_ state: inout State, _ walker: Int) {
    if state.walker == walker {
      state.steps &+= 1
      if let path = state.path { state.answered.insert(ExactText(path)) }
      state.path = nil
    } else {
      state.hanging = state.hanging.filter { $0.value != walker }
      state.leftBehind.removeValue(forKey: walker)?.comeBack()
    }
  }

  /// Whether a path is one of those, or lies below one.
  static func hangs(_ path: String, _ hanging: some Collection<ExactText>) -> Bool {
    hanging.contains { place in
      let above = place.text.utf8
      guard path.utf8.starts(with: above) else { return false }
      return path.utf8.count == above.count || place.text.utf8.last == UInt8(ascii: "/")
        || path.utf8.dropFirst(above.count).first == UInt8(ascii: "/")
    }
  }
}
