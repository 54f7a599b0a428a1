internal import Flags
internal import HTTP

/// What the flags have in common that name a server: its password stands in a file that another flag names.
enum ServerFlags {
  /// What such a flag takes.
  static let expected = "http[s]://[USER@]HOST[:PORT][/PATH]"

  /// The server that a flag's text names.
  ///
  /// - Parameters:
  ///   - flag: the flag's name, for what is said of a wrong one.
  ///   - passwordFlag: that of the flag by which the password was given.
  static func server(
    _ text: String, of flag: String, password: String?, of passwordFlag: String
  ) throws(FlagError) -> ServerURL {
    guard let server = ServerURL(text, password: password) else {
      throw .invalid("\(flag): expected \(expected)")
    }
    if server.namesPassword {
      throw .invalid(
        "\(flag): everybody on this host can read a password on a command line: give the user alone and \(passwordFlag)"
      )
    }
    if password != nil, server.authorization == nil {
      throw .invalid("\(passwordFlag) needs a user in \(flag): https://USER@HOST")
    }
    return server
  }
}
