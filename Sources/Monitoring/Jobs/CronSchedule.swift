internal import Flags
internal import POSIX

/// A schedule in five fields, as `crontab(5)` of Debian's cron has them: minute, hour, day of the month, month, day of the week.
///
/// A field is `*`, a number, a name (`jan`, `mon`), a range, or a list of these; a range and `*` may have a step. Sunday is 0 and 7.
/// `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@yearly` and `@annually` stand for five fields.
public struct CronSchedule: Hashable, Sendable {
  /// As it was written.
  public let text: String
  let minutes: NumberSet
  let hours: NumberSet
  let days: NumberSet
  let months: NumberSet
  let weekdays: NumberSet
  /// A day must be among the days of the month and of the week: one of the two fields begins with `*`. Else it must be among either.
  let needsBothDays: Bool
  /// The hour begins with `*`: it goes by what the clocks show, also where they are set.
  let hasAnyHour: Bool

  /// Numbers from 0 to 63.
  struct NumberSet: Hashable, Sendable {
    private var bits: UInt64 = 0

    mutating func insert(_ number: Int) { bits |= 1 << UInt64(clamping: number) }
    func contains(_ number: Int) -> Bool { bits & 1 << UInt64(clamping: number) != 0 }

    /// The smallest number that is not below another one.
    func first(from number: Int) -> Int? {
      guard number < 64 else { return nil }
      let rest = bits >> UInt64(clamping: number)
      return rest == 0 ? nil : number + rest.trailingZeroBitCount
    }

    /// From the smallest to the largest.
    var all: [Int] { (0..<64).filter(contains) }
  }

  /// What is wrong with the text of a schedule.
  public struct Invalid: Error, Hashable, CustomStringConvertible {
    /// What was found, and what was expected.
    public let problem: String
    /// Where it stands: the first character is 1.
    public let position: Int

    /// A clause such as `minute 61: expected 0 to 59 (character 1)`.
    public var description: String { "\(problem) (character \(position))" }
  }

  /// The longest text, in bytes.
  public static let longestText = 1_024

  private static let nicknames = [
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
  ]

  /// Reads a schedule.
  public init(_ text: String) throws(Invalid) {
    guard text.utf8.count <= CronSchedule.longestText else {
      throw Invalid(problem: "expected \(CronSchedule.longestText) bytes at most", position: 1)
    }
    self.text = text
    var words = CronSchedule.words(text)
    if let first = words.first, first.bytes.first == UInt8(ascii: "@") {
      let name = String(decoding: first.bytes, as: UTF8.self)
      guard let fields = CronSchedule.nicknames[name.lowercased()], words.count == 1 else {
        let known = CronSchedule.nicknames.keys.sorted().joined(separator: ", ")
        throw Invalid(
          problem: words.count > 1
            ? "something behind \(quoted(String(name.prefix(20)))): expected nothing else" : "expected one of \(known)",
          position: words.count > 1 ? words[1].start : first.start)
      }
      words = CronSchedule.words(fields)
    }
    guard words.count == 5 else {
      let expected = "expected five fields: minute, hour, day of the month, month, day of the week"
      throw Invalid(
        problem: "\(words.count) fields: \(expected)", position: words.count > 5 ? words[5].start : text.count + 1)
    }
    minutes = try CronField.minute.read(words[0])
    hours = try CronField.hour.read(words[1])
    days = try CronField.day.read(words[2])
    months = try CronField.month.read(words[3])
    weekdays = try CronField.weekday.read(words[4])
    hasAnyHour = words[1].bytes.first == UInt8(ascii: "*")
    needsBothDays = words[2].bytes.first == UInt8(ascii: "*") || words[4].bytes.first == UInt8(ascii: "*")
    guard hasSomeDay else {
      throw Invalid(problem: "none of the months has such a day: it would never come", position: words[2].start)
    }
  }

  /// Whether some month has one of the days.
  private var hasSomeDay: Bool {
    guard needsBothDays, let first = days.first(from: 1) else { return true }
    return months.all.contains { first <= ($0 == 2 ? 29 : [4, 6, 9, 11].contains($0) ? 30 : 31) }
  }

  /// A field's text.
  struct Word {
    var bytes: ArraySlice<UInt8>
    /// Where its first character stands, from 1.
    var start: Int
  }

  private static func words(_ text: String) -> [Word] {
    let bytes = Array(text.utf8)
    return bytes.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { part in
      // Behind what has more than one byte for a character the place is still that of the character.
      Word(bytes: part, start: bytes[..<part.startIndex].count { $0 & 0xC0 != 0x80 } + 1)
    }
  }
}
