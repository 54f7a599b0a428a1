internal import Glibc
internal import POSIX

extension ConfigurationError {
  /// Reads a file that a user names.
  ///
  /// - Parameter expected: what it should have been, such as "a YAML file".
  public static func readFile(_ path: String, limit: Int, expected: String) throws(ConfigurationError) -> [UInt8] {
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
      if isRegular { try file.readToEnd(appendingTo: &bytes, limit: limit) }
    } catch {
      throw refuse(
        error.rawValue == EFBIG
          ? "larger than \(limit >> 20) MiB: expected a smaller file" : "cannot be read: \(error)")
    }
    guard isRegular else { throw refuse("not a regular file: expected \(expected)") }
    return bytes
  }
}
