internal import Glibc
internal import JSON
internal import POSIX

/// What a folder of heartbeats says of processes that somebody has pruned: `{"pruned": {"NAME": TIME}}` in a file
/// `.heartbeat-pruned-<user id>` for each user who has pruned.
///
/// An entry that vanishes without a good-bye is remembered by readers; one that was removed on purpose must not be.
enum PrunedNotes {
  private static let prefix = ".heartbeat-pruned-"
  /// A larger one is not read.
  static let largest = 1 << 20

  /// The user in the name of a file; nil when it is no note by its name.
  static func user(_ name: some Collection<UInt8>) -> uid_t? {
    guard name.starts(with: prefix.utf8) else { return nil }
    let digits = name.dropFirst(prefix.utf8.count)
    // Anybody may make names, so many that no text is made of each: ten digits, and no second spelling of a number.
    guard (1...10).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
    var user: UInt64 = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      user = 10 * user + UInt64(widening: digit &- UInt8(ascii: "0"))
    }
    return uid_t(exactly: user)
  }

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

  /// What a note says: of so many processes as writers keep in it, the latest, when they were pruned.
  static func pruned(_ bytes: [UInt8]) -> [(process: [UInt8], time: Double)] {
    guard let pruned = try? JSONValue(parsing: bytes).objectValue?["pruned"]?.objectValue else { return [] }
    return pruned.members.suffix(PrunedNames.most).compactMap { member in
      member.value.doubleValue.map { (Array(member.key.utf8), $0) }
    }
  }
}
