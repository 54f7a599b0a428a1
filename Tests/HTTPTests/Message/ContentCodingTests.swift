import Testing

@testable import HTTP

@Suite struct ContentCodingTests {
  static let table: [(String?, ContentCoding)] = [
    (nil, .identity),
    ("", .identity),
    ("gzip", .gzip),
    ("GZIP", .gzip),
    ("x-gzip", .gzip),
    ("gzip, deflate, br", .gzip),
    ("deflate, br;q=1.0, gzip;q=0.001", .gzip),
    ("deflate", .identity),
    ("br, zstd", .identity),
    ("gzip;q=0", .identity),
    ("gzip;q=0.000", .identity),
    ("gzip ; q=0.5", .gzip),
    ("gzip;Q=0.5", .gzip),
    ("gzip;q=1.000", .gzip),
    ("identity", .identity),
    ("identity, gzip", .gzip),
    ("identity;q=1, gzip;q=0.5", .identity),
    ("identity;q=0.5, gzip;q=1", .gzip),
    ("*", .gzip),
    ("*;q=0.1", .gzip),
    ("gzip;q=0, *", .identity),
    ("gzip;q=0.5, *;q=0.8", .identity),
    ("identity;q=0", .notAcceptable),
    ("*;q=0", .notAcceptable),
    ("gzip;q=0, identity;q=0", .notAcceptable),
    ("gzip;q=0, *;q=0", .notAcceptable),
    ("identity;q=0, gzip", .gzip),
    ("identity;q=0, *", .gzip),
    ("*;q=0, identity", .identity),
    ("*;q=0, gzip;q=0.3", .gzip),
    ("gzip;q=abc", .identity),
    ("gzip;q=2", .identity),
    ("gzip;q=1.001", .identity),
    ("gzip;q=0.1234", .identity),
    ("gzip;q=", .identity),
    ("gzip;q=-1", .identity),
    ("gzip;x=1", .identity),
    (",,; ;q=1, gzip ,", .gzip),
    ("gzip, gzip;q=0", .gzip),
    ("gzipped", .identity),
    (";;;", .identity),
  ]

  @Test("Accept-Encoding chooses the coding", arguments: table)
  func negotiation(header: String?, expected: ContentCoding) {
    #expect(ContentCoding.negotiate(acceptEncoding: header) == expected)
  }
}
