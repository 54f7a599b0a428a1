/// A short text that lies in the value itself and not in an array.
@usableFromInline
struct InlineText: Sendable {
  /// How long it may be, in bytes.
  @usableFromInline static let capacity = 96

  @usableFromInline let bytes: InlineArray<96, UInt8>
  @usableFromInline let count: Int
  /// Whether the text fitted.
  @usableFromInline let isWhole: Bool

  @usableFromInline
  init(_ text: [UInt8]) {
    count = min(text.count, InlineText.capacity)
    isWhole = count == text.count
    var bytes = InlineArray<96, UInt8>(repeating: 0)
    for index in 0..<count { bytes[index] = text[index] }
    self.bytes = bytes
  }
}
