public import JSON
internal import POSIX

/// Beats every so many seconds on a thread of its own, until it is stopped or released: for programs without a loop.
///
///     let sender = HeartbeatSender("bidder", interval: .seconds(30), maxSilence: .seconds(120))
///     defer { sender.stop() }
///     for item in work {
///       process(item)
///       sender.tick()
///     }
///
/// A thread of its own beats on while the work is deadlocked. So with `maxSilence` it stops when nobody called `tick()` for
/// so long, and says `stalled` as the status, until the next tick. Where the program has a loop of its own, `LoopHeartbeat`
/// is the better choice.
public final class HeartbeatSender: Sendable {
  /// The status of a program whose background sender misses its ticks.
  public static let stalled = "stalled"

  private let worker: Worker<Ticks>

  /// What the work says of itself.
  private struct Ticks: Sendable {
    var ticked = Clock.monotonicNanoseconds
    /// Whether the thread waits for the work to go on.
    var awaitsTick = false
  }

  /// What the thread needs; it does not hold the sender, so that releasing the sender can stop it.
  private struct Work: Sendable {
    let name: String
    let target: any HeartbeatTarget
    let interval: Duration
    let maxSilence: Double?
    let status: String
    let data: @Sendable () -> JSONObject?
    let report: @Sendable (HeartbeatError) -> Void
  }

  /// Starts to beat; the first beat is sent at once.
  ///
  /// - Parameters:
  ///   - processName: the name to beat under.
  ///   - target: where beats go; nil is the default file.
  ///   - interval: from one beat's beginning to the next one's; the exporter makes its timeout fit.
  ///   - maxSilence: without a `tick()` for so long it stops beating; nil beats as long as the process lives.
  ///   - status: the status word of every beat.
  ///   - data: makes the data of each beat, on the sender's thread; nil leaves the last data.
  ///   - onError: gets what went wrong; the next beat is tried all the same. The default writes to standard error.
  public init(
    _ processName: String, to target: (any HeartbeatTarget)? = nil, interval: Duration = .seconds(30),
    maxSilence: Duration? = nil, status: String = "alive", data: @escaping @Sendable () -> JSONObject? = { nil },
    onError: (@Sendable (HeartbeatError) -> Void)? = nil
  ) {
    let worker = Worker(named: "heartbeat", Ticks())
    self.worker = worker
    let target = target ?? HeartbeatManager()
    let report = onError ?? { target.warn($0.description) }
    let work = Work(
      name: processName, target: target, interval: max(interval, HeartbeatSender.shortestInterval),
      maxSilence: maxSilence?.inSeconds, status: status, data: data, report: report)
    do throws(Errno) {
      try worker.start { HeartbeatSender.run(work, worker) }
    } catch {
      report(.invalidBeat("no thread to beat from: \(error)"))
    }
  }

  deinit {
    worker.close()
  }

  /// The work goes on: with `maxSilence`, to be called from it. Costs next to nothing.
  public func tick() {
    let now = Clock.monotonicNanoseconds
    let isAwaited = worker.withoutWaking { ticks in
      ticks.ticked = now
      return ticks.awaitsTick
    }
    // After a silence the next beat goes out at once. Else nobody is woken: a program may tick a million times a second.
    if isAwaited { worker.withLock { $0.awaitsTick = false } }
  }

  /// Stops and waits for a beat that is under way: after this nothing more is written.
  ///
  /// Must not be called from the closure that makes the data.
  public func stop() {
    worker.close()
    _ = worker.hasEnded(within: .infinity)
  }

  private static func run(_ work: Work, _ worker: Worker<Ticks>) {
    var next = Clock.monotonicNanoseconds
    var lastBeat: Double?
    var saysStalled = false
    var pause = 0.0
    while worker.rest(pause) {
      let silentAt = silentAt(work, worker)
      let now = Clock.monotonicNanoseconds
      // The first beat goes out in any case: that the work has begun is a sign of life.
      if now >= silentAt, let lastBeat {
        if !saysStalled { saysStalled = send(work, status: stalled, time: lastBeat) }
        // Until a tick; what could not be said is said again.
        let longest = saysStalled ? .infinity : min(work.interval.inSeconds, 1)
        let turn: Worker<Ticks>.Turn<Void> = worker.next(within: longest) { ticks in
          if Self.silentAt(work, ticks.ticked) > now { return () }
          ticks.awaitsTick = true
          return nil
        }
        if case .task = turn { next = Clock.monotonicNanoseconds }
        pause = 0
        continue
      }
      saysStalled = false
      if now >= next {
        let time = Clock.realtime
        _ = send(work, status: work.status, time: nil)
        lastBeat = time
        // Beats keep their rhythm; those that a suspended host has missed are not made up for.
        next = max(next &+ Clock.nanoseconds(work.interval.inSeconds), Clock.monotonicNanoseconds)
      }
      let until = min(next, Self.silentAt(work, worker))
      let after = Clock.monotonicNanoseconds
      pause = until > after ? Double(until &- after) / 1e9 : 0
    }
  }

  private static func send(_ work: Work, status: String, time: Double?) -> Bool {
    let data = time == nil ? work.data() : nil
    do throws(HeartbeatError) {
      try work.target.send(
        Beat(work.name, status: status, additionalData: data, time: time, interval: work.interval))
      return true
    } catch {
      work.report(error)
      return false
    }
  }

  /// When the work counts as silent, by the monotonic clock.
  private static func silentAt(_ work: Work, _ worker: Worker<Ticks>) -> UInt64 {
    silentAt(work, worker.withoutWaking { $0.ticked })
  }

  private static func silentAt(_ work: Work, _ ticked: UInt64) -> UInt64 {
    work.maxSilence.map { ticked &+ Clock.nanoseconds($0) } ?? .max
  }

  /// A shorter interval than this is taken as this.
  private static let shortestInterval = Duration.milliseconds(10)
}
