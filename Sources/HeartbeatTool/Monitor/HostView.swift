/// How a program does.
enum ProgramState: Hashable, Sendable {
  /// It beats, and its process is there as far as one can know.
  case working
  /// Its process runs, but it is silent.
  case hung
  /// Its process has ended.
  case stopped
  /// It is silent, and nothing is known of its process.
  case silent
  /// It is configured, and nobody ever saw it.
  case unseen

  /// What follows from the beat and from the process table.
  ///
  /// - Parameters:
  ///   - isAlive: whether the last beat is young enough; nil when there is none.
  ///   - isUp: whether its process runs; nil when unknown.
  init(isAlive: Bool?, isUp: Bool?) {
    switch (isAlive, isUp) {
    case (_, false?): self = .stopped
    case (true?, _): self = .working
    // A process that was found by its command line and never beat has nothing to be silent with.
    case (nil, true?): self = .working
    case (false?, true?): self = .hung
    case (false?, nil): self = .silent
    case (nil, nil): self = .unseen
    }
  }
}

/// What the monitor knows of one program.
struct ProgramView: Hashable, Sendable {
  /// The heartbeat name.
  var name: String
  /// What people call it.
  var title: String
  var isConfigured: Bool
  var state: ProgramState
  /// The status word it reports.
  var status: String?
  var pid: Int32?
  /// Seconds since its process started.
  var runtime: Double?
  /// Unix time of the last beat.
  var lastBeat: Double?
  /// Seconds since the last beat; negative when the writer's clock is ahead.
  var age: Double?
  var residentBytes: Double?
}

/// How loaded a host is; what could not be read is nil.
struct SystemView: Hashable, Sendable {
  /// 0...1
  var cpu: Double?
  var memoryUsed: Double?
  var memoryTotal: Double?
  var diskUsed: Double?
  var diskTotal: Double?
  var load: Double?
}

/// Everything about one host at one moment.
struct HostView: Hashable, Sendable {
  /// What it is called: a host name, or a URL's host and port.
  var name: String
  /// Unix time at which it was looked at.
  var time: Double
  var system = SystemView()
  var programs: [ProgramView] = []
  /// Why there is nothing to show.
  var failure: String?
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
