internal import Glibc
internal import POSIX

/// Times of day for people, in the local time zone.
enum LocalClock {
  /// `14:03:22`; `Nov 21 14:03` when it is half a day or more from now.
  static func text(_ time: Double, now: Double = Clock.realtime) -> String {
    guard time.isFinite, time.magnitude < 1e11 else { return "?" }
    var seconds = time_t(clamping: time)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "?" }
    var buffer = [CChar](repeating: 0, count: 64)
    let format = (now - time).magnitude < 43_200 ? "%H:%M:%S" : "%b %e %H:%M"
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
