internal import Glibc
internal import POSIX

/// A listening socket, shared by the server, which knows its address, and the event loop, which accepts from it.
final class Listener: Sendable {
  let descriptor: FileDescriptor
  let address: SocketAddress
  /// What the handler finds in `Request.listener`.
  let name: String
  /// The Unix socket that was made for it, which goes with it.
  private let made: (socket: UnixSocket, identity: UnixSocket.Identity?)?
  /// The service manager has the same socket and goes on with it.
  private let isShared: Bool

  private init(
    _ descriptor: consuming FileDescriptor, name: String = ListenSocket.web, made: UnixSocket? = nil,
    isShared: Bool = false
  ) throws(Errno) {
    address = try Socket.localAddress(of: descriptor)
    self.descriptor = descriptor
    self.name = name
    self.made = made.map { ($0, $0.identity) }
    self.isShared = isShared
  }

  deinit {
    removeSocket()
  }

  /// Stops listening at once; the descriptor itself is closed with its owner.
  func stop() {
    removeSocket()
    // It would stop the service manager's socket too.
    if !isShared { _ = Glibc.shutdown(descriptor.rawValue, Int32(SHUT_RDWR)) }
  }

  /// Takes away the socket's file, unless another program's lies there by now.
  private func removeSocket() {
    guard let made, let identity = made.identity, made.socket.identity == identity else { return }
    unlink(made.socket.path)
  }

  /// Listens where a point says.
  static func open(_ point: ListenSocket, backlog: Int) throws(ServerError) -> Listener {
    switch point.kind {
    case .unix(let socket):
      let descriptor = try socket.listen(backlog: backlog)
      do throws(Errno) {
        return try Listener(descriptor, name: point.name, made: socket)
      } catch {
        throw .cannotRun(error)
      }
    case .inherited(let socket):
      do throws(Errno) {
        return try Listener(FileDescriptor(owning: socket.descriptor), name: point.name, isShared: true)
      } catch {
        throw .cannotRun(error)
      }
    }
  }

  /// Listens on every socket address behind `address`.
  static func open(_ address: ListenAddress, backlog: Int) throws(ServerError) -> [Listener] {
    let candidates = try address.resolved()
    do throws(Errno) {
      if candidates.isEmpty { return [try openEverywhere(port: address.port, backlog: backlog)] }
    } catch {
      throw .cannotListen(address, error)
    }
    var listeners: [Listener] = []
    var lastError = Errno(EADDRNOTAVAIL)
    for var candidate in candidates {
      // With port 0 all addresses of a name share the port that the kernel chose for the first.
      if candidate.port == 0, let first = listeners.first { candidate.port = first.address.port }
      do throws(Errno) {
        let isWildcard = candidate.isIPv6 && candidate.bytes.allSatisfy { $0 == 0 }
        listeners.append(try Listener(try Socket.listen(on: candidate, dualStack: isWildcard, backlog: backlog)))
      } catch {
        // A name may have an address of a family that this host does not have: `localhost` without IPv6.
        guard error.rawValue == EADDRNOTAVAIL || error.rawValue == EAFNOSUPPORT else {
          throw .cannotListen(address, error)
        }
        lastError = error
      }
    }
    if listeners.isEmpty { throw .cannotListen(address, lastError) }
    return listeners
  }

  private static func openEverywhere(port: UInt16, backlog: Int) throws(Errno) -> Listener {
    do throws(Errno) {
      return try Listener(try Socket.listen(on: .anyIPv6(port: port), dualStack: true, backlog: backlog))
    } catch {
      guard error.rawValue == EAFNOSUPPORT || error.rawValue == EADDRNOTAVAIL else { throw error }
      return try Listener(try Socket.listen(on: .anyIPv4(port: port), dualStack: false, backlog: backlog))
    }
  }
}
