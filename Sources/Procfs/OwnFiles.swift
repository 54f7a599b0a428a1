internal import POSIX

/// The directory of this very process, and what was read there: it is looked at in every scrape and never ends before the
/// one who looks.
struct OwnFiles: ~Copyable {
  let directory: FileDescriptor
  var files = OpenFileCache()

  init(_ directory: consuming FileDescriptor) {
    self.directory = directory
  }
}
