/// What was removed on purpose from a folder of own files, so that nobody remembers it.
struct PrunedProcesses: Sendable {
  /// Unix times, by process.
  private(set) var times: [[UInt8]: Double] = [:]
  /// Whose the last files were of processes that are gone: a user's note counts for that user's files.
  private var owners: [String: UInt32] = [:]

  /// A process's file is gone.
  mutating func note(_ process: String, wasOf owner: UInt32?) {
    guard owners[process] != nil || owners.count < HeartbeatSnapshot.maximumPruned else { return }
    owners[process] = owner
  }

  /// Reads the notes of a folder; says whether they say something else than before.
  ///
  /// - Parameters:
  ///   - hasNotes: whether it has any.
  ///   - owner: the user id of the owner of a process's file that is there.
  mutating func read(in path: String, hasNotes: Bool, owner: (String) -> UInt32?) -> Bool {
    var next: [[UInt8]: Double] = [:]
    if hasNotes {
      let gone = owners
      for note in PrunedNotes.read(in: path, owner: { owner($0) ?? gone[$0] }) {
        guard next.count < HeartbeatSnapshot.maximumPruned else { break }
        let name = Array(note.process.utf8)
        next[name] = max(next[name] ?? note.time, note.time)
      }
    }
    defer { times = next }
    return next != times
  }
}
