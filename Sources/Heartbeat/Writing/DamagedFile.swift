internal import Glibc
internal import POSIX

/// Damaged heartbeat files are kept under another name, so that a person can look at them: `<file>.corrupt-<UTC time>`, and
/// the second one of a second `<file>.corrupt-<UTC time>-2`.
enum DamagedFile {
  /// How many of one file are kept.
  static let mostKept = 3
  private static let longestFileName = 255
  private static let mostInOneSecond = 999

  /// The name that the next copy gets. Names sort by age: one that has become free is not given again while a younger one of
  /// the same second is there.
  ///
  /// - Parameter now: Unix time in seconds.
  static func nextName(in place: borrowing Place, at now: Double = Clock.realtime) -> String {
    let time = LocalTime.compactUTC(now)
    let numbers = copies(in: place).filter { $0.time == time }.map(\.number)
    var number = min((numbers.max() ?? 0) + 1, mostInOneSecond)
    let base = prefix(of: place.name) + time
    // A folder need not let everybody list it.
    while number < mostInOneSecond, place.has(name(base, number)) { number += 1 }
    return name(base, number)
  }

  /// Removes the oldest copies; never the one that was just made, whatever the others' times say.
  static func removeOldest(_ place: borrowing Place, but made: String) {
    let others = copies(in: place).filter { !$0.name.utf8.elementsEqual(made.utf8) }
      .sorted { ($0.time, $0.number) < ($1.time, $1.number) }
    for copy in others.dropLast(max(0, mostKept - 1)) { place.remove(copy.name) }
  }

  private struct Copy {
    let name: String
    let time: String
    let number: Int
  }

  private static func name(_ base: String, _ number: Int) -> String { number == 1 ? base : "\(base)-\(number)" }

  /// What the names of a file's copies begin with. All names that are too long to get something appended share one.
  private static func prefix(of file: String) -> String {
    let prefix = file + ".corrupt-"
    let longestEnd = LocalTime.compactUTC(0).utf8.count + "-\(mostInOneSecond)".utf8.count
    return prefix.utf8.count + longestEnd > longestFileName ? ".heartbeat.corrupt-" : prefix
  }

  private static func copies(in place: borrowing Place) -> [Copy] {
    let prefix = prefix(of: place.name)
    return ((try? place.names()) ?? []).compactMap { name in
      guard name.utf8.starts(with: prefix.utf8), let age = age(name.utf8.dropFirst(prefix.utf8.count)) else {
        return nil
      }
      return Copy(name: name, time: age.time, number: age.number)
    }
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
    guard (1...3).contains(parts[1].count), parts[1].allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(Substring(parts[1]), radix: 10)
    else { return nil }
    return (String(Substring(time)), number)
  }
}
