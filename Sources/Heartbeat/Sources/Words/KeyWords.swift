/// The words of a key: `UpdatedAtUtc`, `last-heartbeat_ts` and `lastrun` are split into small words.
enum KeyWords {
  /// The words of a key, in small letters; none for one that is too long to be a name.
  static func split(_ key: String) -> [String] {
    let bytes = Array(key.utf8)
    guard bytes.count <= longestKey else { return [] }
    var words: [String] = []
    var word: [UInt8] = []
    func isUpper(_ index: Int) -> Bool { index < bytes.count && (0x41...0x5A).contains(bytes[index]) }
    func isLower(_ index: Int) -> Bool { index < bytes.count && (0x61...0x7A).contains(bytes[index]) }
    func finish() {
      if !word.isEmpty { words += parts(of: String(decoding: word, as: UTF8.self)) }
      word = []
    }
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x41...0x5A:
        // `UpdatedAt`, and the last capital of `UTCTime`.
        if !word.isEmpty, isLower(index - 1) || !isUpper(index - 1) || isLower(index + 1) { finish() }
        word.append(byte | 0x20)
      case 0x61...0x7A, 0x80...: word.append(byte)
      default: finish()
      }
    }
    finish()
    return words
  }

  /// Whether a key says when something was, and names nobody: `last_error`, `seen_at`.
  static func saysWhen(_ key: String) -> Bool {
    let words = split(key)
    guard let first = words.first, let last = words.last else { return false }
    return ["last", "latest", "previous"].contains(first) || words.count > 1 && companions.contains(last)
  }

  /// A longer key is no name, in bytes.
  static let longestKey = 128

  /// `lastupdate` and `createdat` are two words each.
  private static func parts(of word: String) -> [String] {
    guard word.utf8.count > 4, !known.contains(word) else { return [word] }
    for head in ["last"] where word.hasPrefix(head) {
      let rest = String(word.dropFirst(head.count))
      if known.contains(rest) { return [head, rest] }
      let inner = parts(of: rest)
      if inner.count > 1 { return [head] + inner }
    }
    for tail in ["timestamp", "time", "at", "ts", "utc", "ms"] where word.hasSuffix(tail) {
      let rest = String(word.dropLast(tail.count))
      if known.contains(rest) { return [rest, tail] }
    }
    return [word]
  }

  private static let known = never.union(beat).union(time).union(update).union(run).union(success).union(ended).union(
    fillers)

  /// Of a key with one of these no time is a beat: it began, it will be, it is somebody else's, or it is no time.
  static let never: Set<String> = [
    "start", "starts", "started", "starting", "begin", "began", "begun", "boot", "booted", "launched", "spawned",
    "created", "creation",
    "registered", "registration", "acquired", "joined", "born", "birth", "installed", "deployed", "released", "since",
    "first",
    "expires", "expire", "expired", "expiry", "expiration", "deadline", "next", "until", "due", "scheduled", "schedule",
    "eta",
    "planned", "future", "ttl", "valid", "user", "human", "ack", "acked", "acknowledged",
    "interval", "timeout", "count", "counter", "seq", "sequence", "total", "elapsed", "duration", "uptime", "latency",
    "delay", "age",
    "period", "frequency", "cooldown", "lag", "length", "size", "max", "min", "avg", "limit", "threshold", "window",
    "id",
    "error", "errors", "failure", "failed", "fail", "alert", "alerts", "alerted", "alarm", "alarms", "crash", "crashed",
    "crashloop", "incident",
    "restart", "restarted", "restarts", "down", "downtime", "outage", "muted", "silenced", "notified", "triggered",
    "fired", "capped",
    "candle", "bar", "trade", "order", "price", "quote", "entry", "birthday", "holiday", "build", "built", "compiled",
    "commit", "committed", "published", "release", "login", "logged", "signup", "backoff", "retry", "paused",
    "disabled", "deleted",
    "removed", "archived", "opened",
  ]
  /// A sign of life by its name.
  static let beat: Set<String> = [
    "heartbeat", "heartbeats", "beat", "beats", "pulse", "pulses", "keepalive", "keepalives", "alive", "hb", "ping",
    "pinged", "tick",
    "liveness",
  ]
  /// A time, and nothing else.
  static let time: Set<String> = [
    "time", "ts", "timestamp", "now", "at", "epoch", "unix", "stamp", "datetime", "iso", "isoformat", "wallclock",
    "clock",
  ]
  /// Something was seen or changed.
  static let update: Set<String> = [
    "updated", "update", "seen", "activity", "active", "modified", "refreshed", "refresh", "changed", "contact",
    "renew", "renewed",
  ]
  /// Something was done.
  static let run: Set<String> = [
    "run", "ran", "runs", "check", "checked", "checkin", "poll", "polled", "generated", "sent", "ok", "written",
    "wrote", "observed", "cycle",
    "scan", "scanned", "sync", "synced", "fetch", "fetched", "report", "reported", "processed", "executed", "execution",
    "exec", "loop",
    "iteration", "collected", "saved", "received", "probe", "probed", "crawl", "crawled", "job", "pass", "sweep",
    "round", "backup",
  ]
  static let success: Set<String> = ["success", "successful", "succeeded"]
  /// The run is over.
  static let ended: Set<String> = [
    "ended", "end", "finished", "finish", "stop", "stopped", "completed", "complete", "exit", "exited", "closed",
    "done",
  ]
  /// With one of these, what was done has a time.
  static let companions: Set<String> = [
    "last", "latest", "at", "utc", "ts", "time", "timestamp", "datetime", "epoch", "iso", "ms", "on", "stamp",
  ]
  /// Words that say nothing by themselves.
  static let fillers: Set<String> = [
    "last", "latest", "utc", "gmt", "local", "ms", "us", "ns", "s", "sec", "secs", "seconds", "millis", "milliseconds",
    "nanos", "micros",
    "current", "date", "on", "formatted", "string", "str", "server", "system", "the", "my", "keep", "heart", "wall",
  ]
}
