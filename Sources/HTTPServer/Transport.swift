internal import Glibc
internal import POSIX

/// How a connection's bytes pass through its socket. An encrypted transport is one more case here and nothing elsewhere:
/// its calls may wait for the other direction, which is why `Blocked` names one.
enum Transport: ~Copyable {
  case plain(FileDescriptor)

  enum Blocked { case untilReadable, untilWritable }

  enum Outcome {
    case moved(Int)
    case blocked(Blocked)
    /// The other end will send no more.
    case ended
    case failed(Errno)
  }

  var descriptor: Int32 {
    switch self {
    case .plain(let socket): socket.rawValue
    }
  }

  /// Reads what is there. The corresponding C function is `recv(2)`.
  mutating func receive(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    let number = descriptor
    do throws(Errno) {
      let count = try retryingOnInterrupt { recv(number, buffer.baseAddress, buffer.count, 0) }
      return count == 0 ? .ended : .moved(count)
    } catch {
      return error.isWouldBlock ? .blocked(.untilReadable) : .failed(error)
    }
  }

  /// Sends what the kernel takes of the pieces, one behind the other, without joining them. The corresponding C function
  /// is `sendmsg(2)`; `MSG_NOSIGNAL` keeps a broken connection from raising `SIGPIPE`.
  mutating func send(_ pieces: [UnsafeRawBufferPointer]) -> Outcome {
    let number = descriptor
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
