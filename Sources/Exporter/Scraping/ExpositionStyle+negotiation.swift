internal import Exposition
internal import HTTP

extension ExpositionStyle {
  /// Chooses what a scrape is written in.
  ///
  /// The known format that has the highest weight is taken, of several the first. Who names none gets text 0.0.4,
  /// `Accept` or not: that is what all scrapers read. Source: Prometheus, "Scrape protocol content negotiation".
  ///
  /// - Parameter accept: the value of `Accept`; nil when there is none.
  static func negotiate(accept: String?) -> ExpositionStyle {
    var best = (style: ExpositionStyle.plain, weight: 0)
    for element in accept.map({ WeightedList($0).elements }) ?? [] where element.weight > best.weight {
      guard let format = format(of: element) else { continue }
      let escaping = element.parameter("escaping").flatMap(NameEscaping.init) ?? .underscores
      best = (ExpositionStyle(format, escaping), element.weight)
    }
    return best.style
  }

  private static func format(of element: WeightedList.Element) -> ExpositionFormat? {
    switch (element.value, element.parameter("version")) {
    case ("application/openmetrics-text", "1.0.0"), ("application/openmetrics-text", nil): .openMetrics1_0_0
    case ("text/plain", "1.0.0"): .text1_0_0
    case ("text/plain", "0.0.4"), ("text/plain", nil), ("text/*", _), ("*/*", _): .text0_0_4
    default: nil
    }
  }
}
