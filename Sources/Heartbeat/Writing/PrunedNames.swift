internal import JSON

/// What the file says of processes that somebody has pruned: `"pruned": {"NAME": TIME}` beside `processes`.
///
/// An entry that vanishes without a good-bye is remembered by readers; one that was removed on purpose must not be.
enum PrunedNames {
  /// How long the file says so, in seconds: as long as readers remember what vanishes, by default.
  static let longest = 86_400.0
  /// Of so many the file says so: the latest.
  static let most = 1_000

  /// Those among some names that a process can have, each once.
  static func possible(_ names: [String]) -> [String] {
    var known: Set<[UInt8]> = []
    return names.filter { name in
      (1...HeartbeatManager.longestName).contains(name.utf8.count) && known.insert(Array(name.utf8)).inserted
    }
  }

  /// The text of a heartbeat file with these names among those that were pruned.
  ///
  /// - Parameter now: Unix time in seconds.
  static func adding(_ names: [String], to text: [UInt8], now: Double) throws(JSONError) -> [UInt8] {
    let names = possible(names)
    let added = Set(names.map { Array($0.utf8) })
    return try JSONError.catching(in: text) { (cursor) throws(JSONParseError) in
      let document = try HeartbeatDocument(scanning: cursor)
      var members: [JSONObject.Member] = []
      if let place = document.pruned, case .object(let old)? = try? JSONValue(parsing: Array(text[place])) {
        members = old.members.filter { member in
          guard let time = member.value.doubleValue, !added.contains(Array(member.key.utf8)) else { return false }
          return now - time < longest
        }
      }
      let time = HeartbeatMerge.rounded(now)
      members += names.map { JSONObject.Member(key: $0, value: .number(time)) }
      members.removeFirst(max(0, members.count - most))
      return document.setting("pruned", at: document.pruned, to: .object(JSONObject(members)), in: text)
    }
  }
}
