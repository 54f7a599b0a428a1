/// Metric names made of the keys that programs use for their own data.
public enum MetricName {
  /// The name of the gauge for a key path: prefix, then the keys in snake_case joined by `_`.
  ///
  /// `["memory_usage", "heapTotal"]` gives `memory_usage_heap_total`. Characters that only newer readers take in a name
  /// stay; `NameEscaping` is for the others. Control characters become `_`. Source: Prometheus data model, "Metric names
  /// and labels".
  public static func make(prefix: String, keyPath: [String]) -> String {
    var name = prefix
    for (index, key) in keyPath.enumerated() {
      if index > 0 { name.append("_") }
      name.append(snakeCase(key))
    }
    return name
  }

  /// Turns `heapTotal` into `heap_total`, `HTTPRequests` into `http_requests`.
  static func snakeCase(_ key: String) -> String {
    let scalars = Array(key.unicodeScalars)
    var name = String.UnicodeScalarView()
    for (index, scalar) in scalars.enumerated() {
      guard isUpper(scalar) else {
        name.append(scalar.properties.generalCategory == .control ? "_" : scalar)
        continue
      }
      if index > 0 {
        let before = scalars[index - 1]
        let beginsWord = index + 1 < scalars.count && isLower(scalars[index + 1])
        if isLower(before) || isDigit(before) || (isUpper(before) && beginsWord) { name.append("_") }
      }
      name.append(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value | 0x20)))
    }
    return String(name)
  }

  private static func isUpper(_ scalar: Unicode.Scalar) -> Bool { scalar >= "A" && scalar <= "Z" }
  private static func isLower(_ scalar: Unicode.Scalar) -> Bool { scalar >= "a" && scalar <= "z" }
  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { scalar >= "0" && scalar <= "9" }
}
