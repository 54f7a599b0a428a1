internal import Glibc
internal import JSON
internal import POSIX

/// The notes of a folder of heartbeats on which processes are silenced.
///
/// In a sticky folder (1777) a user's note counts for that user's own processes only, but for root's and the folder's
/// owner's, who may replace any file: nobody can silence somebody else's process. Where everybody may replace every file,
/// everybody's notes count.
struct SilenceFiles: Sendable {
  /// Of so many files of one user, and of all, notes are read.
  private static let mostOfOne = 1_000
  private static let most = 10_000

  /// A note, by its file's name.
  private var items: [[UInt8]: Item] = [:]
  private var isSticky = false
  private var owner: uid_t = 0

  private struct Item: Sendable {
    var stamp: FileStamp?
    var user: uid_t
    var found = SilencesText.Found()
    /// Why it cannot be read.
    var problem: String?
  }

  /// Whether a file of this name may be a note.
  static func isMeant(_ name: some Collection<UInt8>) -> Bool { name.starts(with: SilenceNotes.prefix.utf8) }

  /// The user whose note a file is by its name; nil when it is none.
  private static func user(_ name: [UInt8]) -> uid_t? {
    let digits = name.dropFirst(SilenceNotes.prefix.utf8.count).prefix { $0 != UInt8(ascii: "-") }
    guard isMeant(name), let user = uid_t(String(decoding: digits, as: UTF8.self)),
      String(user).utf8.elementsEqual(digits)
    else { return nil }
    return user
  }

  /// The owners of processes' files that are gone: what these users silence goes on.
  private var gone: [[UInt8]: uid_t] = [:]
  private static let mostGone = 10_000

  /// Notes that a process's file is gone.
  ///
  /// - Parameter file: its name.
  mutating func noteGone(_ file: [UInt8], wasOf user: uid_t?) {
    guard let user else { return }
    if gone.count >= SilenceFiles.mostGone { gone = [:] }
    gone[file] = user
  }

  /// Whether there is no note.
  var isEmpty: Bool { items.isEmpty }

  /// The name of a process's own file.
  private static func file(of process: [UInt8]) -> [UInt8]? {
    OwnFileName.file(of: String(decoding: process, as: UTF8.self)).map { Array($0.utf8) }
  }

  /// Forgets what saves work: the notes are read again.
  mutating func forget() {
    for name in items.keys { items[name]?.stamp = nil }
  }

  /// Reads the notes that changed; says whether something else comes of them now.
  ///
  /// - Parameters:
  ///   - names: of the files that may be notes.
  ///   - status: of the folder.
  ///   - owners: the owners of the processes' own files.
  mutating func refresh(
    _ names: [[UInt8]], in folder: borrowing FileDescriptor, _ status: stat, owners: () -> Set<uid_t>,
    grain: Double
  ) -> Bool {
    let before = (isSticky, owner)
    (isSticky, owner) = (status.st_mode & S_ISVTX != 0, status.st_uid)
    var isChanged = before != (isSticky, owner) && !items.isEmpty
    guard !names.isEmpty || !items.isEmpty else { return false }
    let wanted = wanted(names, owners)
    let present = Set(wanted)
    for name in items.keys where !present.contains(name) {
      items[name] = nil
      isChanged = true
    }
    for name in wanted where look(at: name, in: folder, grain: grain) { isChanged = true }
    return isChanged
  }

  /// The notes to read: nobody can keep out those that count by making many others.
  private func wanted(_ names: [[UInt8]], _ owners: () -> Set<uid_t>) -> [[UInt8]] {
    let trusted = isSticky && !names.isEmpty ? owners().union(gone.values).union([0, owner]) : []
    var found: [(rank: Int, user: uid_t, name: [UInt8])] = []
    for name in names {
      guard let user = SilenceFiles.user(name), !isSticky || trusted.contains(user) else { continue }
      found.append((user == 0 ? 0 : user == owner ? 1 : 2, user, name))
    }
    found.sort {
      ($0.rank, $0.user) != ($1.rank, $1.user)
        ? ($0.rank, $0.user) < ($1.rank, $1.user) : $0.name.lexicographicallyPrecedes($1.name)
    }
    var counts: [uid_t: Int] = [:]
    let kept = found.filter { item in
      counts[item.user, default: 0] += 1
      return counts[item.user, default: 0] <= SilenceFiles.mostOfOne
    }
    return kept.prefix(SilenceFiles.most).map(\.name)
  }

