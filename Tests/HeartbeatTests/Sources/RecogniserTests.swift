import Testing

@testable import Heartbeat
@testable import JSON

@Suite("Recogniser")
struct RecogniserTests {
  @Test("the fixtures are there")
  func fixturesAreThere() {
    #expect(SourceFixture.all.count >= 80)
    #expect(SourceFixture.all.count { $0.failure != nil } >= 11)
    #expect(Set(SourceFixture.all.compactMap(\.layout)) == ["single", "map", "list", "lines", "text", "touched"])
  }

  @Test(
    "each kind of file gives its processes in every zone, in summer and in winter", arguments: SourceFixture.all,
    TestZone.all)
  func recognises(_ fixture: SourceFixture, _ zone: TestZone) throws {
    for now in [TestTimes.july, TestTimes.january] {
      let files = try fixture.files(at: now, in: zone)
      try #require(!files.isEmpty)
      var found: [String: SourceProcess] = [:]
      for file in files {
        switch Recogniser.recognise(file.bytes, file.facts, fixture.sourceSettings) {
        case .success(let recognition):
          if let layout = fixture.layout { #expect(recognition.layout.rawValue == layout) }
          for process in recognition.processes { found[process.name] = process }
          #expect(fixture.failure == nil, "\(file.facts.path): \(recognition.processes)")
        case .failure(let failure):
          #expect(Self.word(failure) == fixture.failure, "\(file.facts.path): \(failure)")
        }
      }
      let expected = fixture.processes ?? [:]
      #expect(Set(found.keys) == Set(expected.keys))
      for (name, process) in expected { compare(found[name], process, at: now) }
    }
  }

  private func compare(_ found: SourceProcess?, _ expected: SourceFixture.Process, at now: Double) {
    guard let found else { return }
    if let age = expected.age {
      // Whole seconds are cut off.
      #expect(
        found.time.map { abs(now - $0 - age) <= 1.001 } ?? false,
        "\(found.name): \(now - (found.time ?? 0)), not \(age)")
    } else {
      #expect(found.time == nil)
    }
    #expect(found.pid?.integerValue == expected.pid)
    #expect(found.status == expected.status)
    #expect(found.host == expected.host)
    #expect(found.interval == expected.interval)
    let numbers = Self.numbers(found.data)
    for (key, value) in expected.data?.numbers ?? [:] { #expect(numbers[key] == value, "\(found.name): \(key)") }
    if expected.exactly ?? false { #expect(numbers == expected.data?.numbers ?? [:]) }
  }

  private static func numbers(_ object: JSONObject, _ prefix: String = "") -> [String: Double] {
    var numbers: [String: Double] = [:]
    for member in object.members {
      switch member.value {
      case .object(let inner): numbers.merge(Self.numbers(inner, prefix + member.key + ".")) { $1 }
      case .bool(let truth): numbers[prefix + member.key] = truth ? 1 : 0
      default: if let number = member.value.doubleValue { numbers[prefix + member.key] = number }
      }
    }
    return numbers
  }

  static func word(_ failure: SourceFailure) -> String {
    switch failure {
    case .noBeat: "no_beat"
    case .torn: "torn"
    case .notJSON: "not_json"
    case .empty: "empty"
    }
  }

  @Test("what has no beat says what is nearest to one")
  func nearest() {
    let facts = SourceFacts(path: "/srv/x/state.json", modified: TestTimes.july, zone: .utc)
    func sentence(_ text: String) -> String {
      guard
        case .failure(.noBeat(let sentence)) = Recogniser.recognise(Array(text.utf8), facts, SourceSettings(path: "x"))
      else { return "" }
      return sentence
    }
    #expect(
      sentence(#"{"started_at": 1784021000}"#)
        == #"`started_at` is no beat by its word "started"; `time: .started_at` makes it one, if it is"#)
    #expect(sentence(#"{"moved": 1784021000, "n": 1}"#).contains("`time: .moved` makes it one"))
    #expect(sentence(#"{"n": 1}"#).contains("`time: mtime`"))
    // Of those that lie deep the one whose words are the best.
    let deep = #"{"a": {"b": {"moved": 1784021000, "last_seen": 1784020000}}, "c": {"started_at": 1784021000}}"#
    #expect(
      sentence(deep)
        == "`.a.b.last_seen` is a time, but lies deeper than a beat is looked for; `time: .a.b.last_seen` makes it one")
    #expect(sentence(#"{"lastChecks": {"email": 1784021000, "weather": null}}"#).contains("`time: .lastChecks.email`"))
    #expect(
      sentence(#"{"a": {"started_at": 1784021000}}"#)
        == #"`.a.started_at` is no beat by its word "started"; `time: .a.started_at` makes it one, if it is"#)
    #expect(sentence(#"{"a.b": {"moved": 1784021000}}"#).contains("`time: mtime`"))
  }

  @Test(
    "a list is one of processes when half of its items beat, not when fewer do", arguments: [(2, true), (3, false)])
  func halfOfThemBeat(silent: Int, isList: Bool) {
    let beating = ["a", "b"].map { #"{"id": "\#($0)", "last_heartbeat": 1700000000}"# }
    let others = (0..<silent).map { #"{"id": "s\#($0)", "colour": "red"}"# }
    let text = "[\((beating + others).joined(separator: ", "))]"
    let facts = SourceFacts(path: "/srv/workers.json", modified: 1_700_000_010, zone: .utc)
    let found = Recogniser.recognise(Array(text.utf8), facts, SourceSettings(path: "x"))
    guard case .success(let recognition) = found else {
      #expect(!isList, "\(found)")
      return
    }
    #expect((recognition.layout == .list && recognition.processes.count == 4) == isList)
  }

  @Test("a file cut short at any byte is torn, or as it is, never another")
  func cutShort() throws {
    let facts = SourceFacts(path: "/srv/x/heartbeat.json", modified: TestTimes.july, zone: .utc)
    let whole = Array(#"{"timestamp": "2026-07-14T09:26:50Z", "pid": 4711, "n": {"a": [1, 2]}}"#.utf8)
    for length in 1..<whole.count {
      #expect(
        Recogniser.recognise(Array(whole[..<length]), facts, SourceSettings(path: "x")) == .failure(.torn))
    }
  }
}

@Suite("Documents that are no heartbeats")
struct ForeignDocumentsTests {
  @Test("of a thousand of them none is a process", arguments: 0..<ForeignDocuments.kinds)
  func noProcess(kind: Int) {
    var documents = ForeignDocuments(seed: UInt64(kind) &* 7919 &+ 20_260_714)
    for number in 0..<48 {
      let text = documents.make(kind)
      #expect((try? JSONValue(parsing: text)) != nil, "\(text)")
      let name = ["heartbeat", "status", "state", "data", "worker_status", "index"][number % 6]
      let facts = SourceFacts(path: "/srv/some/\(name).json", modified: TestTimes.july, zone: .utc)
      guard case .success(let recognition) = Recogniser.recognise(Array(text.utf8), facts, SourceSettings(path: "x"))
      else {
        continue
      }
      Issue.record("\(text): \(recognition)")
    }
  }
}
