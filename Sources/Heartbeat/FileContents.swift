internal import Glibc
internal import JSON
internal import POSIX

/// Reads a file that careless writers truncate and fill while others look: what cannot be understood is read again a
/// few times before it counts.
struct FileContents {
  /// What came of it.
  enum Reading<Value> {
    case missing
    /// `stat(2)` of the file as it was read.
    case value(Value, stat)
    case corrupt(JSONError, stat)
  }

  let file: String
  let limit: Int

  /// The pauses before each further look, in microseconds: longer in all than a writer needs between truncating a
  /// file and having filled it.
  private static let pauses: [UInt32] = [1_000, 3_000, 10_000, 20_000, 40_000]

  /// Reads the file until `parse` understands it; an empty file is read again too.
  func read<Value>(
    _ parse: ([UInt8]) throws(JSONError) -> Value
  ) throws(HeartbeatError) -> Reading<Value> {
    for pause in FileContents.pauses {
      guard let (bytes, status) = try readOnce() else { return .missing }
      if !bytes.isEmpty, let value = try? parse(bytes) { return .value(value, status) }
      usleep(pause)
    }
    guard let (bytes, status) = try readOnce() else { return .missing }
    do throws(JSONError) {
      return .value(try parse(bytes), status)
    } catch {
      return .corrupt(error, status)
    }
  }

  private func readOnce() throws(HeartbeatError) -> ([UInt8], stat)? {
    var bytes: [UInt8] = []
    do throws(Errno) {
      // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
      let descriptor = try FileDescriptor.open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY)
      let status = try descriptor.status()
      guard status.st_mode & S_IFMT == S_IFREG else { throw Errno(EISDIR) }
      try descriptor.readToEnd(appendingTo: &bytes, limit: limit)
      return (bytes, status)
    } catch {
      switch error.rawValue {
      case ENOENT: return nil
      case EFBIG: throw .tooLarge(file: file, limit: limit)
      // ENXIO is what opening a socket gives.
      case EISDIR, ENXIO: throw .notAFile(file: file)
      default: throw .cannotRead(file: file, error)
      }
    }
  }
}
