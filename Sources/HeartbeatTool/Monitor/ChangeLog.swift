internal import Monitoring
internal import POSIX

/// Something that happened between two looks.
struct Change: Hashable, Sendable {
  /// Unix time.
  var time: Double
  var title: String
  var text: String
  var emphasis: Emphasis
}

/// Finds what changed from one look to the next; pure.
struct ChangeLog: Sendable {
  /// The most changes that are kept.
  static let longest = 500

  /// All changes, the newest last.
  private(set) var changes: [Change] = []
  /// A program of one of the hosts.
  private struct Key: Hashable {
    let host: Int
    let program: ExactText
  }

  private var known: [Key: ProgramView] = [:]
  private var since: [Key: Double] = [:]
  private var hasLooked: Set<Int> = []
  private var failing: Set<Int> = []

  /// Takes the next look at a host. The first one tells nothing: everything would be new.
  mutating func observe(_ host: HostView, showsHost: Bool) {
    noteFailure(host)
    guard host.failure == nil else { return }
    let isFirst = hasLooked.insert(host.place).inserted
    for program in host.programs {
      let key = Key(host: host.place, program: ExactText(program.name))
      let before = known[key]
      if !isFirst, let (text, emphasis) = Self.change(before, program, silentFor: host.time - (since[key] ?? host.time))
      {
        let title = showsHost ? "\(host.name) \(program.title)" : program.title
        changes.append(Change(time: host.time, title: title, text: text, emphasis: emphasis))
      }
      if before?.verdict.state != program.verdict.state { since[key] = host.time }
      var kept = program
      // How long it ran is known only while it runs.
      if kept.runtime == nil, program.verdict.state != .alive { kept.runtime = before?.runtime }
      known[key] = kept
    }
    changes.removeFirst(max(0, changes.count - Self.longest))
  }

  private mutating func noteFailure(_ host: HostView) {
    if let failure = host.failure {
      guard failing.insert(host.place).inserted, hasLooked.contains(host.place) else { return }
      changes.append(Change(time: host.time, title: host.name, text: failure, emphasis: .bad))
    } else if failing.remove(host.place) != nil, hasLooked.contains(host.place) {
      changes.append(Change(time: host.time, title: host.name, text: "can be read again", emphasis: .good))
    }
  }

  private static func change(
    _ before: ProgramView?, _ now: ProgramView, silentFor: Double
  ) -> (String, Emphasis)? {
    let pid = now.pid.map { " (pid \($0))" } ?? ""
    guard let before else { return now.verdict.state == .alive ? ("started" + pid, .good) : nil }
    let ran = before.runtime.map { " after running \(seconds($0))" } ?? ""
    switch (before.verdict.state, now.verdict.state) {
    case (.alive, .alive):
      guard let old = before.pid, let new = now.pid, old != new else { return nil }
      return ("restarted (pid \(old) → \(new))", .warning)
    case (let old, let new) where old == new: return nil
    case (.hung, .alive), (.dead, .alive):
      return before.pid == now.pid ? ("is back after \(seconds(silentFor))", .good) : ("started" + pid, .good)
    case (_, .alive): return ("started" + pid, .good)
    case (_, .stopped): return ("stopped" + ran, now.verdict.state.emphasis)
    case (_, let state): return ("is \(state.rawValue): \(reason(now))\(state == .dead ? ran : "")", state.emphasis)
    }
  }

  private static func reason(_ program: ProgramView) -> String {
    guard program.verdict.reason == .silent, let age = program.age else { return program.verdict.reason.explanation }
    return "no beat for \(seconds(age))"
  }
}
