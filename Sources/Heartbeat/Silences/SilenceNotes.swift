internal import Glibc
internal import JSON
internal import POSIX

/// What a folder of heartbeats says of processes that somebody has silenced: `{"silences": {"NAME": {"until": ...}}}` in a
/// file `.heartbeat-silence-<user id>-<16 hexadecimal digits>` for each user and process. It is written by `rename(2)`,
/// without a lock: two that silence at once do not take each other's away.
enum SilenceNotes {
  static let prefix = ".heartbeat-silence-"
  /// The most bytes of a note.
  static let largest = 16 << 10

  /// The note of a user about a process: the same one each time, so that a new silence replaces the one before.
  static func fileName(of process: String, user: uid_t) -> String {
    // A name may be too long to stand in another one.
    fileName(user, FNV1a(process.utf8).value)
  }

  private static func fileName(_ user: uid_t, _ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return "\(prefix)\(user)-" + String(repeating: "0", count: max(0, 16 - digits.count)) + digits
  }

  /// Writes this user's note about a process.
  static func write(_ process: String, _ silence: Silence, to place: inout Place) throws(HeartbeatError) {
    let text = JSONValue.object(["silences": .object([process: .object(silence.object)])]).serialised(pretty: true)
    // Everybody may read it, whatever the umask: else the one who reads the folder does not know of it.
    var like = stat()
    (like.st_uid, like.st_gid, like.st_mode) = (geteuid(), getegid(), S_IFREG | 0o644)
    let replacement = Replacement(temporaryPrefix: OwnFile.temporaryPrefix, synchronises: false, newFilesAreOf: .maker)
    place.name = fileName(of: process, user: geteuid())
    // Somebody else may have put something there that this user cannot replace: another name does as well.
    if let owner = try? place.folder.status(at: place.name).st_uid, owner != geteuid() {
      place.name = fileName(geteuid(), UInt64.random(in: .min ... .max))
    }
    place.path = place.beside(place.name)
    try replacement.replace(place, with: text + [UInt8(ascii: "\n")], like: like)
  }
}

extension OwnFiles {
  /// Silences processes, or ends what silences there are.
  ///
  /// - Parameter silence: nil ends them.
  /// - Returns: those of the names that were silenced before.
  func silence(_ processes: [String], _ silence: Silence?, now: Double) throws(HeartbeatError) -> [String] {
    var place = try open()
    let known = try SilenceNotes.known(in: path)
    let before = processes.filter { name in
      known.contains { $0.process.utf8.elementsEqual(name.utf8) && $0.until > now }
    }
    if let silence {
      let others = known.count { $0.user == geteuid() && $0.until > now && !processes.contains($0.process) }
      guard others + processes.count <= SilencesText.most else {
        throw .tooManySilences(file: path, limit: SilencesText.most)
      }
      for process in processes { try SilenceNotes.write(process, silence, to: &place) }
    }
    // What is over, or ended now, goes; of a process that is silenced anew this user's new note stays.
    let written = Set(silence == nil ? [] : processes.map { SilenceNotes.fileName(of: $0, user: geteuid()) })
    for note in known where !written.contains(note.file) {
      let isMeant = processes.contains { $0.utf8.elementsEqual(note.process.utf8) }
      guard note.until <= now || isMeant && silence == nil else { continue }
      do throws(Errno) {
        try place.folder.unlink(note.file)
      } catch {
        if isMeant, silence == nil, note.until > now, error != .noSuchFile {
          throw .silencedByAnother(process: note.process, user: note.user)
        }
      }
    }
    return before
  }
}
