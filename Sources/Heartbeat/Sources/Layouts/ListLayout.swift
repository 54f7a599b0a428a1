internal import JSON
internal import POSIX

/// An array of objects with beats: a process for each id; without ids it is a history of one process, of which the youngest counts.
enum ListLayout {
  /// Reads a root that is an array.
  static func read(_ items: [JSONValue], _ reading: SourceReading) -> SourceRecognition? {
    read(items, reading, isKnown: true)
  }

  /// Reads an array below the root; nil when there is none with processes.
  ///
  /// - Parameter hasOwn: whether the root has a beat of its own.
  static func read(_ root: JSONObject, _ reading: SourceReading, hasOwn: Bool) -> SourceRecognition? {
    if case .key = reading.settings.time, reading.settings.layout != .list { return nil }
    for member in root.members {
      guard case .array(let items) = member.value, Containers.mayHoldProcesses(member.key, besideTime: hasOwn) else {
        continue
      }
      let isKnown = Containers.areProcesses(member.key)
      guard var list = read(items, reading, isKnown: isKnown, hasOwn: hasOwn) else { continue }
      for place in list.processes.indices {
        list.processes[place].place = ".\(member.key)" + list.processes[place].place
      }
      return list
    }
    return nil
  }

  private static func read(
    _ items: [JSONValue], _ reading: SourceReading, isKnown: Bool, hasOwn: Bool = false
  ) -> SourceRecognition? {
    let search = BeatSearch(reading: reading)
    var found: [(place: Int, object: JSONObject, beat: BeatSearch.Found?)] = []
    var leftOut: [SourceRecognition.LeftOut] = []
    var records = 0
    for (place, item) in items.enumerated() {
      guard let object = item.objectValue else {
        leftOut.append(.init("[\(place)]", "this is no object"))
        continue
      }
      if Records.isToDo(object) { return nil }
      var beat = search.search(object).found
      if let rank = beat?.rank, Records.areNoProcess(object, rank, beat?.keys.last) {
        beat = nil
        records += 1
      }
      found.append((place, object, beat))
    }
    let beats = found.filter { $0.beat != nil }
    guard records * 2 < max(1, found.count) else { return nil }
    guard !beats.isEmpty, beats.contains(where: { $0.beat?.time != nil }), beats.count * 2 >= found.count else {
      return nil
    }
    let isOfBeats = beats.allSatisfy { [.beat, .update, .run].contains($0.beat?.rank ?? .beat) }
    guard isKnown || isOfBeats else { return nil }
    let fields = ProcessFields(reading: reading)
    let isHistory =
      reading.settings.layout != .list && !Containers.areProcesses(SourceName.stem(reading.facts.path))
      && found.allSatisfy { $0.beat?.rank == .time && Records.isOfHistory($0.object) }
    let each =
      reading.settings.each
      ?? (found.count > 1 && !isHistory ? idKey(found.map(\.object)).map { .init(keys: [$0]) } : nil)
    if let each {
      var processes: [SourceProcess] = []
      var places: [ExactText: Int] = [:]
      for item in found {
        guard let name = JSONValue.object(item.object).value(at: each).flatMap(SourceValue.name) else {
          leftOut.append(.init("[\(item.place)]", "there is no \(each)"))
          continue
        }
        var process = fields.process(name, item.object, item.beat)
        process.place = "[\(item.place)]" + (item.beat?.place ?? "")
        if let known = places[ExactText(name)] {
          // The same id again is history.
          if process.time ?? 0 >= processes[known].time ?? 0 { processes[known] = process }
        } else {
          places[ExactText(name)] = processes.count
          processes.append(process)
        }
      }
      return processes.isEmpty ? nil : SourceRecognition(.list, processes, leftOut: leftOut)
    }
    // Under a time of its own, a history is what one process did.
    guard !hasOwn else { return nil }
    let youngest = beats.reduce(beats[0]) { ($1.beat?.time ?? 0) >= ($0.beat?.time ?? 0) ? $1 : $0 }
    var process = fields.process(reading.name(youngest.object), youngest.object, youngest.beat)
    process.place = "[\(youngest.place)]" + (youngest.beat?.place ?? "")
    return SourceRecognition(.list, [process], leftOut: leftOut)
  }

  /// The key that names the items: `id`, `agent_id`, `name`, `worker`, ...; nil when most items have none.
  private static func idKey(_ objects: [JSONObject]) -> String? {
    guard let first = objects.first(where: { !$0.isEmpty }) else { return nil }
    // Each once: of a key that comes again all are asked for the same.
    var seen: Set<ExactText> = []
    let keys = first.members.map(\.key).filter { seen.insert(ExactText($0)).inserted }
    func lower(_ wanted: [String]) -> [String] { wanted.flatMap { name in keys.filter { KeyWords.plain($0) == name } } }
    let exact = lower(["id", "uid", "key"])
    let ids = keys.filter { key in
      let words = KeyWords.split(key)
      return words.last == "id" && words.count == 2
        && !["run", "trace", "request", "session", "message", "event"].contains(words[0])
        || ["run_id", "runid"].contains(KeyWords.plain(key))
    }
    let names =
      lower([
        "name", "worker", "agent", "bot", "job", "task", "service", "process", "node", "label", "instance", "host",
        "hostname", "slug",
      ])
      + keys.filter { KeyWords.split($0).count == 2 && KeyWords.split($0).last == "name" }
    let counts = namings(objects, by: Set((exact + ids + names).map { ExactText($0) }))
    func isEverywhere(_ key: String, _ isText: Bool) -> Bool {
      let count = counts[ExactText(key)] ?? (0, 0)
      return (isText ? count.texts : count.all) * 2 > objects.count
    }
    let key =
      (exact + ids + names).first { isEverywhere($0, true) } ?? (names + exact + ids).first { isEverywhere($0, false) }
    // Runs of one job: it is the job that lives, and not each of its runs.
    if let key, exact.contains(key) || ids.contains(key), !havePids(objects),
      let name = lower(["name", "job", "task"]).first(where: { isOne($0, in: objects) })
    {
      return name
    }
    return key
  }

  /// How many objects some keys give a name, and how many one that is a text. All keys in one pass: the first item may have
  /// thousands that could name the others.
  private static func namings(_ objects: [JSONObject], by keys: Set<ExactText>)
    -> [ExactText: (all: Int, texts: Int)]
  {
    var counts: [ExactText: (all: Int, texts: Int)] = [:]
    for object in objects {
      var values: [ExactText: JSONValue] = [:]
      for member in object.members {
        let key = ExactText(member.key)
        if keys.contains(key) { values[key] = member.value }
      }
      for (key, value) in values where SourceValue.name(value) != nil {
        counts[key, default: (0, 0)].all += 1
        if value.stringValue != nil { counts[key, default: (0, 0)].texts += 1 }
      }
    }
    return counts
  }

  /// Whether all have the same name under a key.
  private static func isOne(_ key: String, in objects: [JSONObject]) -> Bool {
    let names = objects.map { $0[key].flatMap(SourceValue.name).map { ExactText($0) } }
    return names.count > 1 && names[0] != nil && names.allSatisfy { $0 == names[0] }
  }

  /// With a pid each, several of one name live beside each other.
  private static func havePids(_ objects: [JSONObject]) -> Bool {
    let pids = objects.compactMap { $0["pid"]?.integerValue }
    return pids.count == objects.count && Set(pids).count > 1
  }
}
