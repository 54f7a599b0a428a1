/// The formats that an exposition can be written in.
public enum ExpositionFormat: Sendable {
  /// Prometheus text format 0.0.4, which everything reads.
  case text0_0_4
  /// Prometheus text format 1.0.0: as 0.0.4, and names may stand in quotes.
  case text1_0_0
  /// OpenMetrics 1.0.0.
  case openMetrics1_0_0
}

/// How one scrape is written: the format, and the names that its reader can take.
public struct ExpositionStyle: Hashable, Sendable {
  /// The format.
  public let format: ExpositionFormat
  /// How names beyond the legacy character set are spelt.
  public let escaping: NameEscaping

  /// What is written for whoever asks for nothing.
  public static let plain = ExpositionStyle(.text0_0_4, .underscores)

  /// A style; text 0.0.4 has no quoted names, so that there `allowUTF8` means `underscores`.
  public init(_ format: ExpositionFormat, _ escaping: NameEscaping) {
    self.format = format
    self.escaping = format == .text0_0_4 && escaping == .allowUTF8 ? .underscores : escaping
  }

  /// What `Content-Type` says of the bytes.
  ///
  /// Source: Prometheus, "Scrape protocol content negotiation", which wants the scheme named from version 1.0.0 on.
  public var contentType: String {
    let scheme = "; escaping=\(escaping.rawValue)"
    return switch format {
    case .text0_0_4: "text/plain; version=0.0.4; charset=utf-8" + (escaping == .underscores ? "" : scheme)
    case .text1_0_0: "text/plain; version=1.0.0; charset=utf-8" + scheme
    case .openMetrics1_0_0: "application/openmetrics-text; version=1.0.0; charset=utf-8" + scheme
    }
  }
}
