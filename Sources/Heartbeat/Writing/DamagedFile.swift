internal import Glibc
internal import POSIX

/// Moves damaged heartbeat files aside, so that a person can look at them.
enum DamagedFile {
  /// How many of one file are kept.
  static let mostKept = 3
  private static let longestFileName = 255

  /// Renames the file to `<file>.corrupt-<UTC time>`; of more than three such files the oldest go.
  ///
  /// - Returns: its new path.
  static func moveAside(_ place: borrowing Place) throws(Errno) -> String {
    let prefix = place.name + ".corrupt-"
    let time = LocalTime.compactUTC(Clock.realtime)
    let isTooLong = prefix.utf8.count + time.utf8.count + 4 > longestFileName
    let base = (isTooLong ? ".heartbeat.corrupt-" : prefix) + time
    var name = base
    var number = 1
    while place.has(name), number < 100 {
      number += 1
      name = "\(base)-\(number)"
    }
    try place.folder.rename(place.name, to: name)
    removeOldest(place, prefix)
    return place.beside(name)
  }

  private static func removeOldest(_ place: borrowing Place, _ prefix: String) {
    guard let names = try? place.names() else { return }
    let copies = names.filter { $0.utf8.starts(with: prefix.utf8) }
      .compactMap { name in age(name.utf8.dropFirst(prefix.utf8.count)).map { (name, $0) } }
      .sorted { ($0.1.time, $0.1.number) < ($1.1.time, $1.1.number) }
    for (name, _) in copies.dropLast(mostKept) { place.remove(name) }
  }

  /// The time and the number behind it, in a form that sorts; nil for names that are none of ours.
  private static func age(_ suffix: Substring.UTF8View) -> (time: String, number: Int)? {
    let parts = suffix.split(separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    guard let time = parts.first, time.count == 16 else { return nil }
    for (place, byte) in time.enumerated() {
      let isRight =
        switch place {
        case 8: byte == UInt8(ascii: "T")
        case 15: byte == UInt8(ascii: "Z")
        default: (0x30...0x39).contains(byte)
        }
      guard isRight else { return nil }
    }
    guard parts.count == 2 else { return (String(Substring(time)), 1) }
    guard !parts[1].isEmpty, parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(Substring(parts[1]), radix: 10)
    else { return nil }
    return (String(Substring(time)), number)
  }
}
