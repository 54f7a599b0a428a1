import POSIX

@testable import Heartbeat

/// A target that remembers what it was sent.
final class RecordedBeats: HeartbeatTarget {
  struct State {
    var beats: [Beat] = []
    var warnings: [String] = []
    var failure: HeartbeatError?
    var isHeld = false
    var begun = 0
  }

  let state = ConditionLock(State())

  func send(_ beat: Beat) throws(HeartbeatError) {
    state.withLock { $0.begun += 1 }
    _ = state.wait { $0.isHeld ? nil : true }
    let failure = state.withLock { state in
      if state.failure == nil { state.beats.append(beat) }
      return state.failure
    }
    if let failure { throw failure }
  }

  func warn(_ text: String) { state.withLock { $0.warnings.append(text) } }

  var beats: [Beat] { state.withLock { $0.beats } }

  /// Waits for a beat that fits; nil when none came within a minute.
  func first(after count: Int = 0, where fits: (Beat) -> Bool) -> Beat? {
    state.wait(timeout: 60) { $0.beats.dropFirst(count).first(where: fits) }
  }
}
