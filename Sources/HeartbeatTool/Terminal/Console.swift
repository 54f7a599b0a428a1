internal import Glibc
internal import POSIX
internal import Synchronization

/// Where the tool's text goes.
enum Console {
  /// Why something could not be written to standard output: an errno value, 0 when all could.
  private static let printFailure = Atomic<Int32>(0)

  /// Writes to standard output, whole. A reader that has gone is no error; what else fails, `printError` tells.
  static func print(_ text: String, terminator: String = "\n") {
    errno = 0
    guard !write(text + terminator, to: STDOUT_FILENO), errno != EPIPE else { return }
    printFailure.store(errno, ordering: .relaxed)
  }

  /// What kept something from being printed, such as a full disk; nil when nothing did.
  static var printError: Errno? {
    let code = printFailure.load(ordering: .relaxed)
    return code == 0 ? nil : Errno(code)
  }

  /// Writes `heartbeat: …` to standard error.
  static func error(_ text: String) {
    write("heartbeat: \(text)\n", to: STDERR_FILENO)
  }

  /// Writes text as it is to a descriptor.
  @discardableResult
  static func write(_ text: String, to descriptor: Int32) -> Bool {
    write(Array(text.utf8), to: descriptor)
  }

  /// Writes bytes to a descriptor; false, with errno set, when they could not all be written.
  @discardableResult
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let got = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
      }
      if got < 0, errno == EINTR { continue }
      if got < 0, errno == EAGAIN {
        // Whoever shares the pipe or terminal has made it non-blocking.
        var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        _ = poll(&polled, 1, -1)
        continue
      }
      guard got > 0 else { return false }
      written += got
    }
    return true
  }
}

/// `2.5s`, `45s`, `3m 20s`, `2h 05m`, `3d 04h`: a duration for people.
func seconds(_ value: Double) -> String {
  guard value.isFinite, value.magnitude < 1e12 else { return "?" }
  if value < 0 { return "-" + seconds(-value) }
  if value < 9.95 {
    let tenths = Int(clamping: (value * 10).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10)s" : "\(tenths / 10).\(tenths % 10)s"
  }
  let whole = Int(clamping: value.rounded())
  func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
  switch whole {
  case ..<60: return "\(whole)s"
  case ..<3600: return "\(whole / 60)m \(two(whole % 60))s"
  case ..<86_400: return "\(whole / 3600)h \(two(whole / 60 % 60))m"
  default: return "\(whole / 86_400)d \(two(whole / 3600 % 24))h"
  }
}
