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

  /// Of folders that flags name.
  static func ofFolders(_ paths: ExporterOptions.Paths) -> [String] {
    var warnings: [String] = []
    if access(paths.procfs + "/stat", R_OK) != 0 {
      warnings.append(
        "--path.procfs: \(paths.procfs)/stat cannot be read: \(Errno.last); expected the folder where procfs is mounted"
      )
    }
    if access(paths.rootfs, X_OK) != 0 {
      warnings.append(
        "--path.rootfs: \(paths.rootfs) cannot be entered: \(Errno.last); expected the folder where the host's root "
          + "is mounted")
    }
    return warnings
  }
}
