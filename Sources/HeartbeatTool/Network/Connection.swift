internal import CLinux
internal import Glibc
internal import POSIX

/// Why a peer gave no answer.
enum NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The name has no address; the text is that of `gai_strerror(3)`.
  case unknownHost(String)
  /// A system call failed.
  case system(Errno)
  /// It took longer than allowed.
  case timeout
  /// The answer is longer than allowed.
  case tooLarge
  /// What it answered is no HTTP.
  case notHTTP
  /// No encryption came about: its certificate is not trusted, or it speaks no TLS. The text says which.
  case encryption(String)

  var description: String {
    switch self {
    case .unknownHost(let reason): reason
    case .system(let error): error.description
    case .timeout: "timed out"
    case .tooLarge: "the answer is too large"
    case .notHTTP: "the answer is not HTTP"
    case .encryption(let reason): reason
    }
  }
}

/// A moment after which a network operation gives up; by the monotonic clock.
struct Deadline: Sendable {
  private let nanoseconds: UInt64

  /// So many seconds from now.
  init(after seconds: Double) {
    nanoseconds = Clock.monotonicNanoseconds &+ Clock.nanoseconds(seconds)
  }

  /// Milliseconds left, 0 at the end.
  var milliseconds: Int32 {
    let now = Clock.monotonicNanoseconds
    return now >= nanoseconds ? 0 : Int32(clamping: (nanoseconds - now) / 1_000_000 + 1)
  }
}

/// A TCP connection with a deadline for everything, encrypted when the endpoint says so.
struct Connection: ~Copyable {
  private let descriptor: FileDescriptor
  private let deadline: Deadline
  /// Nil when it is not encrypted.
  private let session: TLSClientSession?

  /// Connects to whichever of the host's addresses answers first. Blocks; the lookup of a name has the resolver's own
  /// time limit.
  ///
  /// - Parameter trust: whose certificates are believed, for `https`.
  init(to endpoint: Endpoint, deadline: Deadline, trust: TLSTrust = TLSTrust()) throws(NetworkError) {
    let descriptor = try Self.connect(to: endpoint, deadline)
    session =
      endpoint.scheme == .https
      ? try Self.encrypt(descriptor.rawValue, endpoint.host, trust, deadline) : nil
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

  private static func connect(to endpoint: Endpoint, _ deadline: Deadline) throws(NetworkError) -> FileDescriptor {
    var race = AddressRace(try NetworkAddress.all(of: endpoint))
    return try race.winner(by: deadline)
  }

  /// Connects to a Unix socket (`unix(7)`).
  init(toSocket path: String, deadline: Deadline) throws(NetworkError) {
    descriptor = try Self.connect(toSocket: path)
    self.deadline = deadline
    session = nil
  }

  private static func connect(toSocket path: String) throws(NetworkError) -> FileDescriptor {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let isShort = withUnsafeMutableBytes(of: &address.sun_path) { room in
      room.copyBytes(from: path.utf8.prefix(max(0, room.count - 1)))
      return path.utf8.count < room.count
    }
    guard isShort else { throw .system(Errno(ENAMETOOLONG)) }
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let raw = socket(AF_UNIX, type, 0)
    guard raw >= 0 else { throw .system(Errno.last) }
    let descriptor = FileDescriptor(owning: raw)
    // sockaddr_un is made to be seen as a sockaddr.
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(raw, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    if result != 0 { throw .system(Errno.last) }
    return descriptor
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
  borrowing func send(_ bytes: [UInt8]) throws(NetworkError) {
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
  borrowing func receive(into bytes: inout [UInt8]) throws(NetworkError) -> Bool {
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
