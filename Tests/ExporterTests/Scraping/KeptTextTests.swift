import Exposition
import Testing

@testable import Exporter

/// Text that is kept for as long as what it is made of stays the same.
@Suite struct KeptTextTests {
  private let family = MetricFamily("x", .gauge, "One.")

  @Test("It is written again only for another basis, in each style by itself; the same text keeps its chunk")
  func basis() {
    var kept = KeptText<[Int]>(styles: 2)
    var written = 0
    func text(_ basis: [Int], _ escaping: NameEscaping = .underscores) -> RenderedChunk {
      kept.text(of: basis, in: ExpositionStyle(.text1_0_0, escaping)) { exposition in
        written += 1
        exposition.family(family, Double(basis.first ?? 0))
      }
    }
    let first = text([1])
    #expect(text([1]) === first && written == 1)
    #expect(text([1], .dots) !== first && written == 2)
    #expect(text([1, 2]) === first && written == 3, "another basis may say the same")
    #expect(text([2]) !== first && written == 4)
    #expect(text([1], .dots) === text([1], .dots) && written == 4)
    kept.keepLast()
    _ = text([1], .dots)
    #expect(written == 4)
    _ = text([2])
    #expect(written == 5)
    kept.forget()
    _ = text([2])
    #expect(written == 6)
  }
}
