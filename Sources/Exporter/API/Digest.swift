internal import POSIX

/// A 64-bit checksum of text, after FNV-1a but of eight bytes at a time: it tells versions of one document apart, and is
/// no protection against somebody who looks for two with the same.
struct Digest {
  private var checksum = FNV1a()
  var value: UInt64 { checksum.value }

  /// Adds text; where one text ends and the next begins counts.
  mutating func add(_ text: ArraySlice<UInt8>) {
    text.withUnsafeBytes { bytes in
      var place = 0
      while place + 8 <= bytes.count {
        add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
        place += 8
      }
      var rest: UInt64 = 0
      for byte in bytes[place...] { rest = rest << 8 | UInt64(widening: byte) }
      add(rest)
      add(UInt64(bytes.count))
    }
  }

  private mutating func add(_ word: UInt64) {
    checksum.add(word)
    checksum.fold()
  }
}
