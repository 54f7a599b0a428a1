internal import POSIX

/// Requests and answers of a connection.
extension EventLoop {
  private static let continueHead = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

  /// How many requests of one connection are answered before the others have their turn.
  private static let requestsAtOnce = 8  // Not mutated: any number gives the same answers.

  /// Does all that is possible without waiting, within one turn.
  func advance(_ connection: Connection) {
    var requests = 0
    while true {
      switch connection.phase {
      case .reading:
        // What has arrived is answered to the end once the end is near.
        if requests >= Self.requestsAtOnce, !isShuttingDown {
          setAside(connection)
          return
        }
        switch connection.parser.next() {
        case .needsMore:
          // What has arrived is still answered once the end is near, whether it was read already or not.
          if isShuttingDown, takesMore(connection) { continue }
          waitForInput(connection)
          return
        case .expectsContinue: answerExpectation(connection)
        case .request(let request, let keepsAlive):
          requests += 1
          dispatch(connection, request, keepsAlive: keepsAlive)
        case .failure(let failure):
          respondItself(connection, failure.status, failure.reason)
        }
      case .writing:
        switch connection.flush() {
        case .complete: finishWriting(connection)
        case .blocked(let direction):
          // Who has taken enough has a new time, and is behind those who have taken less lately when answers must go.
          if connection.awaits != .write || hasTakenEnough(connection) { awaitWriting(connection) }
          watch(connection, direction == .untilWritable ? EventPoll.writable : EventPoll.readable)
          hold(connection)
          return
        case .failed(let error):
          report(.brokenByClient, connection.peer, error)
          close(connection)
          return
        case .rejected(let reason):
          reject(connection, reason)
          close(connection)
          return
        }
      case .responding, .streaming, .lingering, .closed:
        return
      }
    }
  }

  /// Has the client send its body, or spares it that where the head tells already that it is of no use (RFC 9110 section 10.1.1).
  private func answerExpectation(_ connection: Connection) {
    guard let expectation = setup.configuration.expectation, let announced = connection.parser.announced else {
      respond(connection, .goAhead)
      return
    }
    let request = request(announced, of: connection)
    begin(connection, request)
    // Whether the body comes all the same nobody knows, so nothing can follow an answer on this connection.
    connection.keepsAlive = false
    connection.phase = .responding
    setDeadline(connection, nil)
    let responder = Responder(
      mailbox: setup.mailbox, connection: connection.id, shortcut: nil, client: connection.client)
    expectation(request, responder)
    if let response = responder.handlerReturned() { respond(connection, response) }
  }

  private func begin(_ connection: Connection, _ request: Request) {
    connection.exchange.method = request.method
    connection.exchange.path = request.path
    connection.exchange.isHTTP10 = request.isHTTP10
  }

  /// A request with what is known of the connection on which it came.
  private func request(_ request: Request, of connection: Connection) -> Request {
    var request = request
    request.peer = connection.peer
    request.listener = connection.listener
    request.credentials = connection.credentials
    return request
  }

  func becameReadable(_ connection: Connection, _ events: UInt32) {
    switch connection.phase {
    case .reading:
      // Before its turn nothing more is taken from it: its memory is bounded.
      if !connection.isSetAside { read(connection) }
    case .lingering: drain(connection)
    case .streaming: listenToStreamed(connection)
    case .responding:
      // It may have been answered a moment ago.
      connection.directSender?.tellAtOnce()
      readMail()
      if connection.phase != .responding {
        becameReadable(connection, events)
      } else if events & EventPoll.broken != 0 {
        report(.brokenByClient, connection.peer)
        close(connection)
      } else if events & EventPoll.leaving != 0 {
        watch(connection, 0)
      } else {
        watch(connection, EventPoll.leaving)
      }
    case .writing, .closed: break
    }
  }

  private func read(_ connection: Connection) {
    switch connection.transport.receive(into: readBuffer) {
    case .moved(let count):
      if connection.parser.stage == .betweenRequests { connection.exchange = Connection.Exchange(started: now) }
      connection.parser.append(UnsafeRawBufferPointer(rebasing: readBuffer[..<count]))
      advance(connection)
      countBody(connection)
      boundBodies()
    case .ended:
      connection.inputEnded = true
      connection.client.note(.leaving)
      noteLeaving(connection)
      advance(connection)
    case .blocked(let direction):
      // Once keys are agreed on, the next request has as much time as on any connection.
      if connection.awaits == .header, connection.parser.stage == .betweenRequests, !connection.transport.isHandshaking
      {
        setDeadline(connection, .idle)
      }
      watch(connection, direction == .untilReadable ? EventPoll.readable : EventPoll.writable)
    case .rejected(let reason):
      reject(connection, reason)
      // OpenSSL has told the client why, which a reset would take from it.
      linger(connection)
    case .failed(let error):
      if connection.parser.stage != .betweenRequests { report(.brokenByClient, connection.peer, error) }
      noteLeaving(connection)
      close(connection)
    }
  }

