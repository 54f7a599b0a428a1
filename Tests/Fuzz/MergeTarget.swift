import JSON
@testable import Heartbeat

/// The heartbeat file as our writers change it: the beats are in, every other entry is as it was.
func fuzzMerge(_ input: UnsafeRawBufferPointer) {
  let bytes = Array(input)
  checkRoundTrip(bytes)
  var data = JSONObject()
  data["n"] = .integer(1)
  let beats = [
    Beat("a", additionalData: data, pid: 7, time: 1_700_000_000), Beat("b \"\n", pid: nil, host: "h", time: 1e9),
  ]
  guard let merge = try? HeartbeatMerge(beats, into: bytes, now: 1_700_000_001, removingBefore: nil) else { return }
  guard let after = try? HeartbeatSnapshot(parsing: merge.bytes, stringKeys: []) else {
    return require(false, "the merged file is none")
  }
  for beat in beats {
    let entry = after.entries.first { after.string($0.name) == beat.name }
    require(entry?.lastHeartbeat == beat.time, "the beat of \(beat.name) is not there")
    require(entry?.pid == beat.pid || beat.pid == nil, "its pid is not there")
  }
  checkRemembered(bytes, beats, merge.bytes)
  guard let before = try? HeartbeatSnapshot(parsing: bytes, stringKeys: []) else { return }
  for old in before.entries where !beats.map(\.name).contains(before.string(old.name)) {
    let name = before.bytes[old.name.range]
    let new = after.entries.first { after.bytes[$0.name.range].elementsEqual(name) }
    require(new != nil, "an entry is lost")
    if let new {
      require(after.bytes[new.source].elementsEqual(before.bytes[old.source]), "another entry was changed")
    }
  }
  // Removal of all that is old leaves a file, and only what has no time.
  if let removal = try? HeartbeatMerge([], into: merge.bytes, now: 2e9, removingBefore: 1e300) {
    let left = try? HeartbeatSnapshot(parsing: removal.bytes, stringKeys: [])
    require(left != nil, "after the removal the file is none")
    require(left?.entries.allSatisfy { ($0.lastHeartbeat ?? 0) >= 1e300 } ?? true, "an old entry stays")
  }
}

/// A writer that remembers the text writes the same bytes as one that reads it anew, also the second time.
private func checkRemembered(_ bytes: [UInt8], _ beats: [Beat], _ merged: [UInt8]) {
  guard var text = try? HeartbeatText(scanning: bytes), text.isRegular else { return }
  guard text.set(beats, now: 1_700_000_001, removingBefore: nil) else { return }
  require(text.bytes == merged, "the remembered text differs")
  var next = beats
  next[0].status = "a longer status"
  next.append(Beat("c", pid: 1, time: 1_700_000_002.5))
  let again = try? HeartbeatMerge(next, into: merged, now: 1_700_000_003, removingBefore: nil)
  require(text.set(next, now: 1_700_000_003, removingBefore: nil), "it refuses the second time")
  require(text.bytes == again?.bytes, "the remembered text differs the second time")
}

/// JSON that is read, written and read again is the same.
private func checkRoundTrip(_ bytes: [UInt8]) {
  guard let value = try? JSONValue(parsing: bytes) else { return }
  for isPretty in [false, true] {
    guard let again = try? JSONValue(parsing: value.serialised(pretty: isPretty)) else {
      return require(false, "what was written cannot be read")
    }
    require(again.serialised() == value.serialised(), "what was written reads as something else")
  }
}
