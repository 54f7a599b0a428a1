internal import POSIX

/// When each connection must have got on. A connection waits for one thing at a time, and every wait of one kind lasts
/// equally long, so each kind is a queue in order of its deadlines: all operations take constant time.
struct Deadlines {
  enum Kind: Int, CaseIterable {
    case idle, header, body, answer, write, linger
  }

  private struct Entry {
    var kind: Kind?
    var deadline: UInt64 = 0
    var previous = -1
    var next = -1
  }

  private struct Queue {
    var first = -1
    var last = -1
    let duration: UInt64
  }

  private var entries: [Entry] = []
  private var queues: [Queue]

  init(_ timeouts: Timeouts) {
    queues = Kind.allCases.map { kind in
      switch kind {
      case .idle: Queue(duration: Clock.nanoseconds(timeouts.idle))
      // When it passes, only a look is taken at whether the answer has gone out meanwhile.
      case .answer: Queue(duration: Clock.nanoseconds(max(1, timeouts.idle)))
      case .header: Queue(duration: Clock.nanoseconds(timeouts.header))
      case .body: Queue(duration: Clock.nanoseconds(timeouts.body))
      case .write: Queue(duration: Clock.nanoseconds(timeouts.write))
      case .linger: Queue(duration: Clock.nanoseconds(timeouts.linger))
      }
    }
  }

  /// Gives a slot a new deadline, counted from now, in place of the one it had. nil: none.
  ///
  /// A `now` that lies back is fine; then the deadline passes at the latest with the one that was set before it.
  mutating func set(_ slot: Int, _ kind: Kind?, now: UInt64) {
    while entries.count <= slot { entries.append(Entry()) }
    remove(slot)
    guard let kind else { return }
    var queue = queues[kind.rawValue]
    entries[slot] = Entry(kind: kind, deadline: now &+ queue.duration, previous: queue.last, next: -1)
    if queue.last >= 0 { entries[queue.last].next = slot } else { queue.first = slot }
    queue.last = slot
    queues[kind.rawValue] = queue
  }

  /// The slot that waits longest for this.
  func longest(_ kind: Kind) -> Int? {
    let first = queues[kind.rawValue].first
    return first >= 0 ? first : nil
  }

  /// A slot whose deadline has passed, and what it was for.
  func expired(now: UInt64) -> (slot: Int, kind: Kind)? {
    for kind in Kind.allCases {
      if let slot = longest(kind), entries[slot].deadline <= now { return (slot, kind) }
    }
    return nil
  }

  /// The earliest deadline of all.
  var next: UInt64? {
    Kind.allCases.compactMap { longest($0).map { entries[$0].deadline } }.min()
  }

  private mutating func remove(_ slot: Int) {
    let entry = entries[slot]
    guard let kind = entry.kind else { return }
    if entry.previous >= 0 {
      entries[entry.previous].next = entry.next
    } else {
      queues[kind.rawValue].first = entry.next
    }
    if entry.next >= 0 {
      entries[entry.next].previous = entry.previous
    } else {
      queues[kind.rawValue].last = entry.previous
    }
    entries[slot] = Entry()
  }
}
