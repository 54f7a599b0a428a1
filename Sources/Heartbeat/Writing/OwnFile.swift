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
  private static let pauses: [UInt32] = [1_000, 3_000, 10_000, 20_000, 40_000]

  let options: HeartbeatManager.Options

  /// What a file holds.
  struct Content {
    var bytes: [UInt8]
    var members: [JSONCursor.RawMember]
    var status: stat
    /// The Unix time of the last beat; nil when it says none.
    var lastHeartbeat: Double?
    /// Whether there is a `last_heartbeat`, of whatever kind.
    var isHeartbeat: Bool
    /// Whether it says something of a job's runs.
    var isJob = false

    /// Of nothing but white space.
    init(blank status: stat) {
      (bytes, members, self.status, isHeartbeat) = ([], [], status, false)
    }

    init(_ bytes: [UInt8], _ status: stat) throws(JSONError) {
      self.init(blank: status)
      self.bytes = bytes
      let found: ([JSONCursor.RawMember], Double?, Bool, Bool) = try JSONError.catching(in: bytes) {
        (cursor) throws(JSONParseError) in
        var cursor = cursor
        cursor.maximumNesting = .max
        cursor.begin()
        var members: [JSONCursor.RawMember] = []
        var time: Double?
        var isHeartbeat = false
        var isJob = false
        try cursor.object { (cursor, key) throws(JSONParseError) in
          let start = cursor.position
          if cursor.isSame(key, HeartbeatEntry.Key.lastHeartbeat) {
            isHeartbeat = true
            time = nil
            if cursor.startsNumber { time = try cursor.number() } else { try cursor.skipValue() }
          } else {
            if cursor.isSame(key, HeartbeatEntry.Key.job) { isJob = cursor.peek == UInt8(ascii: "{") }
            try cursor.skipValue()
          }
          members.append(JSONCursor.RawMember(key: key, value: start..<cursor.position))
        }
        try cursor.expectEnd()
        return (members, time, isHeartbeat, isJob)
      }
      (members, lastHeartbeat, isHeartbeat, isJob) = found
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
    try replace(place, with: text, like: old?.status)
  }

  private func replace(_ place: borrowing Place, with text: [UInt8], like old: stat?) throws(HeartbeatError) {
    let replacement = Replacement(
      temporaryPrefix: OwnFile.temporaryPrefix, synchronises: options.synchronise, sharesNewFiles: false)
    do throws(HeartbeatError) {
      try replacement.replace(place, with: text, like: old)
    } catch {
      if case .cannotWrite(_, let cause) = error, cause == .accessDenied || cause == .notPermitted,
        let owner = try? place.folder.status(at: place.name).st_uid, owner != geteuid()
      {
        throw .ownedByAnother(file: place.path, user: owner)
      }
      throw error
    }
  }

  /// What the file holds now; nil when there is none. Somebody else's content is refused, a damaged one moved aside.
  private func current(_ place: borrowing Place) throws(HeartbeatError) -> Content? {
    var looks = 0
    while true {
      guard let (bytes, status) = try FileContents(limit: OwnFile.largest).readOnce(place) else { return nil }
      if UnreadableText.isBlank(bytes) { return Content(blank: status) }
      let problem: JSONError
      do throws(JSONError) {
        let content = try Content(bytes, status)
        guard content.isHeartbeat || content.members.isEmpty else {
          throw JSONError(offset: 0, reason: OwnFile.noBeat)
        }
        return content
      } catch {
        problem = error
      }
      guard problem.reason != OwnFile.noBeat else { throw .foreignEntry(file: place.path, reason: problem.reason) }
      guard UnreadableText.isObjectWithBeat(bytes) else {
        throw .foreignEntry(file: place.path, reason: problem.description)
      }
      guard looks >= OwnFile.pauses.count else {
        usleep(OwnFile.pauses[looks])
        looks += 1
        continue
      }
      guard Clock.realtime - FileContents.time(status.st_mtim) >= FileContents.settledAfter else {
        throw .beingWritten(file: place.path)
      }
      do throws(Errno) {
        let name = try DamagedFile.moveAside(place)
        options.warn("\(place.path) is not a heartbeat any more (\(problem)): moved it to \(name) and began a new one")
      } catch {
        throw .cannotWrite(file: place.path, error)
      }
      return nil
    }
  }

  private static let noBeat = "it has no last_heartbeat"

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
