internal import Glibc
public import JSON
internal import POSIX

/// Writes and reads heartbeats: the one type a program needs to beat.
///
///     let heartbeats = HeartbeatManager()
///     try heartbeats.sendHeartbeat("bidder", additionalData: ["offset": 140])
///
/// Every writer takes an exclusive lock on `<file>.lock`, merges its entry into the file's text and replaces the file
/// in one step: no reader sees half a file, and no beat of a concurrent writer is lost. Where others may write too, links of
/// theirs are not followed, nobody loses the file, and somebody else's file is refused: docs/file-format.md says how.
public struct HeartbeatManager: Sendable {
  /// How the file is written.
  public struct Options: Sendable {
    /// The longest to wait for the lock.
    public var lockTimeout = Duration.seconds(5)
    /// Entries whose last beat is older are removed with each beat; zero keeps all.
    public var retention = Duration.seconds(86_400)
    /// Whether a beat is on the disk before `sendHeartbeat` returns (`fsync(2)`). Off: a crash of the whole host may
    /// cost the last beats, never the file's wholeness as other programs see it.
    public var synchronise = false
    /// The most bytes a heartbeat file may have.
    public var maximumFileSize = 64 << 20
    /// Gets a sentence when something went on but is worth knowing, such as a corrupt file moved aside. The default
    /// writes to standard error.
    public var warn: @Sendable (String) -> Void = { HeartbeatManager.printWarning($0) }

    /// Whether the program beats once and ends, again and again: it must not look through a folder each time.
    package var beatsOnce = false

    /// The defaults.
    public init() {}

    /// The Unix time before which entries are removed; nil keeps all.
    func oldest(_ now: Double) -> Double? {
      retention > .zero ? now - retention.inSeconds : nil
    }
  }

  /// The path of the heartbeat file, or of a folder in its place, in which each process has a file of its own: a path
  /// that ends in `/` or `.d`, or is a folder.
  public let file: String
  /// How it is written.
  public var options: Options

  /// Makes a manager; touches no file yet.
  ///
  /// - Parameter file: the file that many processes share, or a folder in which each has its own.
  public init(file: String = HeartbeatManager.defaultFile, options: Options = Options()) {
    self.file = file
    self.options = options
  }

  /// What the environment variable `HEARTBEAT_FILE` names, else `heartbeat_status.json` in the working directory.
  public static var defaultFile: String {
    if let value = getenv("HEARTBEAT_FILE"), value.pointee != 0 { return String(cString: value) }
    return "heartbeat_status.json"
  }

  /// This process's id.
  public static var currentPid: Int32 { getpid() }

  /// Says that a process is alive.
  ///
  /// - Parameters:
  ///   - processName: its name; any text but the empty one.
  ///   - status: one word on how it is.
  ///   - additionalData: its own numbers and words, which replace those of its last beat; nil leaves them.
  ///   - pid: its process id; nil writes none.
  ///   - host: the host it runs on; nil is this one.
  public func sendHeartbeat(
    _ processName: String, status: String = "alive", additionalData: JSONObject? = nil,
    pid: Int32? = HeartbeatManager.currentPid, host: String? = nil
  ) throws(HeartbeatError) {
    try sendHeartbeats([Beat(processName, status: status, additionalData: additionalData, pid: pid, host: host)])
  }

  /// Writes several beats under one lock with one replacement of the file; of several with one name the last wins,
  /// but for data that it leaves as they are.
  public func sendHeartbeats(_ beats: [Beat]) throws(HeartbeatError) {
    // By bytes: two texts that are equal as `String` may still be two names.
    var places: [[UInt8]: Int] = [:]
    var unique: [Beat] = []
    for beat in beats {
      guard !beat.name.isEmpty else { throw .invalidBeat("the process name is empty") }
      guard beat.name.utf8.count <= HeartbeatManager.longestName else {
        throw .invalidBeat("the process name has more than \(HeartbeatManager.longestName) bytes")
      }
      let beat = beat.takingKnownKeys()
      let name = Array(beat.name.utf8)
      if let place = places[name] {
        unique[place] = beat.following(unique[place])
      } else {
        places[name] = unique.count
        unique.append(beat)
      }
    }
    guard !beats.isEmpty else { return }
    if let ownFiles {
      if let failure = try ownFiles.send(unique).min(by: { $0.key < $1.key }) { throw failure.value }
      return
    }
    let now = Clock.realtime
    let oldest = options.oldest(now)
    _ = try HeartbeatUpdate(file: file, options: options).run(.merging) { (text) throws(JSONError) in
      try HeartbeatMerge(unique, into: text, now: now, removingBefore: oldest)
    }
  }

  /// The longest process name in bytes.
  public static let longestName = 1024

  /// What the file says of a process; nil when it says nothing.
  public func heartbeatStatus(of processName: String) throws(HeartbeatError) -> HeartbeatEntry? {
    if let ownFiles { return try ownFiles.heartbeat(of: processName) }
    return try allHeartbeats().last { $0.name.utf8.elementsEqual(processName.utf8) }
  }

  /// Whether a process beat within the last `timeout`.
  public func isProcessAlive(
    _ processName: String, timeout: Duration = HeartbeatEntry.defaultTimeout
  ) throws(HeartbeatError) -> Bool {
    try heartbeatStatus(of: processName)?.isAlive(at: Clock.realtime, timeout: timeout) ?? false
  }

