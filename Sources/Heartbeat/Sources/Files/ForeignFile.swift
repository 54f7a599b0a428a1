internal import Glibc
internal import JSON
internal import POSIX

/// What makes of a file of another program what our own files are.
package struct ForeignFile: Sendable {
  /// What its source says of it.
  let settings: SourceSettings
  /// What the stars of the source's pattern matched.
  let stars: [String]
  private let zone: ZoneRules

  /// - Parameter zone: in which clocks here go.
  package init(_ settings: SourceSettings, stars: [String] = [], zone: ZoneRules) {
    (self.settings, self.stars, self.zone) = (settings, stars, zone)
  }

  private func facts(_ path: String, _ modified: Double) -> SourceFacts {
    SourceFacts(path: path, stars: stars, modified: modified, zone: zone)
  }

  /// Whether our own layout is looked for.
  var mayBeOurs: Bool { settings.layout == nil || settings.layout == .ours }

  /// Whether what our own reader says of a content does not keep it from being of another layout.
  func isForeign(_ error: JSONParseError) -> Bool {
    if settings.layout == .ours { return false }
    // With processes that are no object it is a broken one of ours.
    if case .wrongShape(_, SnapshotParser.expectedProcesses) = error { return false }
    return true
  }

  func recognise(
    _ bytes: [UInt8], path: String, modified: Double, isTail: Bool
  ) -> Result<SourceRecognition, SourceFailure> {
    if bytes.count > ForeignFile.largest, !isTail {
      return .failure(.noBeat("it has more than \(ForeignFile.largest) bytes; expected at most these"))
    }
    var facts = facts(path, modified)
    facts.isTail = isTail
    return Recogniser.recognise(bytes, facts, settings)
  }

  /// The largest file of another layout that is read whole, in bytes.
  package static let largest = 8 << 20

  // MARK: - Touched files

  /// Whether an empty file's own time may be a beat.
  func mayBeTouched(_ path: String) -> Bool {
    let facts = facts(path, 0)
    guard settings.layout == nil || settings.layout == .touched else { return false }
    if settings.time == .modified { return true }
    return settings.time == nil && !["json", "jsonl", "ndjson"].contains(facts.suffix)
      && SourceName.markOfStart(facts) == nil
  }

  /// What an empty file says.
  func touched(_ path: String, modified: Double) -> SourceRecognition {
    TouchedLayout.read(SourceReading(facts(path, modified), settings, times: []), rule: "it is empty")
  }

  // MARK: - Files that grow

  /// A larger file may be one that grows, in bytes.
  let smallestTail = 256 << 10
  /// So much of its end is read.
  private var tailLength: Int { settings.each == nil ? 64 << 10 : 4 << 20 }
  /// A first line that is longer tells nothing.
  private static let headLength = 16 << 10

  /// The end of a file whose first line is one record; nil when it is none.
  func tail(of file: borrowing FileDescriptor, size: Int) throws(Errno) -> [UInt8]? {
    if let layout = settings.layout, layout != .lines, layout != .text { return nil }
    let head = try ForeignFile.bytes(of: file, at: 0, count: ForeignFile.headLength)
    if settings.layout == nil || settings.layout == .lines {
      let line = head.prefix { $0 != 0x0A }
      guard line.count < head.count, TextEncoding.utf8(Array(line)) != nil else { return nil }
      if let first = line.first(where: { !TextLines.isSpace($0) }),
        first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
      {
        let isRecord = (try? JSONValue(parsing: Array(line))) != nil
        // `[2026-11-25 18:45:10] beat` is a text, `[` alone the begin of an array.
        let isText = first == UInt8(ascii: "[") && TimeScanner.first(in: line, near: 0) != nil
        guard isRecord || isText else { return nil }
      }
    }
    return try ForeignFile.bytes(of: file, at: max(0, size - tailLength), count: tailLength)
  }

  private static func bytes(of file: borrowing FileDescriptor, at place: Int, count: Int) throws(Errno) -> [UInt8] {
    let descriptor = file.rawValue
    _ = try retryingOnInterrupt { lseek(descriptor, place, SEEK_SET) }
    var bytes = [UInt8](repeating: 0, count: max(0, count))
    var filled = 0
    while filled < bytes.count {
      let start = filled
      let got = try retryingOnInterrupt {
        bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: start), $0.count - start) }
      }
      if got == 0 { break }
      filled += got
    }
    bytes.removeLast(max(0, bytes.count - filled))
    return bytes
  }
}
