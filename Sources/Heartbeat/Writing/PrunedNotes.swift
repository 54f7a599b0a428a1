internal import Glibc
internal import JSON
internal import POSIX

/// What a folder of heartbeats says of processes that somebody has pruned: `{"pruned": {"NAME": TIME}}` in a file
/// `.heartbeat-pruned-<user id>` for each user who has pruned.
///
/// An entry that vanishes without a good-bye is remembered by readers; one that was removed on purpose must not be.
package struct PrunedNotes {
  /// Process names with the Unix times at which they were pruned, and by whom.
  package struct Note: Sendable, Equatable {
    package let process: String
    package let time: Double
    package let user: UInt32
  }

  private static let prefix = ".heartbeat-pruned-"
  private static let largest = 1 << 20
  /// Of so many users the notes are read.
  private static let mostFiles = 100

  /// Whether a file of that name says such things.
  static func isNote(_ name: some Collection<UInt8>) -> Bool { name.starts(with: prefix.utf8) }

  static func fileName(of user: uid_t) -> String { prefix + String(user) }

  /// Adds processes to this user's note.
  static func add(_ processes: [String], to place: borrowing Place, now: Double) throws(HeartbeatError) {
    var text: [UInt8] = []
    var old: stat?
    // A link, or a file of another user's, is none of ours: it is replaced, not read.
    if let (bytes, status) = try? FileContents(limit: largest).readOnce(place), status.st_uid == geteuid() {
      (text, old) = (bytes, status)
    }
    let added =
      (try? PrunedNames.adding(processes, to: text, now: now))
      ?? (try? PrunedNames.adding(processes, to: Array("{}\n".utf8), now: now))
    guard let added else { return }
    let replacement = Replacement(
      temporaryPrefix: OwnFile.temporaryPrefix, synchronises: false, newFilesAreOf: .maker)
    try replacement.replace(place, with: added, like: old)
  }

  /// The notes of a folder that count.
  ///
  /// In a sticky folder (1777) a user's note counts for that user's files only, but for root's and the folder's owner's,
  /// who may remove any file: nobody can make readers forget somebody else's process.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - owner: the user id of the owner of a process's last file; nil when it is not known.
  package static func read(in path: String, owner: (String) -> UInt32?) -> [Note] {
    guard let folder = try? Place.openFolder(path), let status = try? folder.status() else { return [] }
    let isSticky = status.st_mode & S_ISVTX != 0
    var place = Place(folder: folder, name: "", path: path + "/x")
    guard let names = try? place.names() else { return [] }
    var notes: [Note] = []
    for name in names.filter({ $0.utf8.starts(with: prefix.utf8) }).sorted().prefix(mostFiles) {
      place.name = name
      guard let (bytes, file) = try? FileContents(limit: largest).readOnce(place),
        let pruned = try? JSONValue(parsing: bytes).objectValue?["pruned"]?.objectValue
      else { continue }
      let mayAll = !isSticky || file.st_uid == 0 || file.st_uid == status.st_uid
      for member in pruned.members {
        guard let time = member.value.doubleValue, mayAll || owner(member.key) == file.st_uid else { continue }
        notes.append(Note(process: member.key, time: time, user: file.st_uid))
      }
    }
    return notes
  }
}
