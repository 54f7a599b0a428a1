internal import Heartbeat
internal import JSON
internal import POSIX

/// The programs of the demo, with the data that the real ones send.
enum SimulatedProgram: String, CaseIterable, Sendable {
  case websocketReader = "websocket-reader"
  case bidder
  case vueFrontend = "vue-frontend"

  /// After so many seconds of silence it counts as dead.
  var timeout: Double {
    self == .bidder ? 60 : 30
  }

  /// The name of the process with this number, from 0.
  static func name(of index: Int) -> String {
    if index < allCases.count { return allCases[index].rawValue }
    let digits = String(index + 1)
    return "worker-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits
  }

  /// The program of a process: a worker does what the bidder does.
  init(name: String) {
    self = SimulatedProgram(rawValue: name) ?? .bidder
  }

  /// The status word at a beat.
  func status(beat: Int) -> String {
    self == .bidder ? (beat % 4 == 3 ? "bidding" : "scanning") : "alive"
  }

  /// Its own data at a beat, `uptime` seconds after it began.
  func data(beat: Int, uptime: Double) -> JSONObject {
    let count = Int64(widening: beat)
    switch self {
    case .websocketReader:
      return [
        "browser_status": "running", "cdp_status": "connected",
        "consecutive_failures": .integer(count % 17 == 16 ? 1 : 0),
        "messages_processed": .integer(count * 3 + count % 5), "projects_found": .integer(count + count % 3),
        "job_ids_tracked": .integer(min(count, 500)), "rate_limit_status": "clear",
      ]
    case .bidder:
      let profile: JSONObject = [
        "search_query": "", "project_types": ["fixed", "hourly"], "bid_limit": 100, "score_limit": 50,
        "country_mode": "g", "german_only": false, "scan_scope": "past", "high_paying_only": false,
        "clear_cache": false, "min_fixed": 50, "min_hourly": 10,
      ]
      return [
        "debug_mode": false, "profile": .object(profile), "offset": .integer(count * 20 % 5000),
        "seen_projects": .integer(count * 20), "failed_users": .integer(count / 50),
        "no_results_count": .integer(count % 7 == 6 ? 1 : 0), "rate_limit_status": "clear",
        "rate_limit_remaining": .integer(100 - count % 100),
      ]
    case .vueFrontend:
      let heapUsed = 19_770_176 + Int64.random(in: 0..<8_000_000)
      let memory: JSONObject = [
        "rss": .integer(132_894_720 + Int64.random(in: 0..<14_000_000)), "heapTotal": 29_253_632,
        "heapUsed": .integer(heapUsed), "external": 3_558_982, "arrayBuffers": 100_642,
      ]
      return [
        "port": "5002", "uptime": .number(uptime), "memory_usage": .object(memory),
        "active_requests": .integer(Int64.random(in: 0...3)), "rate_limit_status": "clear", "rate_limit_remaining": 0,
      ]
    }
  }
}
