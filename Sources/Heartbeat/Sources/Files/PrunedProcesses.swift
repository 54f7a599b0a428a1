internal import Glibc
internal import JSON
internal import POSIX

/// What was removed on purpose from a folder of own files, so that nobody remembers it.
///
/// In a sticky folder (1777) a user's note counts for that user's files only, but for root's and the folder's owner's,
/// who may remove any file: nobody can make readers forget somebody else's process. Whose a note is says the file, not
/// its name: the root of a container's user namespace writes a note of user 0, and is another user outside.
struct PrunedProcesses: Sendable {
  /// So many notes are read,
  static let mostNotes = 100
  /// of so many files that are notes by their names.
  static let mostLooks = 1_000

  /// Unix times, by process.
  private(set) var times: [[UInt8]: Double] = [:]
  /// Whose the last files were of processes that are gone: a user's note counts for that user's files.
  private var owners: [[UInt8]: uid_t] = [:]
  /// What the notes say, by their names.
  private var notes: [[UInt8]: Note] = [:]
  /// How many notes were parsed since the beginning.
  private(set) var parsed = 0

  /// What one says.
  private struct Note: Sendable {
    /// Nil where it may have changed since without a trace.
    var stamp: FileStamp?
    var user: uid_t
    var pruned: [(process: [UInt8], time: Double)] = []
  }

  /// One that may count.
  private struct Candidate {
    let name: [UInt8]
    let file: String
    let status: stat
    /// Whether it is that of the user in its name.
    let isOwn: Bool
  }

  /// A process's file is gone.
  mutating func note(_ process: String, wasOf owner: uid_t?) {
    let process = Array(process.utf8)
    guard owners[process] != nil || owners.count < HeartbeatSnapshot.maximumPruned else { return }
    owners[process] = owner
  }

  /// Forgets what saves work: the notes are parsed again.
  mutating func forget() {
    for name in notes.keys { notes[name]?.stamp = nil }
  }

  /// Reads the notes of a folder that changed; says whether they say something else than before.
  ///
  /// - Parameters:
  ///   - names: of the files that are notes by their names, sorted by their bytes.
  ///   - present: the users whose the processes' files are that are there. It is asked for once, and only if there are notes.
  ///   - grain: for how many seconds after a change a file may change without another time of change.
  ///   - afterReading: as that of `readContent`.
  mutating func read(
    _ names: [[UInt8]], in folder: borrowing FileDescriptor, grain: Double, afterReading: () -> Void = {},
    present: () -> [[UInt8]: uid_t]
  ) -> Bool {
    guard !names.isEmpty || !notes.isEmpty else { return false }
    var known: [[UInt8]: Note] = [:]
    var next: [[UInt8]: Double] = [:]
    if !names.isEmpty, let status = try? folder.status() {
      let present = present()
      let isSticky = status.st_mode & S_ISVTX != 0
      let users = Set(present.values).union(owners.values)
      for candidate in PrunedProcesses.candidates(names, in: folder, users, owner: status.st_uid) {
        guard let note = look(at: candidate, in: folder, grain, afterReading) else { continue }
        known[candidate.name] = note
        let mayAll = !isSticky || note.user == 0 || note.user == status.st_uid
        for (process, time) in note.pruned where mayAll || (present[process] ?? owners[process]) == note.user {
          guard next.count < HeartbeatSnapshot.maximumPruned || next[process] != nil else { continue }
          next[process] = max(next[process] ?? time, time)
        }
      }
    }
    notes = known
    defer { times = next }
    return next != times
  }

  /// The notes to read, those first that nobody else's may keep out: root's, the folder owner's, then by the users' numbers.
  ///
  /// - Parameter users: who has, or had, files there. Nobody can be one of them by a name alone.
  private static func candidates(
    _ names: [[UInt8]], in folder: borrowing FileDescriptor, _ users: Set<uid_t>, owner: uid_t
  ) -> ArraySlice<Candidate> {
    var found: [(rank: Int, user: uid_t, name: [UInt8])] = []
    var others = 0
    for name in names {
      guard let user = PrunedNotes.user(name) else { continue }
      let rank = user == 0 ? 0 : user == owner ? 1 : users.contains(user) ? 2 : 3
      if rank == 3 {
        // A folder may have as many of them as somebody likes to make.
        guard others < mostNotes else { continue }
        others += 1
      }
      found.append((rank, user, name))
    }
    found.sort { ($0.rank, $0.user) < ($1.rank, $1.user) }
    let candidates = found.prefix(mostLooks).compactMap { item -> Candidate? in
      let file = String(decoding: item.name, as: UTF8.self)
      guard let status = try? folder.status(at: file), status.isRegular else { return nil }
      return Candidate(name: item.name, file: file, status: status, isOwn: status.st_uid == item.user)
    }
    // Of one user so many bytes are read in all, whatever names the notes have.
    var bytes: [uid_t: Int] = [:]
    let fitting = (candidates.filter(\.isOwn) + candidates.filter { !$0.isOwn }).filter { candidate in
      let size = Int(widening: candidate.status.st_size)
      let room = PrunedNotes.largest - bytes[candidate.status.st_uid, default: 0]
      guard size <= room else { return false }
      bytes[candidate.status.st_uid, default: 0] += size
      return true
    }
    return fitting.prefix(mostNotes)
  }

  /// What a note says; nil where that is nothing. What is rewritten in place while it is read says what it said before, until the
  /// folder changes again: nobody is waited for.
  private mutating func look(
    at candidate: Candidate, in folder: borrowing FileDescriptor, _ grain: Double, _ afterReading: () -> Void
  ) -> Note? {
    let known = notes[candidate.name].flatMap { $0.user == candidate.status.st_uid ? $0 : nil }
    let stamp = FileStamp(candidate.status)
    if let known, known.stamp == stamp { return known }
    let start = Clock.realtime
    var bytes: [UInt8] = []
    do throws(Errno) {
      let opened = try folder.open(at: candidate.file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)
      let status = try opened.status()
      guard status.isRegular, FileStamp(status) == stamp else { return known }
      let isWhole = try opened.readContent(
        into: &bytes, limit: PrunedNotes.largest, since: status, afterReading: afterReading)
      guard isWhole else { return known }
    } catch {
      return nil
    }
    parsed += 1
    let isSettled = start - FileStamp.seconds(candidate.status.st_ctim) > grain
    var note = Note(stamp: isSettled ? stamp : nil, user: candidate.status.st_uid)
    note.pruned = PrunedNotes.pruned(bytes)
    return note
  }
}
