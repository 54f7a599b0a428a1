public import Glibc

/// What tells one content of a file from another without reading it (`stat(2)`). A program can set a file's time of modification back, but
/// not the time at which the file was last changed in any way.
public struct FileStamp: Equatable, Sendable {
  private struct Moment: Equatable {
    var seconds: Int
    var nanoseconds: Int

    init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }
  }

  private let device: UInt
  /// The number of the file on its file system.
  public let inode: UInt
  private let size: Int
  private let modified: Moment
  private let changed: Moment

  /// That of a file as it was found.
  public init(_ status: stat) {
    device = UInt(widening: status.st_dev)
    inode = UInt(widening: status.st_ino)
    size = Int(widening: status.st_size)
    modified = Moment(status.st_mtim)
    changed = Moment(status.st_ctim)
  }

  /// Whether it is the same file with the same content, as far as its size and its time of modification tell: it may have got another
  /// name or other permissions, which also is a change.
  public func hasContent(of other: FileStamp) -> Bool {
    (device, inode, size) == (other.device, other.inode, other.size) && modified == other.modified
  }

  /// A time of a file as Unix time in seconds.
  public static func seconds(_ time: timespec) -> Double { Double(time.tv_sec) + Double(time.tv_nsec) / 1e9 }
}
