internal import Glibc
internal import POSIX

/// An HTTP/1.1 server: one event-loop thread for all connections.
///
///     let server = Server(configuration: ServerConfiguration(listen: [try ListenAddress(":9464")])) { request, responder in
///       responder.send(.text(200, "hello"))
///     }
///     try server.start()
public final class Server: Sendable {
  /// Called for each request, on the event-loop thread: it must not block. What takes time is done on another thread,
  /// which keeps the responder.
  public typealias Handler = @Sendable (Request, Responder) -> Void

  private enum State {
    case fresh
    case running
    case ended
  }

  private let configuration: ServerConfiguration
  private let handler: Handler
  private let accept: @Sendable (Int32) throws(Errno) -> AcceptedSocket
  private let counters = Counters()
  private let state = ConditionLock(State.fresh)
  private let started = Lock<(mailbox: Mailbox, addresses: [SocketAddress])?>(nil)

  /// Makes a server that does nothing until `start`.
  public convenience init(configuration: ServerConfiguration, handler: @escaping Handler) {
    self.init(configuration: configuration, accept: Socket.accept, handler: handler)
  }

  init(
    configuration: ServerConfiguration, accept: @escaping @Sendable (Int32) throws(Errno) -> AcceptedSocket,
    handler: @escaping Handler
  ) {
    self.configuration = configuration
    self.accept = accept
    self.handler = handler
  }

  deinit {
    started.withLock { $0?.mailbox }?.post(.shutdown(deadline: 0))
  }

  /// Listens on all addresses and starts the event loop; returns as soon as clients can connect. It can be called once.
  public func start() throws(ServerError) {
    if configuration.listen.isEmpty, configuration.further.isEmpty { throw .nothingToListenOn }
    guard isFresh else { throw .cannotRun(Errno(EALREADY)) }
    var listeners: [Listener] = []
    for address in configuration.listen {
      listeners += try Listener.open(address, backlog: configuration.backlog)
    }
    for point in configuration.further {
      listeners.append(try Listener.open(point, backlog: configuration.backlog))
    }
    do throws(Errno) {
      try run(listeners)
    } catch {
      throw .cannotRun(error)
    }
  }

  private var isFresh: Bool {
    state.withLock { state in
      if case .fresh = state { return true }
      return false
    }
  }

  private func run(_ listeners: [Listener]) throws(Errno) {
    let mailbox = try Mailbox()
    let setup = EventLoop.Setup(
      configuration: configuration, handler: handler, listeners: listeners, mailbox: mailbox, counters: counters,
      capacity: Capacity(configuration), accept: accept)
    let isFirst = state.withLock { state in
      guard case .fresh = state else { return false }
      state = .running
      return true
    }
    guard isFirst else { throw Errno(EALREADY) }
    let failure = ConditionLock<Errno??>(nil)
    let state = state
    do throws(Errno) {
      try Thread.startDetached(named: "http") {
        do throws(Errno) {
          let loop = try EventLoop(setup, poll: try EventPoll())
          failure.withLock { $0 = .some(nil) }
          loop.run()
        } catch {
          failure.withLock { $0 = error }
        }
        state.withLock { $0 = .ended }
      }
    } catch {
      state.withLock { $0 = .ended }
      throw error
    }
    if let outcome = failure.wait(until: { $0 }), let error = outcome { throw error }
    started.withLock { $0 = (mailbox, listeners.map { $0.address }) }
  }

  /// Where it listens, in the order of the configuration, with the ports that the kernel chose. Empty before `start`.
  public var boundAddresses: [SocketAddress] {
    started.withLock { $0?.addresses ?? [] }
  }

  /// What it has done so far.
  public var statistics: ServerStatistics { counters.snapshot }

  /// Stops: accepts nobody any more, closes what is idle, lets answers in the making be finished and sent, and returns
  /// when the event loop has ended. Not to be called by a handler, which would wait for itself.
  ///
  /// - Parameter grace: how long that may take at the most, in seconds.
  public func shutdown(grace: Double) {
    guard let mailbox = started.withLock({ $0?.mailbox }) else { return }
    mailbox.post(.shutdown(deadline: Clock.monotonicNanoseconds &+ Clock.nanoseconds(grace)))
    join()
  }

  /// Waits until the server has ended, by a `shutdown` that another thread calls. Returns at once before `start`.
  public func join() {
    _ = state.wait(until: { state -> Bool? in
      if case .running = state { return nil }
      return true
    })
  }
}
