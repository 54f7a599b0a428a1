internal import CLinux
internal import COpenSSL
internal import Glibc
internal import POSIX

/// One encrypted connection: OpenSSL's `SSL` on a socket. The handshake is part of the first read or write
/// (`SSL_set_accept_state(3)`). The socket is its transport's, which outlives it.
final class TLSSession {
  private let pointer: OpaquePointer
  private let socket: Int32
  // What the callbacks of a handshake look at.
  private let context: TLSContext

  /// Why there are no keys; nil while that is open, and once there are.
  private(set) var handshakeError: HandshakeError?

  /// How often one call may read from the socket: each record takes two, its head and what it holds.
  ///
  /// A call goes on until there is something for HTTP, but a client may send any number of records that hold nothing of it: what it may
  /// send once keys are agreed on (RFC 8446 section 4.6.3), or wishes to agree anew, which are declined. Who sends those shall have his
  /// turn like everybody, and his deadlines.
  fileprivate static let readsOfOneCall = 16
  /// How many of them are left to the present call.
  fileprivate var readsLeft = TLSSession.readsOfOneCall

  init(_ context: TLSContext, _ socket: Int32) throws(Errno) {
    guard let pointer = SSL_new(context.pointer) else { throw Errno(ENOMEM) }
    self.pointer = pointer
    self.context = context
    self.socket = socket
    guard SSL_set_fd(pointer, socket) == 1 else { throw Errno(ENOMEM) }
    SSL_set_accept_state(pointer)
    let transport = SSL_get_rbio(pointer)
    BIO_set_callback_ex(transport, boundReads)
    // Sound: the session outlives its transport, which `deinit` frees.
    BIO_set_callback_arg(transport, Unmanaged.passUnretained(self).toOpaque().assumingMemoryBound(to: CChar.self))
  }

  deinit {
    SSL_free(pointer)
  }

  /// Whether the client is not known yet, and nothing can be sent to it.
  var isHandshaking: Bool { SSL_is_init_finished(pointer) == 0 }

  /// Whether anything has come from the client; the corresponding C function is `BIO_number_read(3)`.
  var hasHeard: Bool { BIO_number_read(SSL_get_rbio(pointer)) > 0 }

  /// The corresponding C function is `SSL_read(3)`. A buffer of 16 KiB takes a whole record, so nothing that epoll does
  /// not know of stays behind. One call looks at a few records at the most: what else has arrived is still the kernel's, and epoll tells
  /// of it again.
  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transport.Outcome {
    ERR_clear_error()
    readsLeft = TLSSession.readsOfOneCall
    let count = SSL_read(pointer, buffer.baseAddress, Int32(clamping: buffer.count))
    return count > 0 ? .moved(Int(widening: count)) : failure(count)
  }

  /// The most bytes of one record (RFC 8446 section 5.1).
  private static let recordSize = 16 * 1024

  /// Sends what makes one record; the corresponding C function is `SSL_write(3)`. What could not be sent must be given
  /// again, with the same bytes in front.
  func send(_ pieces: [UnsafeRawBufferPointer]) -> Transport.Outcome {
    guard let first = pieces.first(where: { !$0.isEmpty }) else { return .moved(0) }
    if first.count >= TLSSession.recordSize || pieces.count == 1 { return write(first) }
    return withUnsafeTemporaryAllocation(byteCount: TLSSession.recordSize, alignment: 1) { record in
      // The stack's memory is written by this copy before it is read.
      var length = 0
      for piece in pieces where length < record.count {
        let part = UnsafeRawBufferPointer(rebasing: piece.prefix(max(0, record.count - length)))
        UnsafeMutableRawBufferPointer(rebasing: record[length...]).copyMemory(from: part)
        length += part.count
      }
      return write(UnsafeRawBufferPointer(rebasing: record[..<length]))
    }
  }

  private func write(_ bytes: UnsafeRawBufferPointer) -> Transport.Outcome {
    ERR_clear_error()
    readsLeft = TLSSession.readsOfOneCall
    let count = SSL_write(pointer, bytes.baseAddress, Int32(clamping: bytes.count))
    return count > 0 ? .moved(Int(widening: count)) : failure(count)
  }

  /// Says that no more will be sent, if the kernel takes it at once; the corresponding C function is `SSL_shutdown(3)`.
  func sayFarewell() {
    guard !isHandshaking else { return }
    ERR_clear_error()
    _ = SSL_shutdown(pointer)
    ERR_clear_error()
  }

  /// What a call that moved nothing means (`SSL_get_error(3)`).
  private func failure(_ result: Int32) -> Transport.Outcome {
    let number = errno
    switch SSL_get_error(pointer, result) {
    case SSL_ERROR_WANT_READ: return .blocked(.untilReadable)
    case SSL_ERROR_WANT_WRITE: return .blocked(.untilWritable)
    case SSL_ERROR_ZERO_RETURN: return .ended
    case SSL_ERROR_SYSCALL where number != 0: return .failed(Errno(number))
    default:
      if OpenSSLFailure.reason(of: ERR_peek_error()) == SSL_R_HTTP_REQUEST { refusePlainRequest() }
      if isHandshaking {
        handshakeError = HandshakeError(
          reason: OpenSSLFailure.reason(of: ERR_peek_error()), verification: SSL_get_verify_result(pointer))
      }
      let reason = OpenSSLFailure.take() ?? "the connection ended"
      return .rejected(certificateProblem.map { "\(reason): \($0)" } ?? reason)
    }
  }

  /// What is wrong with the client's certificate; nil when nothing is, or it showed none.
  private var certificateProblem: String? {
    let result = SSL_get_verify_result(pointer)
    guard result != X509_V_OK, let text = X509_verify_cert_error_string(result) else { return nil }
    // Sound: it is one of OpenSSL's own constants.
    return String(cString: text)
  }

  /// Tells somebody who forgot the s of https, in the words that Go's servers use.
  private func refusePlainRequest() {
    // What is not read would make the kernel reset the connection and lose the answer.
    var rest = [UInt8](repeating: 0, count: TLSSession.recordSize)
    _ = recv(socket, &rest, rest.count, Int32(MSG_DONTWAIT))
    let line = "Client sent an HTTP request to an HTTPS server.\n"
    let answer = Array(
      ("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(line.utf8.count)\r\n"
        + "Connection: close\r\n\r\n" + line).utf8)
    _ = Glibc.send(socket, answer, answer.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }
}

/// Stands before each call of a session's transport (`BIO_set_callback_ex(3)`): a read beyond those of one call finds nothing, as if the
/// rest had not arrived yet.
private func boundReads(
  _ transport: OpaquePointer?, _ operation: Int32, _ bytes: UnsafePointer<CChar>?, _ length: Int, _: Int32, _: Int,
  _ result: Int32, _ processed: UnsafeMutablePointer<Int>?
) -> Int {
  guard operation == BIO_CB_READ, let argument = BIO_get_callback_arg(transport) else { return Int(widening: result) }
  // Sound: `init` put it there, and OpenSSL reads in calls of this session alone.
  let session = Unmanaged<TLSSession>.fromOpaque(argument).takeUnretainedValue()
  guard session.readsLeft > 0 else {
    BIO_clear_flags(transport, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY)
    BIO_set_flags(transport, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
    return -1
  }
  session.readsLeft -= 1
  return Int(widening: result)
}
