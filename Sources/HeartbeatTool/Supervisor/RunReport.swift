internal import Heartbeat
internal import JSON
internal import POSIX

/// How the supervised program is, in one word: the status of its entry.
enum RunWord: String, CaseIterable, Sendable {
  /// It has started, and nothing has vouched for it yet.
  case starting
  /// It works.
  case alive
  /// It said that it reads its configuration again.
  case reloading
  /// It was asked to end, or said that it ends.
  case stopping
  /// A signal has suspended it.
  case suspended
  /// What should vouch for it is silent.
  case hung
  /// It has ended, and is started again soon.
  case restarting
  /// It has ended in good order, or because somebody asked for it.
  case stopped
  /// It has ended with a failure, for good.
  case failed
}

/// What the entry of a supervised program says. Pure.
struct RunReport: Sendable {
  var word: RunWord
  /// The program; the last one when none runs.
  var pid: Int32?
  /// How long it runs, or ran; nil when it never started.
  var uptimeSeconds: Double?
  var restarts: Int
  /// How the run before ended, or this one once it has ended; nil when none has.
  var lastEnd: ChildStatus?
  /// Unix time of the next start; nil when none is due.
  var nextRestart: Double?
  /// What the program said by `STATUS=`.
  var statusText: String?
  /// Whether it said by `READY=1` that it has started.
  var isReady = false
  /// Seconds between its beats.
  var interval: Double

  /// The entry's data.
  var data: JSONObject {
    var data: JSONObject = ["restarts_total": .integer(Int64(clamping: restarts))]
    if let uptimeSeconds { data["uptime_seconds"] = .number((uptimeSeconds * 1000).rounded() / 1000) }
    if let lastEnd { data["last_exit_code"] = .integer(Int64(clamping: lastEnd.code)) }
    if let signal = lastEnd?.signal { data["last_exit_signal"] = .integer(Int64(clamping: signal)) }
    if let nextRestart { data["next_restart"] = .number((nextRestart * 1000).rounded() / 1000) }
    if isReady { data["ready"] = true }
    if let statusText { data["status_text"] = .string(statusText) }
    return data
  }

  /// The beat.
  ///
  /// - Parameter time: Unix time of the sign of life that it tells.
  func beat(_ name: String, time: Double) -> Beat {
    Beat(
      name, status: word.rawValue, additionalData: data, pid: pid, time: time,
      interval: Duration(clampingSeconds: interval))
  }
}