  private mutating func look(at name: [UInt8], in folder: borrowing FileDescriptor, grain: Double) -> Bool {
    let file = String(decoding: name, as: UTF8.self)
    let start = Clock.realtime
    guard let user = SilenceFiles.user(name), let status = try? folder.status(at: file), status.isRegular,
      status.st_uid == user, status.st_nlink == 1
    else { return items.removeValue(forKey: name) != nil }
    let stamp = FileStamp(status)
    if let known = items[name]?.stamp, known == stamp { return false }
    guard var item = SilenceFiles.read(file, of: user, in: folder) else { return false }
    item.stamp = start - FileStamp.seconds(status.st_ctim) > grain ? stamp : nil
    defer { items[name] = item }
    guard let before = items[name] else { return true }
    return before.found != item.found || before.problem != item.problem
  }

  /// What a note says; nil where it was rewritten in place while it was read: what it said before counts until the next look.
  private static func read(_ file: String, of user: uid_t, in folder: borrowing FileDescriptor) -> Item? {
    var item = Item(user: user)
    var bytes: [UInt8] = []
    do throws(Errno) {
      let opened = try folder.open(at: file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)
      let status = try opened.status()
      guard status.isRegular, status.st_uid == user, status.st_nlink == 1 else { throw Errno(EINVAL) }
      let isWhole = try opened.readContent(into: &bytes, limit: SilenceNotes.largest, since: status)
      guard isWhole else { return nil }
    } catch {
      item.problem = error.rawValue == EFBIG ? "it is too large for a note" : "\(error)"
      return item
    }
    guard let object = try? JSONValue(parsing: bytes).objectValue else {
      item.problem = "it is no JSON object"
      return item
    }
    guard let value = object["silences"] else {
      item.problem = "it has no silences"
      return item
    }
    item.found = SilencesText.read(value)
    return item
  }

  /// What counts of the notes.
  struct Counted {
    var silences: [[UInt8]: Silence] = [:]
    /// Those among them that count for whatever process: who wrote them may replace every file.
    var ofAny: [[UInt8]: Silence] = [:]
    /// Names of silences that cannot be used.
    var bad: [String] = []
    /// Notes that cannot be read, and why.
    var unreadable: [(file: String, reason: String)] = []
  }

  /// What counts of the notes.
  ///
  /// - Parameter ownerOf: the owner of a file by its name; nil when there is none.
  func counted(_ ownerOf: ([UInt8]) -> uid_t?) -> Counted {
    var counted = Counted()
    for (name, item) in items.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      func counts(_ process: [UInt8]) -> Bool {
        !isSticky || item.user == 0 || item.user == owner
          || SilenceFiles.file(of: process).flatMap { ownerOf($0) ?? gone[$0] } == item.user
      }
      if let problem = item.problem { counted.unreadable.append((String(decoding: name, as: UTF8.self), problem)) }
      counted.bad += item.found.bad
      for (process, silence) in item.found.silences where counts(process) {
        // Of several the one that ends last.
        if let known = counted.silences[process], known.until >= silence.until { continue }
        counted.silences[process] = silence
      }
      guard !isSticky || item.user == 0 || item.user == owner else { continue }
      counted.ofAny.merge(item.found.silences) { $0.until >= $1.until ? $0 : $1 }
    }
    return counted
  }
}

extension SilenceNotes {
  /// A silence that somebody has noted, whether it counts or not.
  struct Known {
    let file: String
    let process: String
    let user: uid_t
    let until: Double
  }

  /// All of a folder.
  static func known(in path: String) throws(HeartbeatError) -> [Known] {
    do throws(Errno) {
      let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
      var names: [[UInt8]] = []
      _ = try FolderListings.list(folder, &names)
      var known: [Known] = []
      for name in names where name.starts(with: prefix.utf8) {
        let file = String(decoding: name, as: UTF8.self)
        guard let status = try? folder.status(at: file) else { continue }
        known += SilenceFiles.silences(in: file, of: status.st_uid, folder).map {
          Known(
            file: file, process: String(decoding: $0.key, as: UTF8.self), user: status.st_uid, until: $0.value.until)
        }
      }
      return known
    } catch {
      throw .cannotRead(file: path, error)
    }
  }
}

extension SilenceFiles {
  fileprivate static func silences(
    in file: String, of user: uid_t, _ folder: borrowing FileDescriptor
  ) -> [[UInt8]: Silence] {
    (read(file, of: user, in: folder) ?? read(file, of: user, in: folder))?.found.silences ?? [:]
  }
}

extension stat {
  /// Whether the file belongs to root or this user, and nobody else can write it.
  ///
  /// - Parameter bit: of a folder's mode, that makes it good whoever may write it: `S_ISVTX`.
  func isGuarded(allowing bit: mode_t = 0) -> Bool {
    (st_uid == 0 || st_uid == geteuid()) && (st_mode & 0o022 == 0 || st_mode & bit != 0)
  }
}
