extension HeartbeatSnapshot {
  /// The most processes of one file.
  public static let defaultMaximumEntries = 1_000_000

  /// Parses the content of a heartbeat file.
  ///
  /// - Parameters:
  ///   - bytes: the file; it becomes part of the snapshot, uncopied if nobody else holds it.
  ///   - stringKeys: paths, joined by `.` or `_`, whose strings are kept.
  ///   - maximumEntries: further processes are left out and counted.
  public init(
    parsing bytes: consuming [UInt8], stringKeys: Set<String> = [], maximumEntries: Int = defaultMaximumEntries
  ) throws(HeartbeatParseError) {
    let result = bytes.withUnsafeBufferPointer { text -> Result<(HeartbeatSnapshot, [UInt8]), HeartbeatParseError> in
      var parser = SnapshotParser(text, stringKeys: stringKeys, maximumEntries: maximumEntries)
      do throws(HeartbeatParseError) { return .success(try parser.parse()) } catch { return .failure(error) }
    }
    let (snapshot, decoded) = try result.get()
    self = snapshot
    // Appending nothing would still copy bytes that somebody else holds.
    if !decoded.isEmpty { bytes.append(contentsOf: decoded) }
    self.bytes = bytes
  }
}
