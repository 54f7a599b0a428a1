/// What only rises of a process, or of a tree of them.
struct TreeCounts: Equatable {
  /// CPU time in clock ticks, faults without and with a read, bytes read and written, voluntary and involuntary context
  /// switches.
  private var counts = SIMD8<UInt64>(repeating: 0)

  init() {}

  private init(_ counts: SIMD8<UInt64>) { self.counts = counts }

  private subscript(place: Int) -> UInt64 {
    get { counts[place] }
    set { counts[place] = newValue }
  }

  var ticks: UInt64 {
    get { self[0] }
    set { self[0] = newValue }
  }
  var minorFaults: UInt64 {
    get { self[1] }
    set { self[1] = newValue }
  }
  var majorFaults: UInt64 {
    get { self[2] }
    set { self[2] = newValue }
  }
  var readBytes: UInt64 {
    get { self[3] }
    set { self[3] = newValue }
  }
  var writtenBytes: UInt64 {
    get { self[4] }
    set { self[4] = newValue }
  }
  var switches: SwitchCounts {
    get { SwitchCounts(voluntary: self[5], involuntary: self[6]) }
    set { (self[5], self[6]) = (newValue.voluntary, newValue.involuntary) }
  }

  static func + (one: TreeCounts, other: TreeCounts) -> TreeCounts {
    let sum = one.counts &+ other.counts
    return TreeCounts(sum.replacing(with: .max, where: sum .< one.counts))
  }

  /// What one is above the other, 0 where it is not.
  static func - (one: TreeCounts, other: TreeCounts) -> TreeCounts {
    TreeCounts(pointwiseMax(one.counts, other.counts) &- other.counts)
  }
}

/// One process of a tree, as it was read.
struct TreeMember {
  let process: ProcessIdentity
  /// The number of its parent.
  let parent: Int32
  /// What it used, and what the children did that it has waited for.
  var total: TreeCounts
  /// The part of it to which the kernel adds what a child used when it waits for that one.
  var waited: TreeCounts
  /// Whether the bytes read and written are not known.
  var hidesBytes = false
  /// Whether the context switches are not known.
  var hidesSwitches = false

  /// What is not known stays what it was.
  mutating func complete(from last: TreeMember) {
    if hidesBytes {
      (total.readBytes, total.writtenBytes) = (last.total.readBytes, last.total.writtenBytes)
      (waited.readBytes, waited.writtenBytes) = (last.waited.readBytes, last.waited.writtenBytes)
    }
    if hidesSwitches { total.switches = last.total.switches }
  }
}

/// What was seen of a tree of processes.
///
/// When a child ends and its parent waits for it, the kernel adds the child's figures to the parent's, and the sum of the tree
/// goes on. Where nobody waits (`SIGCHLD` ignored, see `wait(2)`), or somebody outside the tree does (the parent ended first), they
/// would be gone: then they are kept here.
struct TreeHistory {
  /// The members as they were last read.
  private(set) var members: [ProcessIdentity: TreeMember] = [:]
  /// What members used that have ended and is in no other member's figures.
  private var kept = TreeCounts()

  /// Adds what the members say now, and gives the sum of all that there were.
  ///
  /// - Parameters:
  ///   - now: parents before their children.
  ///   - unread: members that may be there still, but of which nothing could be read. They are where they were last, and with
  ///     them what ended below them: whether they waited for it is seen when they can be read again.
  mutating func add(_ now: [TreeMember], unread: Set<ProcessIdentity> = []) -> TreeCounts {
    let before = members
    members.removeAll(keepingCapacity: true)
    var sum = TreeCounts()
    var held: [ProcessIdentity: TreeMember] = [:]
    for var member in now {
      if let last = before[member.process] {
        member.complete(from: last)
        // The kernel's own counts of one process do not fall; if they do, the sum still must not.
        kept = kept + (last.total - member.total)
      }
      members[member.process] = member
      sum = sum + member.total
    }
    if !unread.isEmpty {
      var ancestry = Ancestry(before, Self.byNumber(before))
      for member in before.values where members[member.process] == nil {
        guard ancestry.nearest(from: member.process, among: { unread.contains($0) }) != nil else { continue }
        held[member.process] = member
        sum = sum + member.total
      }
    }
    let ended = before.values.filter { members[$0.process] == nil && held[$0.process] == nil }
    if !ended.isEmpty { keep(ended, before, now) }
    members.merge(held) { living, _ in living }
    return sum + kept
  }

