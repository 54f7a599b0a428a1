internal import CLinux
internal import Glibc
internal import POSIX

/// A listening stream socket that the service manager opened for this process.
public struct InheritedSocket: Sendable, Hashable {
  /// Its descriptor, which the server takes over.
  public let descriptor: Int32
  /// What the service manager calls it: `FileDescriptorName=` of `systemd.socket(5)`.
  public let name: String
  /// Whether it is a Unix socket.
  public let isUnix: Bool
}

/// The sockets of socket activation, as `sd_listen_fds(3)` describes them.
public enum InheritedSockets {
  /// Why there are none that could be used.
  public struct Unusable: Error, CustomStringConvertible {
    /// The sentence that a user reads.
    public let description: String
  }

  /// Takes the sockets over: checks each, makes it non-blocking and not to be inherited any further, and removes the
  /// environment variables, so that no child takes them for its own. To be called once, before there are threads.
  ///
  /// - Returns: none when `LISTEN_PID` is missing or names another process.
  public static func take() throws(Unusable) -> [InheritedSocket] {
    let variables = ["LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"]
    let (pid, count, names) = (value("LISTEN_PID"), value("LISTEN_FDS"), value("LISTEN_FDNAMES") ?? "")
    for variable in variables { unsetenv(variable) }
    return try take(pid: pid, count: count, names: names, from: first)
  }

  /// - Parameters:
  ///   - pid: the value of `LISTEN_PID`.
  ///   - count: that of `LISTEN_FDS`.
  ///   - names: that of `LISTEN_FDNAMES`; empty when there is none.
  ///   - first: the lowest descriptor.
  static func take(pid: String?, count: String?, names: String, from first: Int32) throws(Unusable) -> [InheritedSocket]
  {
    guard let pid, pid == String(getpid()) else { return [] }
    guard let number = count.flatMap({ Int32($0, radix: 10) }), (0...maximumCount).contains(number) else {
      throw Unusable(description: "LISTEN_FDS is \"\(count ?? "")\"; expected a number from 0 to \(maximumCount)")
    }
    let name = names.split(separator: ":", omittingEmptySubsequences: false)
    var sockets: [InheritedSocket] = []
    for index in 0..<number {
      let given = Int(widening: index) < name.count ? String(name[Int(widening: index)]) : ""
      sockets.append(try check(first + index, name: given))
    }
    return sockets
  }

  /// `SD_LISTEN_FDS_START`.
  private static let first: Int32 = 3
  private static let maximumCount: Int32 = 64

  private static func value(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static func check(_ descriptor: Int32, name: String) throws(Unusable) -> InheritedSocket {
    func refuse(_ reason: String) -> Unusable {
      Unusable(description: "descriptor \(descriptor) (\"\(name)\") of the service manager \(reason)")
    }
    guard let type = option(descriptor, SO_TYPE) else { throw refuse("is no socket: \(Errno.last)") }
    guard type == Int32(SOCK_STREAM.rawValue) else { throw refuse("is no stream socket; expected ListenStream=") }
    guard option(descriptor, SO_ACCEPTCONN) == 1 else {
      throw refuse("does not listen; expected a socket unit with Accept=no")
    }
    let domain = option(descriptor, SO_DOMAIN)
    guard domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX else {
      throw refuse("is neither IPv4, IPv6 nor a Unix socket")
    }
    let flags = fcntl(descriptor, F_GETFL)
    guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0, flags >= 0, fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0
    else { throw refuse("cannot be set up: \(Errno.last)") }
    return InheritedSocket(descriptor: descriptor, name: name, isUnix: domain == AF_UNIX)
  }

  private static func option(_ descriptor: Int32, _ option: Int32) -> Int32? {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
  }
}
