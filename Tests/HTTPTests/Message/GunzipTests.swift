import Testing

@testable import HTTP

@Suite struct GunzipTests {
  private static let text = Array(String(repeating: "{\"n\": 1}\n", count: 5_000).utf8)

  @Test("What gzip packs is unpacked", arguments: [[], [0], Array("abc".utf8), text])
  func roundTrip(bytes: [UInt8]) throws {
    let packed = try #require(Gzip.compress(bytes, level: 6))
    #expect(try Gunzip.decompress(packed, limit: bytes.count) == bytes)
  }

  @Test("Members behind each other are one text (RFC 1952 section 2.2)")
  func members() throws {
    let packed = try #require(Gzip.compress(Array("ab".utf8), level: 1))
    #expect(try Gunzip.decompress(packed + packed, limit: 4) == Array("abab".utf8))
    #expect(throws: Gunzip.Failure.malformed) { try Gunzip.decompress(packed + [1], limit: 100) }
  }

  @Test("More than the limit is not unpacked, a small text that becomes a large one neither")
  func limit() throws {
    let packed = try #require(Gzip.compress(Self.text, level: 9))
    #expect(packed.count < Self.text.count / 50)
    #expect(throws: Gunzip.Failure.tooLarge) { try Gunzip.decompress(packed, limit: Self.text.count - 1) }
    #expect(throws: Gunzip.Failure.tooLarge) { try Gunzip.decompress(packed, limit: 0) }
  }

  @Test("What is no gzip, and any beginning of it, is malformed")
  func malformed() throws {
    for bytes in [[], Array("{}".utf8), [0x78, 0x9C, 3, 0, 0, 0, 0, 1], [0x1F, 0x8B]] {
      #expect(throws: Gunzip.Failure.malformed) { try Gunzip.decompress(bytes, limit: 100) }
    }
    let packed = try #require(Gzip.compress(Array("heartbeat".utf8), level: 6))
    for count in 0..<packed.count {
      #expect(throws: Gunzip.Failure.malformed, "\(count)") {
        try Gunzip.decompress(Array(packed[..<count]), limit: 100)
      }
    }
    var flipped = packed
    flipped[flipped.count - 8] ^= 1
    #expect(throws: Gunzip.Failure.malformed, "a wrong checksum") { try Gunzip.decompress(flipped, limit: 100) }
  }
}
