internal import JSON

/// An object whose keys are processes: objects that each have a beat, or times.
enum MapLayout {
  /// Reads the root if it is such an object, or one below it; nil when there is none.
  ///
  /// - Parameter hasOwn: whether the root has a beat of its own.
  static func read(_ root: JSONObject, _ reading: SourceReading, hasOwn: Bool) -> SourceRecognition? {
    if case .key = reading.settings.time, reading.settings.layout != .map { return nil }
    if !hasOwn, let map = objects(root, reading, isRoot: true) ?? times(root, reading, isRoot: true) { return map }
    for member in root.members {
      guard let object = member.value.objectValue, Containers.mayHoldProcesses(member.key, besideTime: hasOwn) else {
        continue
      }
      let isKnown = Containers.areProcesses(member.key)
      guard
        var map = objects(object, reading, isRoot: false) ?? (isKnown ? times(object, reading, isRoot: false) : nil),
        isKnown || Containers.areBeats(object, reading)
      else { continue }
      for place in map.processes.indices { map.processes[place].place = ".\(member.key)" + map.processes[place].place }
      return map
    }
    return nil
  }

  /// A map of objects.
  private static func objects(_ map: JSONObject, _ reading: SourceReading, isRoot: Bool) -> SourceRecognition? {
    let search = BeatSearch(reading: reading)
    var processes: [SourceProcess] = []
    var leftOut: [SourceRecognition.LeftOut] = []
    var (beats, times) = (0, 0)
    for member in map.members {
      guard let object = member.value.objectValue else {
        if isRoot, ["pid", "status", "state"].contains(member.key.lowercased()) { return nil }
        leftOut.append(.init(".\(member.key)", "this is no object"))
        continue
      }
      let found = reading.settings.layout == .map ? search.search(object).found : search.top(object).found
      if let found {
        beats += 1
        if found.time != nil { times += 1 }
      }
      var process = ProcessFields(reading: reading).process(member.key, object, found)
      process.place = ".\(member.key)" + (found?.place ?? "")
      processes.append(process)
    }
    // At the root some entry may lack a time, but not most; what never ran is not a map by that alone.
    guard beats > 0, isRoot ? beats == processes.count || beats * 3 >= processes.count * 2 : times > 0,
      beats * 2 >= processes.count
    else { return nil }
    if isRoot, processes.count == 1, times == 0 || isSelf(processes[0].name) { return nil }
    // `{"last_run": {"at": ...}, "last_error": {"at": ...}}` says when something was, and not who does it.
    if isRoot, processes.allSatisfy({ KeyWords.saysWhen($0.name) }) { return nil }
    return SourceRecognition(.map, processes, leftOut: isRoot ? [] : leftOut)
  }

  private static func isSelf(_ name: String) -> Bool {
    KeyWords.split(name).allSatisfy {
      [
        "heartbeat", "status", "state", "time", "process", "data", "watcher", "info", "meta", "health", "system",
        "stats",
      ].contains($0)
    }
  }

  /// A map of times: all of them must be, and its keys names.
  private static func times(_ map: JSONObject, _ reading: SourceReading, isRoot: Bool) -> SourceRecognition? {
    var processes: [SourceProcess] = []
    var hasTime = false
    for member in map.members {
      let words = KeyWords.split(member.key)
      if words.contains(where: KeyWords.never.contains) || words.contains("last") { return nil }
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
