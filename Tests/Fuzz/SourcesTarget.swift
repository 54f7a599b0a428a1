import JSON
@testable import Heartbeat

/// Files of other programs. The last byte chooses the file's name, the zone and the settings, the others are its content.
func fuzzSources(_ input: UnsafeRawBufferPointer) {
  guard let choice = input.last else { return }
  let bytes = Array(input.dropLast())
  var facts = SourceFacts(
    path: paths[Int(choice & 7)], stars: choice & 1 == 0 ? [] : ["hen"], modified: modified,
    zone: choice & 8 == 0 ? .utc : zone)
  facts.isTail = choice & 0x80 != 0
  let settings = chosen(Int(choice >> 4 & 7))
  let outcome = Recogniser.recognise(bytes, facts, settings)
  require(outcome == Recogniser.recognise(bytes, facts, settings), "another answer to the same question")
  if case .success(let recognition) = outcome {
    check(recognition, bytes, facts, settings)
  } else if case .failure(.notJSON(let offset, _)) = outcome {
    require((0...bytes.count).contains(offset), "an error behind the end")
  }
  checkTorn(bytes, facts)
}

private let modified = 1_784_021_213.0
private let zone = ZoneRules(posix: "CET-1CEST,M3.5.0,M10.5.0/3") ?? .utc
private let paths = [
  "/srv/hen/status.json", "/srv/hen/beat.txt", "/srv/hen/run.jsonl", "/srv/hen/heartbeat.log", "/srv/hen/alive",
  "/srv/hen/state.yaml", "/srv/hen/state.ini", "/srv/hen/started.pid",
]

private func chosen(_ variant: Int) -> SourceSettings {
  var settings = SourceSettings(path: "/srv/*/x")
  switch variant {
  case 1: settings.each = SourceSettings.KeyPath(".name")
  case 2: settings.time = .modified
  case 3: settings.time = SourceSettings.KeyPath(".stats.updated_at").map { .key($0) }
  case 4: settings.layout = .lines
  case 5: (settings.layout, settings.name) = (.single, ".name")
  case 6: (settings.pid, settings.status, settings.data) = (.none, .none, SourceSettings.KeyPath(".stats"))
  case 7: settings.layout = .text
  default: break
  }
  return settings
}

/// Whether what was recognised can be: nothing twice, nothing to come, nothing out of nothing.
private func check(
  _ recognition: SourceRecognition, _ bytes: [UInt8], _ facts: SourceFacts, _ settings: SourceSettings
) {
  let processes = recognition.processes
  require(Set(processes.map(\.name)).count == processes.count, "one name twice")
  require(!processes.isEmpty, "a file that is recognised and has no process")
  // Of a text in UTF-16, and of escapes in JSON, too.
  let hasDigit = bytes.contains { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
  for process in processes {
    if let time = process.time {
      require(time.isFinite && time > 0, "a time that is none")
      require(time <= facts.modified + SourceFacts.furthestAhead, "a beat that is to come")
      require(recognition.layout == .touched || hasDigit, "a time of a file without any digit")
      require(
        recognition.layout != .touched || time == facts.modified, "a touched file's beat is not its time of change")
    }
    if let interval = process.interval { require(interval > 0 && interval.isFinite, "an interval that is none") }
    require(process.changingKeys >= 0, "a count below zero")
  }
  if settings.time == nil, settings.layout == nil, settings.each == nil {
    let isJSON = (try? JSONValue(parsing: bytes)).map { value in
      switch value {
      case .object, .array: true
      default: false
      }
    }
    require(!(isJSON == true && recognition.layout == .touched), "JSON without a time is taken for a touched file")
  }
  // What was recognised is read as a file of ours: every process comes out, with its time.
  let document = SourceText.document(recognition)
  var reader = SnapshotReader(stringKeys: [], limits: ReadingLimits(), keepsStrangePids: true)
  var spare = HeartbeatSnapshot()
  guard let snapshot = try? reader.read(document, into: &spare) else {
    require(false, "what was recognised cannot be read")
    return
  }
  let named = processes.filter { !$0.name.isEmpty && $0.name.utf8.count <= HeartbeatSnapshot.maximumNameLength }
  require(snapshot.entries.count == named.count, "another number of processes than was recognised")
  for (entry, process) in zip(snapshot.entries, named) {
    require(snapshot.string(entry.name).utf8.elementsEqual(process.name.utf8), "another name than was recognised")
    require(
      entry.lastHeartbeat.map { abs($0 - (process.time ?? 0)) < 1e-3 } ?? (process.time == nil),
      "another time than was recognised")
  }
}

/// Half an object is never taken for a whole file, at whichever byte its writer was.
private func checkTorn(_ bytes: [UInt8], _ facts: SourceFacts) {
  guard !facts.isTail, bytes.count <= 256, let open = bytes.firstIndex(of: UInt8(ascii: "{")),
    let close = bytes.lastIndex(of: UInt8(ascii: "}")), open < close, case .object? = try? JSONValue(parsing: bytes)
  else { return }
  for end in open + 1...close {
    guard case .success(let half) = Recogniser.recognise(Array(bytes[..<end]), facts, SourceSettings(path: "/srv/x"))
    else { continue }
    require(false, "half an object is recognised as \(half.layout)")
  }
}