  /// Takes what has arrived, without waiting for more; false when there was nothing.
  private func takesMore(_ connection: Connection) -> Bool {
    guard case .moved(let count) = connection.transport.receive(into: readBuffer) else { return false }
    connection.parser.append(UnsafeRawBufferPointer(rebasing: readBuffer[..<count]))
    return true
  }

  /// Says that what came is no TLS, or that there was no agreement.
  private func reject(_ connection: Connection, _ reason: String) {
    noUnderstanding(connection, connection.transport.handshakeError, reason)
  }

  /// Says that a client has left while keys were agreed on. Who comes and goes without a byte, as a health check of TCP does, wanted none.
  private func noteLeaving(_ connection: Connection) {
    guard connection.transport.isAmidHandshake else { return }
    noUnderstanding(connection, .other, "the client left during the handshake")
  }

  /// Says that there is no understanding, and counts it where there are no keys for that: nothing is counted that is not told.
  private func noUnderstanding(_ connection: Connection, _ error: HandshakeError?, _ reason: String) {
    if let error { setup.counters.add(error) }
    report(.noUnderstanding, connection.peer, detail: reason)
  }

  private func waitForInput(_ connection: Connection) {
    let stage = connection.parser.stage
    if connection.inputEnded {
      if stage != .betweenRequests { report(.brokenByClient, connection.peer) }
      close(connection)
      return
    }
    // Its last answer may have gone out without a word that it is the last: what arrives later the client sends to somebody else.
    if isShuttingDown, stage != .body {
      linger(connection)
      return
    }
    let kind: Deadlines.Kind =
      switch stage {
      case .betweenRequests: .idle
      case .head: .header
      case .body: .body
      }
    // One deadline for the whole header, one for the whole body: a dribble of bytes does not move them.
    if connection.awaits != kind { setDeadline(connection, kind) }
    watch(connection, EventPoll.readable)
  }

  private func dispatch(_ connection: Connection, _ request: Request, keepsAlive: Bool) {
    begin(connection, request)
    connection.keepsAlive = keepsAlive
    connection.phase = .responding
    // Who is answered by another thread is idle from then on, without the loop's knowing.
    setDeadline(connection, connection.directSender == nil ? nil : .answer)
    if request.rawPath == "*" {
      // It asks for the server as a whole (RFC 9110 section 9.3.7), which no route can speak for.
      connection.exchange.isServersOwn = true
      respond(connection, Response(status: 204))
      return
    }
    let responder = Responder(
      mailbox: setup.mailbox, connection: connection.id, shortcut: shortcut(connection), client: connection.client)
    setup.handler(self.request(request, of: connection), responder)
    if let response = responder.handlerReturned() { respond(connection, response) }
  }

  private func shortcut(_ connection: Connection) -> Shortcut? {
    guard let directSender = connection.directSender else { return nil }
    // Of a client that has said that it sends no more nothing is heard any more, which would tell that it is answered.
    let hasLeft = connection.inputEnded || connection.interest == 0
    let hasMore = connection.parser.stage != .betweenRequests || hasLeft || isShuttingDown
    directSender.begin(tellsAtOnce: hasMore)
    if hasMore { return nil }
    return Shortcut(directSender: directSender, form: connection.form, headers: setup.configuration.headers)
  }

  /// Gives an answer of the server's own, the last one on this connection.
  func respondItself(_ connection: Connection, _ status: Int, _ reason: String) {
    if let current = connection.parser.current {
      let path = current.target.prefix { $0 != UInt8(ascii: "?") }
      connection.exchange.method = current.method
      connection.exchange.path = Request.path(path)
    }
    connection.exchange.isServersOwn = true
    connection.keepsAlive = false
    connection.parser.dropBody()
    countBody(connection)
    let made = setup.configuration.failureResponse?(status, reason, connection.exchange.path)
    respond(connection, made ?? .text(status, "\(status) \(Response.reason(status)): \(reason)"))
  }

  /// Begins to write an answer; `advance` goes on with it.
  func respond(_ connection: Connection, _ response: Response) {
    if response.status == Response.goAhead.status, connection.parser.stage == .body {
      connection.output = Output(head: Self.continueHead, isInterim: true)
      connection.phase = .writing
      return
    }
    var response = response
    if !response.isValid { response = .text(500, "500 Internal Server Error: no such status") }
    // Without a length only the end of the connection ends it. A client that asks for the head gets it alone.
    let isStream = response.stream != nil && connection.exchange.method != .head && !isShuttingDown
    connection.stream = isStream ? response.stream : nil
    if !isStream { response.stream?.close() }
    if response.asksToClose || isShuttingDown || response.stream != nil { connection.keepsAlive = false }
    connection.exchange.status = response.status
    connection.output = connection.form.output(response, further: setup.configuration.headers?())
    connection.phase = .writing
  }

