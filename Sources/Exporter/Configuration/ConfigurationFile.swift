internal import Glibc
internal import POSIX

extension Configuration {
  /// The largest configuration file, in bytes.
  public static let largestFile = 1 << 20

  /// Reads a configuration file.
  ///
  /// - Throws: the line to show: file, line, column, what is wrong, what was expected.
  public static func load(_ path: String) throws(ConfigurationError) -> Configuration {
    func refuse(_ problem: String) -> ConfigurationError {
      ConfigurationError(file: path, position: nil, problem: problem)
    }
    guard !path.utf8.contains(0) else { throw refuse("no path of a file: it has a zero byte") }
    var bytes: [UInt8] = []
    var isRegular = false
    do throws(Errno) {
      // Without O_NONBLOCK a named pipe would hold up the start.
      let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      isRegular = try file.status().st_mode & S_IFMT == S_IFREG
      if isRegular { try file.readToEnd(appendingTo: &bytes, limit: largestFile) }
    } catch {
      throw refuse(
        error.rawValue == EFBIG ? "larger than 1 MiB: expected a small YAML file" : "cannot be read: \(error)")
    }
    guard isRegular else { throw refuse("not a regular file: expected a YAML file") }
    return try parse(bytes, file: path)
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
