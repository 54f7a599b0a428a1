internal import Glibc
internal import POSIX

/// A listening socket, shared by the server, which knows its address, and the event loop, which accepts from it.
final class Listener: Sendable {
  let descriptor: FileDescriptor
  let address: SocketAddress

  private init(_ descriptor: consuming FileDescriptor) throws(Errno) {
    address = try Socket.localAddress(of: descriptor)
    self.descriptor = descriptor
  }

  /// Stops listening at once; the descriptor itself is closed with its owner.
  func stop() {
    _ = Glibc.shutdown(descriptor.rawValue, Int32(SHUT_RDWR))
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
