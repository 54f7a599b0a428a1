@preconcurrency internal import Glibc

/// What this process was started with, byte for byte: `String` would mend what is no UTF-8.
enum KernelTexts {
  /// The environment as `environ(7)` has it: `NAME=value`, in its order.
  static var environment: [KernelText] {
    var result: [KernelText] = []
    guard var entry = environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return [] }
    // Sound: `environ` is an array of C strings that ends with a null pointer.
    while let text = entry.pointee {
      result.append(bytes(text))
      entry += 1
    }
    return result
  }

  /// The last words of the command line; nil when they are not the same as `words`, as in a test.
  static func commandLine(endingWith words: [String]) -> [KernelText]? {
    let count = Int(clamping: CommandLine.argc)
    guard count >= words.count else { return nil }
    var result: [KernelText] = []
    for (offset, word) in words.enumerated() {
      guard let text = CommandLine.unsafeArgv[count - words.count + offset] else { return nil }
      let raw = bytes(text)
      guard String(decoding: raw, as: UTF8.self) == word else { return nil }
      result.append(raw)
    }
    return result
  }

  private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> KernelText {
    // Sound: a C string ends with a zero byte, and lives as long as the process.
    Array(UnsafeBufferPointer(start: text, count: strlen(text)).map { UInt8(bitPattern: $0) })
  }
}

extension [KernelText] {
  /// The value of a variable; nil when it is not set.
  func variable(_ name: String) -> String? {
    let prefix = KernelText((name + "=").utf8)
    return first { $0.starts(with: prefix) }.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
  }

  /// Whether the value of a variable is UTF-8; also where it is not set.
  func isText(variable name: String) -> Bool {
    let prefix = KernelText((name + "=").utf8)
    guard let entry = first(where: { $0.starts(with: prefix) }) else { return true }
    return String(validating: entry, as: UTF8.self) != nil
  }

  /// Sets a variable, or takes it away.
  mutating func setVariable(_ name: String, _ value: String?) {
    let prefix = KernelText((name + "=").utf8)
    removeAll { $0.starts(with: prefix) }
    if let value { append(prefix + KernelText(value.utf8)) }
  }
}
