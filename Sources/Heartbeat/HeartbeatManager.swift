internal import Glibc
public import JSON
internal import POSIX

/// Writes and reads heartbeats: the one type a program needs to beat.
///
///     let heartbeats = HeartbeatManager()
///     try heartbeats.sendHeartbeat("bidder", additionalData: ["offset": 140])
///
/// Every writer takes an exclusive lock on `<file>.lock`, merges its entry into the file's text and replaces the file
/// in one step: no reader sees half a file, and no beat of a concurrent writer is lost. A symbolic link is followed:
/// lock and temporary file lie beside the file that it points to.
public struct HeartbeatManager: Sendable {
  /// How the file is written.
  public struct Options: Sendable {
    /// The most seconds to wait for the lock.
    public var lockTimeout = 5.0
    /// Entries whose last beat is older, in seconds, are removed with each beat; 0 keeps all.
    public var retention = 86_400.0
    /// Whether a beat is on the disk before `sendHeartbeat` returns (`fsync(2)`). Off: a crash of the whole host may
    /// cost the last beats, never the file's wholeness as other programs see it.
    public var synchronise = false
    /// The most bytes a heartbeat file may have.
    public var maximumFileSize = 64 << 20
    /// Gets a sentence when something went on but is worth knowing, such as a corrupt file moved aside. The default
    /// writes to standard error.
    public var warn: @Sendable (String) -> Void = { HeartbeatManager.printWarning($0) }

    /// The defaults.
    public init() {}
  }

  /// The path of the heartbeat file.
  public let file: String
  /// How it is written.
  public var options: Options

  /// Makes a manager; touches no file yet.
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
      let name = Array(beat.name.utf8)
      if let place = places[name] {
        unique[place] = beat.following(unique[place])
      } else {
        places[name] = unique.count
        unique.append(beat)
      }
    }
    guard !beats.isEmpty else { return }
    let now = Clock.realtime
    let oldest = options.retention > 0 ? now - options.retention : nil
    _ = try HeartbeatUpdate(file: file, options: options).run(.merging) { (text) throws(JSONError) in
      try HeartbeatMerge(unique, into: text, now: now, removingBefore: oldest)
    }
  }

  /// The longest process name in bytes.
  public static let longestName = 1024

  /// What the file says of a process; nil when it says nothing.
  public func heartbeatStatus(of processName: String) throws(HeartbeatError) -> Heartbeat? {
    try allHeartbeats().last { $0.name == processName }
  }

  /// Whether a process beat within the last `timeout` seconds.
  public func isProcessAlive(
    _ processName: String, timeout: Double = Heartbeat.defaultTimeout
  ) throws(HeartbeatError) -> Bool {
    try heartbeatStatus(of: processName)?.isAlive(at: Clock.realtime, timeout: timeout) ?? false
  }

  /// What the file says of every process, in the file's order; none when there is no file yet. Takes no lock.
  public func allHeartbeats() throws(HeartbeatError) -> [Heartbeat] {
    let contents: FileContents
    do throws(Errno) {
      contents = FileContents(file: try Path.followingLinks(file), limit: options.maximumFileSize)
    } catch {
      throw .cannotRead(file: file, error)
    }
    let reading = try contents.read { (text) throws(JSONError) in
      guard !text.isEmpty else { return [Heartbeat]() }
      guard case .object(let root) = try JSONValue(parsing: text) else {
        throw JSONError(offset: 0, reason: "expected an object")
      }
      guard let processes = root["processes"], processes != .null else { return [] }
      guard case .object(let processes) = processes else {
        throw JSONError(offset: 0, reason: "\"processes\" is not an object")
      }
      return processes.members.compactMap { member in
        member.value.objectValue.map { Heartbeat(name: member.key, entry: $0) }
      }
    }
    switch reading {
    case .missing: return []
    case .value(let heartbeats, _): return heartbeats
    case .corrupt(let error, _): throw .corrupt(file: file, reason: error.description)
    }
  }

  /// Removes the entries whose last beat is older; returns their names. A corrupt file is left where it is.
  ///
  /// - Parameters:
  ///   - age: in seconds; nil is the retention of the options.
  ///   - dryRun: only says what it would remove.
  @discardableResult
  public func prune(olderThan age: Double? = nil, dryRun: Bool = false) throws(HeartbeatError) -> [String] {
    let now = Clock.realtime
    let oldest = now - (age ?? options.retention)
    let update = HeartbeatUpdate(file: file, options: options)
    return try update.run(dryRun ? .listing : .removing) { (text) throws(JSONError) in
      try HeartbeatMerge([], into: text, now: now, removingBefore: oldest)
    }
  }

  private static func printWarning(_ text: String) {
    var line = "heartbeat: \(text)\n"
    _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
