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
  func descriptor(of name: StaticString) -> Int32? {
    var node = first
    while let current = node {
      // The same literal is the same memory; another one of the same text would only be opened a second time.
      if current.kept.name.utf8Start == name.utf8Start { return current.kept.file.rawValue }
      node = current.next
    }
    return nil
  }

  /// Keeps a file open.
  mutating func keep(_ file: consuming FileDescriptor, as name: StaticString) {
    first = Node(Kept(name: name, file: file), next: first)
  }

  /// Closes all of them.
  mutating func removeAll() {
    first = nil
  }
}
