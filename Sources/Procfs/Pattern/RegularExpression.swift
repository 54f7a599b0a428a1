internal import POSIX

/// A POSIX extended regular expression, see `regex(7)`: found anywhere in the text, and the case of letters matters
/// (`[Bb]idder`), unless it begins with `(?i)`. It sees bytes, so `.` is one byte of a longer character. References to groups
/// (`\1`) it has not: all others are matched in a time that grows with the length of the text alone.
public final class RegularExpression: Sendable {
  private let machine: Lock<PatternMachine>

  /// Why an expression cannot be used.
  public struct CompileError: Error, Equatable, CustomStringConvertible {
    /// The reason, such as `a ( without its )`.
    public let description: String
  }

  /// The longest expression in bytes.
  public static let maximumLength = 1024
  /// How many characters, classes and groups an expression may have once its repetitions are written out.
  public static let maximumSize = 2_000

  /// Reads the expression.
  public init(_ expression: String) throws(CompileError) {
    guard !expression.utf8.contains(0) else { throw CompileError(description: "a NUL in the regular expression") }
    guard expression.utf8.count <= Self.maximumLength else {
      throw CompileError(description: "longer than \(Self.maximumLength) bytes")
    }
    let node = try PatternParser.parse(expression)
    guard node.size <= Self.maximumSize else {
      throw CompileError(description: "too many repetitions: written out, more than \(Self.maximumSize) characters")
    }
    machine = Lock(PatternMachine(PatternProgram(node)))
  }

  /// Whether it is found in a text.
  public func matches(_ text: [UInt8]) -> Bool {
    var steps = MatchBudget.ofText
    return matches(text, steps: &steps) ?? false
  }

  /// The same within a number of steps; nil when they did not suffice.
  func matches(_ text: [UInt8], steps: inout Int) -> Bool? {
    machine.withLock { machine in text.withUnsafeBytes { machine.matches($0, steps: &steps) } }
  }
}
