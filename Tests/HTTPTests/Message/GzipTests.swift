import CZlib
import Testing

@testable import HTTP

@Suite struct GzipTests {
  /// What zlib reads out of one gzip member; nil when it is none, or something stands behind it.
  private func inflated(_ bytes: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var result: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    return input.withUnsafeMutableBufferPointer { source in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(source.count)
      while true {
        let code = chunk.withUnsafeMutableBufferPointer { target in
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(target.count)
          return inflate(&stream, Z_NO_FLUSH)
        }
        result += chunk[..<(chunk.count - Int(stream.avail_out))]
        if code == Z_STREAM_END { return stream.avail_in == 0 ? result : nil }
        if code != Z_OK { return nil }
      }
    }
  }

  private static let inputs: [[UInt8]] = [
    [], [0], Array("heartbeat_alive{process=\"bidder\"} 1\n".utf8),
    (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 9) },
    (0..<100_000).map { _ in UInt8.random(in: 0...255) },
  ]

  @Test("One compressor makes members that zlib reads, one after the other", arguments: 1...9)
  func roundTrip(level: Int) throws {
    var compressor = Gzip(level: level)
    for input in Self.inputs {
      let output = compressor.compress(input)
      #expect(try inflated(#require(output)) == input)
    }
  }

  @Test("The same bytes give the same member, whatever came before")
  func isReset() {
    var compressor = Gzip(level: 6)
    let first = compressor.compress(Self.inputs[2])
    _ = compressor.compress(Self.inputs[3])
    #expect(compressor.compress(Self.inputs[2]) == first)
    #expect(Gzip.compress(Self.inputs[2], level: 6) == first)
  }

  @Test("A level out of range is the nearest one in it", arguments: [(-5, 1), (0, 1), (10, 9), (Int.max, 9)])
  func levels(given: Int, used: Int) {
    #expect(Gzip.compress(Self.inputs[3], level: given) == Gzip.compress(Self.inputs[3], level: used))
  }

  @Test("Parts make one member in any order, each as often as wanted")
  func parts() throws {
    var compressor = Gzip(level: 1)
    var parts: [Gzip.Part] = []
    for input in Self.inputs {
      let part = compressor.part(input)
      parts.append(try #require(part))
    }
    for order in [[0, 1, 2, 3, 4], [4, 2, 2, 0, 3, 1], [3], []] {
      let member = Gzip.member(order.map { parts[$0] }).flatMap { $0 }
      #expect(inflated(member) == order.flatMap { Self.inputs[$0] }, "\(order)")
    }
  }
}
