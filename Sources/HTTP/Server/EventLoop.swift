internal import Glibc
internal import POSIX

/// One thread that serves every connection: it sleeps in `epoll_wait(2)` and does what has become possible.
///
/// Not Sendable: made, run and dropped on its own thread.
final class EventLoop {
  /// What the loop is given when it starts.
  struct Setup: Sendable {
    let configuration: ServerConfiguration
    let handler: @Sendable (Request, Responder) -> Void
    let listeners: [Listener]
    let mailbox: Mailbox
    let counters: Counters
    let capacity: Capacity
    /// `Socket.accept`, or what a test puts in its place.
    let accept: @Sendable (Int32) throws(Errno) -> AcceptedSocket
  }

  // Tokens of epoll that are no connection: their slots are beyond any table.
  private static let wakeUpToken = ConnectionID(slot: .max, generation: 0).packed
  static func listenerToken(_ index: Int) -> UInt64 {
    ConnectionID(slot: .max, generation: UInt32(clamping: index + 1)).packed
  }

  /// Bytes read at a time: also how much one client can keep the others waiting.
  static let readSize = 16 * 1024  // Not mutated: any size gives the same answers.
  /// The least seconds between two pulses: with less the loop would do nothing else.
  static let shortestPulse = 0.01

  let setup: Setup
  var poll: EventPoll
  var connections = ConnectionTable()
  var deadlines: Deadlines
  var now = Clock.monotonicNanoseconds
  var isShuttingDown: Bool { shutdownDeadline != nil }
  var shutdownDeadline: UInt64?
  var acceptResumes: UInt64?
  var spare: FileDescriptor?
  private var nextPulse: UInt64?
  /// Connections that have sent more than is answered in one turn.
  private var setAside: [ConnectionID] = []
  /// What all bodies that are coming in take, in bytes.
  var incomingBodyBytes = 0
  /// Answers that wait for their clients.
  var heldAnswers = UntakenResponses()
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: EventLoop.readSize, alignment: 16)

  init(_ setup: Setup, poll: consuming EventPoll) throws(Errno) {
    self.setup = setup
    self.deadlines = Deadlines(setup.configuration.timeouts)
    self.poll = poll
    self.spare = EventLoop.openSpare()
    if setup.configuration.pulse != nil { nextPulse = now }
    try self.poll.add(setup.mailbox.wakeUp.rawValue, token: Self.wakeUpToken, interest: EventPoll.readable)
    for (index, listener) in setup.listeners.enumerated() {
      try self.poll.add(
        listener.descriptor.rawValue, token: Self.listenerToken(index), interest: EventPoll.readable)
    }
  }

  deinit {
    readBuffer.deallocate()
  }

  /// Serves until a shutdown is complete.
  func run() {
    while true {
      if isShuttingDown && connections.count == 0 { return }
      let count = poll.wait(milliseconds: millisecondsToWait())
      now = Clock.monotonicNanoseconds
      // First, so that every connection is known to be where it is, also by who asks for what was served so far.
      readMail()
      noteWhoLeaves(count)
      for index in 0..<count {
        let (token, events) = poll.event(index)
        handle(ConnectionID(packed: token), events)
      }
      goOnWithSetAside()
      handleDeadlines()
      pulse()
      if let shutdownDeadline, now >= shutdownDeadline {
        for connection in connections.all { close(connection) }
      }
    }
  }

  /// Before anything is handled, so that who asks now finds the room of those who left before.
  private func noteWhoLeaves(_ count: Int) {
    for index in 0..<count {
      let (token, events) = poll.event(index)
      if events & EventPoll.leaving != 0 { connections[ConnectionID(packed: token)]?.client.note(.leaving) }
    }
  }

  private func handle(_ id: ConnectionID, _ events: UInt32) {
    if id.slot == .max {
      if id.generation == 0 {
        setup.mailbox.acknowledge()
        readMail()
      } else if !isShuttingDown, Int(widening: id.generation) <= setup.listeners.count {
        accept(from: setup.listeners[Int(widening: id.generation) - 1])
      }
      return
    }
    guard let connection = connections[id] else { return }
    // Only what the phase waits for is watched, so any event means that it can go on.
    if connection.phase == .writing {
      advance(connection)
    } else {
      becameReadable(connection, events)
    }
  }

  func readMail() {
    for message in setup.mailbox.takeAll() {
      switch message {
      case .response(let id, let response):
        guard let connection = connections[id], connection.phase == .responding else {
          response.stream?.close()
          continue
        }
        respond(connection, response)
        advance(connection)
      case .sent(let id, let output, let status, let time):
        guard let connection = connections[id], connection.phase == .responding else { continue }
        goOn(connection, with: output, status: status, sent: time)
        advance(connection)
      case .piece(let id, let bytes, let standsAlone):
        guard let connection = connections[id], let stream = connection.stream,
          stream.takes(standsAlone: standsAlone, isReady: connection.phase == .streaming)
        else { continue }
        connection.output = Output(head: [], body: [bytes])
        connection.phase = .writing
        advance(connection)
      case .endStream(let id):
        guard let connection = connections[id], connection.stream != nil else { continue }
        connection.stream = nil
        if connection.phase == .streaming { close(connection) }
      case .shutdown(let deadline):
        shutdown(deadline: deadline)
      }
    }
  }

  /// Lets a connection wait until the others had their turn.
  func setAside(_ connection: Connection) {
    connection.isSetAside = true
    setAside.append(connection.id)
    watch(connection, EventPoll.leaving)
  }

  private func goOnWithSetAside() {
    let waiting = setAside
    setAside = []
    for id in waiting {
      guard let connection = connections[id] else { continue }
      connection.isSetAside = false
      advance(connection)
    }
  }

  private func pulse() {
    guard let (seconds, action) = setup.configuration.pulse, let nextPulse, nextPulse <= now else { return }
    action()
    self.nextPulse = now &+ Clock.nanoseconds(max(Self.shortestPulse, seconds))
  }

  private func millisecondsToWait() -> Int32 {
    if !setAside.isEmpty { return 0 }
    let times = [deadlines.next, shutdownDeadline, acceptResumes, nextPulse]
    guard let earliest = times.compactMap({ $0 }).min() else { return -1 }
    let present = Clock.monotonicNanoseconds
    if earliest <= present { return 0 }
    // Rounded up: waking too early would only mean to wait again.
    return Int32(clamping: (earliest - present) / 1_000_000 + 1)
  }

  private func handleDeadlines() {
    if let resumes = acceptResumes, resumes <= now { resumeAccepting() }
    while let (slot, kind) = deadlines.expired(now: now) {
      guard let connection = connections[slot: slot] else {
        deadlines.set(slot, nil, now: now)
        continue
      }
      expire(connection, kind)
    }
  }

  /// Stops accepting, answers what has arrived, closes what waits for nothing, and lets the rest finish.
  private func shutdown(deadline: UInt64) {
    let isFirst = !isShuttingDown
    shutdownDeadline = min(deadline, shutdownDeadline ?? .max)
    guard isFirst else { return }
    for connection in connections.all where connection.phase == .responding { connection.directSender?.tellAtOnce() }
    // What was sent before that, and nobody was woken for.
    readMail()
    for listener in setup.listeners {
      // Clients that were let in by the kernel, and requests that have arrived, are still served.
      accept(from: listener)
      poll.remove(listener.descriptor.rawValue)
      listener.stop()
    }
    goOnWithSetAside()
    for connection in connections.all where connection.phase == .reading {
      becameReadable(connection, EventPoll.readable)
      if connection.phase == .reading && connection.parser.stage != .body { close(connection) }
    }
    for connection in connections.all where connection.phase == .streaming { close(connection) }
  }

  /// Sets or takes away a connection's deadline.
  ///
  /// - Parameter start: what it is counted from, by the monotonic clock; nil is now.
  func setDeadline(_ connection: Connection, _ kind: Deadlines.Kind?, from start: UInt64? = nil) {
    connection.awaits = kind
    deadlines.set(Int(widening: connection.id.slot), kind, now: start ?? now)
  }

  /// Tells epoll what to watch, if that is anything new.
  func watch(_ connection: Connection, _ interest: UInt32) {
    guard connection.interest != interest else { return }
    connection.interest = interest
    poll.modify(connection.transport.descriptor, token: connection.id.packed, interest: interest)
  }

  func report(
    _ kind: ConnectionProblem.Kind, _ peer: SocketAddress?, _ error: Errno? = nil, detail: String? = nil
  ) {
    setup.configuration.onProblem?(ConnectionProblem(kind: kind, peer: peer, error: error, detail: detail))
  }
}
