internal import CLinux

/// What this build is: the words of `--version` and the labels of `heartbeat_exporter_build_info`.
public enum Version {
  /// The product's version, by semver.org.
  public static let number = "0.1.0"

  /// The revision of the sources as the build was told it (`CLinux/version.h`), or `unknown`.
  public static let revision = String(cString: heartbeat_revision())

  /// The version of the compiler, as far as a program can know it.
  public static let swift: String = {
    #if compiler(>=6.5)
      "6.5+"
    #elseif compiler(>=6.4)
      "6.4"
    #elseif compiler(>=6.3)
      "6.3"
    #elseif compiler(>=6.2)
      "6.2"
    #else
      "6"
    #endif
  }()

  /// The operating system and the processor, in the words of other exporters, such as `linux/amd64`.
  public static let platform: String = {
    #if arch(x86_64)
      "linux/amd64"
    #elseif arch(arm64)
      "linux/arm64"
    #else
      "linux/unknown"
    #endif
  }()

  /// The text of `--version`: several lines, the last with a newline.
  public static func text(program: String) -> String {
    """
    \(program), version \(number) (revision: \(revision))
      swift version: \(swift)
      platform:      \(platform)

    """
  }
}
