internal import JSON

/// Entries of lists and maps that are worked on, and do not work themselves: tasks to do, messages, scores, goods, alarms.
enum Records {
  /// Whether an entry is one of these.
  ///
  /// - Parameters:
  ///   - rank: that of its time. What is named a beat is one.
  ///   - key: where the time is.
  static func areNoProcess(_ object: JSONObject, _ rank: BeatRank, _ key: String? = nil) -> Bool {
    guard rank != .beat else { return false }
    var has: Set<Sign> = []
    for member in object.members {
      let words = KeyWords.split(member.key)
      let name = words.joined()
      let text = member.value.stringValue
      if words.contains("created") || words.contains("due") { has.insert(.made) }
      if ContentWords.texts.contains(name), text?.isEmpty == false { has.insert(.text) }
      if ContentWords.people.contains(name), text?.isEmpty == false { has.insert(.person) }
      if ContentWords.amounts.contains(name), member.value.doubleValue != nil { has.insert(.amount) }
      if ContentWords.goods.contains(name) { has.insert(.good) }
      if ContentWords.plans.contains(name) { has.insert(.plan) }
      if words == ["starts", "at"] || name == "fingerprint" { has.insert(.alarm) }
    }
    if has.contains(.good) || has.contains(.alarm) { return true }
    let words = key.map(KeyWords.split) ?? []
    // A description that was changed; what has a plan is a job, whose description may be.
    if has.isSuperset(of: [.text, .made]), !has.contains(.plan), rank != .run,
      rank != .update || words.contains(where: ContentWords.changes.contains)
    {
      return true
    }
    if [.time, .other].contains(rank), has.contains(.amount) || has.isSuperset(of: [.text, .person]) { return true }
    // A run ends or is finished; what is completed or closed was a thing to do.
    return rank == .ended && words.contains { ["completed", "closed"].contains($0) }
  }

  /// Whether an entry is a task that nobody has begun: then those beside it are tasks too.
  static func isToDo(_ object: JSONObject) -> Bool {
    object.members.contains { member in
      ["status", "state"].contains(KeyWords.plain(member.key))
        && member.value.stringValue.map { ContentWords.toDo.contains(KeyWords.split($0).joined()) } ?? false
    }
  }

  /// Whether an entry says what was measured or what happened, and not who did: its id is that of a row.
  static func isOfHistory(_ object: JSONObject) -> Bool {
    let keys = Set(object.members.lazy.map { KeyWords.split($0.key).joined() })
    return !keys.isDisjoint(with: ContentWords.happenings) && keys.isDisjoint(with: ContentWords.names)
  }

  private enum Sign { case made, text, person, amount, good, plan, alarm }
}
