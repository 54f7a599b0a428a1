/// What is known of a file beside its content. What comes of a file follows from these and from its bytes alone, not from when
/// it is read.
public struct SourceFacts: Sendable {
  /// Where it is.
  public var path: String
  /// What the stars of the pattern matched, in their order.
  public var stars: [String]
  /// Unix time of its last change.
  public var modified: Double
  /// The zone in which clocks here go.
  public var zone: ZoneRules
  /// Whether what is given is only its end.
  public var isTail = false

  /// Puts them together.
  public init(path: String, stars: [String] = [], modified: Double, zone: ZoneRules) {
    self.path = path
    self.stars = stars
    self.modified = modified
    self.zone = zone
  }

  /// A time that lies more than this many seconds behind the file's last change is one to come.
  static let tolerance = 300.0
  /// A number that as a time lies more than this many seconds in front of the file's last change may be one of something else.
  static let likelyNumbers = 365.0 * 86_400
  /// Not even a clock in another zone is further ahead, in seconds.
  static let furthestAhead = 26.0 * 3600

  /// The end of its name, in small letters, without the dot.
  var suffix: String {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
    return name[name.index(after: dot)...].lowercased()
  }
}
