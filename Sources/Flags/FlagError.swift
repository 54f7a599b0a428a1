/// What is wrong with a command line; `description` is the sentence a user reads. Programs exit with status 2 for it.
public enum FlagError: Error, Hashable, Sendable {
  /// No such flag; `nearest` is what was probably meant, with its dashes.
  case unknownFlag(String, nearest: String?)
  /// A flag that needs a value stands at the end, or before another flag.
  case missingValue(flag: String, expected: String)
  /// A flag that takes no value was given one.
  case unexpectedValue(flag: String, value: String)
  /// `source` (a flag or an environment variable) has a value that is none of its type.
  case badValue(source: String, value: String, expected: String)
  /// A flag that may stand once stands twice.
  case repeated(flag: String)
  /// A word that belongs to no flag.
  case unexpectedArgument(String)
  /// A needed word is missing; `name` is its name in the help.
  case missingArgument(name: String)
  /// Values that are each right but not together, or a subcommand's own rule: a whole sentence.
  case invalid(String)
}

extension FlagError: CustomStringConvertible {
  /// One line: what is wrong and what was expected.
  public var description: String {
    switch self {
    case .unknownFlag(let flag, let nearest):
      "unknown flag \(plain(flag))" + (nearest.map { ", did you mean \($0)?" } ?? "")
    case .missingValue(let flag, let expected):
      "\(flag) needs a value: expected \(expected)"
    case .unexpectedValue(let flag, let value):
      "\(flag) takes no value, but was given \(quoted(value))"
    case .badValue(let source, let value, let expected):
      "bad value \(quoted(value)) for \(source): expected \(expected)"
    case .repeated(let flag):
      "\(flag) may be given only once"
    case .unexpectedArgument(let argument):
      "unexpected argument \(quoted(argument))"
    case .missingArgument(let name):
      "missing argument \(name)"
    case .invalid(let sentence):
      sentence
    }
  }

  /// The flag as it was typed when it is harmless, else in quotes.
  private func plain(_ flag: String) -> String {
    let inQuotes = quoted(flag)
    return inQuotes.dropFirst().dropLast() == flag ? flag : inQuotes
  }
}
