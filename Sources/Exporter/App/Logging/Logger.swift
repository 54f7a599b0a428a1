internal import Glibc
public import POSIX

/// Writes one line per event to standard error, as logfmt or JSON.
///
///     logger.info("listening", ["address": address])
///     // time=2026-11-24T00:00:00.123Z level=info msg="listening" address=[::]:9464
///
/// Texts from outside (names, paths, requests) may stand in the message and in every value: they are escaped, so that
/// nobody can forge a line or send control codes to a terminal. It may be called from any thread; copies share what
/// they have told already.
public struct Logger: Sendable {
  /// How important a line is.
  public enum Level: String, CaseIterable, Comparable, Sendable {
    case debug, info, warn, error

    /// Whether `a` is less important than `b`.
    public static func < (a: Level, b: Level) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .debug: 0
      case .info: 1
      case .warn: 2
      case .error: 3
      }
    }
  }

  /// How a line is written.
  public enum Format: String, CaseIterable, Sendable {
    case logfmt, json
  }

  /// A line's own values, in order: numbers and booleans stay such in JSON, all else is text.
  public typealias Fields = KeyValuePairs<String, any CustomStringConvertible>

  /// Less important lines are not written.
  public let level: Level
  /// How lines are written.
  public let format: Format
  private let sink: @Sendable ([UInt8]) -> Void
  private let clock: @Sendable () -> Double
  private let memory = Memory()

  /// Makes a logger.
  ///
  /// - Parameters:
  ///   - clock: Unix time in seconds.
  ///   - sink: gets each line with its newline; from any thread.
  public init(
    level: Level = .info, format: Format = .logfmt, clock: @escaping @Sendable () -> Double = { Clock.realtime },
    sink: @escaping @Sendable ([UInt8]) -> Void = Logger.writeToStandardError
  ) {
    self.level = level
    self.format = format
    self.clock = clock
    self.sink = sink
  }

  /// A logger that says nothing.
  public static let silent = Logger(level: .error, sink: { _ in })

  /// Writes a line for who looks for a fault.
  public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    if level <= .debug { log(.debug, message(), fields()) }
  }

  /// Writes a line about what normally happens.
  public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    if level <= .info { log(.info, message(), fields()) }
  }

  /// Writes a line about what somebody should look at some day.
  public func warn(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    if level <= .warn { log(.warn, message(), fields()) }
  }

  /// Writes a line about what failed.
  public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> Fields = [:]) {
    log(.error, message(), fields())
  }

  /// Writes a line if the level lets it through.
  public func log(_ level: Level, _ message: String, _ fields: Fields = [:]) {
    guard level >= self.level else { return }
    var line = LogLine(format: format)
    line.begin(time: clock(), level: level.rawValue, message: message)
    for (key, value) in fields { line.add(key, value) }
    sink(line.finished())
  }

  /// Writes a line the first time that this kind of thing comes, or this key of it; for what would otherwise be told at every scrape.
  public func once(
    _ kind: StaticString, of key: String = "", _ level: Level, _ message: String, _ fields: Fields = [:]
  ) {
    if isNews("", kind, of: key) { log(level, message, fields) }
  }

  /// Whether a state differs from the one told last for this key of a kind; the first one mostly does, see `ToldStates`.
  ///
  ///     if logger.isNews(error.reason, "heartbeat file", of: path) { logger.warn(…) }
  ///
  /// Kinds are words of the program, and none takes another one's room: keys may be whatever others call their things.
  public func isNews(_ state: String, _ kind: StaticString, of key: String = "") -> Bool {
    memory.states.withLock { kinds in
      kinds[kind.description, default: ToldStates()].isNews(state, of: key, at: Clock.monotonicNanoseconds)
    }
  }

  /// Writes bytes to standard error, and waits for nobody.
  public static let writeToStandardError: @Sendable ([UInt8]) -> Void = { bytes in standardError.write(bytes) }

  /// Waits until all lines are written, for a second at the most: who ends the program calls it.
  public static func finishStandardError() { standardError.finish(within: 1) }

  private static let standardError = LogOutput(STDERR_FILENO)

  private final class Memory: Sendable {
    let states = Lock<[String: ToldStates]>([:])
  }
}
