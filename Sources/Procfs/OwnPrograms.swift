internal import Glibc
internal import POSIX

/// This product's own programs: their command lines hold the words of what they watch
/// (`heartbeat run --name bidder -- python bidder.py`), so a search for a process must pass them over.
///
/// Others have programs named `heartbeat`, too. What is so named is ours where it is run from the same file as we are, or from one beside
/// it; and, since ours may be another version or in a container, where its command line is one of ours and its file does not say otherwise.
enum OwnPrograms {
  /// What is known of the file that a process was started from.
  enum Program: Equatable {
    /// It is one of our own files.
    case own
    /// It stands, or stood, at the place of one of ours: another version, before or after an upgrade. Or its file may not be known.
    case unknown
    /// Its name is that of one of ours, its place is another: an older version of ours, or somebody else's program.
    case alike
    /// It has another name: none of ours.
    case another
  }

  /// By the name in `/proc/PID/stat`, of which the kernel keeps 15 bytes.
  static func contains(commandName name: UnsafeRawBufferPointer) -> Bool {
    name.equals("heartbeat") || name.equals("heartbeat-expor")
  }

  /// By a command line whose arguments end with NUL.
  ///
  /// - Parameters:
  ///   - isNamedSo: whether the name in `/proc/PID/stat` is that of one of our programs.
  ///   - program: asked only where the names leave a doubt.
  static func contains(
    commandLine line: UnsafeRawBufferPointer, isNamedSo: Bool, program: () -> Program
  ) -> Bool {
    // Most lines end here: no array is made of theirs.
    let path = line.prefix { $0 != 0 }
    let slash = path.lastIndex(of: UInt8(ascii: "/"))
    let name = UnsafeRawBufferPointer(rebasing: path[(slash.map { $0 + 1 } ?? path.startIndex)...])
    if name.equals("heartbeat-exporter") { return true }
    guard isNamedSo || name.equals("heartbeat") else { return false }
    let arguments = firstArguments(line)
    return switch program() {
    case .own: true
    case .unknown: arguments.first.map { commands.contains($0.text) } ?? false
    // What runs another program lives long, so it may be an older version from anywhere; and its words are no other program's.
    case .alike: isRun(arguments)
    case .another: false
    }
  }

  /// Whether a command line, which is one of ours, is that of `heartbeat run`.
  static func isRun(commandLine line: UnsafeRawBufferPointer) -> Bool { isRun(firstArguments(line)) }

  /// The first two behind the program's name.
  private static func firstArguments(_ line: UnsafeRawBufferPointer) -> [UnsafeRawBufferPointer] {
    line.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).prefix(3).dropFirst()
      .map { UnsafeRawBufferPointer(rebasing: $0) }
  }

  /// Whether arguments are those of `heartbeat run [--FLAG...] [--] COMMAND`. Other programs that know `run` have flags with one dash, or
  /// with a dot in their names (`heartbeat run -e --path.home=/usr/share`).
  private static func isRun(_ arguments: [UnsafeRawBufferPointer]) -> Bool {
    guard arguments.count > 1, arguments[0].equals("run"), let first = arguments[1].first else { return false }
    guard first == UInt8(ascii: "-") else { return true }
    let flag = arguments[1].prefix { $0 != UInt8(ascii: "=") }
    return flag.count > 1 && flag[flag.startIndex + 1] == UInt8(ascii: "-") && !flag.contains(UInt8(ascii: "."))
  }

  /// The subcommands of the tool.
  static let commands: Set<String> = [
    "check", "completions", "help", "job", "monitor", "prune", "run", "send", "silence", "simulate",
    "simulated-process", "status",
    "test-alert", "version",
  ]

  /// The files of the exporter and of the tool, as they were when this was first asked for.
  static let files: Set<FileIdentity> = {
    var files = Set([FileIdentity("/proc/self/exe", in: AT_FDCWD)].compactMap(\.self))
    for name in names {
      let path = String(decoding: folder + Array(name.utf8), as: UTF8.self)
      if !folder.isEmpty, let file = FileIdentity(path, in: AT_FDCWD) { files.insert(file) }
    }
    return files
  }()

  private static let names = ["heartbeat", "heartbeat-exporter"]

  /// The folder of this very program, with its slash; empty where it is not known.
  private static let folder: [UInt8] = {
    guard let own = try? FileDescriptor.linkText(at: "/proc/self/exe", in: AT_FDCWD) else { return [] }
    return own.lastIndex(of: UInt8(ascii: "/")).map { Array(own[...$0]) } ?? []
  }()

  /// What a program is that is none of `files`, by the text of its `/proc/PID/exe`: its path, behind which ` (deleted)` stands once the
  /// file was removed or replaced.
  static func program(at path: [UInt8]) -> Program {
    let gone = Array(" (deleted)".utf8)
    let path =
      path.count > gone.count && path.suffix(gone.count).elementsEqual(gone) ? path.dropLast(gone.count) : path[...]
    if !folder.isEmpty, names.contains(where: { path.elementsEqual(folder + Array($0.utf8)) }) { return .unknown }
    // Ours may be `heartbeat-0.1.0` behind a link, or `.heartbeat-wrapped` behind a script.
    let name = Array(path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex)...])
    return name.contains(bytes: Array("heartbeat".utf8)) ? .alike : .another
  }
}

/// Which file it is.
struct FileIdentity: Hashable {
  private let device: dev_t
  private let inode: ino_t

  /// nil where that cannot be known. The corresponding C function is `fstatat(2)`.
  init?(_ path: String, in directory: Int32) {
    var status = Glibc.stat()
    guard fstatat(directory, path, &status, 0) == 0 else { return nil }
    (device, inode) = (status.st_dev, status.st_ino)
  }
}

extension Procfs {
  /// What file a process was started from. Who asks is about to look at its command line: where this hangs, that is avoided.
  func program(of pid: Int32) -> OwnPrograms.Program {
    progress.note(.commandLine(pid))
    guard let root = try? root(), let path = try? FileDescriptor.linkText(at: "\(pid)/exe", in: root) else {
      return .unknown
    }
    if let file = FileIdentity("\(pid)/exe", in: root), OwnPrograms.files.contains(file) { return .own }
    return OwnPrograms.program(at: path)
  }
}
