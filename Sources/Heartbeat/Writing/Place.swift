internal import Glibc
internal import POSIX

/// A name in an open folder. What is in the folder is named relative to its descriptor, so that nobody can put another
/// folder in its place meanwhile.
struct Place: ~Copyable {
  let folder: FileDescriptor
  var name: String
  /// What errors say.
  var path: String

  /// Opens a file in the folder; a symbolic link gives `ELOOP`.
  ///
  /// - Parameter mode: of a file that `O_CREAT` makes.
  borrowing func open(_ name: String, _ flags: Int32, mode: mode_t = 0o600) throws(Errno) -> FileDescriptor {
    // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
    try folder.open(at: name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode: mode)
  }

  /// Whether the folder has something of this name.
  borrowing func has(_ name: String) -> Bool {
    (try? folder.status(at: name)) != nil
  }

  /// Removes a file, if it is there and this user may.
  borrowing func remove(_ name: String) {
    try? folder.unlink(name)
  }

  /// The path of another file in the folder, for people.
  borrowing func beside(_ name: String) -> String {
    let folder = Path.folder(of: path)
    return folder == "." && !path.utf8.starts(with: "./".utf8) ? name : "\(folder == "/" ? "" : folder)/\(name)"
  }

  /// Every name in the folder that is text.
  borrowing func names() throws(Errno) -> [String] {
    var names: [String] = []
    let folder = try readable()
    var failure: Errno?
    withUnsafeTemporaryAllocation(byteCount: 32_768, alignment: 8) { buffer in
      do throws(Errno) {
        try folder.forEachEntry(using: buffer) { name in
          if let text = String(validating: name, as: UTF8.self) { names.append(text) }
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return names
  }

  /// Waits until the folder's names are on the disk.
  borrowing func synchronise() throws(Errno) {
    try readable().synchronise()
  }

  /// The folder's own descriptor is only good for naming what is in it.
  private borrowing func readable() throws(Errno) -> FileDescriptor {
    try folder.open(at: ".", O_RDONLY | O_DIRECTORY)
  }
}

extension stat {
  /// Whether it is a file and nothing else: no folder, link, pipe, device, socket.
  var isRegular: Bool { st_mode & S_IFMT == S_IFREG }

  /// The bits that say who may do what.
  var permissions: mode_t { st_mode & 0o777 }

  /// Whether both are one file.
  func isSameFile(as other: stat) -> Bool { st_ino == other.st_ino && st_dev == other.st_dev }
}
