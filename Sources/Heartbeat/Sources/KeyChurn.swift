internal import JSON
internal import POSIX

/// Which keys of a file's data are other ones with every write: ids of orders, names of jobs.
///
/// By its spelling `ord_1002` may be a program's, so only the contents before tell: a history, and no memory that saves work. A first
/// content is served whole. In an object whose keys have come and gone too often, a key counts from when it stays.
struct KeyChurn: Sendable {
  /// An object in the data of a process.
  private struct Place {
    /// In how many contents it was, at most `settled`, and in which one last.
    var seen: UInt8 = 0
    var last: UInt64 = 0
    /// Its keys in that one, each with how often it was there without a break.
    var keys: [Int: UInt8] = [:]
    /// Keys that went and did not come again, and what each weighs.
    var gone: [Int: Int] = [:]
    var weight = 0
    var isHeld = false
  }

  private var places: [Int: Place] = [:]
  private var content: UInt64 = 0
  /// How many keys of this content are watched.
  private var watched = 0

  /// So often a key was there when it stays.
  private static let settled: UInt8 = 8
  /// A key that was there once weighs so much more than one that stayed for a while,
  private static let onceWeighs = 4
  /// and when all that went weigh so much, the next ones have to stay first.
  private static let most = 32
  /// So many keys of a content are watched; those of further objects are served.
  static let mostKeys = 10_000
  /// An object that is not there is known for so many contents, while there are so few.
  private static let longestAbsence: UInt64 = 16
  private static let mostPlaces = 2_000

  /// How many objects are remembered.
  var count: Int { places.count }

  /// Takes what comes and goes out of the next content.
  ///
  /// - Parameter isNew: false when the same content is read once more.
  mutating func take(_ recognition: inout SourceRecognition, isNew: Bool) {
    if isNew { content += 1 }
    watched = 0
    for index in recognition.processes.indices where !recognition.processes[index].data.isEmpty {
      var hasher = Hasher()
      hasher.combine(ExactText(recognition.processes[index].name))
      var left = Left()
      let name = recognition.processes[index].name
      let data = recognition.processes[index].data
      recognition.processes[index].data = kept(data, hasher.finalize(), [], isNew, &left)
      recognition.processes[index].changingKeys += left.count
      recognition.leftOut += left.objects.map { keys in
        .init(
          keys.isEmpty ? name : "\(name) \(SourceSettings.KeyPath(keys: keys))",
          "its keys are others again and again; a new one counts when it stays")
      }
    }
    let current = content
    if places.count > Self.mostPlaces {
      places = places.filter { $0.value.last == current }
    } else if places.contains(where: { current - $0.value.last > Self.longestAbsence }) {
      places = places.filter { current - $0.value.last <= Self.longestAbsence }
    }
  }

  /// What was left out of a process.
  private struct Left {
    var count = 0
    /// The keys of the objects.
    var objects: [[String]] = []
  }

  private mutating func kept(
    _ object: JSONObject, _ id: Int, _ path: [String], _ isNew: Bool, _ left: inout Left
  ) -> JSONObject {
    watched += object.count
    guard watched <= Self.mostKeys else { return object }
    var place = places.removeValue(forKey: id) ?? Place()
    if isNew || place.seen == 0 { place.seen = min(Self.settled, place.seen + 1) }
    place.last = content
    var keys: [Int: UInt8] = [:]
    keys.reserveCapacity(object.count)
    for member in object.members where Self.isWatched(member.value) {
      let key = Self.id(id, member.key)
      let seen = place.keys[key] ?? 0
      keys[key] = isNew || seen == 0 ? min(Self.settled, seen + 1) : seen
      if let weight = place.gone.removeValue(forKey: key) { place.weight -= weight }
    }
    if !place.isHeld {
      for (key, seen) in place.keys where keys[key] == nil {
        let weight = seen == 1 ? Self.onceWeighs : 1
        place.gone[key] = weight
        place.weight += weight
        // Neither is more than this ever needed.
        if place.weight >= Self.most { break }
      }
      if place.weight >= Self.most { (place.isHeld, place.gone) = (true, [:]) }
    }
    place.keys = keys
    places[id] = place
    var members: [JSONObject.Member] = []
    members.reserveCapacity(object.count)
    var isWhole = true
    for member in object.members {
      if place.isHeld, let seen = keys[Self.id(id, member.key)], seen < Self.settled, seen != place.seen {
        left.count += 1
        isWhole = false
      } else if case .object(let inner) = member.value {
        let inner = kept(inner, Self.id(id, member.key), path + [member.key], isNew, &left)
        members.append(.init(key: member.key, value: .object(inner)))
      } else {
        members.append(member)
      }
    }
    if !isWhole { left.objects.append(path) }
    return JSONObject(members)
  }

  /// Texts are no series.
  private static func isWatched(_ value: JSONValue) -> Bool {
    switch value {
    case .object, .bool, .integer, .number: true
    case .null, .string, .array: false
    }
  }

  private static func id(_ place: Int, _ key: String) -> Int {
    var hasher = Hasher()
    hasher.combine(place)
    hasher.combine(ExactText(key))
    return hasher.finalize()
  }
}
