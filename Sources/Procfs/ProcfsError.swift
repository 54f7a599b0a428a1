internal import Glibc
internal import POSIX

/// Why a file of the host says nothing that can be used.
public struct ProcfsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, such as `/proc/loadavg`, or the mount point.
  public let file: String
  /// What is wrong with it.
  public let reason: String

  /// The number of `errno(3)`; nil when the file could be read.
  let code: Int32?

  init(_ file: String, _ reason: String, code: Int32? = nil) {
    self.file = file
    self.reason = reason
    self.code = code
  }

  /// Of a mount point.
  public init(mount: String, _ reason: String) {
    self.init(mount, reason)
  }

  /// Of a file that did not answer in time.
  public init(late file: String) {
    self.init(file, "it does not answer")
  }

  /// Both in one line.
  public var description: String { "\(file): \(reason)" }
}

extension Procfs {
  /// Reads a file of the host that every kernel has.
  ///
  /// - Parameters:
  ///   - expected: what has to be in it, for the error.
  ///   - parse: nil when that is not in it. It must read nothing else of `/proc`.
  package func read<Value>(
    _ file: StaticString, expecting expected: String, _ parse: (UnsafeRawBufferPointer) -> Value?
  ) throws(ProcfsError) -> Value {
    let found: (value: Value?, isEmpty: Bool)
    do throws(Errno) {
      found = try withContents(of: file) { (parse($0), $0.isEmpty) }
    } catch {
      throw ProcfsError("\(path)/\(file)", error.description, code: error.rawValue)
    }
    guard let value = found.value else {
      throw ProcfsError("\(path)/\(file)", found.isEmpty ? "it is empty" : "expected \(expected)")
    }
    return value
  }

  /// Reads a file of the host that not every kernel has, or not every container; nil where it is not there.
  package func readIfPresent<Value>(
    _ file: StaticString, expecting expected: String, _ parse: (UnsafeRawBufferPointer) -> Value?
  ) throws(ProcfsError) -> Value? {
    do throws(ProcfsError) {
      return try read(file, expecting: expected, parse)
    } catch {
      // EOPNOTSUPP: the kernel could tell but was told not to.
      if error.code == ENOENT || error.code == EOPNOTSUPP { return nil }
      throw error
    }
  }
}
