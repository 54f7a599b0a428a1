internal import CLinux
internal import Glibc
internal import POSIX

/// A TCP connection with a deadline for everything, encrypted when the endpoint says so.
package struct ClientConnection: ~Copyable {
  private let descriptor: FileDescriptor
  private let deadline: Deadline
  /// Nil when it is not encrypted.
  private let session: TLSClientSession?

  /// Connects to whichever of the host's addresses answers first. Blocks until the deadline at the most.
  ///
  /// - Parameter trust: whose certificates are believed, for `https`.
  package init(to endpoint: Endpoint, deadline: Deadline, trust: TLSTrust = TLSTrust()) throws(NetworkError) {
    let host = endpoint.host
    let addresses = try NameLookups.shared.addresses(of: host, port: endpoint.port, by: deadline)
    try self.init(
      toAnyOf: SocketAddress.alternating(addresses), encryptedFor: endpoint.scheme == .https ? host : nil, deadline,
      trust)
  }

  /// Connects to whichever of some addresses answers first.
  ///
  /// - Parameter host: whose certificate is expected; nil for no encryption.
  package init(
    toAnyOf addresses: [SocketAddress], encryptedFor host: String?, _ deadline: Deadline, _ trust: TLSTrust
  ) throws(NetworkError) {
    var race = AddressRace(addresses)
    let descriptor = try race.winner(by: deadline)
    session = if let host { try Self.encrypt(descriptor.rawValue, host, trust, deadline) } else { nil }
    self.descriptor = descriptor
    self.deadline = deadline
  }

  private static func encrypt(
    _ socket: Int32, _ host: String, _ trust: TLSTrust, _ deadline: Deadline
  ) throws(NetworkError) -> TLSClientSession {
    let session = try TLSClientSession(socket: socket, host: host, trust)
    while let events = try session.shake() { try wait(socket, for: events, deadline) }
    return session
  }

  /// Connects to a Unix socket (`unix(7)`).
  package init(toSocket path: String, deadline: Deadline) throws(NetworkError) {
    guard let address = UnixAddress(path) else { throw .system(Errno(ENAMETOOLONG)) }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let raw = socket(AF_UNIX, type, 0)
    guard raw >= 0 else { throw .system(Errno.last) }
    let descriptor = FileDescriptor(owning: raw)
    if address.withAddress({ Glibc.connect(raw, $0, $1) }) != 0 { throw .system(Errno.last) }
    self.descriptor = descriptor
    self.deadline = deadline
    session = nil
  }

  private static func wait(_ raw: Int32, for events: Int32, _ deadline: Deadline) throws(NetworkError) {
    var polled = pollfd(fd: raw, events: Int16(truncatingIfNeeded: events), revents: 0)
    while true {
      let left = deadline.milliseconds
      let count = left == 0 ? 0 : poll(&polled, 1, left)
      if count > 0 { return }
      if count == 0 { throw .timeout }
      if errno != EINTR { throw .system(Errno.last) }
    }
  }

  /// Sends every byte.
  package borrowing func send(_ bytes: [UInt8]) throws(NetworkError) {
    var sent = 0
    let raw = descriptor.rawValue
    if let session {
      while sent < bytes.count {
        switch try session.write(bytes[sent...]) {
        case .moved(let count): sent += count
        case .blocked(let events): try Self.wait(raw, for: events, deadline)
        case .ended: throw .system(Errno(EPIPE))
        }
      }
      return
    }
    while sent < bytes.count {
      let got = bytes.withUnsafeBytes {
        Glibc.send(raw, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if got >= 0 {
        sent += got
      } else if errno == EAGAIN {
        try Self.wait(raw, for: POLLOUT, deadline)
      } else if errno != EINTR {
        throw .system(Errno.last)
      }
    }
  }

  /// Appends what has arrived, waiting for it if need be; false at the end of the stream.
  package borrowing func receive(into bytes: inout [UInt8]) throws(NetworkError) -> Bool {
    let raw = descriptor.rawValue
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while let session {
      switch try session.read(into: &buffer) {
      case .moved(let count):
        bytes.append(contentsOf: buffer.prefix(count))
        return true
      case .blocked(let events): try Self.wait(raw, for: events, deadline)
      case .ended: return false
      }
    }
    while true {
      let got = recv(raw, &buffer, buffer.count, 0)
      if got >= 0 {
        bytes.append(contentsOf: buffer.prefix(got))
        return got > 0
      }
      let error = Errno.last
      if error.rawValue == EAGAIN {
        try Self.wait(raw, for: POLLIN, deadline)
      } else if error.rawValue != EINTR {
        throw .system(error)
      }
    }
  }
}
