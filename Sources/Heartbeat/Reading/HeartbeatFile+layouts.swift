internal import Glibc
internal import JSON
internal import POSIX

/// Of which layout a content is, and what reads it.
extension HeartbeatFile {
  /// Takes what was read: our own layout before all others.
  ///
  /// - Parameters:
  ///   - opened: what the kernel said of the file as it was read.
  ///   - isSettled: whether every later change of it will show in its stamp.
  mutating func understand(
    _ bytes: [UInt8], _ opened: stat, isSettled: Bool
  ) throws(HeartbeatFileProblem) {
    if layout == .ours, bytes.count == textLength, snapshot.begins(with: bytes) {
      spare.giveBack(bytes)
      if isSettled { lastRead = (FileStamp(opened), nil) }
      return
    }
    let length = bytes.count
    var other: (text: [UInt8], outcome: Result<SourceRecognition, SourceFailure>)?
    reading: do throws(JSONParseError) {
      if let source, !source.mayBeOurs { throw .wrongShape(offset: 0, expected: "") }
      var next = try reader.read(bytes, into: &spare)
      other = anothers(next, length, opened)
      guard other == nil else { break reading }
      if layout != .ours { next.changes = SnapshotChanges() }
      swap(&next, &snapshot)
      spare = next
      (textLength, hasTextAlone) = (length, false)
      generation += 1
      layout = .ours
      explanation = nil
      if isSettled { lastRead = (FileStamp(opened), nil) }
    } catch {
      if let source, source.mayBeForeign {
        let outcome = source.recognise(bytes, path: path, modified: FileStamp.seconds(opened.st_mtim), isTail: false)
        if !source.isBrokenOfOurs(error, outcome) {
          return try take(outcome, bytes, source, opened, isSettled: isSettled)
        }
      }
      let problem = problem(error, in: bytes)
      if isSettled { lastRead = (FileStamp(opened), problem) }
      throw problem
    }
    if let source, let other {
      // What the reader remembers of it was never shown.
      reader.forget()
      try take(other.outcome, other.text, source, opened, isSettled: isSettled)
    }
  }

  /// What a content is that is in our layout and has no process of it, if it beats in another one; nil when it is ours.
  private func anothers(
    _ content: HeartbeatSnapshot, _ length: Int, _ opened: stat
  ) -> (text: [UInt8], outcome: Result<SourceRecognition, SourceFailure>)? {
    guard let source, source.mayBeForeign, content.hasOnlyEntriesOfOthers else { return nil }
    let text = Array(content.bytes.prefix(length))
    let outcome = source.recognise(text, path: path, modified: FileStamp.seconds(opened.st_mtim), isTail: false)
    guard case .success = outcome, !source.isBroken(outcome) else { return nil }
    return (text, outcome)
  }

  /// Takes what a content is that is not in our layout.
  mutating func take(
    _ outcome: Result<SourceRecognition, SourceFailure>, _ bytes: [UInt8], _ source: ForeignFile, _ opened: stat,
    isSettled: Bool
  ) throws(HeartbeatFileProblem) {
    let found = FileStamp(opened)
    let modified = FileStamp.seconds(opened.st_mtim)
    switch outcome {
    case .success(var recognition):
      // What a writer leaves in the middle of its writing may look like another kind of file: a text without a time, say.
      if let layout, recognition.layout.mayBeHalf(of: layout) || mayLackItsBeat(recognition),
        source.settings.time != .modified, isBeingWritten(found, modified)
      {
        throw problem(bytes.isEmpty ? JSONParseError.empty : .torn, in: bytes)
      }
      churn.take(&recognition, isNew: churnStamp != found)
      churnStamp = found
      try take(recognition, isSettled ? found : nil)
    case .failure(let failure):
      let problem = problem(failure, in: bytes)
      if isSettled { lastRead = (found, problem) }
      throw problem
    }
  }

  /// Whether a text of keys and values may be half of one: its beat stands under another key than before, and lies further back. Under
  /// the same key it may be that the clock was set back.
  private func mayLackItsBeat(_ recognition: SourceRecognition) -> Bool {
    guard layout == .text, recognition.layout == .text, let served = snapshot.entries.first?.lastHeartbeat,
      let next = recognition.processes.first, let place = explanation?.beats[ExactText(next.name)]?.place
    else { return false }
    return place != next.place && next.time.map { $0 < served } ?? false
  }

  /// Whether a file that looks like half of one may still be being written: by its own time, and, since that lies ahead where somebody
  /// has set the clock back, by how long it has stayed as it is.
  private mutating func isBeingWritten(_ found: FileStamp, _ modified: Double) -> Bool {
    let now = Clock.monotonicNanoseconds
    let since = half.flatMap { $0.stamp == found ? $0.since : nil } ?? now
    half = (found, since)
    return max(Clock.realtime - modified, Double(now &- since) / 1e9) < limits.halfFor
  }

  /// Takes over what was recognised.
  mutating func take(
    _ recognition: SourceRecognition, _ settled: FileStamp?
  ) throws(HeartbeatFileProblem) {
    lastRead = settled.map { ($0, nil) }
    let surplus = max(0, recognition.processes.count - limits.entries)
    var recognition = recognition
    recognition.processes.removeLast(surplus)
    explanation = SourceExplanation(recognition)
    let text = SourceText.document(recognition)
    if layout == recognition.layout, text.count == textLength, snapshot.begins(with: text) { return }
    do throws(JSONParseError) {
      let length = text.count
      var next = try foreignReader.read(text, into: &spare)
      if layout == .ours || layout == nil { next.changes = SnapshotChanges() }
      if recognition.changingKeys > 0 { next.skipped[.changingKey] = recognition.changingKeys }
      if surplus > 0 { next.skipped[.tooManyEntries, default: 0] += surplus }
      swap(&next, &snapshot)
      spare = next
      (textLength, hasTextAlone) = (length, false)
      generation += 1
      layout = recognition.layout
    } catch {
      throw problem(error, in: text)
    }
  }
}
