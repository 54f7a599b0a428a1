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

  /// Of a system call that tells what no file does.
  public init(call name: String, _ reason: String) {
    self.init(name, reason)
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
  ///   - parse: gets the lines that are whole; nil when that is not in it. It must read nothing else of `/proc`.
  /// - Throws: also where it is not whole.
  package func read<Value>(
    _ file: StaticString, expecting expected: String, _ parse: (UnsafeRawBufferPointer) -> Value?
  ) throws(ProcfsError) -> Value {
    let (value, flaw) = try lines(of: file, parse)
    if let flaw { throw flaw }
    guard let value else { throw ProcfsError("\(path)/\(file)", "expected \(expected)") }
    return value
  }

  /// The same for a file of lines, of which each can be used without the others.
  ///
  /// - Parameters:
  ///   - complain: gets the first thing that is not as it should be: that it is not whole, or a line.
  ///   - parse: hands its second argument what each of these lines is called.
  package func read<Value>(
    _ file: StaticString, expecting expected: StaticString, _ complain: Complain,
    _ parse: (UnsafeRawBufferPointer, OddLine) -> Value?
  ) throws(ProcfsError) -> Value {
    var value: Value?
    _ = try readLines(of: file, expecting: expected, mayBeAbsent: false, complain) { bytes, odd in
      value = parse(bytes, odd)
      return value != nil
    }
    guard let value else { throw missing("\(expected)", in: file) }
    return value
  }

  /// What does not depend on the kind of the value: has the lines of a file read.
  ///
  /// - Parameters:
  ///   - mayBeAbsent: whether the kernel may not have the file.
  ///   - parse: false when what is expected is not in it.
  /// - Returns: false when the file is not there.
  @usableFromInline
  package func readLines(
    of file: StaticString, expecting expected: StaticString, mayBeAbsent: Bool, _ complain: Complain,
    _ parse: (UnsafeRawBufferPointer, @escaping OddLine) -> Bool
  ) throws(ProcfsError) -> Bool {
    var odd: ProcfsError?
    let (isFound, flaw): (Bool, String?)
    do throws(Errno) {
      (isFound, flaw) = try withContents(of: file) { content in
        let lines = WholeLines(content, limit: Self.sizeLimit)
        let isFound = parse(lines.bytes) { [path] line in
          if odd == nil { odd = ProcfsError(malformed: line, in: "\(path)/\(file)") }
        }
        return (isFound, !isFound && content.isEmpty ? "it is empty" : lines.flaw)
      }
    } catch {
      // EOPNOTSUPP: the kernel could tell but was told not to.
      if mayBeAbsent, error.rawValue == ENOENT || error.rawValue == EOPNOTSUPP { return false }
      throw failure(file, error)
    }
    let fault = flaw.map { ProcfsError("\(path)/\(file)", $0) }
    if let first = fault ?? odd { complain(first) }
    guard isFound else { throw fault ?? ProcfsError("\(path)/\(file)", "expected \(expected)") }
    return true
  }

  private func failure(_ file: StaticString, _ error: Errno) -> ProcfsError {
    ProcfsError("\(path)/\(file)", error.description, code: error.rawValue)
  }

  /// What comes of the whole lines of a file, and why these are not all of it.
  private func lines<Value>(
    of file: StaticString, _ parse: (UnsafeRawBufferPointer) -> Value?
  ) throws(ProcfsError) -> (value: Value?, flaw: ProcfsError?) {
    let found: (value: Value?, flaw: String?)
    do throws(Errno) {
      found = try withContents(of: file) { content in
        let lines = WholeLines(content, limit: Self.sizeLimit)
        let value = parse(lines.bytes)
        return (value, value == nil && content.isEmpty ? "it is empty" : lines.flaw)
      }
    } catch {
      throw failure(file, error)
    }
    return (found.value, found.flaw.map { ProcfsError("\(path)/\(file)", $0) })
  }

  /// That a line is missing which every kernel of this age writes.
  @usableFromInline
  package func missing(_ line: String, in file: StaticString) -> ProcfsError {
    ProcfsError("\(path)/\(file)", "expected a line \(line)")
  }

  /// Gets what could not be read, while the rest could be.
  public typealias Complain = (ProcfsError) -> Void
  /// Gets what a line is called that is not as the kernel writes it.
  public typealias OddLine = (UnsafeRawBufferPointer) -> Void

  /// Reads a file of lines that not every kernel has; nil where it is not there.
  package func readIfPresent<Value>(
    _ file: StaticString, expecting expected: StaticString, _ complain: Complain,
    _ parse: (UnsafeRawBufferPointer, OddLine) -> Value?
  ) throws(ProcfsError) -> Value? {
    var value: Value?
    _ = try readLines(of: file, expecting: expected, mayBeAbsent: true, complain) { bytes, odd in
      value = parse(bytes, odd)
      return value != nil
    }
    return value
  }
}
