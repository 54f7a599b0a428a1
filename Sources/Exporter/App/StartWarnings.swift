internal import Flags
internal import Glibc
internal import Monitoring
internal import POSIX

/// What is no error, but hardly what anybody wants: told at the start, and after a reload.
enum StartWarnings {
  /// Of what flags and the configuration file say together.
  static func of(_ options: ExporterOptions, _ configuration: Configuration) -> [String] {
    var warnings: [String] = []
    if options.heartbeat.retention > 0 {
      warnings += early(configuration, options.heartbeat.retention, "--heartbeat.retention", "shown")
    }
    if options.takesPushes, options.push.retention > 0 {
      warnings += early(configuration, options.push.retention, "--push.retention", "in the file")
    }
    return warnings
  }

  private static func early(
    _ configuration: Configuration, _ retention: Double, _ flag: String, _ place: String
  ) -> [String] {
    let longer = configuration.processes.filter { $0.timeout ?? 0 > retention }
    guard let first = longer.first, let timeout = first.timeout else { return [] }
    let others = longer.count > 1 ? " (and of \(longer.count - 1) more)" : ""
    return [
      "the timeout of \(quoted(first.name))\(others) is \(Durations.format(timeout)), longer than \(flag) "
        + "(\(Durations.format(retention))): it is no longer \(place) by then"
    ]
  }

  /// How long the folders may take to answer, in seconds.
  private static let patience = 1.0

  /// Of folders that flags name. One whose file system does not answer is told too: what needs no such folder is served all the same.
  ///
  /// - Parameter check: what is wrong with a path for that kind of access, asked by `access(2)`; nil when nothing is.
  static func ofFolders(
    _ paths: ExporterOptions.Paths,
    _ check: @escaping @Sendable (_ path: String, _ mode: Int32) -> Errno? = {
      access($0, $1) == 0 ? nil : Errno.last
    }
  ) -> [String] {
    let (stat, root) = (paths.procfs + "/stat", paths.rootfs)
    let calls = TimeLimitedCalls<String>(name: "folder-check")
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(patience)
    let found = calls.call([stat, root], until: deadline) { check($0, $0 == stat ? R_OK : X_OK) }
    var warnings: [String] = []
    func what(_ place: Int) -> String? {
      switch found[place] {
      case .some(.none): nil
      case .some(.some(let error)): "\(error)"
      case .none: "its file system does not answer"
      }
    }
    if let what = what(0) {
      warnings.append("--path.procfs: \(stat) cannot be read: \(what); expected the folder where procfs is mounted")
    }
    if let what = what(1) {
      warnings.append(
        "--path.rootfs: \(root) cannot be entered: \(what); expected the folder where the host's root is mounted")
    }
    return warnings
  }
}
