public import JSON
internal import POSIX

/// Beats every so many seconds on a thread of its own, until it is stopped or released.
///
///     let sender = HeartbeatSender("bidder", interval: 30) { ["offset": .integer(queue.offset)] }
///     defer { sender.stop() }
public final class HeartbeatSender: Sendable {
  private let state: ConditionLock<State>

  private struct State: Sendable {
    var isStopping = false
    var hasEnded = false
  }

  /// Starts to beat; the first beat is sent at once.
  ///
  /// - Parameters:
  ///   - processName: the name to beat under.
  ///   - manager: the file to write.
  ///   - interval: seconds from one beat's beginning to the next one's.
  ///   - status: the status word of every beat.
  ///   - data: makes the data of each beat, on the sender's thread; nil leaves the last data.
  ///   - onError: gets what went wrong; the next beat is tried all the same. The default writes to standard error.
  public init(
    _ processName: String, manager: HeartbeatManager = HeartbeatManager(), interval: Double = 30,
    status: String = "alive", data: @escaping @Sendable () -> JSONObject? = { nil },
    onError: (@Sendable (HeartbeatError) -> Void)? = nil
  ) {
    let state = ConditionLock(State())
    self.state = state
    let report = onError ?? { manager.options.warn($0.description) }
    do throws(Errno) {
      // The thread holds the state and not the sender, so that releasing the sender can stop it.
      try Thread.start(named: "heartbeat") {
        HeartbeatSender.beat(processName, manager, interval, status, state, report, data)
      }.detach()
    } catch {
      state.withLock { $0.hasEnded = true }
      report(.invalidBeat("no thread to beat from: \(error)"))
    }
  }

  deinit {
    state.withLock { $0.isStopping = true }
  }

  /// Stops and waits for a beat that is under way: after this nothing more is written.
  ///
  /// Must not be called from the closure that makes the data.
  public func stop() {
    state.withLock { $0.isStopping = true }
    _ = state.wait { $0.hasEnded ? true : nil }
  }

  private static func beat(
    _ name: String, _ manager: HeartbeatManager, _ interval: Double, _ status: String, _ state: ConditionLock<State>,
    _ report: @Sendable (HeartbeatError) -> Void, _ data: @Sendable () -> JSONObject?
  ) {
    let interval = interval.isFinite ? max(interval, shortestInterval) : 30
    var next = Clock.monotonicNanoseconds
    while !state.withLock({ $0.isStopping }) {
      do throws(HeartbeatError) {
        try manager.sendHeartbeat(name, status: status, additionalData: data())
      } catch {
        report(error)
      }
      // Beats keep their rhythm; those that a suspended host has missed are not made up for.
      let now = Clock.monotonicNanoseconds
      next &+= Clock.nanoseconds(interval)
      if next < now { next = now }
      let pause = Double(next &- now) / 1e9
      if state.wait(timeout: pause, until: { $0.isStopping ? true : nil }) != nil { break }
    }
    state.withLock { $0.hasEnded = true }
  }

  /// A shorter interval than this is taken as this, in seconds.
  private static let shortestInterval = 0.01
}
