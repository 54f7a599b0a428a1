internal import JSON

/// Which keys hold many processes.
enum Containers {
  private static let processes: Set<String> = [
    "workers", "agents", "nodes", "pipelines", "strategies", "tasks", "bots", "jobs", "services", "processes",
    "instances", "threads",
    "runs", "runners", "daemons", "schedulers", "crons", "cronjobs", "consumers", "producers", "executors",
    "heartbeats", "watchers",
    "scrapers", "crawlers", "collectors", "spiders", "feeders", "replicas", "containers", "programs", "apps",
    "applications", "loops",
    "actors", "robots", "ranks", "shards", "servers", "hosts", "monitors", "connectors", "scripts", "routines", "units",
    "probes",
    "sensors", "timers", "fetchers", "pollers", "listeners", "handlers", "supervisors", "slaves", "minions",
    "subagents", "crew",
  ]
  /// With one of these they are what one process works on, or has worked on.
  private static let others: Set<String> = [
    "running", "pending", "queued", "completed", "failed", "recent", "open", "upstream", "upstreams", "topics",
    "markets", "positions",
    "orders", "trades", "symbols", "events", "alerts", "alarms", "users", "messages", "items", "records", "errors",
    "notifications",
    "incidents", "releases", "versions", "files", "posts", "articles", "issues", "products", "prices", "quotes",
    "candles",
    "signals", "balances", "config", "settings", "cache", "sessions", "clients", "done", "finished", "history",
    "components", "modules",
    "feeds", "sources", "accounts", "wallets", "repos", "packages", "players", "comments", "results", "data", "entries",
    "rows",
    "customers", "notes", "todos", "scores", "highscores", "contacts", "invoices", "payments", "tickets", "bookmarks",
    "books", "movies", "songs", "photos", "images", "documents", "categories", "subscriptions", "emails", "employees",
    "reminders", "leaderboard",
  ]

  /// Whether the key of a container names processes.
  static func areProcesses(_ key: String) -> Bool {
    let words = KeyWords.split(key)
    guard !words.contains(where: others.contains) else { return false }
    if let last = words.last, processes.contains(last) { return true }
    // `worker_status`, `agent_heartbeats`.
    return words.count == 2 && processes.contains(words[0] + "s")
      && ["status", "statuses", "state", "states", "heartbeat", "heartbeats", "beats", "health"].contains(words[1])
  }

  /// Whether what stands under a key may be processes.
  ///
  /// - Parameter besideTime: the object that has it has a time of its own, and so is a process itself unless the key says otherwise.
  static func mayHoldProcesses(_ key: String, besideTime: Bool) -> Bool {
    if areProcesses(key) { return true }
    return !besideTime && !KeyWords.split(key).contains { others.contains($0) || KeyWords.never.contains($0) }
  }

  /// Whether what stands in a container of any name says itself that it beats.
  static func areBeats(_ container: JSONObject, _ reading: SourceReading) -> Bool {
    let ranks = container.members.compactMap { $0.value.objectValue }
      .compactMap { BeatSearch(reading: reading).top($0).found?.rank }
    return ranks.count > 1 && ranks.allSatisfy { $0 == .beat || $0 == .update || $0 == .run }
  }
}
