/// A text that equals another one only where all bytes do. Swift takes `é` as one character for the same as `e` with an accent behind
/// it; to the kernel, and to Prometheus, these are two names. So what comes from outside is no key by itself.
public struct ExactText: Hashable, Sendable {
  /// The text.
  public let text: String

  /// Takes a text by its bytes.
  public init(_ text: String) { self.text = text }

  /// Whether all bytes are the same.
  public static func == (one: ExactText, other: ExactText) -> Bool { one.text.utf8.elementsEqual(other.text.utf8) }

  /// By its bytes.
  public func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}
