internal import CLinux
internal import Glibc
internal import POSIX

/// A text as the kernel has it, `execve(2)`: any bytes but zero. A name or an argument need not be UTF-8.
typealias KernelText = [UInt8]

/// How a program is started.
struct ChildStart: Sendable {
  /// The program, looked up in `PATH`, and its arguments; not empty.
  var command: [KernelText]
  /// Its whole environment: `NAME=value`.
  var environment: [KernelText]
  /// Whether it leads a process group of its own.
  var ownsGroup = false
  /// The signals that it ignores, and has blocked.
  var dispositions = SignalDispositions()
  /// Its working directory; nil for this process's.
  var folder: String?
  /// Whom it becomes; nil for this process's user.
  var user: UserAccount?
  /// Whether its input and output are `/dev/null`.
  var isQuiet = false
  /// Whether it gets `LISTEN_PID` with its own process id, for sockets that a service manager handed on (`sd_listen_fds(3)`).
  var inheritsSockets = false
}

/// Why a program could not be started.
struct StartFailure: Error, Hashable, Sendable {
  /// What was being done.
  let stage: String
  let error: Errno
  /// The exit status for it, as shells have it: 127 when there is no such program, else 126.
  let exitCode: Int32
}

extension StartFailure: CustomStringConvertible {
  var description: String { stage.isEmpty ? "\(error)" : "\(stage): \(error)" }
}

/// A program that this process started, and waits for.
struct ChildProcess: Sendable {
  /// Its process id; also that of its process group if it has one of its own.
  let pid: pid_t
  /// Whether it leads a process group of its own.
  let leadsGroup: Bool

  /// Starts a program with every signal at its default. It is killed (`SIGKILL`) when the calling thread ends, however that happens.
  ///
  /// - Parameters:
  ///   - command: the program, looked up in `PATH`, and its arguments; not empty.
  ///   - environment: its whole environment, by name.
  ///   - ownGroup: whether it leads a process group of its own.
  /// - Throws: the error of `fork(2)` or `exec(3)`, such as `ENOENT`.
  static func start(
    _ command: [String], environment: [String: String], ownGroup: Bool
  ) throws(Errno) -> ChildProcess {
    do throws(StartFailure) {
      return try start(
        ChildStart(
          command: command.map { Array($0.utf8) },
          environment: environment.sorted { $0.key < $1.key }.map { Array("\($0.key)=\($0.value)".utf8) },
          ownsGroup: ownGroup))
    } catch {
      throw error.error
    }
  }

  /// Starts a program, and waits until it runs.
  static func start(_ start: ChildStart) throws(StartFailure) -> ChildProcess {
    try self.start(start, within: nil).child
  }

  /// Starts a program. It is killed (`SIGKILL`) when the calling thread ends, however that happens.
  ///
  /// - Parameter patience: seconds until nobody waits any more for what becomes of it; nil for as long as it takes.
  /// - Returns: the child, and where it will be told what has become of it if that is not known yet.
  static func start(
    _ start: ChildStart, within patience: Double?
  ) throws(StartFailure) -> (child: ChildProcess, pending: PendingStart?) {
    guard !start.command.isEmpty else { throw StartFailure(stage: "", error: Errno(EINVAL), exitCode: 126) }
    var environment = start.environment
    let listenPID = Array("LISTEN_PID=".utf8)
    // The child writes its own number over the digits: only it knows it.
    if start.inheritsSockets { environment.insert(listenPID + Array("0000000000".utf8), at: 0) }
    var stage = clinux_stage_fork
    var pending: Int32 = -1
    let milliseconds = patience.map { Int32(clamping: $0 * 1000) } ?? -1
    let groups = start.user?.groups ?? []
    let result = withKernelTexts(start.command) { arguments in
      withKernelTexts(environment) { variables in
        groups.withUnsafeBufferPointer { groups in
          let folder = start.folder.map { strdup($0) } ?? nil
          defer { free(folder) }
          var raw = clinux_start()
          raw.arguments = UnsafePointer(arguments)
          raw.environment = UnsafePointer(variables)
          raw.folder = UnsafePointer(folder)
          raw.owns_group = start.ownsGroup ? 1 : 0
          raw.death_signal = SIGKILL
          raw.is_quiet = start.isQuiet ? 1 : 0
          raw.ignored = start.dispositions.ignored
          raw.blocked = start.dispositions.blocked
          if let user = start.user {
            raw.changes_user = 1
            raw.user = user.id
            raw.group = user.group
            raw.groups = groups.baseAddress
            raw.group_count = groups.count
          }
          if start.inheritsSockets { raw.pid_place = variables.pointee?.advanced(by: listenPID.count) }
          let pid = clinux_spawn(&raw, &stage, milliseconds, &pending)
          return (pid: pid, error: Errno.last)
        }
      }
    }
    guard result.pid > 0 else { throw StartFailure(stage, result.error, start) }
    let child = ChildProcess(pid: result.pid, leadsGroup: start.ownsGroup)
    return (child, pending < 0 ? nil : PendingStart(pid: result.pid, report: FileDescriptor(owning: pending), start))
  }

  /// Sends a signal to its process group, or to it alone if it has none of its own. A process that has ended is no
  /// error.
  func signal(_ number: Int32) {
    _ = kill(leadsGroup ? -pid : pid, number)
  }

  /// Whether anything of its process group still exists, zombies included.
  var hasGroup: Bool {
    leadsGroup && (kill(-pid, 0) == 0 || errno == EPERM)
  }
}

/// A start of which it is not known yet what has become of it: the disk of its working directory, or of its program, may hang.
final class PendingStart: Sendable {
  let pid: pid_t
  /// Readable when it is known; to be polled.
  let report: FileDescriptor
  private let start: ChildStart

  init(pid: pid_t, report: consuming FileDescriptor, _ start: ChildStart) {
    self.pid = pid
    self.report = report
    self.start = start
  }

  /// What has become of it; nil while that is not known. It counts as started also when it was killed before it could be the program.
  func outcome() -> Result<Void, StartFailure>? {
    var stage = clinux_stage_fork
    var error: Int32 = 0
    guard clinux_start_outcome(report.rawValue, &stage, &error) != 0 else { return nil }
    return error == 0 ? .success(()) : .failure(StartFailure(stage, Errno(error), start))
  }
}

extension StartFailure {
  fileprivate init(_ stage: clinux_stage, _ error: Errno, _ start: ChildStart) {
    switch stage {
    case clinux_stage_folder:
      self.init(stage: "working directory \(start.folder ?? "")", error: error, exitCode: 126)
    case clinux_stage_user:
      self.init(stage: "to become the user \(start.user?.name ?? "")", error: error, exitCode: 126)
    case clinux_stage_program:
      self.init(stage: "", error: error, exitCode: error.rawValue == ENOENT ? 127 : 126)
    default: self.init(stage: "to fork", error: error, exitCode: 126)
    }
  }
}

/// Calls `body` with a null-terminated array of C strings that lives as long as the call.
private func withKernelTexts<Result>(
  _ texts: [KernelText], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
  for (index, text) in texts.enumerated() {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count + 1)
    for (place, byte) in text.enumerated() { copy[place] = CChar(bitPattern: byte) }
    copy[text.count] = 0
    pointers.advanced(by: index).initialize(to: copy)
  }
  pointers.advanced(by: texts.count).initialize(to: nil)
  defer {
    for index in texts.indices { pointers[index]?.deallocate() }
    pointers.deallocate()
  }
  return body(pointers)
}
