import Exposition
import HTTPServer
import Testing

@testable import Exporter

@Suite("The body of a scrape")
struct ScrapeBodyTests {
  private static let family = MetricFamily("up", .gauge, "One.")

  private func text(_ pieces: [[UInt8]]) -> String { String(decoding: pieces.joined(), as: UTF8.self) }

  @Test("what is written for it and what was rendered before stand in the order in which they came")
  func order() {
    var body = ScrapeBody()
    let chunk = RenderedChunk(Array("chunk\n".utf8))
    for value in [1.0, 2] {
      body.removeAll()
      body.append(chunk)
      body.exposition.family(Self.family, value)
      body.append(RenderedChunk([]))
      body.append(chunk)
      body.append(chunk)
      body.exposition.family(Self.family, value + 1)
      let pieces = body.identity()
      let header = "# HELP up One.\n# TYPE up gauge\n"
      #expect(
        text(pieces) == "chunk\n\(header)up \(Int(value))\nchunk\nchunk\n\(header)up \(Int(value) + 1)\n")
    }
  }

  @Test("what was handed out stays as it is")
  func sharing() {
    var body = ScrapeBody()
    body.exposition.family(Self.family, 1)
    let sent = body.identity()
    body.removeAll()
    body.exposition.family(Self.family, 2)
    #expect(text(sent).hasSuffix("up 1\n"))
    let next = body.identity()
    #expect(text(next).hasSuffix("up 2\n"))
  }

  @Test("a chunk is compressed once, what is written afresh each time")
  func compression() throws {
    var gzip = Gzip(level: 1)
    var body = ScrapeBody()
    let chunk = RenderedChunk([UInt8](repeating: 7, count: 1_000_000))
    for value in [1.0, 2, 3] {
      body.removeAll()
      body.exposition.family(Self.family, value)
      body.append(chunk)
      let member = body.compressed(by: &gzip)
      #expect(member != nil)
    }
    let fresh = body.identity()[0].count
    let compressed = gzip.compressedBytes
    #expect(compressed == 1_000_000 + 3 * fresh)
  }

  @Test("families that are the same as before keep their chunk")
  func keptChunks() {
    func render(_ last: Double) -> ChunkedExposition {
      var chunks = ChunkedExposition()
      for name in ["a", "b"] {
        chunks.family(MetricFamily(name, .gauge, "Many.")) { family in
          for index in 0..<2_000 { family.add(Labels(["process": "\(index)"]), name == "b" && index == 9 ? last : 1) }
        }
      }
      return chunks
    }
    var first = render(1)
    let old = first.finish(replacing: [])
    #expect(old.count == 2)
    var second = render(2)
    let new = second.finish(replacing: old)
    #expect(new[0] === old[0] && new[1] !== old[1])
  }
}
