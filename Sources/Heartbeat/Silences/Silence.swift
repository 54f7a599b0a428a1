public import JSON

/// That somebody works on a program: until a time its state wakes nobody, and uses up no error budget. The state itself
/// stays what it is.
public struct Silence: Hashable, Sendable {
  /// Unix time at which it ends by itself.
  public let until: Double
  /// The reason that was given; nil when none was.
  public let comment: String?
  /// The user who said so, by name; nil when that is not known.
  public let createdBy: String?

  /// The longest that a program can be silenced, in seconds: a week. One that ends later is not believed yet.
  public static let longest = 7 * 86_400.0
  /// How far apart the clocks may be of who silences and who reads, in seconds.
  public static let clockTolerance = 300.0
  /// The longest reason, in bytes; of a longer one that was written otherwise so much counts.
  public static let longestComment = 200
  /// The longest name of a user, in bytes.
  static let longestCreator = 64

  /// Puts the parts together.
  ///
  /// - Parameters:
  ///   - until: Unix time.
  ///   - comment: cut to `longestComment`.
  public init(until: Double, comment: String? = nil, createdBy: String? = nil) {
    self.until = until
    self.comment = comment.map { Silence.beginning(of: $0, Silence.longestComment) }
    self.createdBy = createdBy.map { Silence.beginning(of: $0, Silence.longestCreator) }
  }

  /// What stands in a file, or in an answer of the API; nil when there is no time at which it ends.
  package init?(_ value: JSONValue) {
    guard case .object(let object) = value, let until = object["until"]?.doubleValue, until.isFinite, until > 0,
      until < Silence.latest
    else { return nil }
    self.init(until: until, comment: object["comment"]?.stringValue, createdBy: object["created_by"]?.stringValue)
  }

  /// The largest Unix time that is one; larger numbers are milliseconds, or nonsense.
  private static let latest = 1e11

  /// Whether it is in force.
  ///
  /// - Parameter now: Unix time.
  public func isActive(at now: Double) -> Bool { now < until && !isTooFar(at: now) }

  /// Whether it ends later than a silence can, so that it is not believed.
  public func isTooFar(at now: Double) -> Bool { until - now > Silence.longest + Silence.clockTolerance }

  /// As it stands in a file, and as the API shows it.
  public var object: JSONObject {
    var object: JSONObject = ["until": .number(until)]
    if let comment { object["comment"] = .string(comment) }
    if let createdBy { object["created_by"] = .string(createdBy) }
    return object
  }

  /// The whole characters within so many bytes.
  private static func beginning(of text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var scalars = String.UnicodeScalarView()
    var length = 0
    for scalar in text.unicodeScalars {
      length += UTF8.width(scalar)
      guard length <= limit else { break }
      scalars.append(scalar)
    }
    return String(scalars)
  }
}

extension HeartbeatSnapshot {
  /// The silences that are in force, by the bytes of their programs' names.
  ///
  /// - Parameter now: Unix time.
  public func activeSilences(at now: Double) -> [(name: [UInt8], silence: Silence)] {
    silences.filter { $0.value.isActive(at: now) }.map { ($0.key, $0.value) }
      .sorted { $0.0.lexicographicallyPrecedes($1.0) }
  }
}
