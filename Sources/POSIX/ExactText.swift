/// A text that equals another one only where all bytes do. Swift takes `é` as one character for the same as `e` with an accent behind
/// it; to the kernel, and to Prometheus, these are two names. And to find that out, one comparison sorts each run of accents that has no
/// letter between them, in time that grows with the square of its length: 16 kB of them take a quarter of a second. So what comes from
/// outside is no key by itself, and is compared with nothing as it is.
public struct ExactText: Hashable, Sendable, ExpressibleByStringLiteral {
  /// The text.
  public let text: String

  /// Takes a text by its bytes.
  public init(_ text: String) { self.text = text }

  /// A text of our own, as what comes from outside is compared with.
  public init(stringLiteral text: String) { self.text = text }

  /// Whether all bytes are the same.
  public static func == (one: ExactText, other: ExactText) -> Bool { one.text.isSame(as: other.text) }

  /// By its bytes.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension String {
  /// Whether another text has the same bytes: what `==` is to take care of where one of them comes from outside.
  package func isSame(as other: String) -> Bool {
    // The lengths are known, and most texts differ in them.
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }

  /// Whether a text stands before another one in the order of their bytes.
  package static func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
  }

  /// The beginning of a text that has no more bytes than this, for a message: whole scalars, and `…` where something is left out.
  ///
  /// A prefix by characters is none: of accents without a letter between them any number is one.
  package func shortened(to bytes: Int) -> String {
    guard utf8.count > bytes else { return self }
    var end = utf8.index(startIndex, offsetBy: max(0, bytes))
    while end > startIndex, utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
    return String(self[..<end]) + "…"
  }
}

extension CaseIterable where Self: RawRepresentable<String> {
  /// The case that a word from outside names; nil when there is none. `init(rawValue:)` compares as `==` does.
  package init?(exactly word: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.isSame(as: word) }) else { return nil }
    self = found
  }
}
