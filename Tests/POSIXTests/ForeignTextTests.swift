import Testing

@testable import POSIX

@Suite("Names that may be any bytes")
struct ForeignTextTests {
  @Test(
    "UTF-8 stays as it is, unless it looks like a byte that is spelt out; what is none is spelt out, and two names stay two",
    arguments: [
      ([UInt8]("größe".utf8), "größe"), ([UInt8]("a\\xff".utf8), "a\\\\xff"),
      ([UInt8]("a\\\\xc3".utf8), "a\\\\\\\\xc3"), ([UInt8]("a\\x2db\\xfg\\ff".utf8), "a\\x2db\\xfg\\ff"),
      ([0xFF], "\\xff"),
      ([0x61, 0xFE, 0x62], "a\\xfeb"),
      ([0x5C, 0xFF], "\\\\\\xff"), ([0xC3], "\\xc3"), ([0xC3, 0xA9, 0xC3], "é\\xc3"), ([0xE2, 0x82], "\\xe2\\x82"),
      ([0xED, 0xA0, 0x80, 0x07, 0xFF], "\\xed\\xa0\\x80\u{7}\\xff"), ([], ""),
    ] as [([UInt8], String)])
  func text(bytes: [UInt8], expected: String) {
    #expect(ForeignText.text(bytes) == expected)
  }
}
