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
  }

  private let worker = Worker(named: "beats", State())

  /// - Parameter log: gets why beats cannot be delivered, once for each reason, and that they can again.
  init(_ target: BeatTarget, log: LogThread) throws(Errno) {
    let worker = worker
    try worker.start { BeatThread.deliver(worker, target, log) }
  }

  /// Takes a beat in the place of one that still waits; never waits itself.
  func post(_ beat: Beat) {
    // What happened to a job is told of each run, also when it comes together.
    worker.withLock { $0.waiting = $0.waiting.map { beat.following($0) } ?? beat }
  }

  /// Waits until all is delivered, but not longer than so many seconds.
  func settle(within seconds: Double) {
    _ = worker.wait(within: seconds) { $0.waiting == nil && !$0.isWriting ? true : nil }
  }

  /// As `settle`; nothing comes afterwards.
  ///
  /// - Returns: whether all is delivered.
  func finish(within seconds: Double) -> Bool {
    // What waits is not held back any more.
    worker.close()
    return worker.wait(within: seconds) { $0.waiting == nil && !$0.isWriting ? true : nil } ?? false
  }

  private static func deliver(_ worker: Worker<State>, _ target: BeatTarget, _ log: LogThread) {
    var complaint: String?
    let take = { (state: inout State) -> Beat? in
      guard let beat = state.waiting else { return nil }
      state.waiting = nil
      state.isWriting = true
      return beat
    }
    while let beat = worker.next(take) {
      let failure = target.send(beat)
      if failure != complaint { log.say(failure ?? "beats arrive again") }
      complaint = failure
      worker.withLock { state in
        // One that came meanwhile knows more.
        if failure != nil { state.waiting = state.waiting.map { $0.following(beat) } ?? beat }
        state.isWriting = false
      }
      // A new beat does not cut the pause short, the end does.
      let isOpen = worker.rest(failure == nil ? shortestPause : retryPause)
      if failure != nil, !isOpen { _ = worker.wait(within: shortestPause) { _ in Bool?.none } }
    }
  }
}
