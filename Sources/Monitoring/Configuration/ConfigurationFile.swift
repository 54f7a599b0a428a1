public import YAML

extension Configuration {
  /// The largest configuration file, in bytes.
  public static let largestFile = 1 << 20

  /// Reads a configuration file.
  ///
  /// - Throws: the line to show: file, line, column, what is wrong, what was expected.
  public static func load(_ path: String) throws(ConfigurationError) -> Configuration {
    try parse(ConfigurationError.readFile(path, limit: largestFile, expected: "a YAML file"), file: path)
  }

  /// Reads a configuration from the bytes of a file.
  ///
  /// - Parameter file: the path that errors name.
  public static func parse(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Configuration {
    do throws(YAMLError) {
      guard let root = try YAMLParser.parse(bytes) else { return Configuration() }
      return try ConfigurationDecoder.configuration(root)
    } catch {
      throw ConfigurationError(file: file, position: error.position, problem: error.problem)
    }
  }
}
