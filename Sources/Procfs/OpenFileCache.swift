internal import Glibc
internal import POSIX

/// Files of `/proc` that are read at each scrape, kept open from one to the next: the kernel makes their content anew when
/// it is read from the beginning.
///
/// Only for a `/proc` that a kernel serves: a plain file may be replaced, and an old descriptor would show the old one.
struct OpenFileCache: ~Copyable {
  private struct Kept: ~Copyable {
    let name: StaticString
    let file: FileDescriptor
    let way: KernelFile.Way
  }

  /// As many as there are names in the code that ask for one; a dictionary cannot hold what is not copyable.
  private var first: Node?

  private final class Node {
    let kept: Kept
    let next: Node?

    init(_ kept: consuming Kept, next: Node?) {
      self.kept = kept
      self.next = next
    }
  }

  /// The descriptor under which a file is open; nil when it is not. It belongs to this value.
  func descriptor(of name: StaticString) -> Int32? { file(name)?.descriptor }

  /// The same, and how it is read.
  func file(_ name: StaticString) -> (descriptor: Int32, way: KernelFile.Way)? {
    var node = first
    while let current = node {
      // The same literal is the same memory; another one of the same text would only be opened a second time.
      if current.kept.name.utf8Start == name.utf8Start { return (current.kept.file.rawValue, current.kept.way) }
      node = current.next
    }
    return nil
  }

  /// Keeps a file open, but only in the lower half of the descriptors that the process may have: it is read all the same without
  /// that, while a connection without a descriptor is none.
  mutating func keep(_ file: consuming FileDescriptor, as name: StaticString, _ way: KernelFile.Way = .inPieces) {
    var limit = rlimit()
    guard
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) != 0
        || UInt64(clamping: file.rawValue) < UInt64(clamping: limit.rlim_cur) / 2
    else { return }
    first = Node(Kept(name: name, file: file, way: way), next: first)
  }

  /// Closes all of them.
  mutating func removeAll() {
    first = nil
  }
}
