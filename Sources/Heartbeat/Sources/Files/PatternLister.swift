internal import POSIX

/// Lists the folders of patterns on threads of their own: what may hang is not to hang who looks.
///
/// One listing that takes long is taken by a later look. One that hangs is made anew beside it when it can be (`TimeLimitedCalls`).
final class PatternLister: Sendable {
  /// What was found of a pattern.
  struct Listed: Sendable {
    /// nil where nothing can have changed since the last look.
    var matches: [PathPattern.Match]?
    var listings: FolderListings
    /// Whether something in it leads off this machine's own disks, which nobody asked yet: then nothing was found.
    var leadsOff = false
  }

  private struct State {
    /// The number of the last listing of a pattern that was begun, and of the last that was taken.
    var begun: UInt64 = 0
    var taken: [ExactText: UInt64] = [:]
    /// What came and was not taken yet.
    var done: [ExactText: (number: UInt64, listed: Listed)] = [:]
  }

  private let calls = TimeLimitedCalls<ExactText>(name: "pattern-list") { [PathPattern($0.text).base] }
  private let gate: @Sendable (String) -> Void
  private let state = Lock(State())

  /// - Parameter gate: is called on the thread in front of each listing, with the pattern.
  init(gate: @escaping @Sendable (String) -> Void = { _ in }) { self.gate = gate }

  /// Lists patterns, each by its own text.
  ///
  /// - Parameters:
  ///   - lists: how, by the pattern; is called on another thread.
  ///   - deadline: on the monotonic clock, in nanoseconds.
  /// - Returns: what was found, the last time that something was where nothing came in time; nothing of a pattern of which nothing came.
  func list(
    _ lists: [ExactText: @Sendable () -> Listed], until deadline: UInt64
  ) -> [ExactText: Listed] {
    // Those first that had no turn for the longest time, where there are more than threads.
    let (number, patterns) = state.withLock { state in
      state.begun += 1
      return (
        state.begun,
        lists.keys.sorted { (state.taken[$0] ?? 0, $0.text.utf8.count) < (state.taken[$1] ?? 0, $1.text.utf8.count) }
      )
    }
    // Each by itself: one that takes long keeps no other one waiting.
    let pending = patterns.map { pattern in
      calls.begin([pattern]) { [state, gate] pattern in
        gate(pattern.text)
        guard let listed = lists[pattern]?() else { return }
        state.withLock { state in
          guard number > max(state.taken[pattern] ?? 0, state.done[pattern]?.number ?? 0) else { return }
          state.done[pattern] = (number, listed)
        }
      }
    }
    for one in pending { _ = one.results(until: deadline) }
    return state.withLock { state in
      var found: [ExactText: Listed] = [:]
      for pattern in lists.keys {
        guard let (number, listed) = state.done.removeValue(forKey: pattern) else { continue }
        state.taken[pattern] = number
        found[pattern] = listed
      }
      return found
    }
  }

  /// Forgets what came of patterns that nobody has any more.
  func forget(but patterns: Set<ExactText>) {
    state.withLock { state in
      state.taken = state.taken.filter { patterns.contains($0.key) }
      state.done = state.done.filter { patterns.contains($0.key) }
    }
  }
}
