internal import Glibc
internal import JSON
internal import POSIX

/// A process's own file in a folder of heartbeats: its entry is the root object, and it is written by `rename(2)`, without
/// a lock.
struct OwnFile {
  /// The most bytes of one.
  static let largest = 4 << 20
  /// What the names of temporary files begin with.
  static let temporaryPrefix = ".heartbeat-tmp-"
  /// What the name begins with of the file whose time says when a user's writers last looked for old files.
  static let sweepMarkPrefix = ".heartbeat-swept-"
  /// The pauses before each further look at a file that seems half written, in microseconds.
  // Not mutated: how long a pause is shows nowhere.
  private static let pauses: [UInt32] = [1_000, 3_000, 10_000, 20_000, 40_000]

  let options: HeartbeatManager.Options

  /// What a file holds.
  struct Content {
    var bytes: [UInt8]
    var members: [JSONCursor.RawMember]
    var status: stat
    /// The Unix time of the last beat; nil when it says none.
    var lastHeartbeat: Double?
    /// What stands as `last_heartbeat`.
    var time = HeartbeatSigns.Kind.missing
    /// Whether it says something of a job's runs.
    var isJob = false
    /// Why it is no heartbeat any more: it is kept under another name.
    var damage: JSONError?

    /// Of nothing but white space.
    init(blank status: stat) {
      (bytes, members, self.status) = ([], [], status)
    }

    /// Whether it may be changed: an entry of ours, or nothing yet. Somebody else's may have a `last_heartbeat` of
    /// another kind.
    var isOurs: Bool { members.isEmpty || time.isTime }

    /// Whether readers take it for an entry.
    var isHeartbeat: Bool { time != .missing }

    init(_ bytes: [UInt8], _ status: stat) throws(JSONError) {
      self.init(blank: status)
      self.bytes = bytes
      let found: ([JSONCursor.RawMember], Double?, HeartbeatSigns.Kind, Bool) = try JSONError.catching(in: bytes) {
        (cursor) throws(JSONParseError) in
        var cursor = cursor
        cursor.maximumNesting = .max
        cursor.begin()
        var members: [JSONCursor.RawMember] = []
        var time: Double?
        var kind = HeartbeatSigns.Kind.missing
        var isJob = false
        try cursor.object { (cursor, key) throws(JSONParseError) in
          let start = cursor.position
          if cursor.isSame(key, HeartbeatEntry.Key.lastHeartbeat) {
            kind = HeartbeatSigns.Kind(cursor.peek)
            time = nil
            if cursor.startsNumber { time = try cursor.number() } else { try cursor.skipValue() }
          } else {
            if cursor.isSame(key, HeartbeatEntry.Key.job) { isJob = cursor.peek == UInt8(ascii: "{") }
            try cursor.skipValue()
          }
          members.append(JSONCursor.RawMember(key: key, value: start..<cursor.position))
        }
        try cursor.expectEnd()
        return (members, time, kind, isJob)
      }
      (members, lastHeartbeat, time, isJob) = found
    }
  }

  /// Writes a beat in the place of what the file holds; what it does not know stays.
  ///
  /// - Parameters:
  ///   - place: the file.
  ///   - now: Unix time in seconds.
  func write(_ beat: Beat, to place: borrowing Place, now: Double) throws(HeartbeatError) {
    let old = try current(place)
    var text: [UInt8] = []
    let bytes = old?.bytes ?? []
    bytes.withUnsafeBufferPointer { bytes in
      let cursor = JSONCursor(bytes)
      text = HeartbeatMerge.entry(beat, now, over: old?.members ?? [], cursor, depth: 0)
    }
    text.append(UInt8(ascii: "\n"))
    guard text.count <= OwnFile.largest else { throw .tooLarge(file: place.path, limit: OwnFile.largest) }
    let copy = old?.damage.map { _ in DamagedFile.nextName(in: place) }
    try replace(place, with: text, like: old?.status, keepingAs: copy)
    if let copy, let damage = old?.damage {
      DamagedFile.removeOldest(place, but: copy)
      options.warn(
        "\(place.path) is not a heartbeat any more (\(damage)): moved it to \(place.beside(copy)) and began a new one")
    }
  }

  private func replace(
    _ place: borrowing Place, with text: [UInt8], like old: stat?, keepingAs copy: String?
  ) throws(HeartbeatError) {
    let replacement = Replacement(
      temporaryPrefix: OwnFile.temporaryPrefix, synchronises: options.synchronise, newFilesAreOf: .owner)
    do throws(HeartbeatError) {
      try replacement.replace(place, with: text, like: old, keepingAs: copy)
    } catch {
      if error.isAboutRights, let owner = try? place.folder.status(at: place.name).st_uid, owner != geteuid() {
        throw .ownedByAnother(file: place.path, user: owner)
      }
      throw error
    }
  }

  /// What the file holds now; nil when there is none. Somebody else's content is refused.
  private func current(_ place: borrowing Place) throws(HeartbeatError) -> Content? {
    var looks = 0
    var stillness = Stillness()
    while true {
      guard let (bytes, status) = try FileContents(limit: OwnFile.largest).readOnce(place) else { return nil }
      if UnreadableText.isBlank(bytes) { return Content(blank: status) }
      let problem: JSONError
      do throws(JSONError) {
        let content = try Content(bytes, status)
        guard content.isOurs else {
          throw JSONError(offset: 0, reason: OwnFile.noBeat)
        }
        return content
      } catch {
        problem = error
      }
      guard problem.reason != OwnFile.noBeat else { throw .foreignEntry(file: place.path, reason: problem.reason) }
      guard TornText.isEntry(bytes) else {
        throw .foreignEntry(file: place.path, reason: problem.description)
      }
      stillness.note(status)
      guard looks >= OwnFile.pauses.count else {
        usleep(OwnFile.pauses[looks])
        looks += 1
        continue
      }
      guard stillness.isLong else {
        // Until the next beat its writer will be done. But a time that lies ahead says nothing: it is watched.
        guard stillness.isAhead, stillness.watched < 2 * FileContents.settledAfter else {
          throw .beingWritten(file: place.path)
        }
        usleep(FileContents.longPause)
        continue
      }
      var content = Content(blank: status)
      content.damage = problem
      return content
    }
  }

  private static let noBeat = "it has no last_heartbeat that is a number"

  /// What a file holds, for who only reads; nil when it is no heartbeat.
  static func content(of place: borrowing Place) -> Content? {
    var looks = 0
    while true {
      guard let (bytes, status) = try? FileContents(limit: largest).readOnce(place) else { return nil }
      if let content = try? Content(bytes, status) { return content.isHeartbeat ? content : nil }
      guard looks < pauses.count else { return nil }
      usleep(pauses[looks])
      looks += 1
    }
  }
}
