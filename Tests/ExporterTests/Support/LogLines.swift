import POSIX

@testable import Exporter

/// Keeps what a logger writes.
final class LogLines: Sendable {
  private let bytes = Lock<[UInt8]>([])

  func logger(_ level: Logger.Level = .debug, _ format: Logger.Format = .logfmt) -> Logger {
    Logger(level: level, format: format, clock: { 1_795_478_400.1234 }) { [self] line in
      bytes.withLock { $0 += line }
    }
  }

  var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

  /// How many lines have a text in them.
  func count(of text: String) -> Int { self.text.split(separator: "\n").count { $0.contains(text) } }
}
