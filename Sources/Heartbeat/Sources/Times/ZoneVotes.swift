internal import JSON

/// The times of a file that decide in which zone those without one are read.
///
/// Only what may be a beat does: an end of a shift, or the time in a note, may lie anywhere.
struct ZoneVotes {
  private let facts: SourceFacts
  private var votes: [WrittenTime] = []
  /// Times under keys that say nothing: they decide where there is nothing else.
  private var others: [WrittenTime] = []

  private init(_ facts: SourceFacts) { self.facts = facts }

  /// The times in a file's objects that decide.
  static func times(in values: [JSONValue], _ facts: SourceFacts, _ settings: SourceSettings) -> [WrittenTime] {
    if case .key(let path) = settings.time {
      let configured = values.compactMap { $0.value(at: path) }.compactMap { time($0, facts) }
      if !configured.isEmpty { return configured }
    }
    var votes = ZoneVotes(facts)
    for value in values { votes.collect(value, depth: 0, isOfProcesses: false) }
    return votes.votes.contains { !$0.hasZone } ? votes.votes : votes.votes + votes.others
  }

  private static func time(_ value: JSONValue, _ facts: SourceFacts) -> WrittenTime? {
    guard case .time(let time) = SourceValue.time(value, near: facts.modified) else { return nil }
    return time
  }

  /// Deeper than this no beat is looked for.
  private static let deepest = 4
  /// So many times decide for the zone.
  private static let mostTimes = 10_000

  /// - Parameter isOfProcesses: whether its keys are names.
  private mutating func collect(_ value: JSONValue, depth: Int, isOfProcesses: Bool) {
    guard depth <= Self.deepest, votes.count + others.count < Self.mostTimes else { return }
    switch value {
    case .object(let object): collect(object, depth: depth, isOfProcesses: isOfProcesses)
    case .array(let items):
      for case .object(let object) in items { collect(object, depth: depth + 1, isOfProcesses: false) }
    default: break
    }
  }

  private mutating func collect(_ object: JSONObject, depth: Int, isOfProcesses: Bool) {
    var own: [Candidate] = []
    var inner: [JSONObject.Member] = []
    for member in object.members {
      guard let time = Self.time(member.value, facts) else {
        switch member.value {
        case .object, .array: inner.append(member)
        default: break
        }
        continue
      }
      switch BeatKey(member.key, member.value) {
      case .rank(let rank): own.append(Candidate(rank: rank, time: time))
      case .other where isOfProcesses: votes.append(time)
      case .other: others.append(time)
      case .never: break
      }
    }
    if let beat = beat(own) { votes.append(beat) }
    for member in inner {
      // Beside a time of its own, what lies deeper is no beat unless it is said to be of processes.
      let isOfProcesses = Containers.areProcesses(member.key)
      if !own.isEmpty, !isOfProcesses { continue }
      if case .never = BeatKey(member.key) { continue }
      collect(member.value, depth: depth + 1, isOfProcesses: isOfProcesses)
    }
  }

  private struct Candidate {
    var rank: BeatRank
    var time: WrittenTime
  }

  /// What would be the beat of an object, in the zone in which that is likelier by the file's last change.
  private func beat(_ candidates: [Candidate]) -> WrittenTime? {
    guard candidates.count > 1 else { return candidates.first?.time }
    func best(in zone: ZoneRules) -> (time: WrittenTime, moment: Double)? {
      let moments = candidates.map { ($0, $0.time.moment(in: zone, nearest: facts.modified) - facts.modified) }
      let past = moments.filter { $0.1 <= SourceFacts.tolerance }
      let best = (past.isEmpty ? moments : past).max { one, other in
        one.0.rank != other.0.rank ? one.0.rank > other.0.rank : one.1 < other.1
      }
      return best.map { ($0.0.time, $0.1 + facts.modified) }
    }
    guard let local = best(in: facts.zone), let utc = best(in: .utc) else { return nil }
    return facts.isLikelier(utc.moment, than: local.moment) ? utc.time : local.time
  }
}
