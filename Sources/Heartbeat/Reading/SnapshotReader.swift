/// Parses one content of a heartbeat file after the other, and takes over from the last one what did not change.
///
/// Most processes did not beat between two contents, so most of the text is the same: a member that stands there byte for
/// byte as before is compared and not parsed.
public struct SnapshotReader: Sendable {
  private let stringKeys: Set<String>
  private let maximumEntries: Int
  private var paths: KeyPathTree
  private var names = NameTable()
  private var hasPrevious = false

  /// Key paths are remembered from content to content; beyond this many they are forgotten, with those that are no
  /// longer used.
  private static let maximumRememberedPaths = HeartbeatSnapshot.maximumKeyPaths / 2

  /// A reader that has read nothing yet.
  ///
  /// - Parameters:
  ///   - stringKeys: paths, joined by `.` or `_`, whose strings are kept.
  ///   - maximumEntries: further processes are left out and counted.
  public init(stringKeys: Set<String> = [], maximumEntries: Int = HeartbeatSnapshot.defaultMaximumEntries) {
    self.stringKeys = stringKeys
    self.maximumEntries = maximumEntries
    paths = KeyPathTree(wanted: stringKeys)
  }

  /// Parses the next content.
  ///
  /// - Parameters:
  ///   - bytes: the file; it becomes part of the snapshot, uncopied if nobody else holds it.
  ///   - previous: what the last successful call gave; ignored before there was one.
  ///   - spare: a snapshot that nobody needs any more: its memory is used again, and it is empty afterwards.
  public mutating func read(
    _ bytes: consuming [UInt8], after previous: HeartbeatSnapshot, into spare: inout HeartbeatSnapshot
  ) throws(HeartbeatParseError) -> HeartbeatSnapshot {
    if paths.count > SnapshotReader.maximumRememberedPaths {
      paths = KeyPathTree(wanted: stringKeys)
      hasPrevious = false
    }
    let result = parse(bytes, after: previous, into: &spare)
    var (snapshot, decoded) = try result.get()
    if !hasPrevious { snapshot.changes = SnapshotChanges() }
    hasPrevious = true
    // Appending nothing would still copy bytes that somebody else holds.
    if !decoded.isEmpty { bytes.append(contentsOf: decoded) }
    snapshot.bytes = bytes
    return snapshot
  }

  private mutating func parse(
    _ bytes: borrowing [UInt8], after previous: HeartbeatSnapshot, into spare: inout HeartbeatSnapshot
  ) -> Result<(snapshot: HeartbeatSnapshot, decoded: [UInt8]), HeartbeatParseError> {
    let (entries, numbers) = hasPrevious ? (previous.entries, previous.numbers) : ([], [])
    return previous.bytes.withUnsafeBufferPointer { old in
      bytes.withUnsafeBufferPointer { text in
        // Both texts stay where they are as long as the parser is there.
        var parser = SnapshotParser(
          text, paths: paths,
          previous: SnapshotParser.Previous(text: old, entries: entries, numbers: numbers, names: names),
          maximumEntries: maximumEntries, into: &spare)
        do throws(HeartbeatParseError) { try parser.parse() } catch { return .failure(error) }
        (paths, names) = (parser.paths, parser.names)
        return .success((parser.snapshot, parser.decoded))
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
  ) throws(HeartbeatParseError) {
    var reader = SnapshotReader(stringKeys: stringKeys, maximumEntries: maximumEntries)
    var spare = HeartbeatSnapshot()
    self = try reader.read(bytes, after: HeartbeatSnapshot(), into: &spare)
  }
}
