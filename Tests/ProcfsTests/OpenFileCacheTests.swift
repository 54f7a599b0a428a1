import Glibc
import POSIX
import Testing

@testable import Procfs

@Suite("Files that are kept open")
struct OpenFileCacheTests {
  /// Two connected sockets: while the second is kept, who polls the first waits; when it is closed, he hears of it.
  private final class Pair {
    let watched: Int32
    private let kept: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
      try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
      (watched, kept) = (ends[0], ends[1])
    }

    deinit { close(watched) }

    /// The second one; to be taken once.
    func takeKept() -> FileDescriptor { FileDescriptor(owning: kept) }

    /// Whether the second one is closed, or will be within the time.
    func isClosed(within milliseconds: Int32 = 30_000) -> Bool {
      var asked = pollfd(fd: watched, events: Int16(POLLIN), revents: 0)
      return poll(&asked, 1, milliseconds) == 1 && asked.revents & Int16(POLLHUP) != 0
    }
  }

  @Test("each is found by its name, and another name finds nothing")
  func names() throws {
    var files = OpenFileCache()
    let (stat, status): (StaticString, StaticString) = ("stat", "status")
    var found = [files.descriptor(of: stat)]
    #expect(found == [nil])
    let one = try FileDescriptor.open("/dev/null", O_RDONLY)
    let other = try FileDescriptor.open("/dev/null", O_RDONLY)
    let (first, second) = (one.rawValue, other.rawValue)
    files.keep(one, as: stat)
    found = [files.descriptor(of: stat), files.descriptor(of: status)]
    #expect(found == [first, nil])
    files.keep(other, as: status)
    found = [files.descriptor(of: stat), files.descriptor(of: status), files.descriptor(of: "meminfo")]
    #expect(found == [first, second, nil])
  }

  @Test(
    "files that are read at once are whole then, as this kernel gives them",
    arguments: KernelFile.records + ["sys/fs/file-nr"])
  func whole(name: StaticString) throws {
    let way = KernelFile.way(of: name)
    #expect(way.isAtOnce)
    guard let file = try? FileDescriptor.open("/proc/\(name)", O_RDONLY), file.isInProcfs else { return }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let room = min(bytes.count, way.size)
    let count = pread(file.rawValue, &bytes, room, 0)
    #expect(count > 0 && count < room && bytes[count - 1] == UInt8(ascii: "\n"))
    #expect(pread(file.rawValue, &bytes, room, off_t(count)) == 0)
  }

  @Test("all others are read until nothing more comes", arguments: ["vmstat", "net/dev", "diskstats", "1/mounts"])
  func pieces(name: StaticString) { #expect(!KernelFile.way(of: name).isAtOnce) }

  @Test("they stay open until all are removed, then they are closed and can be kept anew")
  func removal() throws {
    var files = OpenFileCache()
    let (stat, status): (StaticString, StaticString) = ("stat", "status")
    let (one, other) = (try Pair(), try Pair())
    files.keep(one.takeKept(), as: stat)
    files.keep(other.takeKept(), as: status)
    #expect(!one.isClosed(within: 0) && !other.isClosed(within: 0))
    files.removeAll()
    #expect(one.isClosed() && other.isClosed())
    var found = [files.descriptor(of: stat), files.descriptor(of: status)]
    #expect(found == [nil, nil])
    let again = try FileDescriptor.open("/dev/null", O_RDONLY)
    let number = again.rawValue
    files.keep(again, as: stat)
    found = [files.descriptor(of: stat), files.descriptor(of: status)]
    #expect(found == [number, nil])
  }

  @Test("they are closed with the value that holds them")
  func lifetime() throws {
    let pair = try Pair()
    func hold(_ file: consuming FileDescriptor) -> Bool {
      var files = OpenFileCache()
      files.keep(file, as: "stat")
      return pair.isClosed(within: 0) || files.descriptor(of: "stat") == nil
    }
    let isClosedWhileHeld = hold(pair.takeKept())
    #expect(!isClosedWhileHeld)
    #expect(pair.isClosed())
  }
}
