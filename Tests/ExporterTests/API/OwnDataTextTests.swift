import Heartbeat
import Testing

@testable import Exporter

@Suite("What processes say of themselves, as text") struct OwnDataTextTests {
  private static func snapshot(_ values: [Int]) throws -> HeartbeatSnapshot {
    let members = values.enumerated().map {
      #""p\#($0)":{"last_heartbeat":1, "status":"a", "x": [\#($1)], "t":"é\u00e9"}"#
    }
    return try HeartbeatSnapshot(parsing: Array("{\"processes\":{\(members.joined(separator: ","))}}".utf8))
  }

  private static func texts(_ own: inout OwnDataText, _ values: [Int]) throws -> [String] {
    let snapshot = try snapshot(values)
    own.begin(count: values.count)
    return values.indices.map { String(decoding: own.text(of: $0, in: snapshot), as: UTF8.self) }
  }

  @Test("it is always that of the present content, however often which of them change")
  func contents() throws {
    var own = OwnDataText()
    var values = Array(0..<20)
    for round in 0..<200 {
      if round % 50 == 49 { values.append(round) }
      if round % 3 > 0 { for place in 0..<(round % 7) * 3 { values[(place * 5 + round) % values.count] = round } }
      let texts = try Self.texts(&own, values)
      #expect(texts == values.map { #"{"x":[\#($0)],"t":"éé"}"# })
    }
  }

  @Test("no more is kept than the limit, and what is not kept is told all the same", arguments: [0, 60, 150, 1_000])
  func bound(limit: Int) throws {
    var own = OwnDataText(limit: limit)
    for round in 0..<50 {
      let values = Array(round..<round + 20)
      #expect(try Self.texts(&own, values) == values.map { #"{"x":[\#($0)],"t":"éé"}"# })
      // The text of the last one that is kept may go beyond.
      #expect(own.length < limit + 60)
    }
  }

  @Test("one answer tells only so much, also of what is kept, and the next one begins anew")
  func answers() throws {
    let length = try Self.snapshot([1]).entries[0].source.count
    var own = OwnDataText(answerLimit: 3 * length)
    for _ in 0..<3 {
      let texts = try Self.texts(&own, [1, 2, 3, 4, 5])
      #expect(texts == (1...3).map { #"{"x":[\#($0)],"t":"éé"}"# } + ["null", "null"])
    }
  }

  @Test("memory does not grow with the number of changes")
  func memory() throws {
    var own = OwnDataText()
    var largest = 0
    for round in 0..<300 {
      _ = try Self.texts(&own, [1, 2, round])
      largest = max(largest, own.length)
    }
    let whole = try Self.texts(&own, [1, 2, 3]).joined().utf8.count + (try Self.snapshot([1, 2, 300]).bytes.count)
    #expect(largest < 4 * whole)
  }
}
