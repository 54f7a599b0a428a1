public import JSON
internal import POSIX

/// A beat to be called in every round of a program's loop; of all calls one in `every` goes out, and every change of the
/// status.
///
///     let heartbeat = LoopHeartbeat("bidder")
///     while true {
///       let offset = scan()
///       heartbeat.beat(["offset": JSONValue(offset)])
///     }
///
/// It comes from the work itself: when the work hangs, so do the beats. Nothing is ever thrown into the program.
public final class LoopHeartbeat: Sendable {
  /// The longest that a beat waits for the lock of a file: it is in the program's way. The next one comes soon.
  public static let lockTimeout = Duration.seconds(1)
  /// Nanoseconds between two beats when the status changes each time.
  private static let changeInterval: UInt64 = 1_000_000_000

  private struct State: Sendable {
    var last: UInt64?
    var status = ""
    var complaint: String?
  }

  private let name: String
  private let every: UInt64
  private let interval: Duration?
  private let target: any HeartbeatTarget
  private let onError: (@Sendable (HeartbeatError) -> Void)?
  private let state = Lock(State())

  /// Prepares beats; none is sent yet.
  ///
  /// - Parameters:
  ///   - processName: the name to beat under.
  ///   - every: the shortest time between two beats.
  ///   - interval: what a round takes at the most, if that is known: told to the exporter, which makes its timeout fit.
  ///   - target: where beats go; nil is the default file.
  ///   - onError: gets what went wrong; the next beat is tried all the same. The default says each sentence once on
  ///     standard error.
  public init(
    _ processName: String, every: Duration = .seconds(10), interval: Duration? = nil,
    to target: (any HeartbeatTarget)? = nil, onError: (@Sendable (HeartbeatError) -> Void)? = nil
  ) {
    name = processName
    self.every = Clock.nanoseconds(every.inSeconds)
    self.interval = interval
    self.target = target ?? LoopHeartbeat.defaultTarget
    self.onError = onError
  }

  private static var defaultTarget: HeartbeatManager {
    var options = HeartbeatManager.Options()
    options.lockTimeout = lockTimeout
    return HeartbeatManager(options: options)
  }

  /// Says that the program is alive.
  ///
  /// - Parameters:
  ///   - data: the program's own numbers and words, made only for a beat that goes out; nil leaves those of the last beat.
  ///   - status: one word on how it is.
  public func beat(_ data: @autoclosure () -> JSONObject? = nil, status: String = "alive") {
    guard isDue(status) else { return }
    report { () throws(HeartbeatError) in try target.send(beat(data(), status)) }
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func beat(_ data: @autoclosure () -> JSONObject? = nil, status: String = "alive") async {
    guard isDue(status) else { return }
    await send(beat(data(), status))
  }

  /// The last word, at once: the program ends as it should.
  public func stop(_ data: JSONObject? = nil, status: String = "stopped") {
    report { () throws(HeartbeatError) in try target.send(beat(data, status)) }
  }

  /// As the function of the same name; the waiting is done on a thread that belongs to no task.
  public func stop(_ data: JSONObject? = nil, status: String = "stopped") async {
    await send(beat(data, status))
  }

  private func beat(_ data: JSONObject?, _ status: String) -> Beat {
    Beat(name, status: status, additionalData: data, interval: interval)
  }

  private func send(_ beat: Beat) async {
    do throws(HeartbeatError) {
      try await target.send(beat)
      succeeded()
    } catch {
      failed(error)
    }
  }

  private func report(_ send: () throws(HeartbeatError) -> Void) {
    do throws(HeartbeatError) {
      try send()
      succeeded()
    } catch {
      failed(error)
    }
  }

  func isDue(_ status: String, now: UInt64 = Clock.monotonicNanoseconds) -> Bool {
    state.withLock { state in
      if let last = state.last {
        let since = now &- last
        let isChange = status != state.status && since >= LoopHeartbeat.changeInterval
        guard since >= every || isChange else { return false }
      }
      state.last = now
      state.status = status
      return true
    }
  }

  private func succeeded() {
    state.withLock { $0.complaint = nil }
  }

  private func failed(_ error: HeartbeatError) {
    if let onError { return onError(error) }
    let text = error.description
    let isNews = state.withLock { state in
      defer { state.complaint = text }
      return state.complaint != text
    }
    if isNews { target.warn(text) }
  }
}
