internal import CLinux
internal import Glibc
internal import POSIX

/// How many connections a process can take.
struct Capacity: Sendable {
  /// Connections that are served.
  var connections: Int
  /// Connections beyond, which are told 503.
  var refusals: Int

  /// What the configuration asks for, within what `RLIMIT_NOFILE` allows.
  init(_ configuration: ServerConfiguration) {
    var limit = rlimit()
    var available = Int.max
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      available = max(8, Int(clamping: limit.rlim_cur) - max(0, configuration.reservedDescriptors))
    }
    refusals = max(0, min(configuration.maximumRefusals, available / 8))
    connections = max(1, min(configuration.maximumConnections, available - refusals))
  }
}

extension ServerConfiguration {
  /// How many of so many connections this process can take: as many, or fewer where it may not open that many descriptors.
  public static func possibleConnections(_ maximum: Int) -> Int {
    var configuration = ServerConfiguration(listen: [])
    configuration.maximumConnections = maximum
    return Capacity(configuration).connections
  }
}

/// New connections.
extension EventLoop {
  /// Connections accepted before the others get their turn.
  private static let acceptsAtOnce = 64
  /// How long to leave clients to the kernel's backlog when there is no descriptor at all, in nanoseconds.
  private static let acceptPause: UInt64 = 100_000_000

  /// A descriptor kept in reserve: given up for a moment, it lets a connection be accepted and closed that would
  /// otherwise wake the loop again and again.
  static func openSpare() -> FileDescriptor? {
    try? FileDescriptor.open("/dev/null", O_RDONLY)
  }

  func accept(from listener: Listener) {
    for _ in 0..<Self.acceptsAtOnce {
      do throws(Errno) {
        admit(try setup.accept(listener.descriptor.rawValue), listener.name)
      } catch {
        switch error.rawValue {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
          setup.counters.acceptErrors.add(1, ordering: .relaxed)
          report(.cannotAccept, nil, error)
          if evictOne(evenRefusals: true) || refuseBySpare(listener) { continue }
          pauseAccepting()
          return
        case ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
          ENETUNREACH:
          continue  // accept(2): errors of that one connection
        default:
          return
        }
      }
    }
  }

  private func admit(_ accepted: consuming AcceptedSocket, _ listener: String) {
    setup.counters.accepted.add(1, ordering: .relaxed)
    let isFull = connections.count - connections.refusals >= setup.capacity.connections
    let isRefusal = isFull && !evictOne(evenRefusals: false)
    if isRefusal {
      setup.counters.refused.add(1, ordering: .relaxed)
      report(.refused, accepted.peer)
      if connections.refusals >= setup.capacity.refusals { return }
    }
    let tls = listener == ListenSocket.web ? setup.configuration.tls?() : nil
    // To agree on keys only to refuse would cost more than to serve.
    if isRefusal, tls != nil { return }
    let peer = accepted.peer
    let connection: Connection
    do throws(Errno) {
      connection = try Connection(
        id: connections.nextID(), accepted: accepted, listener: listener, tls: tls, limits: setup.configuration.limits,
        isRefusal: isRefusal, sendsDirectly: setup.configuration.mayReportLate, interest: EventPoll.readable, now: now)
      try poll.add(connection.transport.descriptor, token: connection.id.packed, interest: connection.interest)
    } catch {
      report(.cannotAccept, peer, error)
      return
    }
    connections.insert(connection)
    setup.counters.open.add(1, ordering: .relaxed)
    if isRefusal {
      respondItself(connection, 503, "too many connections")
      advance(connection)
    } else {
      setDeadline(connection, tls == nil ? .idle : .header)
    }
  }

  /// Closes the connection that can best be spared: an answered one, the one that has been idle for longest, the one
  /// whose header or body has been coming in for longest, or the one that has left its answer untaken for longest. So a
  /// crowd of clients that dribble or do not read cannot shut others out.
  ///
  /// - Parameter evenRefusals: whether one that was only let in to be refused will do; its end makes no room for
  ///   another that is served, but gives a descriptor back.
  private func evictOne(evenRefusals: Bool) -> Bool {
    for kind in [Deadlines.Kind.linger, .idle, .header, .body, .write] {
      guard let slot = deadlines.longest(kind), let connection = connections[slot: slot],
        evenRefusals || !connection.isRefusal
      else { continue }
      if kind != .linger {
        setup.counters.evicted.add(1, ordering: .relaxed)
        report(.evicted, connection.peer)
      }
      if kind == .write { Socket.abortOnClose(connection.transport.descriptor) }
      close(connection)
      return true
    }
    return false
  }

  private func refuseBySpare(_ listener: Listener) -> Bool {
    guard spare != nil else {
      spare = Self.openSpare()
      return false
    }
    spare = nil
    let wasAccepted = (try? setup.accept(listener.descriptor.rawValue)) != nil
    if wasAccepted { setup.counters.refused.add(1, ordering: .relaxed) }
    spare = Self.openSpare()
    return wasAccepted
  }

  private func pauseAccepting() {
    acceptResumes = now &+ Self.acceptPause
    watchListeners(0)
  }

  func resumeAccepting() {
    acceptResumes = nil
    if spare == nil { spare = Self.openSpare() }
    if !isShuttingDown { watchListeners(EventPoll.readable) }
  }

  private func watchListeners(_ interest: UInt32) {
    for (index, listener) in setup.listeners.enumerated() {
      poll.modify(listener.descriptor.rawValue, token: Self.listenerToken(index), interest: interest)
    }
  }
}
