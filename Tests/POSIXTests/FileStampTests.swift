import Glibc
import Testing

@testable import POSIX

@Suite("What tells one content of a file from another")
struct FileStampTests {
  private static func status(_ change: (inout stat) -> Void = { _ in }) -> stat {
    var status = stat()
    (status.st_dev, status.st_ino, status.st_size) = (1, 2, 3)
    status.st_mtim = timespec(tv_sec: 4, tv_nsec: 5)
    status.st_ctim = timespec(tv_sec: 6, tv_nsec: 7)
    change(&status)
    return status
  }

  private typealias Change = (
    name: String, change: @Sendable (inout stat) -> Void, isEqual: Bool, hasContent: Bool
  )

  private static let changes: [Change] = [
    ("nothing", { _ in }, true, true), ("device", { $0.st_dev = 9 }, false, false),
    ("inode", { $0.st_ino = 9 }, false, false), ("size", { $0.st_size = 9 }, false, false),
    ("modified", { $0.st_mtim.tv_sec = 9 }, false, false), ("modified, ns", { $0.st_mtim.tv_nsec = 9 }, false, false),
    ("changed", { $0.st_ctim.tv_sec = 9 }, false, true), ("changed, ns", { $0.st_ctim.tv_nsec = 9 }, false, true),
    ("read", { $0.st_atim.tv_sec = 9 }, true, true),
  ]

  @Test("is each of its device, inode, size and times; a change that is none of the content is told apart")
  func parts() {
    for (name, change, isEqual, hasContent) in Self.changes {
      let (before, after) = (FileStamp(Self.status()), FileStamp(Self.status(change)))
      #expect((before == after) == isEqual, "\(name)")
      #expect(before.hasContent(of: after) == hasContent, "\(name)")
    }
  }
}
