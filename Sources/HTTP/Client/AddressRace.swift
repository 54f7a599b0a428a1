internal import CLinux
internal import Glibc
internal import POSIX

/// Connects to whichever of several addresses answers first ("happy eyeballs", RFC 8305): one that refuses is followed by
/// the next at once, one that is silent is joined by the next after a moment. So a name works as soon as one of its
/// addresses does.
struct AddressRace: ~Copyable {
  /// Milliseconds for which an address is tried before the next one is tried beside it (RFC 8305, section 5).
  static let headStart: Int32 = 250

  private var waiting: ArraySlice<SocketAddress>
  /// Sockets that are connecting. They belong to this value.
  private var trying: [pollfd] = []
  private var failure = NetworkError.unknownHost("no address")

  init(_ addresses: [SocketAddress]) {
    waiting = addresses[...]
  }

  deinit {
    for entry in trying { close(entry.fd) }
  }

  /// The connection that came first.
  ///
  /// - Throws: what became of the address that failed last, or `timeout`.
  mutating func winner(by deadline: Deadline) throws(NetworkError) -> FileDescriptor {
    while true {
      if let address = waiting.popFirst() {
        if let connected = start(address) { return connected }
      } else if trying.isEmpty {
        throw failure
      }
      // What was refused at once needs no waiting; else the next address has its turn when one fails, or after a moment.
      guard !trying.isEmpty else { continue }
      if let connected = try wait(by: deadline) { return connected }
    }
  }

  /// Tries one more address; gives the connection when it is there at once.
  private mutating func start(_ address: SocketAddress) -> FileDescriptor? {
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let raw = socket(address.family, type, 0)
    guard raw >= 0 else {
      failure = .system(Errno.last)
      return nil
    }
    let descriptor = FileDescriptor(owning: raw)
    switch address.connect(raw) {
    case 0: return descriptor
    case EINPROGRESS, EINTR: trying.append(pollfd(fd: descriptor.take(), events: Int16(POLLOUT), revents: 0))
    case let error: failure = .system(Errno(error))
    }
    return nil
  }

  /// Waits until one of the sockets is connected, which it gives, until one has failed, or until the next one's turn.
  private mutating func wait(by deadline: Deadline) throws(NetworkError) -> FileDescriptor? {
    let left = deadline.milliseconds
    guard left > 0 else { throw .timeout }
    let patience = waiting.isEmpty ? left : min(left, Self.headStart)
    let count = trying.withUnsafeMutableBufferPointer { poll($0.baseAddress, nfds_t($0.count), patience) }
    guard count >= 0 else {
      if errno == EINTR { return nil }
      throw .system(Errno.last)
    }
    for place in trying.indices.reversed() where trying[place].revents != 0 {
      let descriptor = FileDescriptor(owning: trying.remove(at: place).fd)
      var result: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(descriptor.rawValue, SOL_SOCKET, SO_ERROR, &result, &size)
      if result == 0 { return descriptor }
      failure = .system(Errno(result))
    }
    return nil
  }
}
