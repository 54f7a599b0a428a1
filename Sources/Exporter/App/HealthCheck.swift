internal import HTTP
internal import YAML

extension Exporter {
  /// How long a health check waits for each step, in seconds: less than orchestrators wait for it.
  static let healthCheckPatience = 3.0

  /// Asks the exporter that runs with the same options whether it works.
  ///
  /// - Returns: nil when it does, else the sentence that says what is wrong.
  public static func healthProblem(of options: ExporterOptions) -> String? {
    guard let first = options.web.listenAddresses.first else { return "there is no address to ask" }
    let usesTLS: Bool
    do throws(ConfigurationError) {
      usesTLS =
        try options.web.configFile.map { file throws(ConfigurationError) in
          try WebConfigurationFile.load(file).tls != nil
        } ?? false
    } catch {
      return error.description
    }
    let answer: HealthProbe.Answer
    do throws(ListenAddressError) {
      let address = try ListenAddress(first)
      do throws(HealthProbe.Failure) {
        answer = try HealthProbe.get("/-/healthy", of: address, usesTLS: usesTLS, timeout: healthCheckPatience)
      } catch {
        return "\(first) does not answer: \(error)"
      }
    } catch {
      return error.description
    }
    switch answer {
    // Who asks for a password, or for patience, works.
    case .status(200), .status(401), .status(429), .handshakeRefused: return nil
    case .status(let status): return "\(first): /-/healthy answered \(status); does another program listen there?"
    }
  }
}
