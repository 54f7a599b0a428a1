internal import Heartbeat
internal import HeartbeatPush
internal import JSON
internal import POSIX

/// Why a beat was not delivered.
struct BeatFailure: Hashable, Sendable {
  /// A sentence.
  let reason: String
  /// After how many seconds it may be tried again, where somebody has refused it; nil when nobody has.
  var retryAfter: Double?
  /// Somebody has trouble of its own, and nobody knows for how long: the last word is tried as where nobody answers.
  var isTrouble = false
}

/// Where beats go.
struct BeatTarget: Sendable {
  /// Delivers one; nil when that is done.
  let send: @Sendable (Beat) -> BeatFailure?

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
        return BeatFailure(reason: error.description)
      }
    }
  }

  /// An exporter that takes pushes.
  static func push(_ target: PushTarget) -> BeatTarget {
    BeatTarget { beat in
      var beat = beat
      // To another host this host's pids say nothing.
      if !target.isLocal { beat.pid = nil }
      do throws(PushFailure) {
        try target.deliver(beat)
        return nil
      } catch {
        return BeatFailure(
          reason: error.error.description,
          retryAfter: error.refusal.map { pause(after: $0, interval: beat.interval?.inSeconds) },
          isTrouble: error.refusal.map(isTrouble) ?? false)
      }
    }
  }

  /// Seconds between two tries of what an exporter refuses, where neither it nor the beat says how many.
  private static let usualPause = 30.0
  /// The most seconds for trouble of its own, from which it recovers.
  private static let longestTroublePause = 10.0
  /// The most seconds, whatever the exporter says.
  private static let longestPause = 3600.0

  /// Seconds until a refused beat may be tried again: as the exporter says, else with the next beat. What it refuses now, such as a wrong
  /// password, it will refuse in a second too.
  static func pause(after refusal: PushFailure.Refusal, interval: Double?) -> Double {
    let pause = refusal.retryAfter ?? interval ?? usualPause
    return max(BeatThread.retryPause, min(pause, isTrouble(refusal) ? longestTroublePause : longestPause))
  }

  /// Whether it is trouble of the exporter's own, or of what is in front of it, that may be over at any moment.
  private static func isTrouble(_ refusal: PushFailure.Refusal) -> Bool {
    refusal.status >= 500 && refusal.retryAfter == nil
  }
}

/// Writes one name's beats on a thread of its own: a lock that somebody holds, a disk that is full or hangs, an exporter that does not
/// answer hold up nobody but that thread. Of the beats that wait only the last counts, so there is never more than one.
final class BeatThread: Sendable {
  /// Seconds before one that could not be delivered is tried again, where nobody has refused it.
  static let retryPause = 1.0
  /// Seconds between two beats at least, so that a program that says a new `STATUS=` all the time does not keep the disk busy.
  static let shortestPause = 0.1
  /// Seconds between two tries of the last word while an exporter has trouble of its own.
  static let troublePause = 0.5

  private struct State: Sendable {
    var waiting: Beat?
    var isWriting = false
    /// Until when the last word is waited for, in seconds of the monotonic clock.
    var deadline = Double.infinity
    /// Nothing more is tried.
    var isGivenUp = false
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
    worker.close { $0.deadline = Self.now + seconds }
    let isDone: Bool? = worker.wait(within: seconds) { state in
      if state.waiting == nil, !state.isWriting { return true }
      return state.isGivenUp ? false : nil
    }
    return isDone ?? false
  }

  private static func deliver(_ worker: Worker<State>, _ target: BeatTarget, _ log: LogThread) {
    var complaint: String?
    var isLastTry = false
    let take = { (state: inout State) -> Beat? in
      guard let beat = state.waiting else { return nil }
      state.waiting = nil
      state.isWriting = true
      return beat
    }
    while let beat = worker.next(take) {
      let failure = target.send(beat)
      if failure?.reason != complaint { log.say(failure?.reason ?? "beats arrive again") }
      complaint = failure?.reason
      worker.withLock { state in
        // One that came meanwhile knows more.
        if failure != nil { state.waiting = state.waiting.map { $0.following(beat) } ?? beat }
        state.isWriting = false
      }
      // A new beat does not cut the pause short, the end does: once, for the last word is a new one.
      let isOpen = worker.rest(failure.map { $0.retryAfter ?? retryPause } ?? shortestPause)
      guard let failure, !isOpen else { continue }
      let pause = isLastTry ? lastPause(after: failure) : shortestPause
      let isWorthIt = worker.withLock { state in
        state.isGivenUp = now + pause >= state.deadline
        return !state.isGivenUp
      }
      guard isWorthIt else { return }
      _ = worker.wait(within: pause) { _ in Bool?.none }
      isLastTry = true
    }
  }

  /// Seconds of a monotonic clock.
  private static var now: Double { Double(Clock.monotonicNanoseconds) / 1e9 }

  /// Seconds between two tries of the last word.
  private static func lastPause(after failure: BeatFailure) -> Double {
    if failure.isTrouble { return troublePause }
    return failure.retryAfter ?? shortestPause
  }
}
