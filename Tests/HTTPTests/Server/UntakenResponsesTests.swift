import Testing

@testable import HTTP

@Suite("What answers keep in memory")
struct UntakenResponsesTests {
  private func piece(_ address: UInt, _ count: Int) -> UntakenResponses.Piece {
    UntakenResponses.Piece(address: address, count: count)
  }

  @Test("a piece counts once, however many answers share it, and until the last of them is gone")
  func sharing() {
    var answers = UntakenResponses()
    let (own, shared, empty) = (piece(1, 10), piece(2, 100), piece(3, 0))
    answers.hold([own, shared, empty])
    #expect(answers.count == 1 && answers.bytes == 110)
    answers.hold([shared])
    answers.hold([shared, shared])
    #expect(answers.count == 3 && answers.bytes == 110)
    answers.release([own, shared, empty])
    #expect(answers.count == 2 && answers.bytes == 100)
    answers.release([shared, shared])
    #expect(answers.count == 1 && answers.bytes == 100)
    answers.release([shared])
    #expect(answers.count == 0 && answers.bytes == 0)
    answers.hold([shared])
    #expect(answers.count == 1 && answers.bytes == 100)
  }
}
