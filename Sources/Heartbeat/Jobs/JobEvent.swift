public import JSON

/// What happened to a job: a run began, or it ended.
public struct JobEvent: Hashable, Sendable {
  /// What happened.
  public enum Kind: Hashable, Sendable {
    /// A run began.
    case start
    /// A run ended.
    case end(exitCode: Int64, isSuccess: Bool)
  }

  /// What happened.
  public var kind: Kind
  /// Unix time at which it did; nil is the time of its beat.
  public var time: Double?
  /// How long the run took, in seconds; nil is the time since the last start.
  public var durationSeconds: Double?

  /// Puts an event together.
  public init(_ kind: Kind, time: Double? = nil, durationSeconds: Double? = nil) {
    self.kind = kind
    self.time = time
    self.durationSeconds = durationSeconds
  }

  /// The words by which an event is told.
  public enum Word: String, CaseIterable, Sendable {
    /// A run began.
    case start
    /// A run ended well, unless its exit code says otherwise.
    case success
    /// A run failed, unless its exit code says otherwise.
    case fail
  }

  /// Exit codes are from -4,294,967,295 to 4,294,967,295: some hosts' have 32 bits, some programs tell signals as negative ones.
  public static let exitCodes: ClosedRange<Int64> = -4_294_967_295...4_294_967_295
  /// The exit code of a failure that has none of its own.
  public static let usualFailure: Int64 = 1

  /// The event of a word. An exit code decides: 0 is success, so that one line can tell of both (`exit_code=$?`).
  ///
  /// - Parameter exitCode: nil when none is known; of a start nobody asks.
  public init(_ word: Word, exitCode: Int64? = nil) {
    let kind: Kind =
      switch word {
      case .start: .start
      case .success: .end(exitCode: exitCode ?? 0, isSuccess: exitCode ?? 0 == 0)
      case .fail: .end(exitCode: exitCode ?? JobEvent.usualFailure, isSuccess: exitCode == 0)
      }
    self.init(kind)
  }

  /// Whether a run ended by it.
  public var isEnd: Bool { kind != .start }

  /// The word by which it is told.
  public var word: Word {
    switch kind {
    case .start: .start
    case .end(_, let isSuccess): isSuccess ? .success : .fail
    }
  }

  /// The status word of the entry behind it.
  public var status: String {
    switch kind {
    case .start: "running"
    case .end(_, let isSuccess): isSuccess ? "succeeded" : "failed"
    }
  }

  /// What is told of a job's runs behind the event; keys that nobody knows stay.
  ///
  /// - Parameters:
  ///   - old: what was told before it.
  ///   - now: Unix time of the beat.
  func applied(to old: JSONObject, at now: Double) -> JSONObject {
    let time = HeartbeatMerge.rounded(time ?? now)
    let record = JobRecord(old)
    var object = old
    switch kind {
    case .start:
      object[JobRecord.Key.started] = .number(time)
    case .end(let exitCode, let isSuccess):
      // Sent once more because its answer was lost: two runs do not end in the same microsecond.
      if !record.isRunning, record.ended == time, record.exitCode == Double(exitCode) { return old }
      // Of a run whose start nobody told it is not known how long it took; a clock may also have been set back.
      let told = record.isRunning ? record.started.map { time - $0 } : nil
      let duration = (durationSeconds ?? told).flatMap { $0 >= 0 && $0.isFinite ? ($0 * 1e6).rounded() / 1e6 : nil }
      if let started = record.started, started > time {
        object[JobRecord.Key.started] = .number(time - (duration ?? 0))
      }
      object[JobRecord.Key.ended] = .number(time)
      object[JobRecord.Key.exitCode] = .integer(exitCode)
      object[JobRecord.Key.duration] = duration.map { .number($0) }
      if isSuccess { object[JobRecord.Key.lastSuccess] = .number(time) }
      object[JobRecord.Key.runs] = JobEvent.next(record.runs, 1)
      object[JobRecord.Key.failures] = JobEvent.next(record.failures, isSuccess ? 0 : 1)
    }
    return object
  }

  private static func next(_ count: Double?, _ step: Double) -> JSONValue {
    .integer(Int64(clamping: min((count ?? 0) + step, JobRecord.mostRuns)))
  }
}

extension JobRecord {
  /// What an object says, as far as it can be.
  init(_ object: JSONObject) {
    self.init()
    for member in object.members {
      if let value = member.value.doubleValue, value.isFinite { _ = take(member.key, value) }
    }
  }
}

extension Beat {
  /// The beat that tells what happened to a job. Data are put beside those that the entry has, so that a failure does not take
  /// away what the last success reported.
  ///
  /// - Parameter pid: the process that runs; none once it has ended.
  public static func job(
    _ name: String, _ event: JobEvent, additionalData: JSONObject? = nil, pid: Int32? = nil, host: String? = nil,
    time: Double? = nil
  ) -> Beat {
    var beat = Beat(
      name, status: event.status, additionalData: additionalData, pid: event.isEnd ? nil : pid, host: host, time: time)
    beat.mergesData = true
    beat.jobEvents = [event]
    return beat
  }
}
