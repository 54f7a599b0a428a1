import Glibc
import POSIX
import Testing

@Suite("FileDescriptor")
struct FileDescriptorTests {
  /// The reading end of a pipe that holds `bytes` and has no writer any more.
  private func pipe(holding bytes: [UInt8]) throws -> FileDescriptor {
    var ends: [Int32] = [0, 0]
    try #require(Glibc.pipe(&ends) == 0)
    try FileDescriptor(owning: ends[1]).writeAll(bytes)
    return FileDescriptor(owning: ends[0])
  }

  @Test("a missing file is ENOENT, with a sentence")
  func missing() {
    do throws(Errno) {
      _ = try FileDescriptor.open("/does/not/exist", O_RDONLY)
      Issue.record("opened a file that does not exist")
    } catch {
      #expect(error == Errno(ENOENT))
      #expect(error.description == "No such file or directory (ENOENT)")
    }
  }

  @Test("what is written is read to the end", arguments: [0, 1, 4096, 60_000])
  func roundTrip(count: Int) throws {
    let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var got: [UInt8] = [255]
    let reader = try pipe(holding: sent)
    try reader.readToEnd(appendingTo: &got, limit: 60_000)
    #expect(got == [255] + sent)
  }

  @Test("a file over the limit is EFBIG, one at the limit is not")
  func limit() throws {
    for (count, fails) in [(100, false), (101, true), (300, true)] {
      let reader = try pipe(holding: [UInt8](repeating: 1, count: count))
      var got: [UInt8] = [7, 7, 7]
      do throws(Errno) {
        try reader.readToEnd(appendingTo: &got, limit: 100)
        #expect(!fails)
      } catch {
        #expect(fails)
        #expect(error == Errno(EFBIG))
      }
      #expect(got == [7, 7, 7] + Array(repeating: 1, count: min(count, 101)))
    }
  }

  @Test("the descriptor is closed when its owner goes out of scope")
  func closes() throws {
    let number: Int32
    do {
      let file = try FileDescriptor.open("/dev/null", O_RDONLY)
      number = file.rawValue
      #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
    }
    #expect(fcntl(number, F_GETFD) == -1)
  }
}
