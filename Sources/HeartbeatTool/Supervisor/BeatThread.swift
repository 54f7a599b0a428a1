internal import Heartbeat
internal import HeartbeatPush
internal import JSON
internal import POSIX

/// Where beats go.
struct BeatTarget: Sendable {
  /// Delivers one; the sentence that says why not, or nil.
  let send: @Sendable (Beat) -> String?

  /// A heartbeat file.
  ///
  /// - Parameter warn: gets what went on but is worth knowing.
  static func file(_ file: String, retention: Double, warn: @escaping @Sendable (String) -> Void) -> BeatTarget {
    var options = HeartbeatManager.Options()
    options.retention = Duration(clampingSeconds: retention)
    options.warn = warn
    let manager = HeartbeatManager(file: file, options: options)
    return BeatTarget { beat in
      do throws(HeartbeatError) {
        try manager.sendHeartbeats([beat])
        return nil
      } catch {
        return error.description
      }
    }
  }

  /// An exporter that takes pushes.
  static func push(_ target: PushTarget) -> BeatTarget {
    BeatTarget { beat in
      var beat = beat
      // To another host this host's pids say nothing.
      if !target.isLocal { beat.pid = nil }
      do throws(HeartbeatError) {
        try target.send(beat)
        return nil
      } catch {
        return error.description
      }
    }
  }
}

/// Writes one name's beats on a thread of its own: a lock that somebody holds, a disk that is full or hangs, an exporter that does not
/// answer hold up nobody but that thread. Of the beats that wait only the last counts, so there is never more than one.
final class BeatThread: Sendable {
  /// Seconds before one that could not be delivered is tried again.
  static let retryPause = 1.0
  /// Seconds between two beats at least, so that a program that says a new `STATUS=` all the time does not keep the disk busy.
  static let shortestPause = 0.1

  private struct State: Sendable {
    var waiting: Beat?
    var isWriting = false
    /// Nothing comes after the one that waits: it is not held back.
    var isEnding = false
  }

  private let state = ConditionLock(State())

  /// - Parameter log: gets why beats cannot be delivered, once for each reason, and that they can again.
  init(_ target: BeatTarget, log: LogThread) throws(Errno) {
    let state = state
    try Thread.start(named: "beats") { BeatThread.deliver(state, target, log) }.detach()
  }

  /// Takes a beat in the place of one that still waits; never waits itself.
  func post(_ beat: Beat) {
    // What happened to a job is told of each run, also when it comes together.
    state.withLock { $0.waiting = $0.waiting.map { beat.following($0) } ?? beat }
  }

  /// Waits until all is delivered, but not longer than so many seconds.
  func settle(within seconds: Double) {
    _ = state.wait(timeout: seconds) { $0.waiting == nil && !$0.isWriting ? true : nil }
  }

  /// As `settle`; nothing comes afterwards.
  ///
  /// - Returns: whether all is delivered.
  func finish(within seconds: Double) -> Bool {
    state.withLock { $0.isEnding = true }
    return state.wait(timeout: seconds) { $0.waiting == nil && !$0.isWriting ? true : nil } ?? false
  }

  private static func deliver(_ state: ConditionLock<State>, _ target: BeatTarget, _ log: LogThread) {
    var complaint: String?
    while true {
      let beat = state.wait { state -> Beat? in
        guard let beat = state.waiting else { return nil }
        state.waiting = nil
        state.isWriting = true
        return beat
      }
      guard let beat else { continue }
      let failure = target.send(beat)
      if failure != complaint { log.say(failure ?? "beats arrive again") }
      complaint = failure
      state.withLock { state in
        // One that came meanwhile knows more.
        if failure != nil { state.waiting = state.waiting.map { $0.following(beat) } ?? beat }
        state.isWriting = false
      }
      // A new beat does not cut the pause short, the end does.
      _ = state.wait(timeout: failure == nil ? shortestPause : retryPause) { $0.isEnding ? true : nil }
      if failure != nil, state.withoutWaking({ $0.isEnding }) {
        _ = state.wait(timeout: shortestPause) { _ in Bool?.none }
      }
    }
  }
}
