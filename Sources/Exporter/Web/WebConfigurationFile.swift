internal import Glibc
internal import HTTP
internal import POSIX
internal import YAML

/// A web configuration file that was read with all the files it names, and found to be usable.
struct WebConfigurationFile: Sendable {
  /// The largest file, in bytes.
  static let largestFile = 1 << 20
  /// The largest file of certificates or a key, in bytes.
  static let largestPEM = 1 << 20

  let configuration: WebConfiguration
  /// The keys; nil serves without encryption.
  let tls: TLSContext?
  /// What to warn of, as sentences.
  let warnings: [String]
  /// All files as they were before they were read.
  let files: [WatchedFile]

  /// Whether nobody gets an answer through the web addresses without showing who he is.
  var isAuthenticated: Bool {
    !configuration.users.isEmpty || configuration.tls?.clientAuthentication == .requireAndVerify
  }

  /// Reads and checks a file.
  ///
  /// - Throws: the line to show: file, line, column, what is wrong, what was expected. No secret is in it.
  static func load(_ path: String) throws(ConfigurationError) -> WebConfigurationFile {
    var files = [WatchedFile(path)]
    let bytes = try ConfigurationError.readFile(path, limit: largestFile, expected: "a YAML file")
    let configuration = try parse(bytes, file: path)
    var warnings: [String] = []
    var context: TLSContext?
    if let section = configuration.tls {
      let sources = [section.certificate, section.key, section.clientAuthorities].compactMap { $0 }
      files += sources.compactMap { $0.path(beside: path) }.map(WatchedFile.init)
      context = try TLSLoader(file: path).context(section)
      if let key = section.key.path(beside: path), WatchedFile(key).isReadableByAll {
        warnings.append("\(key) can be read by everybody: chmod 600 keeps the private key private")
      }
    } else if !configuration.users.isEmpty {
      warnings.append("basic_auth_users without tls_server_config: passwords cross the network as they are")
    }
    return WebConfigurationFile(configuration: configuration, tls: context, warnings: warnings, files: files)
  }

  /// Reads a configuration from the bytes of a file, but none of the files that it names.
  static func parse(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> WebConfiguration {
    do throws(YAMLError) {
      guard let root = try YAMLParser.parse(bytes) else { return WebConfiguration() }
      return try WebConfigurationDecoder.configuration(root)
    } catch {
      throw ConfigurationError(file: file, position: error.position, problem: error.problem)
    }
  }
}

/// A file as it was found, to see when it is another one.
struct WatchedFile: Sendable, Equatable {
  let path: String
  /// nil when it is not there.
  private let stamp: FileStamp?
  let isReadableByAll: Bool

  init(_ path: String) {
    self.path = path
    var status = stat()
    let isThere = stat(path, &status) == 0
    stamp = isThere ? FileStamp(status) : nil
    isReadableByAll = isThere && status.st_mode & S_IROTH != 0
  }

  /// Whether the file is still the one that it was.
  var isUnchanged: Bool { WatchedFile(path) == self }
}

extension TLSSection.Source {
  /// The path of the file, relative to the folder of the configuration; nil for a text that stands in it.
  func path(beside file: String) -> String? {
    guard case .file(let path) = text else { return nil }
    if path.utf8.first == UInt8(ascii: "/") { return path }
    guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(file[...slash]) + path
  }
}

/// Turns `tls_server_config` into what OpenSSL needs.
private struct TLSLoader {
  /// The web configuration file's path.
  let file: String

  func context(_ section: TLSSection) throws(ConfigurationError) -> TLSContext {
    var settings = TLSSettings(certificate: try bytes(section.certificate), key: try bytes(section.key))
    if let authorities = section.clientAuthorities { settings.clientAuthorities = try bytes(authorities) }
    settings.clientAuthentication = section.clientAuthentication
    settings.allowedNames = section.allowedNames
    settings.oldest = section.oldest
    settings.newest = section.newest
    settings.cipherSuites = section.cipherSuites
    settings.prefersOwnOrder = section.prefersOwnOrder
    settings.groups = section.groups
    do throws(TLSError) {
      return try TLSContext(settings)
    } catch {
      let source: TLSSection.Source? =
        switch error.part {
        case .certificate: section.certificate
        case .key: section.key
        case .clientAuthorities: section.clientAuthorities
        case .negotiation: nil
        }
      throw refuse(error.description, source, section.position)
    }
  }

  private func bytes(_ source: TLSSection.Source) throws(ConfigurationError) -> [UInt8] {
    if case .inline(let bytes) = source.text { return bytes }
    let path = source.path(beside: file) ?? ""
    do throws(ConfigurationError) {
      return try ConfigurationError.readFile(
        path, limit: WebConfigurationFile.largestPEM, expected: "a file in PEM")
    } catch {
      throw refuse(error.problem, source, source.position)
    }
  }

  private func refuse(
    _ problem: String, _ source: TLSSection.Source?, _ position: ConfigurationError.Position
  ) -> ConfigurationError {
    guard let source else { return ConfigurationError(file: file, position: position, problem: problem) }
    let place = source.path(beside: file).map { "\(source.key): \($0): " } ?? "\(source.key): "
    return ConfigurationError(file: file, position: source.position, problem: place + problem)
  }
}
