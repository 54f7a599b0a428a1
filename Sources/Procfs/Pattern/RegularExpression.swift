internal import POSIX

/// A regular expression as Go reads it, with RE2's syntax: found anywhere in the text, and the case of letters matters unless it says
/// `(?i)`. It sees the characters of UTF-8; each byte that belongs to none is one, U+FFFD. It is matched in a time that grows with the
/// length of the text alone. Scripts (`\p{Greek}`) it does not know.
public final class RegularExpression: Sendable {
  private let program: PatternProgram
  /// What is lent to who matches, so that nobody waits while another one does: who finds none here has one made, and which of them comes
  /// back last stays.
  private let spare: Lock<Lent?>

  private final class Lent: @unchecked Sendable {
    // Unchecked is sound: it lies in the lock, or with the one who took it from there.
    var machine: PatternMachine

    init(_ program: PatternProgram) { machine = PatternMachine(program) }
  }

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
  ///
  /// - Parameter wasPOSIX: whether it may have been written as a POSIX extended one (`regex(7)`). Then `.` takes the end of a line, too,
  ///   unless it says `(?-s)`, and what would silently mean another thing (`\<`, `{,2}`, `[[.a.]]`) is refused.
  public init(_ expression: String, wasPOSIX: Bool = false) throws(CompileError) {
    guard !expression.utf8.contains(0) else { throw CompileError(description: "a NUL in the regular expression") }
    guard expression.utf8.count <= Self.maximumLength else {
      throw CompileError(description: "longer than \(Self.maximumLength) bytes")
    }
    let node = try PatternParser.parse(expression, wasPOSIX: wasPOSIX)
    guard node.size <= Self.maximumSize else {
      throw CompileError(description: "too many repetitions: written out, more than \(Self.maximumSize) characters")
    }
    program = PatternProgram(node)
    spare = Lock(Lent(program))
  }

  /// Whether it is found in a text.
  public func matches(_ text: [UInt8]) -> Bool {
    var steps = MatchBudget.ofText
    return matches(text, steps: &steps) ?? false
  }

  /// The same within a number of steps; nil when they did not suffice.
  func matches(_ text: [UInt8], steps: inout Int) -> Bool? {
    let lent = spare.withLock { $0.take() } ?? Lent(program)
    defer { spare.withLock { $0 = lent } }
    return text.withUnsafeBytes { lent.machine.matches($0, steps: &steps) }
  }
}
