internal import Glibc
internal import JSON
internal import POSIX

/// A folder in the place of the file: each process has a file of its own there, `NAME.json`, with its entry as the root object.
///
/// Each file is parsed again only when it changed, and never worse than it was last. To be used by one thread at a time.
struct OwnFolder: Sendable {
  /// Where the folder is.
  let path: String
  private let limits: ReadingLimits
  private var reader: SnapshotReader
  private var spare = HeartbeatSnapshot()
  private var listing: (stamp: ReadStamp, names: [[UInt8]])?
  private var items: [[UInt8]: Item] = [:]

  /// The last good content of all files.
  private(set) var snapshot = HeartbeatSnapshot()
  private(set) var generation: UInt64 = 0
  private(set) var isUp = false
  /// Bytes of all files together.
  private(set) var size = 0
  /// Unix time of the folder's last change.
  private(set) var modified: Double?
  private(set) var readErrors: [HeartbeatFileFailure: UInt64] = [:]
  private(set) var lastProblem: HeartbeatFileProblem?
  /// Files that cannot be read, or are no heartbeats.
  private(set) var bad: [SourceRecognition.LeftOut] = []

  /// One file.
  private struct Item {
    var stamp: ReadStamp?
    /// Its process as a member of `processes`; nil before it was ever good.
    var member: [UInt8]?
    var problem: Problem?
  }

  /// What is wrong with a file.
  private struct Problem {
    var skip: HeartbeatSnapshot.SkipReason?
    var sentence: String
  }

  /// The largest file that is read, in bytes.
  static let largestFile = 4 << 20

  init(path: String, stringKeys: Set<String>, limits: ReadingLimits) {
    self.path = path
    self.limits = limits
    reader = SnapshotReader(stringKeys: stringKeys, limits: limits)
  }

  /// Whether a path is to be taken for a folder: it is one, or ends as one.
  static func isMeant(_ path: String) -> Bool {
    var status = stat()
    if stat(path, &status) == 0 { return status.st_mode & S_IFMT == S_IFDIR }
    return path.hasSuffix("/") || path.hasSuffix(".d")
  }

  mutating func forget() {
    reader.forget()
    spare = HeartbeatSnapshot()
    listing = nil
    for name in items.keys { items[name]?.stamp = nil }
  }

  /// Looks at the folder, and reads what changed.
  mutating func refresh(mayWait: Bool) {
    do throws(Errno) { try readIfChanged(mayWait: mayWait) } catch { fail(error) }
  }

