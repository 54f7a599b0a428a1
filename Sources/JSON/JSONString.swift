/// The text that a JSON string stands for.
package enum JSONString {
  /// Decodes what stands between the quotes, which a cursor has found to be well-formed; the result is valid UTF-8.
  ///
  /// Half of a surrogate pair and bytes that are no UTF-8 become U+FFFD, so that one odd name does not cost the file.
  /// Source: RFC 8259, sections 7 and 8.2.
  package static func decode(_ raw: some Collection<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(raw.count)
    var index = raw.startIndex
    func take() -> UInt8 {
      guard index != raw.endIndex else { return 0 }
      defer { index = raw.index(after: index) }
      return raw[index]
    }
    func unit() -> UInt16 {
      var unit: UInt16 = 0
      for _ in 0..<4 { unit = unit << 4 | (hexadecimal(take()) ?? 0) }
      return unit
    }
    while index != raw.endIndex {
      let byte = take()
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      switch take() {
      case UInt8(ascii: "b"): result.append(0x08)
      case UInt8(ascii: "f"): result.append(0x0C)
      case UInt8(ascii: "n"): result.append(0x0A)
      case UInt8(ascii: "r"): result.append(0x0D)
      case UInt8(ascii: "t"): result.append(0x09)
      case UInt8(ascii: "u"):
        var scalar = UInt32(truncatingIfNeeded: unit())
        if scalar & 0xFC00 == 0xD800 {
          let behindHigh = index
          if take() == UInt8(ascii: "\\"), take() == UInt8(ascii: "u") {
            let low = UInt32(truncatingIfNeeded: unit())
            if low & 0xFC00 == 0xDC00 {
              scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
            } else {
              index = behindHigh
            }
          } else {
            index = behindHigh
          }
        }
        result.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
      case let other: result.append(other)
      }
    }
    return Array(String(decoding: result, as: UTF8.self).utf8)
  }

  /// The value of a hexadecimal digit.
  package static func hexadecimal(_ byte: UInt8) -> UInt16? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(truncatingIfNeeded: byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(truncatingIfNeeded: byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(truncatingIfNeeded: byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
