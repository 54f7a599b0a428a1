internal import Glibc

/// What did not change since the content before.
extension SnapshotParser {
  /// Takes over a process of the content before if the same text stands here, and passes that.
  ///
  /// A member is complete in itself, so the same bytes say the same wherever they stand.
  ///
  /// - Returns: false when another text stands here.
  mutating func takeUnchanged(_ place: Int, from start: Int) -> Bool {
    guard place < previous.entries.count, let member = previous.entries[place].member,
      member.count <= cursor.text.count &- start, let here = cursor.text.baseAddress,
      let there = previous.text.baseAddress,
      // In bounds: the member lies in the old text, and as many bytes are left in the new one.
      memcmp(here + start, there + member.lowerBound, member.count) == 0
    else { return false }
    var entry = previous.entries[place]
    let shift = start &- member.lowerBound
    cursor.position = start &+ member.count
    let first = snapshot.numbers.count
    if first != entry.numbers.lowerBound { snapshot.changes.keepsShape = false }
    snapshot.numbers.append(contentsOf: previous.numbers[entry.numbers])
    entry.move(
      by: shift, numbers: first..<snapshot.numbers.count, strings: snapshot.strings.count..<snapshot.strings.count)
    snapshot.entries.append(entry)
    nameBytes &+= entry.name.range.count
    return true
  }

  /// Notes in what the process that was just appended differs from what it was.
  mutating func compareLast(with before: HeartbeatSnapshot.Entry) {
    let entry = snapshot.entries[snapshot.entries.count &- 1]
    if (entry.lastHeartbeat == nil) != (before.lastHeartbeat == nil) { snapshot.changes.keepsProcesses = false }
    // What its word means depends on whether it is a job.
    if (entry.job == nil) != (before.job == nil) { snapshot.changes.keepsProcesses = false }
    if entry.pid != before.pid { snapshot.changes.hasNewPid = true }
    if !isSame(entry.status, asPrevious: before.status) { snapshot.changes.hasNewStatus = true }
    if !isSame(entry.host, asPrevious: before.host) { snapshot.changes.keepsProcesses = false }
    guard snapshot.changes.keepsShape else { return }
    guard entry.numbers == before.numbers else {
      snapshot.changes.keepsShape = false
      return
    }
    for place in entry.numbers {
      let (now, then) = (snapshot.numbers[place], previous.numbers[place])
      guard now.key == then.key else {
        snapshot.changes.keepsShape = false
        return
      }
      // The bits, so that -0 is another value than 0.
      if now.value.bitPattern != then.value.bitPattern { snapshot.changes.insert(key: now.key) }
    }
  }

  private func isSame(_ text: HeartbeatSnapshot.Text?, asPrevious before: HeartbeatSnapshot.Text?) -> Bool {
    guard let text, let before else { return text == nil && before == nil }
    guard text.range.count == before.range.count else { return false }
    return withBytes(of: text) { $0.isSame(as: UnsafeRawBufferPointer(rebasing: previous.bytes[before.range])) }
  }
}
