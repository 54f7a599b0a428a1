/// Why a configuration file was refused; `description` is the line a user reads.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A place in the file, both numbers from 1; columns count characters.
  public struct Position: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The character of the line.
    public var column: Int
  }

  /// The file's path.
  public let file: String
  /// Where it is wrong; nil when the file could not be read at all.
  public let position: Position?
  /// What is wrong and what was expected.
  public let problem: String

  /// `file:line:column: problem`, or `file: problem`.
  public var description: String {
    if let position { "\(file):\(position.line):\(position.column): \(problem)" } else { "\(file): \(problem)" }
  }
}