  /// Keeps of those that ended what no member has taken over.
  private mutating func keep(
    _ ended: [TreeMember], _ before: [ProcessIdentity: TreeMember], _ now: [TreeMember]
  ) {
    let byNumber = Self.byNumber(before)
    var ancestry = Ancestry(before, byNumber)
    /// What a living member should have got from those children that it still was the parent of.
    var children: [ProcessIdentity: TreeCounts] = [:]
    /// What it may have got from those whose parent ended, or one of its ancestors did (`PR_SET_CHILD_SUBREAPER`).
    var orphans: [ProcessIdentity: TreeCounts] = [:]
    for member in ended {
      let parent = byNumber[member.parent]
      if let parent, members[parent] != nil {
        children[parent, default: TreeCounts()] = children[parent, default: TreeCounts()] + member.total
      } else if let ancestor = ancestry.nearest(from: parent, among: { members[$0] != nil }) {
        orphans[ancestor, default: TreeCounts()] = orphans[ancestor, default: TreeCounts()] + member.total
      } else {
        kept = kept + member.total
      }
    }
    // The deepest first, so that what a member did not get is looked for with its ancestors.
    for place in now.indices.reversed() {
      let process = now[place].process
      guard let member = members[process] else { continue }
      let (mine, others) = (children[process], orphans[process])
      guard mine != nil || others != nil else { continue }
      let got = member.waited - (before[process]?.waited ?? member.waited)
      let (mineEnded, othersEnded) = (mine ?? TreeCounts(), others ?? TreeCounts())
      kept = kept + (mineEnded - got)
      let left = othersEnded - (got - mineEnded)
      if let parent = byNumber[member.parent], members[parent] != nil, parent != process {
        orphans[parent, default: TreeCounts()] = orphans[parent, default: TreeCounts()] + left
      } else {
        kept = kept + left
      }
    }
  }

  private static func byNumber(_ members: [ProcessIdentity: TreeMember]) -> [Int32: ProcessIdentity] {
    Dictionary(members.keys.map { ($0.pid, $0) }) { first, _ in first }
  }
}

/// Who descends from whom, each way up gone once: of a chain of children that ends at once it is asked for each of them.
private struct Ancestry {
  private let members: [ProcessIdentity: TreeMember]
  private let byNumber: [Int32: ProcessIdentity]
  /// What was found for those that were passed.
  private var found: [ProcessIdentity: ProcessIdentity?] = [:]
  private var passed: [ProcessIdentity] = []

  init(_ members: [ProcessIdentity: TreeMember], _ byNumber: [Int32: ProcessIdentity]) {
    self.members = members
    self.byNumber = byNumber
  }

  /// The nearest of some members that a process is or descends from; nil when it does from none.
  ///
  /// - Parameter isOne: the same for all questions to one value.
  mutating func nearest(
    from process: ProcessIdentity?, among isOne: (ProcessIdentity) -> Bool
  ) -> ProcessIdentity? {
    var next = process
    var result: ProcessIdentity?
    passed.removeAll(keepingCapacity: true)
    while let candidate = next {
      if let known = found[candidate] {
        result = known
        break
      }
      if isOne(candidate) {
        result = candidate
        break
      }
      // Parents in a circle, which only plain files can be, lead to nobody.
      found[candidate] = .some(nil)
      passed.append(candidate)
      next = members[candidate].flatMap { byNumber[$0.parent] }
    }
    for one in passed { found[one] = .some(result) }
    return result
  }
}
