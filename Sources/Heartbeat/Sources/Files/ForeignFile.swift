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

  /// Whether a content that our own reader refuses and that is valid JSON may be of another layout.
  var mayBeForeign: Bool { settings.layout != .ours }

  /// Whether a content with `processes` that are no object is a broken one of ours, by what else there is in it: no beat, or none but
  /// the one that ours have.
  func isBrokenOfOurs(_ error: JSONParseError, _ outcome: Result<SourceRecognition, SourceFailure>) -> Bool {
    guard mayBeOurs, case .wrongShape(_, SnapshotParser.expectedProcesses) = error else { return false }
    return isBroken(outcome)
  }

  /// Whether nothing speaks for another program: no beat, or none but the one that our own files have.
  func isBroken(_ outcome: Result<SourceRecognition, SourceFailure>) -> Bool {
    switch outcome {
    case .failure(let failure): failure != .torn
    case .success(let found): found.layout == .single && found.processes.allSatisfy { $0.place == ".last_updated" }
    }
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

  /// The end of a file that grows.
  enum Tail {
    case bytes([UInt8])
    /// It would be more than was allowed.
    case tooMuch
    /// The file is of another kind.
    case isNone
  }

  /// The end of a file whose first line is one record.
  ///
  /// - Parameter most: so many bytes are read at the most.
  func tail(of file: borrowing FileDescriptor, size: Int, most: Int) throws(Errno) -> Tail {
    if let layout = settings.layout, layout != .lines, layout != .text { return .isNone }
    let head = try ForeignFile.bytes(of: file, at: 0, count: ForeignFile.headLength)
    var mustBeRecord = false
    // Of a log that was truncated while its writer went on at its old place, the hole says nothing, but its end.
    let hasHole = head.first == 0
    let hasLine = !hasHole && head.contains(0x0A)
    // A smaller one is read whole, unless its first line tells what it is.
    guard hasLine || size > ForeignFile.largest else { return .isNone }
    if !hasHole, settings.layout == nil || settings.layout == .lines {
      let line = head.prefix { $0 != 0x0A }
      guard TextEncoding.utf8(Array(line)) != nil else { return .isNone }
      if let first = line.first(where: { !TextLines.isSpace($0) }),
        first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
      {
        let isRecord = (try? JSONValue(parsing: Array(line))) != nil
        // `[` alone is the begin of an array.
        let isText = settings.layout == .lines || TextLabel.begins(line, near: 0)
        // A first line that is longer than what is looked at may be a record as the last one is.
        mustBeRecord = !isRecord && !isText
        guard !mustBeRecord || first == UInt8(ascii: "{") && line.count == head.count else { return .isNone }
      }
    }
    let isClear = hasLine && !mustBeRecord
    guard isClear || size > ForeignFile.largest else { return .isNone }
    guard let tail = try end(of: file, size: size, most: most) else { return .tooMuch }
    if !isClear {
      guard let text = TextEncoding.utf8(TextEncoding.behindHole(tail)), text.contains(0x0A) else { return .isNone }
      let last = TextLines.lastFirst(text[...]).first { $0.isComplete && !$0.isFirst && !$0.bytes.isEmpty }
      if mustBeRecord {
        guard let last, case .object? = try? JSONValue(parsing: Array(last.bytes)) else { return .isNone }
      }
    }
    return .bytes(tail)
  }

  /// The end of a file, with at least one whole line in it where lines are not longer than what is read of any file; nil where that is
  /// more than `most` bytes.
  private func end(of file: borrowing FileDescriptor, size: Int, most: Int) throws(Errno) -> [UInt8]? {
    var length = tailLength
    while true {
      guard min(length, size) <= most else { return nil }
      let bytes = try ForeignFile.bytes(of: file, at: max(0, size - length), count: length)
      // Behind a hole a line is whole as well.
      let hasLine = bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress, let first = memchr(start, 0x0A, bytes.count) else { return false }
        let behind = UnsafeRawPointer(first) + 1
        return memchr(behind, 0x0A, bytes.count - (behind - start)) != nil || memchr(start, 0, bytes.count) != nil
      }
      if hasLine || length >= size || length >= ForeignFile.largest { return bytes }
      length = min(length * 4, ForeignFile.largest)
    }
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
