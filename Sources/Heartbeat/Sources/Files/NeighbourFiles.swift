internal import Glibc
internal import POSIX

/// Asks the kernel for one file after the other. While several of one folder follow one another the folder is open, so that the kernel
/// need not walk to it from the root for each.
struct NeighbourFiles: ~Copyable {
  private var folder = ""
  private var descriptor: FileDescriptor?

  /// What the kernel says of a file, of a symbolic link of that itself; nil when it is to be asked by its path: it is the only one of its
  /// folder here, or there is an error.
  mutating func status(of file: (folder: String, name: String)?, before next: (folder: String, name: String)?) -> stat?
  {
    guard let file else { return nil }
    if file.folder != folder {
      folder = ""
      descriptor = nil
      guard file.folder == next?.folder else { return nil }
      folder = file.folder
      // One that cannot be opened is not tried again for each of its files.
      descriptor = try? FileDescriptor.open(folder, FileDescriptor.pathOnly | O_DIRECTORY)
    }
    return switch descriptor {
    case .some(let descriptor): try? descriptor.status(at: file.name, followingLinks: false)
    case .none: nil
    }
  }
}
