internal import JSON

/// Writes what was recognised in the layout of our own files, so that one reader makes snapshots of all.
enum SourceText {
  /// Appends a member of `processes`.
  static func append(_ process: SourceProcess, to bytes: inout [UInt8]) {
    JSONText.append(process.name, to: &bytes)
    bytes.append(contentsOf: ":{\"last_heartbeat\":".utf8)
    if let time = process.time { JSONText.append(time, to: &bytes) } else { bytes.append(contentsOf: "null".utf8) }
    append("pid", process.pid, to: &bytes)
    append("status", process.status.map { .string($0) }, to: &bytes)
    append("interval", process.interval.map { .number($0) }, to: &bytes)
    append("host", process.host.map { .string($0) }, to: &bytes)
    if !process.data.isEmpty { append("additional_data", .object(process.data), to: &bytes) }
    bytes.append(UInt8(ascii: "}"))
  }

  private static func append(_ key: String, _ value: JSONValue?, to bytes: inout [UInt8]) {
    guard let value else { return }
    bytes.append(UInt8(ascii: ","))
    JSONText.append(key, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    value.append(to: &bytes)
  }

  /// What stands before the first member, and behind the last.
  static let head = Array("{\"processes\":{".utf8)
  static let tail = Array("}}".utf8)
  /// Room for both.
  static let room = 32

  /// The text of all processes of a file.
  static func document(_ recognition: SourceRecognition) -> [UInt8] {
    var bytes = head
    for (place, process) in recognition.processes.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      append(process, to: &bytes)
    }
    return bytes + tail
  }

  /// Appends an entry of a snapshot as a member.
  static func append(_ entry: HeartbeatSnapshot.Entry, of snapshot: HeartbeatSnapshot, to bytes: inout [UInt8]) {
    if let member = entry.member {
      bytes.append(contentsOf: snapshot.bytes[member])
    } else {
      JSONText.append(snapshot.string(entry.name), to: &bytes)
      bytes.append(UInt8(ascii: ":"))
      bytes.append(contentsOf: snapshot.bytes[entry.source])
    }
  }
}
