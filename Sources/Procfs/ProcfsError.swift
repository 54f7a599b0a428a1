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

  /// Of a line that is not as the kernel writes it, while others of its file can be read.
  ///
  /// - Parameter line: what the line is called. Not the whole of it: its numbers change, and it is told once.
  init(malformed line: UnsafeRawBufferPointer, in file: String) {
    self.init(file, "its line \(UnsafeRawBufferPointer(rebasing: line.prefix(64)).foreignText) is malformed")
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

  /// The same for a file of lines, of which each can be used without the others.
  ///
  /// - Parameters:
  ///   - complain: gets the first of those that are not as they should be.
  ///   - parse: hands its second argument what each of these is called.
  package func read<Value>(
    _ file: StaticString, expecting expected: String, _ complain: Complain,
    _ parse: (UnsafeRawBufferPointer, OddLine) -> Value?
  ) throws(ProcfsError) -> Value {
    var odd: ProcfsError?
    defer { if let odd { complain(odd) } }
    return try read(file, expecting: expected) { bytes in
      parse(bytes) { line in
        if odd == nil { odd = ProcfsError(malformed: line, in: "\(path)/\(file)") }
      }
    }
  }

  /// Gets what could not be read, while the rest could be.
  public typealias Complain = (ProcfsError) -> Void
  /// Gets what a line is called that is not as the kernel writes it.
  public typealias OddLine = (UnsafeRawBufferPointer) -> Void

  /// Reads a file of lines that not every kernel has; nil where it is not there.
  package func readIfPresent<Value>(
    _ file: StaticString, expecting expected: String, _ complain: Complain,
    _ parse: (UnsafeRawBufferPointer, OddLine) -> Value?
  ) throws(ProcfsError) -> Value? {
    do throws(ProcfsError) {
      return try read(file, expecting: expected, complain, parse)
    } catch {
      // EOPNOTSUPP: the kernel could tell but was told not to.
      if error.code == ENOENT || error.code == EOPNOTSUPP { return nil }
      throw error
    }
  }
}
