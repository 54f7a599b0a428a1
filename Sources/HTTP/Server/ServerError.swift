internal import Glibc
public import POSIX

/// Why a server cannot start.
public enum ServerError: Error, Sendable, CustomStringConvertible {
  /// `getaddrinfo(3)` knows no such host, for the reason it gives.
  case cannotResolve(ListenAddress, String)
  /// The kernel lets nobody listen there.
  case cannotListen(ListenAddress, Errno)
  /// The Unix socket cannot be made, for the reason given.
  case cannotListenAt(UnixSocket, String)
  /// The configuration names no address.
  case nothingToListenOn
  /// The kernel has no descriptor or thread for the event loop; or the server was started before.
  case cannotRun(Errno)

  /// The sentence a user reads.
  public var description: String {
    switch self {
    case .cannotResolve(let address, let reason): "cannot listen on \(address): no such host: \(reason)"
    case .cannotListen(let address, let error): "cannot listen on \(address): \(ServerError.explain(error))"
    case .cannotListenAt(let socket, let reason): "cannot listen on \(socket): \(reason)"
    case .nothingToListenOn: "no address to listen on is given"
    case .cannotRun(let error): "cannot start the server's event loop: \(error)"
    }
  }

  private static func explain(_ error: Errno) -> String {
    switch error.rawValue {
    case EADDRINUSE: "another program listens there already (EADDRINUSE)"
    case EADDRNOTAVAIL: "this host has no such address (EADDRNOTAVAIL)"
    case EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE (EACCES)"
    default: error.description
    }
  }
}
