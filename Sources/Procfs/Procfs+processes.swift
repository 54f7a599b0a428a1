internal import Glibc
internal import POSIX

/// Reading the files of processes, and which there are.
extension Procfs {
  /// Hands `body` a file of the process whose directory is open, as much as one `read(2)` into the buffer gives: the
  /// kernel writes the files of a process at once.
  ///
  /// - Parameter onFailure: gets what is in the way, where something is.
  func withFile<Result>(
    _ file: StaticString, in directory: Int32, onFailure: (Errno) -> Void = { _ in },
    _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    if let known = own?.directory.rawValue, known == directory { return withOwnFile(file, onFailure: onFailure, body) }
    do throws(Errno) {
      return body(try read(try openFile(file, in: directory)))
    } catch {
      onFailure(error)
      return nil
    }
  }

  /// Hands `body` the descriptor of a process's directory; nil when there is no such process.
  func withProcess<Result>(_ pid: Int32, _ body: (_ directory: Int32) -> Result?) -> Result? {
    if pid == selfPID {
      // Not mutated: without it each look opens the directory anew, and finds the same.
      if own == nil, let opened = try? openProcess(pid) { own = OwnFiles(opened) }
      if let directory = own?.directory.rawValue { return body(directory) }
    }
    guard let directory = try? openProcess(pid) else { return nil }
    return body(directory.rawValue)
  }

  private func withOwnFile<Result>(
    _ file: StaticString, onFailure: (Errno) -> Void, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    guard let directory = own?.directory.rawValue else { return nil }
    if let descriptor = own?.files.descriptor(of: file) {
      let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return body(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
      own?.files.removeAll()
    }
    do throws(Errno) {
      let opened = try openFile(file, in: directory)
      let count = try opened.read(into: buffer)
      own?.files.keep(opened, as: file)
      return body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    } catch {
      onFailure(error)
      return nil
    }
  }

  /// The same for `PID/file` below the root.
  ///
  /// - Parameters:
  ///   - place: what is avoided when it hangs; nil for the whole process.
  ///   - limit: the most bytes that are read; nil for all that the buffer takes.
  ///   - onFailure: gets what is in the way, where something is.
  func withFile<Result>(
    _ file: StaticString, of pid: Int32, at place: ReadingProgress.Place? = nil, limit: Int? = nil,
    onFailure: (Errno) -> Void = { _ in }, _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    do throws(Errno) {
      return body(try read(try openFile(file, of: pid, O_RDONLY, at: place), limit: limit))
    } catch {
      onFailure(error)
      return nil
    }
  }

  private func read(_ opened: borrowing FileDescriptor, limit: Int? = nil) throws(Errno) -> UnsafeRawBufferPointer {
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<min(buffer.count, limit ?? .max)])
    let count = try opened.read(into: part)
    return UnsafeRawBufferPointer(rebasing: buffer[..<count])
  }

  /// The same for a thread's file, `TID/file` below a process's `task`.
  func withThreadFile<Result>(
    _ file: StaticString, _ thread: Int32, in tasks: Int32, onFailure: (Errno) -> Void,
    _ body: (UnsafeRawBufferPointer) -> Result?
  ) -> Result? {
    do throws(Errno) {
      return body(try read(try openFile(file, of: thread, in: tasks, O_RDONLY)))
    } catch {
      onFailure(error)
      return nil
    }
  }

  /// Opens the directory of a process. It stays that of this process: when the process ends, reads through it fail,
  /// even when its number is given to another one.
  func openProcess(_ pid: Int32) throws(Errno) -> FileDescriptor {
    try openFile("", of: pid, O_RDONLY | O_DIRECTORY)
  }

  /// Number of files that the process of `directory` has open; nil when one may not know.
  ///
  /// - Parameters:
  ///   - mayRead: whether one is known to be allowed to look, as who may read `io` is.
  ///   - onFailure: gets what is in the way, where something is.
  func openFiles(in directory: Int32, mayRead: Bool = false, onFailure: (Errno) -> Void = { _ in }) -> UInt64? {
    if isKernel, mayRead || faccessat(directory, "fd", R_OK | X_OK, 0x200 /* AT_EACCESS */) == 0 {
      // Since Linux 6.2 the directory's size is the count; before, it is 0.
      var status = Glibc.stat()
      if fstatat(directory, "fd", &status, 0) == 0, status.st_size > 0 { return UInt64(clamping: status.st_size) }
    }
    return listedFiles(in: directory, onFailure: onFailure)
  }

  /// The same by counting the directory's entries.
  func listedFiles(in directory: Int32, onFailure: (Errno) -> Void = { _ in }) -> UInt64? {
    var count: UInt64 = 0
    do throws(Errno) {
      let opened = try openFile("fd", in: directory, O_RDONLY | O_DIRECTORY)
      try opened.forEachEntry(using: buffer) { _ in count += 1 }
    } catch {
      onFailure(error)
      return nil
    }
    return count
  }

  /// The numbers of all processes, in ascending order.
  func processIDs() throws(Errno) -> [Int32] {
    progress.note(.tree)
    // A descriptor of its own: the place in the listing belongs to the descriptor.
    let listing = try openFile(".", in: try root(), O_RDONLY | O_DIRECTORY)
    var found: [Int32] = []
    try listing.forEachEntry(using: buffer) { name in
      if let pid = name.processID { found.append(pid) }
    }
    // A /proc that is mounted holds at least the one who reads it: an empty folder must not make all look dead.
    guard !found.isEmpty else { throw Errno(ENOENT) }
    if zip(found, found.dropFirst()).contains(where: { $0 >= $1 }) { found.sort() }
    return found
  }

  /// The number of this very process in the tree's own numbering; nil for a tree of plain files.
  public var selfPID: Int32? {
    if let knownSelfPID { return knownSelfPID }
    knownSelfPID = readSelfPID()
    return knownSelfPID
  }

  /// The same as `/proc` says it now; nil when it does not answer any more.
  func readSelfPID() -> Int32? {
    guard isServedByKernel, let number = try? root() else { return nil }
    guard let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
    let count = readlinkat(number, "self", start, buffer.count)
    guard count > 0 else { return nil }
    return UnsafeRawBufferPointer(rebasing: buffer[..<count]).processID
  }

  /// Whether a number of this tree means the same process to a system call: not where `/proc` is another pid
  /// namespace's.
  var sharesNumbering: Bool {
    if let numbering { return numbering }
    let isShared = selfPID == getpid()
    numbering = isShared
    return isShared
  }
}
