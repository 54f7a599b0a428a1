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

  /// So many seconds behind the file's last change a time may lie that was written then: clocks of file servers differ.
  static let clocksDiffer = 5.0

  /// Whether of two readings of one time the first one is it.
  ///
  /// Nobody writes a time to come: one that has stood still for long would else be taken for one of just now, in another zone.
  func isLikelier(_ one: Double, than other: Double) -> Bool {
    let (isAhead, otherIsAhead) = (one > modified + Self.clocksDiffer, other > modified + Self.clocksDiffer)
    return isAhead != otherIsAhead ? otherIsAhead : (one - modified).magnitude < (other - modified).magnitude
  }

  /// The end of its name, in small letters, without the dot.
  var suffix: String {
    let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? Substring().utf8
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot != name.startIndex else { return "" }
    return Substring(name[name.index(after: dot)...]).lowercased()
  }
}
