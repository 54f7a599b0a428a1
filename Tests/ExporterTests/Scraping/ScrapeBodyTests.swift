import Exposition
import HTTP
import Testing

@testable import Exporter

@Suite("The body of a scrape")
struct ScrapeBodyTests {
  private static let family = MetricFamily("up", .gauge, "One.")

  private func text(_ pieces: [[UInt8]]) -> String { String(decoding: pieces.inOnePiece(), as: UTF8.self) }

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
}

@Suite("Families that are kept rendered")
struct RenderedFamiliesTests {
  private static func write(_ place: Int, _ value: Double, into exposition: inout Exposition) {
    exposition.family(MetricFamily("f\(place)", .gauge, "Many.")) { family in
      for index in 0..<2_000 { family.add(Labels(["process": "\(index)"]), value) }
    }
  }

  @Test("what is rendered anew and says the same keeps its chunk")
  func keptChunks() {
    var families = RenderedFamilies(smallestChunk: ScrapeLimits().smallestChunk)
    let old = families.render(.init(shape: 1, change: 1), { [1, 1] }, in: .plain) { Self.write($0, 1, into: &$1) }
    #expect(old.count == 2)
    let new = families.render(.init(shape: 2, change: 2), { [1, 1] }, in: .plain) {
      Self.write($0, Double($0 + 1), into: &$1)
    }
    #expect(new[0] === old[0] && new[1] !== old[1])
  }

  @Test("only what is stale is written again")
  func stale() {
    var families = RenderedFamilies(smallestChunk: ScrapeLimits().smallestChunk)
    var written: [Int] = []
    var basis = RenderedFamilies.Basis(shape: 1, change: 1)
    func render(_ versions: [UInt64]) -> [RenderedChunk] {
      written = []
      return families.render(basis, { versions }, in: .plain) { place, exposition in
        written.append(place)
        Self.write(place, 1, into: &exposition)
      }
    }
    let first = render([1, 1, 1, 1, 1])
    #expect(written == [0, 1, 2, 3, 4])
    #expect(
      render([9, 9, 9, 9, 9]).count == first.count && written.isEmpty, "the same basis is not asked for versions")
    basis.change = 3
    let again = render([1, 3, 1, 2, 1])
    #expect(written == [1, 3])
    #expect(zip(first, again).allSatisfy { $0 === $1 }, "the same text keeps its chunk")
    basis.change = 4
    _ = render([1, 3, 1, 2, 1])
    #expect(written == [])
    basis.shape = 2
    _ = render([1, 3, 1, 2, 1])
    #expect(written == [0, 1, 2, 3, 4])
    // More families, whatever the shape says.
    basis.change = 5
    _ = render([1, 3, 1, 2, 1, 1])
    #expect(written == [0, 1, 2, 3, 4, 5])
  }

  @Test("small families share a chunk, and go stale together")
  func shared() {
    var families = RenderedFamilies(smallestChunk: ScrapeLimits().smallestChunk)
    var written: [Int] = []
    func render(_ change: UInt64) -> [RenderedChunk] {
      written = []
      return families.render(.init(shape: 1, change: change), { [1, change, 1] }, in: .plain) { place, exposition in
        written.append(place)
        exposition.family(MetricFamily("f\(place)", .gauge, "One."), 1)
      }
    }
    #expect(render(1).count == 1)
    #expect(render(2).count == 1)
    #expect(written == [0, 1, 2])
  }

  @Test("no more styles are kept than the limit, and those asked for last")
  func styles() {
    var cache = StyleCache<Int>(limit: ScrapeLimits().styles)
    var made = 0
    func get(_ escaping: NameEscaping) {
      cache.with(
        ExpositionStyle(.text1_0_0, escaping),
        initial: {
          made += 1; return made
        }()
      ) { _ in }
    }
    for escaping in [NameEscaping.allowUTF8, .dots, .values, .allowUTF8, .underscores, .allowUTF8] { get(escaping) }
    #expect(made == 4)
    get(.dots)
    #expect(made == 5, "the one asked for longest ago was given up")
  }
}
