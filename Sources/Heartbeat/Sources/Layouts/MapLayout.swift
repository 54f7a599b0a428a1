internal import JSON

/// An object whose keys are processes: objects that each have a beat, or times.
enum MapLayout {
  /// Reads the root if it is such an object, or one below it; nil when there is none.
  ///
  /// - Parameter hasOwn: whether the root has a beat of its own.
  static func read(_ root: JSONObject, _ reading: SourceReading, hasOwn: Bool) -> SourceRecognition? {
    if case .key = reading.settings.time, reading.settings.layout != .map { return nil }
    if !hasOwn, let map = objects(root, reading, isRoot: true, isKnown: false) ?? times(root, reading, isRoot: true) {
      return map
    }
    for member in root.members {
      guard let object = member.value.objectValue, Containers.mayHoldProcesses(member.key, besideTime: hasOwn) else {
        continue
      }
      let isKnown = Containers.areProcesses(member.key)
      guard
        var map = objects(object, reading, isRoot: false, isKnown: isKnown)
          ?? (isKnown ? times(object, reading, isRoot: false) : nil),
        isKnown || Containers.areBeats(object, reading)
      else { continue }
      for place in map.processes.indices { map.processes[place].place = ".\(member.key)" + map.processes[place].place }
      return map
    }
    return nil
  }

  /// A map of objects.
  private static func objects(
    _ map: JSONObject, _ reading: SourceReading, isRoot: Bool, isKnown: Bool
  ) -> SourceRecognition? {
    let search = BeatSearch(reading: reading)
    var processes: [SourceProcess] = []
    var names: [String] = []
    var leftOut: [SourceRecognition.LeftOut] = []
    var silent: [SourceRecognition.LeftOut] = []
    var (beats, times) = (0, 0)
    for member in map.members {
      guard let object = member.value.objectValue else {
        if isRoot, ["pid", "status", "state"].contains(KeyWords.plain(member.key)) { return nil }
        leftOut.append(.init(".\(member.key)", "this is no object"))
        continue
      }
      names.append(member.key)
      var found = reading.settings.layout == .map ? search.search(object).found : search.top(object).found
      if Records.isToDo(object) { return nil }
      if let rank = found?.rank, Records.areNoProcess(object, rank, found?.keys.last) { found = nil }
      if found == nil, !isKnown, !saysWhen(object, reading) {
        silent.append(.init(".\(member.key)", "there is no time in it, as there is in others beside it"))
        continue
      }
      if let found {
        beats += 1
        if found.time != nil { times += 1 }
      }
      var process = ProcessFields(reading: reading).process(member.key, object, found)
      process.place = ".\(member.key)" + (found?.place ?? "")
      processes.append(process)
    }
    // At the root some entry may lack a time, but not most; what never ran is not a map by that alone.
    guard beats > 0, isRoot ? beats * 3 >= names.count * 2 : times > 0, beats * 2 >= names.count
    else { return nil }
    if isRoot, names.count == 1, times == 0 || BeatSearch.isSelf(KeyWords.split(names[0])) { return nil }
    // `{"last_run": {"at": ...}, "last_error": {"at": ...}}` says when something was, and not who does it.
    if isRoot, names.allSatisfy(KeyWords.saysWhen) { return nil }
    return SourceRecognition(.map, processes, leftOut: silent + (isRoot ? [] : leftOut))
  }

  /// Whether an object has a time, or a place for one: what has neither is no process beside others that have.
  private static func saysWhen(_ object: JSONObject, _ reading: SourceReading) -> Bool {
    object.members.contains { member in
      switch SourceValue.time(member.value, near: reading.facts.modified) {
      case .time: return true
      case .never where member.value != .integer(0):
        if case .rank = BeatKey(member.key) { return true }
        return KeyWords.split(member.key).contains { KeyWords.companions.contains($0) }
      case .never, .none: return false
      }
    }
  }

  /// Whether a key speaks of a time, and so names no program: `as_of`, `event_time`, `mtime`, `generated`.
  static func speaksOfTime(_ key: String) -> Bool {
    let words = KeyWords.split(key)
    guard let last = words.last else { return false }
    if KeyWords.time.contains(last) || timeWords.contains(last) { return true }
    return words.count == 1 && KeyWords.run.contains(last) && (last.hasSuffix("ed") || doneWords.contains(last))
  }

  private static let timeWords: Set<String> = [
    "date", "dt", "mtime", "ctime", "atime", "tm", "of", "asof", "when", "utc", "gmt",
  ]
  private static let doneWords: Set<String> = ["ran", "sent", "written", "wrote"]

  /// Whether a key may be a program's name, and what stands under it a time. Ids of people and messages, addresses of hosts and pages,
  /// and amounts are none.
  private static func mayBeProcess(_ member: JSONObject.Member, _ reading: SourceReading) -> Bool {
    let key = member.key
    guard key.unicodeScalars.contains(where: \.properties.isAlphabetic),
      !key.utf8.split(separator: UInt8(ascii: ":")).dropFirst().contains(where: { $0.starts(with: "//".utf8) })
    else { return false }
    // `fe80::1`.
    if key.utf8.count(where: { $0 == UInt8(ascii: ":") }) > 1,
      key.utf8.allSatisfy({ $0 == UInt8(ascii: ":") || ($0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 6) })
    {
      return false
    }
    guard SourceValue.isNumber(member.value),
      case .time(let time) = SourceValue.time(member.value, near: reading.facts.modified)
    else { return true }
    return !reading.isUnlikely(reading.moment(time)) && !KeyWords.split(key).contains(where: KeyWords.amounts.contains)
  }

  /// A map of times: all of them must be, and its keys names.
  private static func times(_ map: JSONObject, _ reading: SourceReading, isRoot: Bool) -> SourceRecognition? {
    if isRoot, map.members.allSatisfy({ speaksOfTime($0.key) }) { return nil }
    // Where nothing says that the keys are processes, they must be able to be.
    if isRoot, reading.settings.layout != .map, !Containers.areProcesses(SourceName.stem(reading.facts.path)) {
      let others = map.members.count { !mayBeProcess($0, reading) }
      guard others * 2 < map.count else { return nil }
    }
    var processes: [SourceProcess] = []
    var hasTime = false
    for member in map.members {
      let words = KeyWords.split(member.key)
      if words.contains(where: KeyWords.never.contains) || words.contains("last") { return nil }
      // `chat` may be a name beside others.
      if words.count > 1 || map.count == 1, BeatKey.isQuantity(words, member.value) { return nil }
      switch SourceValue.time(member.value, near: reading.facts.modified) {
      case .none: return nil
      case .never where member.value == .integer(0): return nil
      case .never:
        processes.append(SourceProcess(name: member.key, time: nil, place: ".\(member.key)", rule: "a map of times"))
      case .time(let time):
        let moment = reading.moment(time)
        if reading.isFarAhead(moment) { return nil }
        hasTime = true
        processes.append(SourceProcess(name: member.key, time: moment, place: ".\(member.key)", rule: "a map of times"))
      }
    }
    return hasTime ? SourceRecognition(.map, processes) : nil
  }
}
