internal import Flags
internal import Heartbeat
internal import JSON
internal import Monitoring
internal import POSIX

/// What the monitor knows of one program.
struct ProgramView: Equatable, Sendable {
  /// The heartbeat name.
  var name: String
  /// What people call it.
  var title: String
  var isConfigured: Bool
  /// How it does, and why.
  var verdict: Verdict
  /// Whether its process is there; nil when nobody can say.
  var isUp: Bool?
  /// The status word it reports.
  var status: String?
  var pid: Int32?
  /// The host that its beats name, where that is another one.
  var host: String?
  /// Seconds since its process started.
  var runtime: Double?
  /// Unix time of the last beat.
  var lastBeat: Double?
  /// Seconds since the last beat; negative when the writer's clock is ahead.
  var age: Double?
  /// The age, in seconds, from which it is silent.
  var timeout: Double?
  var residentBytes: Double?
  /// That somebody works on it; nil when nobody does.
  var silence: Silence?
  /// What it says of itself, where that was asked for.
  var data: JSONValue?
  /// Of a job: the Unix time at which it is next to succeed, and the seconds until then, negative when it is due; nil when nothing is
  /// expected.
  var nextDue: Double?
  var dueIn: Double?
  /// What is said of it was known before: its file, or the one in which it would be, cannot be read now.
  var isDoubtful = false

  /// What there is to say beside the state: that it is silenced; its own word while all is well, else the reason; of a job also
  /// when it is due.
  var detail: String {
    var detail = verdict.reason == .beating ? status ?? (age == nil ? "running" : "-") : verdict.reason.explanation
    if let dueIn { detail += dueIn >= 0 ? ", next due in \(seconds(dueIn))" : ", due for \(seconds(-dueIn))" }
    guard let silence else { return detail }
    // First: what does not fit is cut off at the end, and the state says the worst of the rest.
    return "silenced until \(silence.text)" + (detail == "-" ? "" : "; \(detail)")
  }
}

extension Silence {
  /// `15:00:00 (a new disk)`
  var text: String { LocalClock.text(until) + (comment.map { " (\($0))" } ?? "") }
}

/// What of the heartbeat files is left out.
struct LeftOut: Equatable, Sendable {
  /// Whole files.
  var files: [FilesLeftOut] = []
  /// The first ones of what stands in the others.
  var named: [EntryProblem] = []
  /// How many more there are.
  var others = 0

  /// Whether a program of a name is, or may be, among them, so that nobody can say that it never beat.
  func hides(_ name: String) -> Bool {
    !files.isEmpty || named.contains { $0.reason.hidesName && ExactText($0.process) == ExactText(name) }
  }

  /// What is said of those because of which a program is not shown: how it does, nobody can say.
  var unknown: [String] {
    fileSentences + named.filter(\.reason.leavesOutEntry).map { $0.sentence { quoted($0, limit: 400) } }
      + (others > 0 ? ["\(others) more are left out"] : [])
  }

  /// What is said of the whole files.
  var fileSentences: [String] { files.map { $0.sentence { quoted($0, limit: 400) } } }
}

extension ProgramView {
  /// The order of the status page: the worst first, then by name as its script compares.
  static func isWorse(_ one: ProgramView, _ other: ProgramView) -> Bool {
    let (first, second) = (one.verdict.state.rank, other.verdict.state.rank)
    return first == second ? one.name.utf16.lexicographicallyPrecedes(other.name.utf16) : first < second
  }
}

/// How loaded a host is; what could not be read is nil.
struct SystemView: Hashable, Sendable {
  /// 0...1
  var cpu: Double?
  var memoryUsed: Double?
  var memoryTotal: Double?
  /// Of the root file system, the part that is used, as df(1) has it; 0...1
  var diskShare: Double?
  var diskTotal: Double?
  var load: Double?
}

/// Everything about one host at one moment.
struct HostView: Equatable, Sendable {
  /// What it is called: a host name, or a URL's host and port, with the path below which its exporter is. Two may be called the same.
  var name: String
  /// Its place among those that are watched, which tells it from the others.
  var place = 0
  /// Unix time at which it was looked at.
  var time: Double
  var system = SystemView()
  var programs: [ProgramView] = []
  var leftOut = LeftOut()
  /// Why there is nothing to show, or nothing that can be relied on.
  var failure: String?
  /// Why nobody has beaten yet: there is no file.
  var absence: String?

  /// How bad it stands: an answer that is missing comes before all others, then its worst program counts.
  var rank: Int { unanswered.isEmpty ? programs.map(\.verdict.state.rank).min() ?? .max : -1 }

  /// What was asked and not answered, a sentence each.
  var unanswered: [String] {
    (failure.map { ["\(name): \($0)"] } ?? []) + (absence.map { ["\(name): \($0)"] } ?? [])
      + leftOut.unknown.map { "\(name): \($0)" }
  }
}

/// The share of CPU time that was not idle between two readings; nil when no time passed.
struct CPUUsage: Sendable {
  private var last: (busy: Double, total: Double)?

  /// Takes the next reading of all CPUs' seconds; the first gives the share since boot.
  mutating func share(busy: Double, total: Double) -> Double? {
    let before = last ?? (0, 0)
    last = (busy, total)
    let passed = total - before.total
    // Another program's numbers may be infinite or none at all.
    guard passed > 0, passed.isFinite, busy.isFinite, before.busy.isFinite else { return nil }
    return min(max((busy - before.busy) / passed, 0), 1)
  }
}
