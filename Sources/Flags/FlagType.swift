/// How the text of a flag's value is read, named and completed.
public struct FlagType<Value: Sendable>: Sendable {
  /// What stands for the value in the help, such as `DURATION`.
  public let placeholder: String
  /// The only texts that are right, or empty when there are too many to list.
  public let choices: [String]
  /// What a shell may complete.
  public let completion: FlagCompletion.Values
  /// Reads a text; the error says what was expected.
  public let parse: @Sendable (String) throws(ValueError) -> Value
  /// Writes a value as `parse` reads it; for defaults in the help.
  public let format: @Sendable (Value) -> String

  /// A type of one's own.
  public init(
    placeholder: String,
    choices: [String] = [],
    completion: FlagCompletion.Values = .nothing,
    parse: @escaping @Sendable (String) throws(ValueError) -> Value,
    format: @escaping @Sendable (Value) -> String
  ) {
    self.placeholder = placeholder
    self.choices = choices
    self.completion = choices.isEmpty ? completion : .choices(choices)
    self.parse = parse
    self.format = format
  }

  /// The same type under another name in the help.
  public func named(_ placeholder: String) -> Self {
    FlagType(placeholder: placeholder, choices: choices, completion: completion, parse: parse, format: format)
  }
}

extension FlagType where Value == String {
  /// Any text but the empty one.
  public static var string: Self { text(placeholder: "TEXT", completion: .nothing, expected: "a text") }

  /// A file's path; shells complete files.
  public static var file: Self { text(placeholder: "FILE", completion: .files, expected: "a file's path") }

  /// A folder's path; shells complete folders.
  public static var directory: Self { text(placeholder: "DIR", completion: .directories, expected: "a folder's path") }

  private static func text(placeholder: String, completion: FlagCompletion.Values, expected: String) -> Self {
    FlagType(placeholder: placeholder, completion: completion) { (text) throws(ValueError) in
      guard !text.isEmpty else { throw ValueError(expected: expected) }
      return text
    } format: {
      $0
    }
  }
}

extension FlagType where Value == Int {
  /// A decimal integer within bounds.
  public static func integer(_ range: ClosedRange<Int> = Int.min...Int.max) -> Self {
    FlagType(placeholder: "N") { (text) throws(ValueError) in
      guard let value = Int(text), range.contains(value) else {
        throw ValueError(expected: "an integer" + bounds(range))
      }
      return value
    } format: {
      "\($0)"
    }
  }

  /// A number of bytes, as `ByteSizes` reads it.
  public static func size(_ range: ClosedRange<Int> = 0...Int.max) -> Self {
    FlagType(placeholder: "SIZE") { (text) throws(ValueError) in
      let value = try ByteSizes.parse(text)
      guard range.contains(value) else {
        throw ValueError(
          expected: range.upperBound == Int.max
            ? "a size of at least \(ByteSizes.format(range.lowerBound))"
            : "a size from \(ByteSizes.format(range.lowerBound)) to \(ByteSizes.format(range.upperBound))")
      }
      return value
    } format: {
      ByteSizes.format($0)
    }
  }

  private static func bounds(_ range: ClosedRange<Int>) -> String {
    switch (range.lowerBound, range.upperBound) {
    case (Int.min, Int.max): ""
    case (let lower, Int.max): " of at least \(lower)"
    case (Int.min, let upper): " of at most \(upper)"
    case (let lower, let upper): " from \(lower) to \(upper)"
    }
  }
}

extension FlagType where Value == Double {
  /// Seconds, written as `Durations` reads them.
  public static func duration(_ range: ClosedRange<Double> = 0...Durations.longest) -> Self {
    FlagType(placeholder: "DURATION") { (text) throws(ValueError) in
      let value = try Durations.parse(text)
      guard range.contains(value) else {
        let lower = Durations.format(range.lowerBound)
        throw ValueError(
          expected: range.upperBound >= Durations.longest
            ? "a duration of at least \(lower)" : "a duration from \(lower) to \(Durations.format(range.upperBound))")
      }
      return value
    } format: {
      Durations.format($0)
    }
  }

  /// Seconds, 0 or more.
  public static var duration: Self { duration() }

  /// Seconds since 1970, up to the year 9999, as a decimal number.
  public static var unixTime: Self {
    FlagType(placeholder: "SECONDS") { (text) throws(ValueError) in
      let isDecimal = text.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".") }
      guard isDecimal, let value = Double(text), value <= 253_402_300_799 else {
        throw ValueError(expected: "a Unix time in seconds, such as 1703123456.7")
      }
      return value
    } format: {
      "\($0)"
    }
  }
}

extension FlagType where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// One of an enumeration's raw values.
  public static var choice: Self {
    let choices = Value.allCases.map(\.rawValue)
    return FlagType(placeholder: choices.joined(separator: "|"), choices: choices) { (text) throws(ValueError) in
      guard let value = Value(rawValue: text) else {
        let meant = nearest(to: text, among: choices).map { ", did you mean \($0)?" } ?? ""
        throw ValueError(expected: "one of " + choices.joined(separator: ", ") + meant)
      }
      return value
    } format: {
      $0.rawValue
    }
  }
}
