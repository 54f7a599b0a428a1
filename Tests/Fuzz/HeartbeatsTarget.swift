import JSON
@testable import Heartbeat

/// The heartbeat file as the exporter reads it.
func fuzzHeartbeats(_ input: UnsafeRawBufferPointer) {
  let bytes = Array(input)
  do throws(JSONParseError) {
    let snapshot = try HeartbeatSnapshot(parsing: bytes, stringKeys: ["s", "a.s"])
    check(snapshot)
    checkReread(bytes, snapshot)
    require((try? JSONValue(parsing: bytes)) != nil, "a snapshot of what is no JSON")
    checkTorn(bytes)
  } catch {
    switch error {
    case .empty, .torn: break
    case .notJSON(let offset, _), .wrongShape(let offset, _):
      require((0...bytes.count).contains(offset), "an error behind the end")
    }
  }
}

/// What is taken over from the content before is what reading the content by itself gives: here its first half is that
/// of the content before, with another digit somewhere.
private func checkReread(_ bytes: [UInt8], _ alone: HeartbeatSnapshot) {
  var before = bytes
  if let digit = before[(before.count / 2)...].firstIndex(where: { $0 >= UInt8(ascii: "1") && $0 < UInt8(ascii: "9") })
  {
    before[digit] += 1
  }
  var reader = SnapshotReader(stringKeys: ["s", "a.s"])
  var spare = HeartbeatSnapshot()
  guard (try? reader.read(before, into: &spare)) != nil else { return }
  guard let again = try? reader.read(bytes, into: &spare) else {
    require(false, "a content that can be read by itself cannot be read after another one")
    return
  }
  check(again)
  require(again.entries.count == alone.entries.count && again.skipped == alone.skipped, "other entries than alone")
  for (one, other) in zip(again.entries, alone.entries) {
    require(
      again.string(one.name) == alone.string(other.name) && one.lastHeartbeat == other.lastHeartbeat
        && one.pid == other.pid && one.source == other.source
        && one.status.map(again.string) == other.status.map(alone.string)
        && one.host.map(again.string) == other.host.map(alone.string), "another entry than alone")
    let values = { (snapshot: HeartbeatSnapshot, entry: HeartbeatSnapshot.Entry) in
      snapshot.numbers[entry.numbers].map { ($0.value.bitPattern, snapshot.keyPaths[Int($0.key)]) }
    }
    require(
      zip(values(again, one), values(alone, other)).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
        && one.numbers.count == other.numbers.count, "other numbers than alone")
  }
}

private func check(_ snapshot: HeartbeatSnapshot) {
  var names: Set<[UInt8]> = []
  func checkText(_ text: HeartbeatSnapshot.Text?) {
    guard let text else { return }
    require(text.range.upperBound <= snapshot.bytes.count, "a text behind the end")
  }
  for entry in snapshot.entries {
    for text in [entry.name, entry.status, entry.host] { checkText(text) }
    require(names.insert(Array(snapshot.bytes[entry.name.range])).inserted, "one name twice")
    require(entry.lastHeartbeat?.isFinite ?? false, "a time that is no number")
    require(entry.numbers.upperBound <= snapshot.numbers.count, "numbers behind the end")
    require(entry.strings.upperBound <= snapshot.strings.count, "strings behind the end")
    require(entry.source.upperBound <= snapshot.bytes.count, "an entry behind the end")
    var keys: Set<Int32> = []
    for number in snapshot.numbers[entry.numbers] {
      require(number.value.isFinite, "a value that is no number")
      require(snapshot.keyPaths.indices.contains(Int(number.key)), "a key behind the end")
      require(keys.insert(number.key).inserted, "one key twice")
    }
    for string in snapshot.strings[entry.strings] {
      checkText(string.value)
      require(snapshot.keyPaths.indices.contains(Int(string.key)), "a key behind the end")
    }
  }
}

/// What a writer has not finished yet is told as unfinished at every byte: that is what is read again at once.
private func checkTorn(_ bytes: [UInt8]) {
  let text = bytes.prefix(upTo: (bytes.lastIndex(of: UInt8(ascii: "}")) ?? 0))
  guard text.count <= 256 else { return }
  for end in 0...text.count {
    do throws(JSONParseError) {
      _ = try HeartbeatSnapshot(parsing: Array(text.prefix(end)), stringKeys: [])
      require(false, "half a file is read as a whole one")
    } catch {
      require(error == .torn || error == .empty, "half a file is told as \(error)")
    }
  }
}
