/// What of a file's text tells whose the file is. A writer changes only what is surely a heartbeat file;
/// docs/file-format.md has the rule, which is the same for all writers.
struct HeartbeatSigns {
  /// What stands as a value, by its first byte.
  enum Kind {
    case missing, number, null, object, other

    init(_ first: UInt8) {
      self =
        switch first {
        // NaN and Infinity are what Python's json.dump writes.
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "N"), UInt8(ascii: "I"): .number
        case UInt8(ascii: "n"): .null
        case UInt8(ascii: "{"): .object
        default: .other
        }
    }

    /// Whether it may stand as the time of a beat: null says that there was none yet.
    var isTime: Bool { self == .number || self == .null }
  }

  /// The keys that writers of ours put at a file's root.
  static let rootKeys = ["last_updated", "processes", "pruned", "silences"]

  var lastUpdated = Kind.missing
  var pruned = Kind.missing
  var silences = Kind.missing
  /// Of several the last counts, as for every reader.
  private(set) var processes = Kind.missing
  /// Whether the root has keys that no writer of ours puts there.
  var hasOtherKeys = false
  /// How many entries have a time, and how many have none.
  private(set) var beats = 0
  private(set) var others = 0

  /// Notes the value of a root's key; of `processes` its entries follow.
  mutating func note(_ key: String?, _ kind: Kind) {
    switch key {
    case "last_updated": lastUpdated = kind
    case "pruned": pruned = kind
    case "silences": silences = kind
    case "processes": (processes, beats, others) = (kind, 0, 0)
    default: hasOtherKeys = true
    }
  }

  /// Notes one entry of `processes`.
  mutating func noteEntry(hasTime: Bool) {
    if hasTime { beats += 1 } else { others += 1 }
  }

  private var isEmpty: Bool {
    lastUpdated == .missing && pruned == .missing && silences == .missing && processes == .missing && !hasOtherKeys
  }

  /// Why a whole text is somebody else's; nil when it is a heartbeat file.
  var foreignReason: String? {
    if processes != .missing, processes != .object { return "\"processes\" is no object" }
    if beats > 0 {
      // An odd entry beside a root of ours, or odd keys beside what our writers leave, silence nobody. Both are too much.
      return isOursByBeats ? nil : "it has keys that are none of ours, and entries that are no beats"
    }
    if processes == .missing, !isEmpty, hasOtherKeys || lastUpdated != .number { return "it has no \"processes\"" }
    if hasOtherKeys { return "it has keys that are none of ours, and no beat under \"processes\"" }
    if !mayBeOurs { return "\"last_updated\" is no time, or \"pruned\" or \"silences\" no object" }
    let isOurs = others == 0 || pruned == .object
    return isOurs ? nil : "nothing under \"processes\" has a \"last_heartbeat\" that is a number"
  }

  private var isOursByBeats: Bool { !hasOtherKeys || lastUpdated == .number || others == 0 }

  /// Whether nothing at the root speaks against it.
  private var mayBeOurs: Bool {
    !hasOtherKeys && [.missing, .number, .null].contains(lastUpdated) && [.missing, .object].contains(pruned)
      && [.missing, .object].contains(silences) && [.missing, .object].contains(processes)
  }

  /// How a text ends that is no JSON.
  enum End {
    /// In the middle: cut off, or followed by the zeros that a host's crash leaves.
    case early
    /// In the middle, by something that JSON does not have there.
    case disturbed
    /// Behind the root's closing brace something follows: a shorter text was written over a longer one.
    case followed
  }

  /// Whether a text that is no JSON can only be the beginning of a heartbeat file.
  func isTorn(_ end: End) -> Bool {
    if beats > 0 { return isOursByBeats && processes == .object }
    switch end {
    case .early: return mayBeOurs && (others == 0 || pruned == .object)
    case .disturbed: return mayBeOurs && lastUpdated == .number && processes == .object && others == 0
    case .followed: return !isEmpty && foreignReason == nil
    }
  }
}
