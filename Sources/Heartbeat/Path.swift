internal import Glibc
internal import POSIX

/// The little of path arithmetic that writers need.
enum Path {
  /// The folder in which a file lies; `.` for a bare name.
  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }

  /// What follows the last slash.
  static func name(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// Follows symbolic links at the path's end, also one that points to nothing yet: the file that a writer replaces.
  ///
  /// Links among the folders are left to the kernel.
  ///
  /// - Throws: `ELOOP` after 40 links (as many as Linux follows, `path_resolution(7)`).
  static func followingLinks(_ path: String) throws(Errno) -> String {
    var path = path
    for _ in 0..<40 {
      var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
      let count = readlink(path, &target, target.count)
      guard count > 0 else { return path }
      let text = String(decoding: target[..<count], as: UTF8.self)
      let folder = folder(of: path)
      path = text.utf8.first == UInt8(ascii: "/") || folder == "." ? text : "\(folder == "/" ? "" : folder)/\(text)"
    }
    throw Errno(ELOOP)
  }
}
