public import Procfs

/// Finds the processes that are watched among those that run: by the pid that they report, else by what they look like.
public struct ProcessSearch: Sendable {
  private var matchers: [ProcessMatcher] = []
  /// For each configured process the place of its matcher.
  private var matcherOfConfigured: [Int?] = []

  /// Looks for processes that are configured so.
  public init(_ configured: [ProcessConfiguration]) {
    matcherOfConfigured = configured.map { process in
      let matcher: ProcessMatcher? =
        switch process.match {
        case .substrings(let texts): ProcessMatcher(substrings: texts)
        // The configuration's reader has refused expressions that do not compile.
        case .regex(let expression): try? ProcessMatcher(regex: expression)
        case nil: nil
        }
      guard let matcher else { return nil }
      matchers.append(matcher)
      return matchers.count - 1
    }
  }

  /// What has to be known of a process to look for it. The search runs on a thread of its own and gets these few bytes: were it to
  /// share the processes themselves, the next change of one would copy them all.
  struct Wanted: Sendable {
    let pid: Int32?
    let lastHeartbeat: Double?
    let configured: Int?
    let isRemote: Bool
    let children: Bool

    init(_ process: borrowing MonitoredProcess) {
      (pid, lastHeartbeat, configured) = (process.pid, process.lastHeartbeat, process.configured)
      (isRemote, children) = (process.isRemote, process.children)
    }
  }

  /// What was found of one process. Small, for there are thousands in each scrape.
  public struct Finding: Sendable {
    /// Whether it is there.
    public var existence: Existence
    /// What it uses; nil when it is not there, or ended meanwhile.
    public var figures: BoxedFigures?
    /// How many processes look as it is configured; nil when it is not configured how it looks.
    public var matched: Int?
    /// Of how many command lines it could not be said whether they look so.
    public var exceeded = 0
    /// Nothing new is known of it, as the search for it was cut short: who had ended has.
    var isCut = false
  }

  /// A process that is to be looked for by its command line.
  struct Sought {
    fileprivate let place: Int
    fileprivate let matcher: Int
    /// What is known of it by its pid.
    fileprivate var finding: Finding
  }

  /// Looks for those processes whose pid is known. No search comes before this: it reads what other users' processes hold, and might not
  /// come to its end.
  ///
  /// - Parameters:
  ///   - wantsFigures: whether to read what they use.
  ///   - goesOn: false ends the look.
  ///   - report: gets what was found of each, and its place among those that are wanted.
  /// - Returns: who is left to be found by `search`.
  func lookAtPids(
    of wanted: [Wanted], _ table: ProcessTable, wantsFigures: Bool = true, goesOn: () -> Bool = { true },
    _ report: (Finding, _ place: Int) -> Void
  ) -> [Sought] {
    var sought: [Sought] = []
    for (place, process) in wanted.enumerated() {
      guard goesOn() else { break }
      var finding = Finding(existence: .unknown)
      if !process.isRemote {
        if let pid = process.pid { look(at: pid, process, table, wantsFigures, &finding) }
        if let matcher = process.configured.flatMap({ matcherOfConfigured[$0] }) {
          sought.append(Sought(place: place, matcher: matcher, finding: finding))
          // Who is not there under its pid may be there under another one.
          guard finding.existence.isUp == true else { continue }
        }
      }
      report(finding, place)
    }
    return sought
  }

  /// Looks for processes by their command lines.
  ///
  /// - Parameters:
  ///   - readsCommandLines: false leaves all that is to be found by its command line unknown.
  ///   - hasTime: false ends the search; what it has found by then counts.
  ///   - goesOn: false ends it, and nothing counts.
  ///   - report: gets what was found of each, and its place among those that are wanted.
  func search(
    _ sought: [Sought], of wanted: [Wanted], _ table: ProcessTable, wantsFigures: Bool = true,
    readsCommandLines: Bool = true, hasTime: () -> Bool = { true }, goesOn: () -> Bool = { true },
    _ report: (Finding, _ place: Int) -> Void
  ) {
    guard !sought.isEmpty, goesOn() else { return }
    let matches =
      readsCommandLines ? table.find(matchers) { goesOn() && hasTime() } : matchers.map { _ in .unknown }
    for var process in sought {
      guard goesOn() else { return }
      let match = matches[process.matcher]
      (process.finding.matched, process.finding.exceeded) = (match.count, match.exceeded)
      if process.finding.existence.isUp != true {
        take(match, wanted[process.place], table, wantsFigures, &process.finding)
      }
      report(process.finding, process.place)
    }
  }

  private func look(
    at pid: Int32, _ process: Wanted, _ table: ProcessTable, _ wantsFigures: Bool, _ finding: inout Finding
  ) {
    let presence: ProcessPresence
    if wantsFigures, !process.children {
      (presence, finding.figures) = table.presenceWithFigures(of: pid, lastBeat: process.lastHeartbeat)
    } else {
      presence = table.presence(of: pid, lastBeat: process.lastHeartbeat)
    }
    finding.existence = Existence(presence, in: table)
    if wantsFigures, process.children, finding.existence.isUp == true { finding.figures = table.figures(ofTree: pid) }
  }

  private func take(
    _ match: ProcessMatches, _ process: Wanted, _ table: ProcessTable, _ wantsFigures: Bool,
    _ finding: inout Finding
  ) {
    guard let pid = match.pid else {
      // What the tree hides may look so, and so may what it took too long to look at.
      let isUncertain = match.exceeded > 0 || !match.isComplete
      if isUncertain {
        (finding.existence, finding.isCut) = (.unknown, match.isCut)
      } else if process.pid == nil {
        finding.existence = table.hidesOthers ? .unknown : .no(.gone)
      }
      return
    }
    finding.existence = .yes(pid: pid, isSuspended: table.stat(of: pid).map(table.isSuspended) ?? false)
    guard wantsFigures else { return }
    finding.figures = process.children ? table.figures(ofTree: pid) : table.figures(of: pid)
  }
}

extension Existence {
  init(_ presence: ProcessPresence, in table: ProcessTable) {
    switch presence {
    case .running(let stat): self = .yes(pid: stat.pid, isSuspended: table.isSuspended(stat))
    case .gone: self = .no(.gone)
    case .zombie: self = .no(.zombie)
    case .reused: self = .no(.reused)
    case .unknown: self = .unknown
    }
  }
}
