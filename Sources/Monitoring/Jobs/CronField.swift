internal import Flags
internal import POSIX

/// One of the five fields of a schedule: what its numbers may be, and what they are called.
struct CronField {
  let name: String
  let numbers: ClosedRange<Int>
  /// Names of three letters, the first one for the smallest number.
  var names: [String] = []

  static let minute = CronField(name: "minute", numbers: 0...59)
  static let hour = CronField(name: "hour", numbers: 0...23)
  static let day = CronField(name: "day of the month", numbers: 1...31)
  static let month = CronField(
    name: "month", numbers: 1...12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
  static let weekday = CronField(
    name: "day of the week", numbers: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

  /// Reads a field's text.
  func read(_ word: CronSchedule.Word) throws(CronSchedule.Invalid) -> CronSchedule.NumberSet {
    var reader = Reader(field: self, bytes: Array(word.bytes), start: word.start)
    var set = CronSchedule.NumberSet()
    repeat {
      let (range, step) = try reader.item()
      for number in stride(from: range.lowerBound, through: range.upperBound, by: step) {
        set.insert(numbers.upperBound == 7 && number == 7 ? 0 : number)
      }
    } while try reader.hasNext()
    return set
  }

  private struct Reader {
    let field: CronField
    let bytes: [UInt8]
    let start: Int
    var position = 0

    private var byte: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func pass(_ wanted: Unicode.Scalar) -> Bool {
      guard let byte, Unicode.Scalar(byte) == wanted else { return false }
      position += 1
      return true
    }

    private func invalid(_ problem: String, at place: Int) -> CronSchedule.Invalid {
      // The characters of the field that stand in front of it.
      let characters = bytes[..<place].count { $0 & 0xC0 != 0x80 }
      return CronSchedule.Invalid(problem: problem, position: start + characters)
    }

    private var expected: String {
      let names = field.names.isEmpty ? "" : " (or \(field.names[0]) to \(field.names[field.names.count - 1]))"
      return "expected \(field.numbers.lowerBound) to \(field.numbers.upperBound)\(names)"
    }

    /// Whether another item follows.
    mutating func hasNext() throws(CronSchedule.Invalid) -> Bool {
      guard byte != nil else { return false }
      guard pass(",") else {
        let rest = String(decoding: bytes[position...].prefix(20), as: UTF8.self)
        throw invalid(
          "\(field.name): \(quoted(rest)) is not understood: expected a comma or the end of the field", at: position)
      }
      return true
    }

    /// `*`, a number or a range, with its step.
    mutating func item() throws(CronSchedule.Invalid) -> (range: ClosedRange<Int>, step: Int) {
      var range = field.numbers
      let first = position
      var isRange = true
      if pass("*") {
        // Sunday is there already.
        if range.upperBound == 7 { range = 0...6 }
      } else {
        let low = try number()
        range = low...low
        isRange = pass("-")
        if isRange {
          let place = position
          let high = try number()
          guard high >= low else {
            throw invalid("\(field.name): the range ends before it begins", at: place)
          }
          range = low...high
        }
      }
      let slash = position
      guard pass("/") else { return (range, 1) }
      guard isRange else {
        let number = String(decoding: bytes[first..<slash], as: UTF8.self)
        throw invalid(
          "\(field.name): a step needs a range: expected \(number)-\(field.numbers.upperBound)/...", at: slash)
      }
      let place = position
      guard let step = digits(), (1...field.numbers.upperBound).contains(step) else {
        throw invalid("\(field.name): expected a step from 1 to \(field.numbers.upperBound)", at: place)
      }
      return (range, step)
    }

    private mutating func number() throws(CronSchedule.Invalid) -> Int {
      let place = position
      if let number = digits() {
        guard field.numbers.contains(number) else {
          throw invalid(
            "\(field.name) \(String(decoding: bytes[place..<position].prefix(20), as: UTF8.self)): \(expected)",
            at: place)
        }
        return number
      }
      while let byte, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) { position += 1 }
      let word = String(decoding: bytes[place..<position], as: UTF8.self).lowercased()
      if let index = field.names.firstIndex(of: word) {
        return index + (field.numbers.lowerBound == 1 ? 1 : 0)
      }
      throw invalid(
        word.isEmpty ? "\(field.name): \(expected)" : "\(field.name) \"\(word.prefix(20))\": \(expected)", at: place)
    }

    /// nil when there are none; of too many the number is larger than all that are expected.
    private mutating func digits() -> Int? {
      var value: Int?
      while let byte, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        value = min((value ?? 0) * 10 + Int(widening: byte - UInt8(ascii: "0")), 1_000)
        position += 1
      }
      return value
    }
  }
}
