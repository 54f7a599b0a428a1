internal import Glibc
internal import POSIX

/// Whether the files of a pattern can be asked for: as `FileProbe` is for one file, but where one hangs the others are answered.
///
/// A thread asks each path that a reader will ask. One at which it hangs is left to it, and another thread asks the rest; when the
/// first one gets its answer after all, the path counts as any other. To be used by one thread at a time.
final class PatternProbe: Sendable {
  /// So many places of a pattern may hang, each with a thread of its own; with more, nothing of it is asked.
  static let mostHanging = 8

  private struct State {
    var isAsked = false
    var isLocal = false
    /// The thread that walks now; those before hang, or did.
    var walker = 0
    var hasThread = false
    /// What it asks just now, and how often it has gone on.
    var path: String?
    var steps = 0
    /// Where nothing answers, and the thread that waits there.
    var hanging: [String: Int] = [:]
    /// Nobody needs it any more.
    var isOver = false
  }

  /// Does all that a reader does but for the paths that hang, and says whether all lie on local file systems.
  ///
  /// - Parameter ask: is to be called in front of each path: false where it is not to be asked.
  typealias Walk = @Sendable (_ ask: (String) -> Bool) -> Bool

  private let walk: Walk
  private let state = ConditionLock(State())

  init(walk: @escaping Walk) { self.walk = walk }

  deinit { state.withLock { $0.isOver = true } }

  convenience init(_ pattern: PathPattern, _ listings: FolderListings) {
    self.init { ask in
      var listings = listings
      guard ask(pattern.base) else { return false }
      var isLocal = FileProbe.touchFolder(pattern.base)
      for match in pattern.matches(&listings, asking: ask) where ask(match.path) {
        if !FileProbe.touchAny(match.path) { isLocal = false }
      }
      return isLocal
    }
  }

  /// Forgets where the files lie.
  func forget() { state.withLock { $0.isLocal = false } }

  /// Where nothing answers; nil when that is so of everything.
  ///
  /// - Parameters:
  ///   - seconds: how long to wait.
  ///   - wasGood: whether the last reading of all files went well.
  func hanging(within seconds: Double, wasGood: Bool) -> Set<String>? {
    if wasGood, state.withoutWaking({ $0.isLocal && $0.hanging.isEmpty }) { return [] }
    var left = 4
    while left > 0 {
      let (isFull, needsThread, walker, steps) = state.withLock { state in
        if state.hanging.count >= PatternProbe.mostHanging { return (true, false, 0, 0) }
        state.isAsked = true
        defer { state.hasThread = true }
        return (false, !state.hasThread, state.walker, state.steps)
      }
      if isFull { return nil }
      if needsThread {
        do throws(Errno) {
          // Not this value: it ends the threads when nobody needs it any more.
          try Thread.start(named: "file-probe") { [state, walk] in
            PatternProbe.serve(walker, state, walk)
          }.detach()
        } catch {
          // Without a thread the files are read all the same, as in `FileProbe`.
          state.withLock { ($0.isAsked, $0.hasThread) = (false, false) }
          return Set(state.withoutWaking { $0.hanging.keys })
        }
      }
      if let found = state.wait(timeout: seconds / 4, until: { $0.isAsked ? nil : Set($0.hanging.keys) }) {
        return found
      }
      left -= 1
      state.withLock { state in
        // One that goes on is slow and does not hang.
        guard state.isAsked, state.steps == steps || left == 0, let path = state.path else { return }
        state.hanging[path] = state.walker
        state.walker += 1
        (state.hasThread, state.path) = (false, nil)
      }
    }
    return nil
  }

  private static func serve(_ walker: Int, _ state: ConditionLock<State>, _ walk: Walk) {
    while true {
      let isMine = state.wait { state in
        state.isOver || state.walker != walker ? false : state.isAsked ? true : nil
      }
      guard isMine == true else { return }
      let isLocal = walk { path in
        state.withoutWaking { state in
          goOn(&state, walker)
          guard !state.isOver, state.walker == walker, !PatternProbe.hangs(path, state.hanging.keys) else {
            return false
          }
          state.path = path
          return true
        }
      }
      state.withLock { state in
        goOn(&state, walker)
        guard state.walker == walker else { return }
        (state.isLocal, state.isAsked) = (isLocal && state.hanging.isEmpty, false)
      }
    }
  }

  /// Notes that a thread came back from the path that it asked.
  private static func goOn(_ state: inout State, _ walker: Int) {
    if state.walker == walker {
      state.steps &+= 1
      state.path = nil
    } else {
      state.hanging = state.hanging.filter { $0.value != walker }
    }
  }

  /// Whether a path is one of those, or lies below one.
  static func hangs(_ path: String, _ hanging: some Collection<String>) -> Bool {
    hanging.contains { path == $0 || path.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
  }
}
