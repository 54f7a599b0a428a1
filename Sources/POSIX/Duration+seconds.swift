extension Duration {
  /// The span in seconds.
  public var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }

  /// A span of so many seconds: none for NaN, and at most a billion of them (31 years) either way, for `Duration` stops the
  /// program when a number does not fit.
  public init(clampingSeconds seconds: Double) {
    self = seconds.isNaN ? .zero : .seconds(max(-Clock.longestSpan, min(seconds, Clock.longestSpan)))
  }
}
