internal import POSIX

/// What a program told its supervisor, in the protocol of `sd_notify(3)`: lines of `KEY=VALUE`.
struct NotifyMessage: Hashable, Sendable {
  /// The largest datagram that is read; systemd takes the same.
  static let longestMessage = 4096
  /// The most bytes of a `STATUS=` that are kept.
  static let longestStatus = 256

  /// `READY=1`: it has started, or finished a reload.
  var isReady = false
  /// `RELOADING=1`
  var isReloading = false
  /// `STOPPING=1`
  var isStopping = false
  /// `WATCHDOG=1`: it works.
  var isWatchdogPing = false
  /// `WATCHDOG=trigger`: it found itself to be broken.
  var isWatchdogTrigger = false
  /// `STATUS=`: a line for people, without control characters.
  var status: String?
  /// `WATCHDOG_USEC=` in seconds: after which silence it counts as hung from now on; 0 switches a service manager's watchdog off.
  var watchdogSeconds: Double?
  /// `MAINPID=`
  var mainPID: Int32?
  /// `EXTEND_TIMEOUT_USEC=` in seconds: so much longer, counted from now, may the start or the end take.
  var extensionSeconds: Double?

  /// Reads a datagram; unknown keys and broken values are skipped, as `sd_notify(3)` asks.
  init(_ bytes: some Sequence<UInt8>) {
    for line in Array(bytes.prefix(Self.longestMessage)).split(separator: UInt8(ascii: "\n")) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = line[(equals + 1)...]
      let text = String(decoding: value, as: UTF8.self)
      switch ExactText(String(decoding: line[..<equals], as: UTF8.self)) {
      case "READY": isReady = text.isSame(as: "1")
      case "RELOADING": isReloading = text.isSame(as: "1")
      case "STOPPING": isStopping = text.isSame(as: "1")
      case "WATCHDOG":
        isWatchdogPing = text.isSame(as: "1")
        isWatchdogTrigger = text.isSame(as: "trigger")
      case "WATCHDOG_USEC":
        if let microseconds = UInt64(text) { watchdogSeconds = Double(microseconds) / 1e6 }
      case "EXTEND_TIMEOUT_USEC":
        if let microseconds = UInt64(text), microseconds > 0 { extensionSeconds = Double(microseconds) / 1e6 }
      case "MAINPID":
        if let pid = Int32(text), pid > 0 { mainPID = pid }
      case "STATUS":
        status = String(decoding: value.prefix(Self.longestStatus).filter { $0 >= 0x20 && $0 != 0x7f }, as: UTF8.self)
      default:
        continue
      }
    }
  }
}
