internal import JSON

/// What all files say together.
extension OwnFolder {
  /// Who is silenced.
  private func countedSilences() -> SilenceFiles.Counted {
    guard !silences.isEmpty else { return SilenceFiles.Counted() }
    var owners: [[UInt8]: UInt32] = [:]
    for item in items { owners[item.name] = item.owner }
    return silences.counted { owners[$0] }
  }

  /// Puts the members of all files into one text, and reads it.
  mutating func show() {
    var problems = OwnFileProblems(folder: path)
    for name in crowd.named { problems.name(OwnFileName.process(of: name) ?? "", file: name, OwnFileLook.noPlace) }
    for name in misnamed {
      problems.add(String(decoding: name, as: UTF8.self), file: name, OwnFileLook.badName)
    }
    for place in items.indices {
      if let problem = items[place].problem { problems.add(items[place].process, file: items[place].name, problem) }
    }
    let text = takeText()
    textLength = text.count
    // Where nothing is taken over from the last content it must not stand beside this one: both may be large.
    if keepsTextAlone, text.count <= CompactRange.longestText { snapshot = HeartbeatSnapshot() }
    keepsTextAlone = false
    let counted = countedSilences()
    do throws(JSONParseError) {
      var next = try reader.read(text, into: &spare)
      problems.add(next.problems)
      next.problems = problems.named
      next.skipped.merge(problems.counts) { $0 + $1 }
      if crowd.count > 0 { next.skipped[.tooManyEntries, default: 0] += crowd.count }
      next.pruned = pruned.times
      next.silences = counted.silences
      silencesOfAny = counted.ofAny
      next.noteBadSilences(counted.bad, at: nil)
      for note in counted.unreadable {
        next.noteBadSilences([note.file], at: nil, file: OwnFileProblems.path(of: note.file, in: path))
      }
      swap(&next, &snapshot)
      spare = next
      leftOut = problems.leftOut + counted.unreadable.map { .init($0.file, $0.reason) }
      generation += 1
    } catch {
      // What the members say is lost with the text: each file is read again at the next look.
      for place in items.indices { (items[place].member, items[place].stamp) = (nil, nil) }
      note(HeartbeatFileProblem(failure: .tooLarge, description: "\(path): its files are too large together: \(error)"))
    }
  }

  /// The text of all members, which stand in it from now on.
  private mutating func takeText() -> [UInt8] {
    var text = SourceText.head
    text.reserveCapacity(items.indices.reduce(SourceText.room) { $0 + length(ofMember: $1) + 1 })
    for place in items.indices {
      guard let member = items[place].member else { continue }
      if text.count > SourceText.head.count { text.append(UInt8(ascii: ",")) }
      let start = text.count
      switch member {
      case .shown(let range): text.append(contentsOf: snapshot.bytes[range])
      case .new(let bytes): text.append(contentsOf: bytes)
      }
      items[place].member = .shown(start..<text.count)
    }
    text.append(contentsOf: SourceText.tail)
    return text
  }

  private func length(ofMember place: Int) -> Int {
    switch items[place].member {
    case .shown(let range): range.count
    case .new(let bytes): bytes.count
    case nil: 0
    }
  }
}