  private mutating func readIfChanged(mayWait: Bool) throws(Errno) {
    let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK)
    let status = try folder.status()
    modified = ReadStamp.seconds(status.st_mtim)
    let stamp = ReadStamp(status)
    let names: [[UInt8]]
    if let listing, listing.stamp == stamp {
      names = listing.names
    } else {
      let start = Clock.realtime
      var found: [[UInt8]] = []
      try FolderListings.list(folder, &found)
      names = found.filter { OwnFolder.process(ofFile: $0) != nil }
      listing = start - ReadStamp.seconds(status.st_ctim) > limits.timestampGrain ? (stamp, names) : nil
      let present = Set(names)
      items = items.filter { present.contains($0.key) }
    }
    var isChanged = generation == 0 || names.count != shown
    size = 0
    for name in names {
      if look(at: name, in: folder, mayWait: mayWait) { isChanged = true }
    }
    isUp = true
    lastProblem = nil
    if isChanged { parse(names) }
  }

  /// How many files the snapshot is of.
  private var shown = -1

  private mutating func fail(_ error: Errno) {
    let problem: HeartbeatFileProblem =
      switch error.rawValue {
      case ENOENT:
        HeartbeatFileProblem(
          failure: .missing, description: "\(path): there is no such folder yet; make it: install -d -m 1777 \(path)")
      case EACCES, EPERM:
        HeartbeatFileProblem(
          failure: .permissionDenied,
          description: "\(path): this user may not list it; expected read and search permission")
      default: HeartbeatFileProblem(failure: .inputOutput, description: "\(path): \(error)")
      }
    note(problem)
  }

  mutating func note(_ problem: HeartbeatFileProblem) {
    isUp = false
    lastProblem = problem
    readErrors[problem.failure, default: 0] += 1
  }

  /// Reads a file if it changed; says whether something else comes of it now.
  private mutating func look(at name: [UInt8], in folder: borrowing FileDescriptor, mayWait: Bool) -> Bool {
    var status = stat()
    let descriptor = folder.rawValue
    let file = String(decoding: name, as: UTF8.self)
    guard fstatat(descriptor, file, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
      // It went, or is no regular file.
      return items.removeValue(forKey: name)?.member != nil
    }
    size &+= Int(widening: status.st_size)
    let stamp = ReadStamp(status)
    if let known = items[name], known.stamp == stamp { return false }
    let start = Clock.realtime
    var attempt = mayWait ? 0 : limits.retries
    while true {
      var outcome = read(name, file, in: folder)
      if outcome.problem != nil, outcome.mayHeal, attempt < limits.retries {
        attempt += 1
        usleep(limits.retryPause)
        continue
      }
      let isSettled = start - ReadStamp.seconds(status.st_ctim) > limits.timestampGrain
      outcome.item.stamp = isSettled ? stamp : nil
      outcome.item.problem = outcome.problem
      let before = items[name]
      // What is being written, or cannot be read, is served as it was last.
      if outcome.item.member == nil, outcome.mayHeal { outcome.item.member = before?.member }
      let isNew = before?.member != outcome.item.member || before?.problem?.sentence != outcome.problem?.sentence
      items[name] = outcome.item
      return isNew
    }
  }

  private func read(
    _ name: [UInt8], _ file: String, in folder: borrowing FileDescriptor
  ) -> (item: Item, problem: Problem?, mayHeal: Bool) {
    var bytes: [UInt8] = []
    do throws(Errno) {
      let opened = try folder.open(at: file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY)
      try opened.readToEnd(appendingTo: &bytes, limit: OwnFolder.largestFile)
    } catch {
      let sentence =
        error.rawValue == EFBIG ? "more than \(OwnFolder.largestFile) bytes" : "\(error)"
      return (Item(), Problem(sentence: sentence), error.rawValue != EFBIG)
    }
    var found: (range: Range<Int>, hasTime: Bool)?
    do throws(JSONError) {
      found = try JSONError.catching(in: bytes) {
        (cursor) throws(JSONParseError) -> (range: Range<Int>, hasTime: Bool)? in
        var cursor = cursor
        cursor.begin()
        guard cursor.peek == UInt8(ascii: "{") else {
          try cursor.skipValue()
          try cursor.expectEnd()
          return nil
        }
        let start = cursor.position
        var hasTime = false
        try cursor.object { (cursor, key) throws(JSONParseError) in
          if cursor.isSame(key, "last_heartbeat") { hasTime = true }
          try cursor.skipValue()
        }
        let end = cursor.position
        try cursor.expectEnd()
        return (start..<end, hasTime)
      }
    } catch {
      return (Item(), Problem(sentence: bytes.isEmpty ? "it is empty" : "no JSON: \(error)"), true)
    }
    guard let found else { return (Item(), Problem(skip: .notAnObject, sentence: "no JSON object"), false) }
    guard found.hasTime, let process = OwnFolder.process(ofFile: name) else {
      return (Item(), Problem(skip: .missingLastHeartbeat, sentence: "there is no last_heartbeat"), false)
    }
    var member: [UInt8] = []
    JSONText.append(process, to: &member)
    member.append(UInt8(ascii: ":"))
    member.append(contentsOf: bytes[found.range])
    return (Item(member: member), nil, true)
  }

  private mutating func parse(_ names: [[UInt8]]) {
    var text = SourceText.head
    var skipped: [HeartbeatSnapshot.SkipReason: Int] = [:]
    bad = []
    for name in names {
      guard let item = items[name] else { continue }
      if let problem = item.problem {
        bad.append(.init(String(decoding: name, as: UTF8.self), problem.sentence))
        if let reason = problem.skip { skipped[reason, default: 0] += 1 }
      }
      guard let member = item.member else { continue }
      if text.count > SourceText.head.count { text.append(UInt8(ascii: ",")) }
      text.append(contentsOf: member)
    }
    text.append(contentsOf: SourceText.tail)
    shown = names.count
    do throws(JSONParseError) {
      var next = try reader.read(text, into: &spare)
      next.skipped.merge(skipped) { $0 + $1 }
      swap(&next, &snapshot)
      spare = next
      generation += 1
    } catch {
      note(HeartbeatFileProblem(failure: .tooLarge, description: "\(path): its files are too large together: \(error)"))
    }
  }

  // MARK: - Names

  /// The process of a file of that name; nil when it is no file of a process. A process has exactly one file name.
  static func process(ofFile name: [UInt8]) -> String? {
    guard name.count > 5, name.suffix(5).elementsEqual(".json".utf8), name.first != UInt8(ascii: ".") else {
      return nil
    }
    var bytes: [UInt8] = []
    var rest = name.dropLast(5)
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = rest.popFirst().flatMap(JSONString.hexadecimal),
        let low = rest.popFirst().flatMap(JSONString.hexadecimal)
      else { return nil }
      bytes.append(UInt8(truncatingIfNeeded: high << 4 | low))
    }
    guard let text = String(validating: bytes, as: UTF8.self), file(ofProcess: bytes) == Array(name) else { return nil }
    return text
  }

  /// The name of a process's file.
  static func file(ofProcess name: [UInt8]) -> [UInt8] {
    var file: [UInt8] = []
    for (place, byte) in name.enumerated() {
      let isEncoded =
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%")
        || place == 0 && byte == UInt8(ascii: ".")
      if isEncoded {
        file.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] { file.append(digit < 10 ? 0x30 + digit : 0x37 + digit) }
      } else {
        file.append(byte)
      }
    }
    return file + Array(".json".utf8)
  }
}
