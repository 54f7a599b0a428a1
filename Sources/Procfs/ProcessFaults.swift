internal import Glibc
internal import POSIX

/// Telling that a file of a process says nothing that can be used. A process that has ended, is ending or is the kernel's own has no
/// content in some of its files, and what belongs to others may be secret: of that nothing is said.
extension Procfs {
  /// What is wrong with content that is not understood.
  static func fault(of content: UnsafeRawBufferPointer) -> String {
    content.isEmpty ? "it is empty" : "it is not as the kernel writes it"
  }

  /// Says that a file of a process cannot be opened or read.
  ///
  /// - Parameter file: below the process's directory; nil for the directory itself.
  func complain(of pid: Int32, _ file: String?, _ error: Errno) {
    // EBUSY: it is not read, since it hangs, which is told elsewhere.
    guard ![ENOENT, ESRCH, EACCES, EPERM, EBUSY].contains(error.rawValue) else { return }
    // A name that is a number may be a file's.
    if file == nil, error.rawValue == ENOTDIR { return }
    complain(of: pid, file, error.description)
  }

  func complain(of pid: Int32, _ file: String?, _ reason: String) {
    complainOfProcess(ProcfsError("\(path)/\(pid)" + (file.map { "/" + $0 } ?? ""), reason))
  }

  /// Reads a file of lines of the process whose directory is open and whose stat was read there, and says where it is not as the kernel
  /// writes it.
  ///
  /// - Parameter parse: gets the lines that are whole, and says whether they are all that there should be.
  func readLines<Value>(
    _ file: StaticString, of stat: ProcessStat, in directory: Int32,
    _ parse: (UnsafeRawBufferPointer) -> (value: Value, isWhole: Bool)
  ) -> Value? {
    var fault: String?
    let value = withFile(file, in: directory, onFailure: { complain(of: stat.pid, "\(file)", $0) }) { content in
      check(content, &fault, parse)
    }
    if let fault { doubt("\(file)", of: stat, in: directory, fault) }
    return value
  }

  /// The same for the status of one of its threads.
  func readThreadStatus(_ thread: Int32, of stat: ProcessStat, in directory: Int32, tasks: Int32) -> ProcessStatus? {
    var fault: String?
    let file = "task/\(thread)/status"
    func fail(_ error: Errno) { complain(of: stat.pid, file, error) }
    let value = withThreadFile("status", thread, in: tasks, onFailure: fail) { content in
      check(content, &fault) { lines in
        let status = ProcessStatus(parsing: lines)
        return (status, status.isWhole)
      }
    }
    if let fault { doubt(file, of: stat, in: directory, fault) }
    return value
  }

  private func check<Value>(
    _ content: UnsafeRawBufferPointer, _ fault: inout String?,
    _ parse: (UnsafeRawBufferPointer) -> (value: Value, isWhole: Bool)
  ) -> Value {
    // A full buffer says that there is more.
    let lines = WholeLines(content, limit: limits.bufferSize - 1)
    let (value, isWhole) = parse(lines.bytes)
    fault = lines.flaw ?? (isWhole ? nil : Self.fault(of: content))
    return value
  }

  /// Says what is wrong with a file of a process, unless that one has ended meanwhile or is the kernel's own.
  private func doubt(_ file: String, of stat: ProcessStat, in directory: Int32, _ reason: String) {
    guard let now = withFile("stat", in: directory, { ProcessStat(parsing: $0) }),
      !now.hasEndedMainThread, !now.isKernelThread
    else { return }
    complain(of: stat.pid, file, reason)
  }
}
