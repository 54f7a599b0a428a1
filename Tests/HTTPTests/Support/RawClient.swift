import Glibc
import POSIX
import Testing

@testable import HTTP

/// A client that sends whatever bytes a test likes, over a blocking socket with a generous time limit.
final class RawClient {
  private let socket: Int32
  private var pending: [UInt8] = []

  struct Answer: Equatable {
    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// - Parameter receiveBuffer: bytes of SO_RCVBUF, for clients that must block the server soon.
  init(_ address: SocketAddress, receiveBuffer: Int32? = nil) throws {
    socket = Glibc.socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    try #require(socket >= 0)
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBuffer { setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, 4) }
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    let number = socket
    let result = address.withSockaddr { Glibc.connect(number, $0, $1) }
    if result != 0 { throw Errno.last }
  }

  deinit {
    close(socket)
  }

  func send(_ text: String) {
    send(Array(text.utf8))
  }

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  func finishSending() {
    shutdown(socket, Int32(SHUT_WR))
  }

  /// Closes with a reset.
  func reset() {
    Socket.abortOnClose(socket)
  }

  /// One answer; nil when the connection ends before it is complete.
  func receive(withBody: Bool = true) -> Answer? {
    while true {
      if let end = headEnd() {
        let lines = String(decoding: pending[..<end], as: UTF8.self).split(separator: "\r\n")
        guard let statusLine = lines.first, statusLine.hasPrefix("HTTP/1.1 "),
          let status = Int(statusLine.dropFirst(9).prefix(3))
        else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
        }
        let hasBody = withBody && status >= 200 && status != 204 && status != 304
        let length = hasBody ? Int(headers["content-length"] ?? "") ?? 0 : 0
        if pending.count >= end + 4 + length {
          let body = Array(pending[(end + 4)..<(end + 4 + length)])
          pending.removeFirst(end + 4 + length)
          return Answer(status: status, headers: headers, body: body)
        }
      }
      guard fill() else { return nil }
    }
  }

  /// Takes so many bytes of what comes, which `receive` gives later.
  func take(_ count: Int) {
    while pending.count < count, fill() {}
  }

  /// So many bytes as text; nil when the connection ends before them.
  func receive(count: Int) -> String? {
    while pending.count < count { guard fill() else { return nil } }
    defer { pending.removeFirst(count) }
    return String(decoding: pending[..<count], as: UTF8.self)
  }

  /// Reads to the end, and says whether that is a reset.
  func endsInReset() -> Bool {
    while fill() {}
    return Errno.last.rawValue == ECONNRESET
  }

  /// Whether the server closes the connection in order, without a further byte and without a reset.
  func isClosedByServer() -> Bool {
    guard pending.isEmpty else { return false }
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, 0) == 0
  }

  /// Whether the connection has ended in whatever way.
  func isGone() -> Bool {
    var byte: UInt8 = 0
    let count = recv(socket, &byte, 1, 0)
    return count == 0 || (count < 0 && Errno.last.rawValue == ECONNRESET)
  }

  private func headEnd() -> Int? {
    let mark = Array("\r\n\r\n".utf8)
    guard pending.count >= 4 else { return nil }
    return (0...(pending.count - 4)).first { pending[$0..<($0 + 4)].elementsEqual(mark) }
  }

  private func fill() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    errno = 0
    let count = recv(socket, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    pending.append(contentsOf: buffer[..<count])
    return true
  }
}
