internal import HTTP
internal import POSIX
internal import YAML

/// Who may come in and how it is served: the file that all of Prometheus' exporters understand
/// (https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md).
struct WebConfiguration: Sendable {
  /// So many requests.
  struct RateLimit: Sendable, Equatable {
    /// The seconds that one request needs.
    var interval: Double
    /// How many may come at once.
    var burst: Int
  }

  /// `tls_server_config`; nil serves without encryption.
  var tls: TLSSection?
  /// `http_server_config.headers`, without the empty ones.
  var headers: [(String, String)] = []
  /// `basic_auth_users`; empty lets everybody in.
  var users: [ExactText: PasswordHash] = [:]
  /// `rate_limit`; nil is no limit.
  var rateLimit: RateLimit?
}

/// `tls_server_config`, with the places that errors name.
struct TLSSection: Sendable {
  /// A text in PEM.
  struct Source: Sendable {
    enum Text: Sendable {
      case inline([UInt8])
      /// A path, relative to the folder of the web configuration file.
      case file(String)
    }

    let text: Text
    /// The key that has it, such as `cert_file`.
    let key: String
    let position: ConfigurationError.Position
  }

  var certificate: Source
  var key: Source
  var clientAuthorities: Source?
  var clientAuthentication = TLSSettings.ClientAuthentication.none
  var allowedNames: [String] = []
  var oldest = TLSSettings.Version.tls12
  var newest = TLSSettings.Version.tls13
  var cipherSuites: [String] = []
  var prefersOwnOrder = true
  var groups: [TLSSettings.Group] = []
  /// Where the section begins.
  let position: ConfigurationError.Position
}
