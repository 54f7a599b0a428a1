internal import POSIX

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
      case 0x61...0x7A: word.append(byte)
      // All that words are compared with is ASCII.
      case 0x80...: word.append(UInt8(ascii: "?"))
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

  /// A key, or a word as a value, as it is compared with words of ours: in lower case, and with a question mark for each byte beyond ASCII,
  /// of which these have none. One that is longer than any of them is as good as none.
  static func plain(_ key: String) -> String {
    guard key.utf8.count <= longestKey else { return "" }
    let bytes = key.utf8.map { byte -> UInt8 in
      switch byte {
      case 0x41...0x5A: byte | 0x20
      case 0x80...: UInt8(ascii: "?")
      default: byte
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A key as a message repeats it.
  static func shown(_ key: String) -> String { key.shortened(to: longestKey) }

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

  private static let known = never.union(starts).union(beat).union(time).union(update).union(run).union(success).union(
    ended
  ).union(
    fillers)

  /// Of a key with one of these no time is a beat: it began, it will be, it is somebody else's, or it is no time.
  static let never = others.union(marksOfStart).union(troubles).union([
    "joined", "first", "future", "ttl", "user", "human", "ack", "acked", "acknowledged", "interval", "timeout",
    "count", "counter", "seq", "sequence", "total", "elapsed", "duration", "uptime", "latency", "delay", "age",
    "period", "frequency", "cooldown", "lag", "length", "size", "max", "min", "avg", "limit", "threshold", "window",
    "id", "alerts", "alerted", "crashloop", "down", "downtime", "outage", "muted", "silenced", "notified", "triggered",
    "fired", "fire", "capped", "missed", "candle", "bar", "trade", "order", "price", "quote", "entry", "birthday",
    "holiday", "build", "built", "compiled", "commit", "committed", "published", "release", "login", "logged", "signup",
    "backoff", "retry", "paused", "disabled", "deleted", "removed", "archived", "opened", "connected", "exp", "after",
    "before", "nbf", "iat", "eol", "locked", "enabled",
  ])
  /// What is written once, at a start: no beat is under a key with one of these, nor in a file whose name has one.
  static let marksOfStart: Set<String> = [
    "start", "started", "startup", "boot", "booted", "ready", "readiness", "readyz", "initialized",
  ]
  /// What happened once, to be what it is now, where a key says when it did: `loaded_at`, `last_deploy`. By themselves they may be
  /// names of programs.
  static let starts: Set<String> = [
    "initialization", "initialisation", "instantiated", "elected", "election", "loaded", "reload", "reloaded",
    "activated", "activation", "deploy", "deployment", "issued", "issue", "reconnect", "reconnected", "mounted",
    "forked", "established", "enter", "entered", "transition", "transitioned", "condition", "assert",
  ]
  /// What changes now and then, and stays while a program runs.
  static let states: Set<String> = ["state", "status", "phase", "mode"]
  /// With one of these it did.
  static let changes: Set<String> = ["change", "changed", "changes"]
  /// What begins, comes or ends once is another time than a beat, in keys and in the words of a text.
  static let others: Set<String> = [
    "start", "starts", "started", "starting", "startup", "begin", "began", "begun", "boot", "booted", "launch",
    "launched",
    "launching", "spawn", "init", "initialized", "initialised", "spawned", "created", "creation", "registered",
    "registration",
    "acquire", "acquired", "born", "birth", "installed", "deployed", "released", "since", "expires", "expire",
    "expired", "expiry", "expiration", "deadline", "next", "until", "till", "due", "scheduled", "schedule", "eta",
    "planned", "valid", "restarted", "reboot", "rebooted", "wake", "woke", "resume", "resumed", "unlock", "unlocked",
    "wakeup", "remind", "reminder", "reset", "estimated",
  ]
  /// What went wrong. In a text these may be the level of a line.
  static let troubles: Set<String> = [
    "error", "errors", "failure", "failed", "fail", "alert", "alarm", "crash", "crashed", "incident", "restart",
    "restarts",
  ]
  /// A sign of life by its name.
  static let beat: Set<String> = [
    "heartbeat", "heartbeats", "beat", "beats", "pulse", "pulses", "keepalive", "keepalives", "alive", "hb", "ping",
    "pinged", "tick",
    "liveness",
  ]
  /// Of these, what may be a latency, a count or a truth as well.
  static let looseBeat: Set<String> = ["alive", "ping", "pinged", "tick", "liveness"]
  /// Who is another program.
  static let strangers: Set<String> = [
    "leader", "master", "primary", "peer", "peers", "follower", "upstream", "remote", "neighbour", "neighbor", "parent",
    "client", "clients",
  ]
  /// What a program has, reads or keeps.
  static let things: Set<String> = [
    "config", "configuration", "settings", "setting", "model", "cache", "schema", "certificate", "cert", "page",
    "document", "policy", "template", "profile", "token", "password", "credentials", "package", "database",
  ]
  /// A number whose key ends with one of these is so much of something.
  static let quantities: Set<String> = [
    "memory", "mem", "byte", "bytes", "kb", "mb", "gb", "connection", "connections", "offset", "position", "cursor",
    "value", "number", "num", "block", "blocks", "height", "slot", "nonce", "chat", "message", "msg", "balance",
    "amount", "version", "requests", "sessions", "users",
  ]
  /// Of numbers alone under such keys none is a time.
  static let amounts: Set<String> = quantities.union([
    "used", "free", "cached", "available", "buffers", "heap", "rss", "vms", "swap", "rx", "tx", "disk", "ram",
  ])
  /// A number whose key has one of these anywhere is so much of something, unless it ends with a word for a time.
  static let bytes: Set<String> = ["byte", "bytes", "memory", "mem"]
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
    "run", "ran", "runs", "process", "check", "checked", "checkin", "poll", "polled", "generated", "sent", "ok",
    "written",
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
