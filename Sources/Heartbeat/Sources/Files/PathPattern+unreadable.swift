internal import Glibc
internal import POSIX

/// Below a folder whose name is no UTF-8, so that no path leads there: nothing in it can be read, but that something is there is told.
extension PathPattern {
  /// Whether something matches below such a folder, or may.
  ///
  /// - Parameters:
  ///   - name: its name in a folder that is known.
  ///   - place: the place of the first component that is sought in it.
  ///   - isCertain: as for `matches`. No symbolic link is followed, so that nothing else is touched.
  func isHolding(
    below name: [UInt8], in folder: String, from place: Int, _ isCertain: (String) -> Bool,
    _ listings: inout FolderListings
  ) -> Bool {
    guard let folder = Way(to: folder, isCertain) else { return true }
    return isHolding(below: name, in: folder, from: place, isCertain, &listings)
  }

  /// An open folder, and its path with U+FFFD for what is no UTF-8, as in the table of mounts.
  private struct Way: ~Copyable {
    let descriptor: FileDescriptor
    let path: String

    /// nil where it may not be touched, or not be opened.
    init?(to path: String, _ isCertain: (String) -> Bool) {
      guard isCertain(path), let opened = try? FileDescriptor.open(path, FileDescriptor.pathOnly | O_DIRECTORY) else {
        return nil
      }
      descriptor = opened
      self.path = path
    }

    /// The same of a folder in another one.
    init?(to name: [UInt8], in folder: borrowing Way, _ isCertain: (String) -> Bool) {
      let path = PathPattern.join(folder.path, String(decoding: name, as: UTF8.self))
      guard isCertain(path), let opened = try? folder.descriptor.openFolder(at: name) else { return nil }
      descriptor = opened
      self.path = path
    }
  }

  private func isHolding(
    below name: [UInt8], in folder: borrowing Way, from place: Int, _ isCertain: (String) -> Bool,
    _ listings: inout FolderListings
  ) -> Bool {
    // Where there is no room to look, it is looked again on another thread.
    guard listings.hasRoom(forPaths: 1) else { return false }
    do throws(Errno) {
      let kind = try folder.descriptor.status(at: name).st_mode & S_IFMT
      guard kind == S_IFDIR else { return kind == S_IFLNK }
    } catch {
      return !FolderListings.saysThatNoneIsThere(error)
    }
    guard let opened = Way(to: name, in: folder, isCertain) else { return true }
    let isLast = place == components.count - 1
    switch components[place] {
    case .name(let name):
      let name = Array(name.utf8)
      // It leads out again.
      if name.allSatisfy({ $0 == UInt8(ascii: ".") }) { return true }
      guard isLast else { return isHolding(below: name, in: opened, from: place + 1, isCertain, &listings) }
      do throws(Errno) {
        _ = try opened.descriptor.status(at: name)
        return true
      } catch {
        return !FolderListings.saysThatNoneIsThere(error)
      }
    case .pattern(let pattern):
      guard let names = listings.names(inUnreadable: opened.descriptor, where: { PathPattern.fits($0, pattern) }) else {
        return true
      }
      return names.contains { name in
        isLast
          ? !PathPattern.isPassedOver(name)
          : isHolding(below: name, in: opened, from: place + 1, isCertain, &listings)
      }
    }
  }
}
