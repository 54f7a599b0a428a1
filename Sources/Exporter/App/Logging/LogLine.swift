internal import POSIX

/// One line of the log while it is put together.
struct LogLine {
  /// The most characters of one value; the rest is cut off and told as `…`.
  static let longestValue = 2000

  private let format: Logger.Format
  private var bytes: [UInt8] = []

  init(format: Logger.Format) {
    self.format = format
    bytes.reserveCapacity(160)
  }

  /// Begins the line with what every line has.
  mutating func begin(time: Double, level: String, message: String) {
    let time = CalendarTime.rfc3339(time)
    switch format {
    case .logfmt:
      bytes += "time=\(time) level=\(level) msg=".utf8
      appendQuoted(message)
    case .json:
      bytes += "{\"time\":\"\(time)\",\"level\":\"\(level)\",\"msg\":".utf8
      appendQuoted(message)
    }
  }

  /// Adds a value. Keys are ours; what logfmt cannot hold in them becomes `_`.
  mutating func add(_ key: String, _ value: any CustomStringConvertible) {
    switch format {
    case .logfmt:
      bytes.append(UInt8(ascii: " "))
      for byte in key.utf8 { bytes.append(LogLine.isBare(byte) ? byte : UInt8(ascii: "_")) }
      bytes.append(UInt8(ascii: "="))
      let text = value.description
      if !text.isEmpty, text.utf8.count <= LogLine.longestValue, text.utf8.allSatisfy(LogLine.isBare) {
        bytes += text.utf8
      } else {
        appendQuoted(text)
      }
    case .json:
      bytes.append(UInt8(ascii: ","))
      appendQuoted(key)
      bytes.append(UInt8(ascii: ":"))
      if LogLine.isBareInJSON(value) { bytes += value.description.utf8 } else { appendQuoted(value.description) }
    }
  }

  /// The whole line with its newline.
  consuming func finished() -> [UInt8] {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// Appends a JSON string (RFC 8259, section 7), which is also what logfmt readers take.
  private mutating func appendQuoted(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    var shown = 0
    for scalar in text.unicodeScalars {
      if shown == LogLine.longestValue {
        bytes += "…".utf8
        break
      }
      shown += 1
      append(scalar)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\"": bytes += "\\\"".utf8
    case "\\": bytes += "\\\\".utf8
    case "\n": bytes += "\\n".utf8
    case "\r": bytes += "\\r".utf8
    case "\t": bytes += "\\t".utf8
    case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
    case _ where scalar.isUnprintable:
      for unit in String(scalar).utf16 {
        let digits = String(unit, radix: 16)
        bytes += "\\u".utf8
        bytes += repeatElement(UInt8(ascii: "0"), count: max(0, 4 - digits.utf8.count))
        bytes += digits.utf8
      }
    default: bytes += String(scalar).utf8
    }
  }

  /// Whether logfmt lets a byte stand without quotes.
  private static func isBare(_ byte: UInt8) -> Bool {
    byte > UInt8(ascii: " ") && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
      && byte != UInt8(ascii: "\\")
  }

  private static func isBareInJSON(_ value: any CustomStringConvertible) -> Bool {
    if let value = value as? Double { return value.isFinite }
    return value is any BinaryInteger || value is Bool
  }
}