  /// What the file says of every process, in the file's order; none when there is no file yet. Takes no lock.
  public func allHeartbeats() throws(HeartbeatError) -> [HeartbeatEntry] {
    if let ownFiles { return try ownFiles.heartbeats() }
    let place: Place
    do throws(PlaceError) {
      place = try Place.locate(file)
    } catch {
      if case .system(.noSuchFile) = error { return [] }
      throw error.described { .cannotRead(file: file, $0) }
    }
    switch try FileContents(limit: options.maximumFileSize, settles: false).read(place, WrittenHeartbeats.init) {
    case .missing, .empty: return []
    case .value(let found, _): return found.heartbeats
    case .damaged(let reason, _): throw .corrupt(file: file, reason: reason)
    }
  }

  /// Removes the entries whose last beat is older; returns their names. A corrupt file is left where it is.
  ///
  /// - Parameters:
  ///   - age: nil is the retention of the options.
  ///   - dryRun: only says what it would remove.
  /// - Throws: also where one may not be removed; all others are by then.
  @discardableResult
  public func prune(olderThan age: Duration? = nil, dryRun: Bool = false) throws(HeartbeatError) -> [String] {
    var refused: [HeartbeatError] = []
    let removed = try prune(olderThan: age, dryRun: dryRun, refused: &refused)
    if let first = refused.first { throw first }
    return removed
  }

  /// The same.
  ///
  /// - Parameter refused: gets which could not be removed, and why.
  package func prune(
    olderThan age: Duration?, dryRun: Bool, refused: inout [HeartbeatError]
  ) throws(HeartbeatError) -> [String] {
    let now = Clock.realtime
    let oldest = now - (age ?? options.retention).inSeconds
    if let ownFiles { return try ownFiles.prune(before: oldest, dryRun: dryRun, refused: &refused) }
    let update = HeartbeatUpdate(file: file, options: options)
    return try update.run(dryRun ? .listing : .removing) { (text) throws(JSONError) in
      try HeartbeatMerge([], into: text, now: now, removingBefore: oldest)
    }.removed
  }

  /// Removes the entries of processes, whatever their age, for good: readers forget them, too, also those whose entry is gone already.
  /// Returns those that were there.
  ///
  /// - Parameter dryRun: only says what it would remove.
  @discardableResult
  public func remove(_ processNames: [String], dryRun: Bool = false) throws(HeartbeatError) -> [String] {
    var isNoted = false
    return try remove(processNames, dryRun: dryRun, isNoted: &isNoted)
  }

  /// The same.
  ///
  /// - Parameter isNoted: gets whether readers are told to forget those that were not there.
  package func remove(
    _ processNames: [String], dryRun: Bool, isNoted: inout Bool
  ) throws(HeartbeatError) -> [String] {
    if dryRun {
      let there = Set(try allHeartbeats().map { Array($0.name.utf8) })
      return processNames.filter { there.contains(Array($0.utf8)) }
    }
    let outcome = try HeartbeatWriter(file: file, options: options).forget(processNames, notingAll: true)
    isNoted = outcome.isNoted
    return outcome.removed
  }

  /// Silences processes: until a time alerts about them wake nobody, and their state uses up no error budget. A silence that
  /// there is already is replaced.
  ///
  /// - Parameters:
  ///   - until: Unix time, within `Silence.longest`.
  ///   - comment: for those who look; at most `Silence.longestComment` bytes.
  ///   - createdBy: the user who says so.
  public func silence(_ processNames: [String], until: Double, comment: String? = nil, createdBy: String? = nil)
    throws(HeartbeatError)
  {
    _ = try change(processNames, Silence(until: until, comment: comment, createdBy: createdBy))
  }

  /// Ends the silences of processes; returns those that were silenced.
  @discardableResult
  public func endSilence(of processNames: [String]) throws(HeartbeatError) -> [String] {
    try change(processNames, nil)
  }

  private func change(_ processNames: [String], _ silence: Silence?) throws(HeartbeatError) -> [String] {
    let now = Clock.realtime
    var known: Set<[UInt8]> = []
    let names = processNames.filter { known.insert(Array($0.utf8)).inserted }
    for name in names where name.isEmpty || name.utf8.count > HeartbeatManager.longestName {
      throw .invalidBeat("a process name has 1 to \(HeartbeatManager.longestName) bytes")
    }
    if let silence, !silence.isActive(at: now) {
      throw .invalidBeat("a silence ends within \(Int(clamping: Silence.longest / 86_400)) days from now")
    }
    guard !names.isEmpty else { return [] }
    if let ownFiles { return try ownFiles.silence(names, silence, now: now) }
    return try HeartbeatUpdate(file: file, options: options).silence(names, silence, now: now)
  }

  /// The folder, when the path is one.
  private var ownFiles: OwnFiles? {
    HeartbeatLocation.isFolder(file) ? OwnFiles(path: file, options: options) : nil
  }

  static func printWarning(_ text: String) {
    var line = "heartbeat: \(text)\n"
    _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}

/// The entries of a heartbeat file's text.
private struct WrittenHeartbeats: RecognisableText {
  var heartbeats: [HeartbeatEntry] = []
  var foreignReason: String?

  init(_ text: [UInt8]) throws(JSONError) {
    guard case .object(let root) = try JSONValue(parsing: text) else {
      throw JSONError(offset: 0, reason: "expected an object")
    }
    guard let processes = root["processes"], processes != .null else { return }
    guard case .object(let processes) = processes else {
      foreignReason = "\"processes\" is no object"
      return
    }
    heartbeats = processes.members.compactMap { member in
      member.value.objectValue.map { HeartbeatEntry(name: member.key, entry: $0) }
    }
  }
}
