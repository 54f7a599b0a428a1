internal import CLinux
internal import Glibc
internal import POSIX

/// How a connection's bytes pass through its socket. An encrypted one's calls may wait for the other direction, which is
/// why `Blocked` names one.
struct Transport: ~Copyable {
  private let socket: FileDescriptor
  /// What encrypts; nil for a plain connection.
  private let session: TLSSession?

  init(_ socket: consuming FileDescriptor, tls: TLSContext?) throws(Errno) {
    if let tls { session = try TLSSession(tls, socket.rawValue) } else { session = nil }
    self.socket = socket
  }

  enum Blocked { case untilReadable, untilWritable }

  enum Outcome {
    case moved(Int)
    case blocked(Blocked)
    /// The other end will send no more.
    case ended
    case failed(Errno)
    /// There is no understanding with the other end, for the reason given.
    case rejected(String)
  }

  var descriptor: Int32 { socket.rawValue }

  /// Whether nothing can be sent yet, since keys are still agreed on.
  var isHandshaking: Bool { session?.isHandshaking ?? false }

  /// Whether the other end has begun to agree on keys, and has not come to an end with it.
  var isAmidHandshake: Bool { session.map { $0.isHandshaking && $0.hasHeard } ?? false }

  /// Why there will be no keys; nil where that is not so.
  var handshakeError: HandshakeError? { session?.handshakeError }

  /// Says that nothing more will be sent, and closes the sending half.
  func finishSending() {
    session?.sayFarewell()
    Socket.shutdownSending(descriptor)
  }

  /// Reads what is there. The corresponding C function is `recv(2)`.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    session?.receive(into: buffer) ?? discard(into: buffer)
  }

  /// Reads what is there without a look at what it means, also of an encrypted connection: what comes is not wanted.
  func discard(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    let number = descriptor
    do throws(Errno) {
      let count = try retryingOnInterrupt { recv(number, buffer.baseAddress, buffer.count, 0) }
      return count == 0 ? .ended : .moved(count)
    } catch {
      return error.isWouldBlock ? .blocked(.untilReadable) : .failed(error)
    }
  }

  /// Sends what the kernel takes of the pieces, one behind the other, without joining them.
  func send(_ pieces: [UnsafeRawBufferPointer]) -> Outcome {
    session?.send(pieces) ?? Transport.send(pieces, to: descriptor)
  }

  /// The same through a socket without encryption. The corresponding C function is `sendmsg(2)`; `MSG_NOSIGNAL` keeps a
  /// broken connection from raising `SIGPIPE`.
  static func send(_ pieces: [UnsafeRawBufferPointer], to number: Int32) -> Outcome {
    // sendmsg does not write through iov_base.
    var vectors = pieces.map { iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count) }
    do throws(Errno) {
      let count = try retryingOnInterrupt {
        vectors.withUnsafeMutableBufferPointer { vectors in
          var message = msghdr()
          message.msg_iov = vectors.baseAddress
          message.msg_iovlen = vectors.count
          return sendmsg(number, &message, Int32(MSG_NOSIGNAL))
        }
      }
      return .moved(count)
    } catch {
      return error.isWouldBlock ? .blocked(.untilWritable) : .failed(error)
    }
  }
}

extension Errno {
  var isWouldBlock: Bool { rawValue == EAGAIN || rawValue == EWOULDBLOCK }
}
