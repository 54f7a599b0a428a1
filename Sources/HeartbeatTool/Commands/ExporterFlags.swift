internal import Flags
internal import HTTP

/// An exporter that is asked how its programs do.
struct WatchedExporter: Sendable {
  let server: ServerURL
  /// Whose certificates are believed.
  var trust = TLSTrust()
}

/// The flags of commands that ask exporters in place of this host.
enum ExporterFlags {
  /// More than one is for those who show several hosts.
  static let url = Flag<[String]>.list(
    "url", type, help: "A heartbeat-exporter to ask in place of this host, such as https://USER@HOST:9464.")
  private static let passwordFile = Flag<String?>.optional(
    "url-password-file", .file, help: "A file whose first line is the password of the URL's user.")
  private static let authorities = Flag<String?>.optional(
    "url-ca", .file,
    help: "For https: a file with the certificate authorities to trust. Default: those of the host.")
  private static let isBlind = Flag<Bool>.toggle(
    "url-insecure", negatable: false, help: "For https: accept any certificate. Others may then read the password.")

  static let all: [any FlagDefinition] = [url, passwordFile, authorities, isBlind]

  private static var type: FlagType<String> {
    FlagType(placeholder: "URL") { (text) throws(ValueError) in
      guard ServerURL(text) != nil else { throw ValueError(expected: ServerFlags.expected) }
      return text
    } format: {
      $0
    }
  }

  /// The exporters that are named, in their order.
  static func exporters(_ values: FlagValues) throws(FlagError) -> [WatchedExporter] {
    let password = try PushFlags.password(values, passwordFile)
    let trust = TLSTrust(authorities: values[authorities], isBlind: values[isBlind])
    var exporters: [WatchedExporter] = []
    for text in values[url] {
      let server = try ServerFlags.server(
        text, of: values.name(of: url), password: password, of: values.name(of: passwordFile))
      exporters.append(WatchedExporter(server: server, trust: trust))
    }
    return exporters
  }
}