  /// Takes over an answer that another thread has sent, or begun to send; `advance` goes on with it.
  func goOn(_ connection: Connection, with output: Output, status: Int, sent: UInt64) {
    connection.exchange.status = status
    connection.output = output
    if output.isComplete { connection.exchange.sent = sent }
    connection.phase = .writing
  }

  private func awaitWriting(_ connection: Connection) {
    connection.sentAtDeadline = connection.output.sent
    setDeadline(connection, .write)
  }

  /// Whether a client has taken as much of its answer since its time began as it must within that time.
  private func hasTakenEnough(_ connection: Connection) -> Bool {
    connection.output.sent - connection.sentAtDeadline >= setup.configuration.minimumBytesPerWriteTimeout
  }

  private func finishWriting(_ connection: Connection) {
    releaseAnswer(connection)
    if connection.output.isInterim {
      connection.output = Output(head: [])
      connection.phase = .reading
      return
    }
    let time = connection.exchange.sent ?? Clock.monotonicNanoseconds
    if connection.stream != nil {
      connection.output = Output(head: [])
      connection.phase = .streaming
      setDeadline(connection, nil)
      watch(connection, EventPoll.readable)
      return
    }
    setup.configuration.onAccess?(connection.record(now: time))
    connection.output = Output(head: [])
    guard connection.keepsAlive else {
      linger(connection)
      return
    }
    connection.exchange = Connection.Exchange(started: time)
    connection.phase = .reading
    connection.parser.shrink()
    setDeadline(connection, .idle, from: time)
  }

  // Closing while the client still sends would make the kernel reset the connection, and the answer might be lost.
  private func linger(_ connection: Connection) {
    if connection.inputEnded {
      connection.phase = .lingering
      close(connection)
      return
    }
    connection.transport.finishSending()
    connection.phase = .lingering
    setDeadline(connection, .linger)
    watch(connection, EventPoll.readable)
  }

  // What a client sends while it is streamed to has no meaning; that it hangs up has.
  private func listenToStreamed(_ connection: Connection) {
    switch connection.transport.receive(into: readBuffer) {
    case .moved(let count):
      connection.lingerBytes -= count
      if connection.lingerBytes < 0 { close(connection) }
    case .blocked:
      // Records that hold nothing, since something has arrived. No deadline ends who sends such for ever, so that they count too.
      connection.lingerBytes -= Connection.lingerBytesOfNothing
      if connection.lingerBytes < 0 { close(connection) }
    case .ended, .failed, .rejected: close(connection)
    }
  }

  private func drain(_ connection: Connection) {
    switch connection.transport.discard(into: readBuffer) {
    case .moved(let count):
      connection.lingerBytes -= count
      if connection.lingerBytes < 0 { close(connection) }
    case .blocked: break
    case .ended, .failed, .rejected: close(connection)
    }
  }

  /// A deadline has passed.
  func expire(_ connection: Connection, _ kind: Deadlines.Kind) {
    switch kind {
    case .idle, .linger: close(connection)
    // The handler still has it.
    case .answer: setDeadline(connection, .answer)
    case .header where connection.transport.isHandshaking:
      setup.counters.timeouts.add(1, ordering: .relaxed)
      noUnderstanding(connection, .timeout, "the handshake did not end in time")
      close(connection)
    case .header, .body:
      setup.counters.timeouts.add(1, ordering: .relaxed)
      report(.requestTimeout, connection.peer)
      setDeadline(connection, nil)
      respondItself(
        connection, 408, kind == .header ? "the header did not come in time" : "the body did not come in time")
      advance(connection)
    case .write:
      if hasTakenEnough(connection) {
        awaitWriting(connection)
        return
      }
      setup.counters.timeouts.add(1, ordering: .relaxed)
      report(.writeTimeout, connection.peer)
      // Else the kernel would keep the unread answer and try for minutes.
      Socket.abortOnClose(connection.transport.descriptor)
      close(connection)
    }
  }

  /// Ends a connection, whatever it was doing.
  func close(_ connection: Connection) {
    guard connection.phase != .closed else { return }
    connection.stream?.close()
    if connection.phase == .streaming || connection.phase == .writing && !connection.output.isInterim {
      setup.configuration.onAccess?(connection.record(now: Clock.monotonicNanoseconds))
    }
    connection.phase = .closed
    connection.client.note(.gone)
    connection.directSender?.close()
    countBody(connection)
    releaseAnswer(connection)
    setDeadline(connection, nil)
    connections.remove(connection)
    setup.counters.open.subtract(1, ordering: .relaxed)
    // Nobody else holds the connection for long, but its socket must be gone now, also from epoll.
    poll.remove(connection.transport.descriptor)
  }
}
