internal import HTTP
internal import Flags
internal import Glibc
internal import Heartbeat
internal import HeartbeatPush
internal import POSIX

/// The flags of commands that can beat to an exporter instead of into the file.
enum PushFlags {
  /// The most bytes of a file with a password.
  static let longestPassword = 4096

  private static let url = Flag<String?>.optional(
    "url", .string.named("URL"), environment: ["HEARTBEAT_URL"],
    help: "An exporter that accepts pushes, instead of the file: http://host:9464, https://host:9464 or the path of "
      + "its push socket. Put a password into the environment or into a file, not here.")
  private static let passwordFile = Flag<String?>.optional(
    "url-password-file", .file, environment: ["HEARTBEAT_URL_PASSWORD_FILE"],
    help: "A file whose first line is the password of the URL's user.")
  private static let authorities = Flag<String?>.optional(
    "url-ca", .file, environment: ["HEARTBEAT_URL_CA"],
    help: "For https: a file with the certificate authorities to trust. Default: those of the host.")
  private static let isBlind = Flag<Bool>.toggle(
    "url-insecure", negatable: false, help: "For https: accept any certificate. Others may then read the password.")

  static let all: [any FlagDefinition] = [url, passwordFile, authorities, isBlind]

  /// The exporter to beat to; nil when beats go into the file.
  ///
  /// - Parameter staysVisible: whether the command line can be read for long, so that a password on it is refused.
  static func target(_ values: FlagValues, staysVisible: Bool) throws(FlagError) -> PushTarget? {
    let isFileGiven = values.source(of: CommonFlags.file) == .commandLine
    let isURLGiven = values.source(of: url) == .commandLine
    if isFileGiven, isURLGiven { throw .invalid("--file and --url exclude each other") }
    guard let text = values[url], !isFileGiven else { return nil }
    let trust = TLSTrust(authorities: values[authorities], isBlind: values[isBlind])
    let password = try Self.password(values, passwordFile)
    guard let target = PushTarget(text, password: password, trust: trust) else {
      throw .invalid("\(values.name(of: url)): expected http://host:port, https://host:port or /path/of/push.sock")
    }
    if staysVisible, isURLGiven, target.namesPassword {
      throw .invalid(
        "--url: everybody on this host can read a password on a command line: set HEARTBEAT_URL, or give the user alone "
          + "and --url-password-file")
    }
    return target
  }

  /// The same for a command that beats once; `--fsync` is about files.
  static func singleTarget(_ values: FlagValues) throws(FlagError) -> PushTarget? {
    let target = try target(values, staysVisible: false)
    if target != nil, values[CommonFlags.fsync] {
      throw .invalid("--fsync is about a file or a folder; for pushes the exporter's --push.fsync decides")
    }
    return target
  }

  /// Beats once, to an exporter or into the file or folder that is named: the exit status of the command.
  static func send(_ beat: Beat, to target: PushTarget?, _ values: FlagValues) -> Int32 {
    do throws(HeartbeatError) {
      if let target {
        try target.send(beat)
        return 0
      }
      warnOfExportersName(beat.name)
      var options = HeartbeatManager.Options()
      options.beatsOnce = true
      options.retention = Duration(clampingSeconds: values[CommonFlags.retention])
      options.synchronise = values[CommonFlags.fsync]
      try HeartbeatManager(file: values[CommonFlags.file], options: options).send(beat)
      return 0
    } catch {
      Console.error(error.description)
      return 1
    }
  }

  /// Says that nobody will see such a beat. Pushes are refused.
  static func warnOfExportersName(_ name: String) {
    guard name == HeartbeatEntry.exportersName else { return }
    Console.error("\(quoted(name)) is the exporter's own name, so it leaves this entry out: give it another one")
  }

  /// The password that a flag's file has in its first line; nil when the flag is not given.
  static func password(_ values: FlagValues, _ flag: Flag<String?>) throws(FlagError) -> String? {
    guard let file = values[flag] else { return nil }
    var bytes: [UInt8] = []
    do throws(Errno) {
      try FileDescriptor.open(file, O_RDONLY).readToEnd(appendingTo: &bytes, limit: longestPassword)
    } catch {
      throw .invalid("\(values.name(of: flag)): cannot read \(file): \(error)")
    }
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard !line.isEmpty else {
      throw .invalid("\(values.name(of: flag)): \(file): expected a password in the first line")
    }
    return String(decoding: line, as: UTF8.self)
  }
}
