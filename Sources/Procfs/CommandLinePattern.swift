internal import Glibc

/// A POSIX extended regular expression, see `regex(7)`: found anywhere in the text, and the case of letters matters
/// (`[Bb]idder`). It sees bytes, so `.` is one byte of a longer character.
///
/// It is for the configuration's author to write one that is fast; at most 64 KiB of a command line are searched.
public final class CommandLinePattern: @unchecked Sendable {
  // Unchecked is sound: the compiled expression is written only by init and deinit, and regexec(3) is MT-safe: glibc
  // takes the lock inside it.
  private let compiled: UnsafeMutablePointer<regex_t>

  /// Why an expression cannot be used: the sentence of `regerror(3)`, such as `Unmatched ( or \(`.
  public struct CompileError: Error, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  /// The longest expression in bytes: `regcomp(3)` needs stack for each of its parentheses.
  public static let maximumLength = 1024
  /// How many characters, classes and groups an expression may have once its repetitions are written out.
  public static let maximumSize = 2_000

  /// Compiles the expression. The corresponding C function is `regcomp(3)`.
  public init(_ expression: String) throws(CompileError) {
    guard !expression.utf8.contains(0) else { throw CompileError(description: "A NUL in the regular expression") }
    guard expression.utf8.count <= Self.maximumLength else {
      throw CompileError(description: "Longer than \(Self.maximumLength) bytes")
    }
    let size = ExpressionSize(of: expression)
    guard !size.isUndefined else { throw CompileError(description: "A repetition of a repetition, or an empty group") }
    guard size.total <= Self.maximumSize else {
      throw CompileError(description: "Too many repetitions: written out, more than \(Self.maximumSize) characters")
    }
    let memory = UnsafeMutablePointer<regex_t>.allocate(capacity: 1)
    memory.initialize(to: regex_t())
    let code = regcomp(memory, expression, REG_EXTENDED | REG_NOSUB)
    guard code != 0 else {
      compiled = memory
      return
    }
    // `compiled` is not set yet, so deinit does not run: regcomp itself has freed what it made.
    var text = [CChar](repeating: 0, count: 256)
    regerror(code, memory, &text, text.count)
    memory.deallocate()
    throw CompileError(
      description: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  deinit {
    regfree(compiled)
    compiled.deallocate()
  }

  /// Whether the bytes before the first NUL match; there has to be one. The corresponding C function is `regexec(3)`.
  func matches(_ bytes: [UInt8]) -> Bool {
    guard bytes.last == 0 else { return false }
    return bytes.withUnsafeBytes {
      guard let text = $0.baseAddress?.assumingMemoryBound(to: CChar.self) else { return false }
      return regexec(compiled, text, 0, nil, 0) == 0
    }
  }
}
