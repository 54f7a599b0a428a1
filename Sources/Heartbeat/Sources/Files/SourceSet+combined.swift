internal import JSON

/// What all files say together.
extension SourceSet {
  /// Puts the processes of all files into one text of our own layout, which is read as a file of ours is: what did not change is
  /// compared and not parsed.
  mutating func combine() {
    var text = combinedText
    combinedText = []
    text.removeAll(keepingCapacity: true)
    let size = files.indices.reduce(SourceText.room) { $0 + files[$1].textLength }
    // Of much text nothing is taken over from the last content: then it must not stand beside this one.
    if size > options.limits.keptBytes { combined = HeartbeatSnapshot() }
    text.reserveCapacity(size)
    text.append(contentsOf: SourceText.head)
    var names: [ArraySlice<UInt8>: Int] = [:]
    var emitted: [Int32] = []
    pruned = renamed
    for place in files.indices {
      files[place].taken = []
      files[place].surplus = 0
      guard !files[place].isLeftOut else { continue }
      let snapshot = files[place].snapshot
      pruned.merge(snapshot.pruned) { max($0, $1) }
      for entry in snapshot.entries {
        guard emitted.count < options.limits.entries else {
          files[place].surplus += 1
          continue
        }
        let name = snapshot.bytes[entry.name.range]
        guard names[name] == nil else {
          files[place].taken.append(snapshot.string(entry.name))
          continue
        }
        names[name] = place
        if !emitted.isEmpty { text.append(UInt8(ascii: ",")) }
        SourceText.append(entry, of: snapshot, to: &text)
        emitted.append(Int32(truncatingIfNeeded: place))
      }
    }
    text.append(contentsOf: SourceText.tail)
    let silences = silences(names)
    names = [:]
    do throws(JSONParseError) {
      var next = try reader.read(text, into: &spare)
      next.pruned = pruned
      next.silences = silences
      swap(&next, &combined)
      spare = next
    } catch {
      // Each part was read before, so that together they can only be too many.
      reader.forget()
      combined = HeartbeatSnapshot()
      emitted = []
    }
    if text.count <= options.limits.keptBytes {
      combinedText = text
    } else {
      reader.forget()
      spare = HeartbeatSnapshot()
    }
    keepsOwners = owners == emitted
    owners = emitted
    generation += 1
  }

  /// So many silences of all files together count.
  static let mostSilences = 10_000

  /// Whom the files silence: each its own processes, and any other one if nobody but root or this user could have written it.
  /// Else a user could silence the program of another one.
  ///
  /// - Parameter places: the place of the file of each process.
  private func silences(_ places: [ArraySlice<UInt8>: Int]) -> [[UInt8]: Silence] {
    var silences: [[UInt8]: Silence] = [:]
    let files = files.span
    for place in files.indices where !files[place].isLeftOut {
      let own = files[place].snapshot.silences.filter { places[$0.key[...]] == place }
      for (name, silence) in own.merging(files[place].silencesOfAny, uniquingKeysWith: { own, _ in own }) {
        if let known = silences[name], known.until >= silence.until { continue }
        guard silences[name] != nil || silences.count < SourceSet.mostSilences else { continue }
        silences[name] = silence
      }
    }
    return silences
  }
}
