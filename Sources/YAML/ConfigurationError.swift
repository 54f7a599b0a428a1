/// Why a configuration file was refused; `description` is the line a user reads.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A place in the file, both numbers from 1; columns count characters.
  public struct Position: Hashable, Sendable {
    /// The line.
    public var line: Int
    /// The character of the line.
    public var column: Int

    /// A place.
    public init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  /// The file's path.
  public let file: String
  /// Where it is wrong; nil when the file could not be read at all.
  public let position: Position?
  /// What is wrong and what was expected.
  public let problem: String

  /// Says what is wrong at which place of which file.
  public init(file: String, position: Position?, problem: String) {
    self.file = file
    self.position = position
    self.problem = problem
  }

  /// `file:line:column: problem`, or `file: problem`.
  public var description: String {
    if let position { "\(file):\(position.line):\(position.column): \(problem)" } else { "\(file): \(problem)" }
  }
}
