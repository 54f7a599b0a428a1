internal import Glibc
internal import POSIX

/// This product's own programs: their command lines hold the words of what they watch
/// (`heartbeat run --name bidder -- python bidder.py`), so a search for a process must pass them over.
///
/// Others have programs named `heartbeat`, too. What is so named is ours where it is run from the same file as we are, or from one beside
/// it; and, since ours may be another version or in a container, where its command line is one of ours.
enum OwnPrograms {
  /// What is known of the file that a process was started from.
  enum Program: Equatable {
    /// It is one of our own files.
    case own
    case another
    /// It may not be known, or there is none.
    case unknown
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
    let arguments = line.split(separator: 0, maxSplits: 3, omittingEmptySubsequences: false).prefix(3).dropFirst()
      .map { UnsafeRawBufferPointer(rebasing: $0) }
    // What runs another program lives long, so it may be an older version, whose file was replaced since.
    if isRun(arguments) { return true }
    return switch program() {
    case .own: true
    case .another: false
    case .unknown: arguments.first.map { commands.contains($0.text) } ?? false
    }
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
    let own = "/proc/self/exe"
    var files = Set([FileIdentity(own, in: AT_FDCWD)].compactMap(\.self))
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(own, &path, path.count)
    guard count > 0 else { return files }
    let bytes = path[..<count].map { UInt8(bitPattern: $0) }
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return files }
    let folder = String(decoding: bytes[...slash], as: UTF8.self)
    for name in ["heartbeat", "heartbeat-exporter"] {
      if let file = FileIdentity(folder + name, in: AT_FDCWD) { files.insert(file) }
    }
    return files
  }()
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
    guard let root = try? root(), let file = FileIdentity("\(pid)/exe", in: root) else { return .unknown }
    return OwnPrograms.files.contains(file) ? .own : .another
  }
}
