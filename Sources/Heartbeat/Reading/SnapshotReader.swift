public import JSON

/// Parses one content of a heartbeat file after the other, and takes over from the last one what did not change.
///
/// Most processes did not beat between two contents, so most of the text is the same: a member that stands there byte for
/// byte as before is compared and not parsed. What is remembered for that saves work and says nothing: each content gives
/// what it gives by itself.
public struct SnapshotReader: Sendable {
  private let stringKeys: Set<String>
  private let maximumEntries: Int
  private let limits: ReadingLimits
  private var maximumNameBytes: Int {
    let (bytes, isTooMuch) = maximumEntries.multipliedReportingOverflow(by: limits.nameBytes)
    return isTooMuch ? .max : bytes
  }
  /// Whether a pid that no kernel gives is shown as it stands there.
  private let keepsStrangePids: Bool
  /// All that is remembered; nil when there is nothing.
  private var memory: Memory?

  /// What is remembered of the last content that was good. Its parts point into one another, so they come and go together.
  ///
  /// A class, as it never changes: a copy of twenty arrays is not free where a file has ten processes.
  private final class Memory: Sendable {
    /// The keys of `snapshot.numbers` are its nodes.
    let paths: KeyPathTree
    /// Its places are those of `snapshot.entries`.
    let names: NameTable
    let snapshot: HeartbeatSnapshot

    init(paths: KeyPathTree, names: NameTable, snapshot: HeartbeatSnapshot) {
      (self.paths, self.names, self.snapshot) = (paths, names, snapshot)
    }
  }

  /// A reader that has read nothing yet.
  ///
  /// - Parameters:
  ///   - stringKeys: paths, joined by `.` or `_`, whose strings are kept.
  ///   - maximumEntries: further processes are left out and counted.
  public init(stringKeys: Set<String> = [], maximumEntries: Int = HeartbeatSnapshot.defaultMaximumEntries) {
    self.init(stringKeys: stringKeys, maximumEntries: maximumEntries, limits: ReadingLimits())
  }

  package init(
    stringKeys: Set<String>, maximumEntries: Int? = nil,
    limits: ReadingLimits, keepsStrangePids: Bool = false
  ) {
    self.stringKeys = stringKeys
    self.maximumEntries = maximumEntries ?? limits.entries
    self.limits = limits
    self.keepsStrangePids = keepsStrangePids
  }

  /// Forgets what was read: the next content is parsed as the first one is, and gives the same.
  public mutating func forget() {
    memory = nil
  }

  /// Parses the next content.
  ///
  /// - Parameters:
  ///   - bytes: the file; it becomes part of the snapshot, uncopied if nobody else holds it.
  ///   - spare: a snapshot that nobody needs any more: its memory is used again, and it is empty afterwards.
  public mutating func read(
    _ bytes: consuming [UInt8], into spare: inout HeartbeatSnapshot
  ) throws(JSONParseError) -> HeartbeatSnapshot {
    if let memory, memory.paths.count > limits.rememberedPaths { forget() }
    var (snapshot, decoded, paths, names) = try parse(bytes, into: &spare)
    if memory != nil, snapshot.skipped[.tooManyKeys] != nil {
      // Paths of contents before took the room of some of its own.
      forget()
      swap(&spare, &snapshot)
      (snapshot, decoded, paths, names) = try parse(bytes, into: &spare)
    }
    if memory == nil { snapshot.changes = SnapshotChanges() }
    // Appending nothing would still copy bytes that somebody else holds.
    if !decoded.isEmpty {
      // Exactly: an array that grows by itself takes twice its size.
      bytes.reserveCapacity(bytes.count + decoded.count)
      bytes.append(contentsOf: decoded)
    }
    snapshot.bytes = bytes
    memory = Memory(paths: paths, names: names, snapshot: snapshot)
    return snapshot
  }

  /// What comes of a content, still without its bytes. Not a value of its own: each part is handed on without being counted up.
  private typealias Parsed = (snapshot: HeartbeatSnapshot, decoded: [UInt8], paths: KeyPathTree, names: NameTable)

  /// Parses a content and remembers nothing of it.
  private func parse(
    _ bytes: borrowing [UInt8], into spare: inout HeartbeatSnapshot
  ) throws(JSONParseError) -> Parsed {
    let memory =
      memory
      ?? Memory(
        paths: KeyPathTree(wanted: stringKeys, maximumPaths: limits.keyPaths), names: NameTable(),
        snapshot: HeartbeatSnapshot())
    return try memory.snapshot.bytes.withUnsafeBufferPointer { old throws(JSONParseError) in
      try bytes.withUnsafeBufferPointer { text throws(JSONParseError) in
        // Both texts stay where they are as long as the parser is there.
        var parser = SnapshotParser(
          text, paths: memory.paths,
          previous: SnapshotParser.Previous(
            text: old, entries: memory.snapshot.entries, numbers: memory.snapshot.numbers, names: memory.names),
          maximumEntries: maximumEntries, maximumNumbers: limits.numbers, maximumNameBytes: maximumNameBytes,
          keepsStrangePids: keepsStrangePids, into: &spare)
        try parser.parse()
        return (parser.snapshot, parser.decoded, parser.paths, parser.names)
      }
    }
  }
}

extension HeartbeatSnapshot {
  /// The most processes of one file.
  public static let defaultMaximumEntries = 1_000_000

  /// Parses the content of a heartbeat file by itself.
  ///
  /// - Parameters:
  ///   - bytes: the file; it becomes part of the snapshot, uncopied if nobody else holds it.
  ///   - stringKeys: paths, joined by `.` or `_`, whose strings are kept.
  ///   - maximumEntries: further processes are left out and counted.
  public init(
    parsing bytes: consuming [UInt8], stringKeys: Set<String> = [], maximumEntries: Int = defaultMaximumEntries
  ) throws(JSONParseError) {
    var reader = SnapshotReader(stringKeys: stringKeys, maximumEntries: maximumEntries)
    var spare = HeartbeatSnapshot()
    self = try reader.read(bytes, into: &spare)
  }
}
