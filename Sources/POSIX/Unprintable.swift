extension Unicode.Scalar {
  /// Whether it would move a terminal's cursor, or turn the direction of writing: control and format characters, and separators of lines.
  public var isUnprintable: Bool {
    if isASCII { return value < 0x20 || value == 0x7F }
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return true
    default: return false
    }
  }
}
