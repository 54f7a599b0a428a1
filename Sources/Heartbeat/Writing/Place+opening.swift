internal import Glibc
internal import POSIX

/// Why a folder could not be opened.
enum PlaceError: Error {
  /// The kernel said so.
  case system(Errno)
  /// A link that may not be followed, or a path that names nothing.
  case refused(HeartbeatError)

  /// The error for the user.
  ///
  /// - Parameter wrap: puts what the kernel said into words.
  func described(_ wrap: (Errno) -> HeartbeatError) -> HeartbeatError {
    switch self {
    case .system(let error): wrap(error)
    case .refused(let error): error
    }
  }
}

/// Opening a folder step by step.
///
/// A symbolic link is followed if it belongs to this user, to root, or, on the way to a folder and for all users but root,
/// to the owner of the folder that it lies in (as with `protected_symlinks`, `proc_sys_fs(5)`); and only where nobody else
/// could have put another one in its place.
extension Place {
  /// So many links are followed, as many as by the kernel (`path_resolution(7)`).
  private static let mostLinks = 40
  private static let folderFlags = FileDescriptor.pathOnly | O_DIRECTORY

  /// Where a file is, or would be: its folder, and its name there, behind those links that may be followed.
  static func locate(_ path: String) throws(PlaceError) -> Place {
    var name = Path.name(of: path)
    guard !["", ".", ".."].contains(name), !path.utf8.contains(0) else {
      throw .refused(.notAFile(file: path.isEmpty ? "an empty path" : path))
    }
    var folder = try openFolder(Path.folder(of: path))
    var shown = path
    for _ in 0..<mostLinks {
      guard let target = try followed(name, in: folder, isFile: true, shown: shown) else {
        return Place(folder: folder, name: name, path: shown)
      }
      name = Path.name(of: target)
      guard !["", ".", ".."].contains(name) else { throw .refused(.notAFile(file: target)) }
      let head = Path.folder(of: shown)
      shown = target.utf8.first == UInt8(ascii: "/") || head == "." ? target : "\(head == "/" ? "" : head)/\(target)"
      folder = try openFolder(Path.folder(of: target), at: folder.rawValue)
    }
    throw .refused(.link(file: path, reason: "there are too many symbolic links"))
  }

  /// A descriptor of a folder, for naming what is in it.
  ///
  /// - Parameter start: of the folder from which a relative path counts.
  static func openFolder(_ path: String, at start: Int32 = AT_FDCWD) throws(PlaceError) -> FileDescriptor {
    var folder = try beginning(of: path, at: start)
    var rest = steps(of: path)
    var links = 0
    while let step = rest.popLast() {
      let problem: Errno
      do throws(Errno) {
        folder = try folder.open(at: step, folderFlags | O_NOFOLLOW)
        continue
      } catch {
        problem = error
      }
      guard problem.rawValue == ELOOP || problem.rawValue == ENOTDIR,
        let target = try followed(step, in: folder, isFile: false, shown: path)
      else { throw .system(problem) }
      links += 1
      guard links <= mostLinks else { throw .system(Errno(ELOOP)) }
      folder = try beginning(of: target, at: folder.rawValue)
      rest += steps(of: target)
    }
    return folder
  }

  private static func beginning(of path: String, at start: Int32) throws(PlaceError) -> FileDescriptor {
    let isAbsolute = path.utf8.first == UInt8(ascii: "/")
    do throws(Errno) {
      return FileDescriptor(
        owning: try retryingOnInterrupt { openat(start, isAbsolute ? "/" : ".", folderFlags | O_CLOEXEC) })
    } catch {
      throw .system(error)
    }
  }

  /// The names on the way, the first one last.
  private static func steps(of path: String) -> [String] {
    path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }.filter { $0 != "." }.reversed()
  }

  /// What a link points to; nil when there is no link.
  private static func followed(
    _ name: String, in folder: borrowing FileDescriptor, isFile: Bool, shown: String
  ) throws(PlaceError) -> String? {
    guard let text = try? folder.linkText(at: name), let link = try? folder.status(at: name),
      let holder = try? folder.status()
    else { return nil }
    let user = geteuid()
    var trusted: Set<uid_t> = [0, user]
    if !isFile, user != 0 { trusted.insert(holder.st_uid) }
    guard trusted.contains(link.st_uid), trusted.contains(holder.st_uid), !holder.letsOthersRename else {
      let target = quotedForPeople(text)
      throw .refused(
        .link(
          file: shown,
          reason: "\(name) is a symbolic link of user \(link.st_uid), or others may put one there: it is not followed; "
            + "name what it points to (\(target)), or let it and its folder belong to this user or root"))
    }
    guard let target = String(validating: text, as: UTF8.self), !target.isEmpty else {
      throw .refused(.link(file: shown, reason: "\(name) is a symbolic link to a name that is not UTF-8"))
    }
    return target
  }

  private static func quotedForPeople(_ text: [UInt8]) -> String {
    var shown = String.UnicodeScalarView()
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      shown.append(scalar.isUnprintable ? "?" : scalar)
    }
    return String(shown)
  }
}

extension stat {
  /// Whether other users than this folder's owner may put something else in the place of what is in it.
  fileprivate var letsOthersRename: Bool {
    if st_mode & S_ISVTX != 0 { return false }
    // A user's own group, which has the user's number, has nobody else in it.
    return st_mode & 0o002 != 0 || st_mode & 0o020 != 0 && st_gid != st_uid
  }
}
