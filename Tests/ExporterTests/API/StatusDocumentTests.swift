import Heartbeat
import JSON
import Monitoring
import Testing

@testable import Exporter

@Suite("The JSON text of how processes do") struct StatusDocumentTests {
  private static func process(_ name: String, _ verdict: Verdict = Verdict(.alive, .beating), age: Double? = 1.5)
    -> StatusDocument.Process
  {
    StatusDocument.Process(
      name: name, displayName: nil, verdict: verdict, since: 12, age: age, timeout: 60, interval: 30.5,
      lastHeartbeat: 1000, pid: 7, isUp: true, matched: 1, status: "a \"b\"\n", host: nil,
      data: ArraySlice(#"{"x":1}"#.utf8), figures: nil)
  }

  private static func document(_ processes: [StatusDocument.Process]) -> StatusDocument {
    var document = StatusDocument(capacity: 0)
    for process in processes { document.add(process) }
    return document
  }

  @Test("all members, in their order; what is not known is null")
  func members() {
    let text = String(decoding: Self.document([Self.process("bi\u{1}dder")]).objects, as: UTF8.self)
    #expect(
      text == #"{"name":"bi\u0001dder","state":"alive","reason":"beating","age_seconds":1.5,"display_name":null,"#
        + #""configured":false,"timeout_seconds":60.0,"interval_seconds":30.5,"timeout_tight":null,"since":12.0,"#
        + #""last_heartbeat":1000.0,"pid":7,"up":true,"matched":1,"status":"a \"b\"\n","host":null,"file":null,"silenced":null,"data":{"x":1},"job":null,"process":null}"#
    )
  }

  @Test("a list counts the states", arguments: [0, 1, 3])
  func list(count: Int) throws {
    var processes = (0..<count).map { Self.process("\($0)") }
    processes += [Self.process("h", Verdict(.hung, .silent)), Self.process("n", Verdict(.never, .neverSeen), age: nil)]
    let text = Self.document(processes).list(generated: 12.5, file: ["up": true], problems: []).inOnePiece()
    let value = try JSONValue(parsing: text)
    guard case .object(let object) = value, case .array(let heartbeats)? = object["heartbeats"] else {
      Issue.record("no list: \(value)")
      return
    }
    let keys = ["generated", "summary", "file", "files", "problems", "problem_count", "silences", "heartbeats"]
    #expect(object.members.map(\.key) == keys)
    #expect(object["generated"] == 12.5)
    #expect(
      object["summary"] == ["alive": .integer(Int64(count)), "hung": 1, "dead": 0, "stopped": 0, "never": 1])
    #expect(heartbeats.count == count + 2)
  }

  @Test("the tag stays with the ages and goes with everything else")
  func tags() {
    let first = Self.document([Self.process("a"), Self.process("b")])
    func tag(_ processes: [StatusDocument.Process], _ file: JSONObject = ["up": true]) -> String {
      Self.document(processes).tag(file, .array([]), [])
    }
    #expect(first.tag(["up": true], .array([]), []) == tag([Self.process("a", age: 99), Self.process("b", age: nil)]))
    var others = [
      tag([Self.process("a")]), tag([Self.process("b"), Self.process("a")]), first.tag(["up": false], .array([]), []),
      first.tag(["up": true], [["path": "f"]], []),
    ]
    let changes: [(inout StatusDocument.Process) -> Void] = [
      { $0.name = "c" }, { $0.verdict = Verdict(.dead, .pidGone) }, { $0.verdict = Verdict(.alive, .clockAhead) },
      { $0.interval = 3 }, { $0.since = 13 },
      { $0.isConfigured = true }, { $0.matched = 2 }, { $0.timeout = 61 }, { $0.lastHeartbeat = 1001 }, { $0.pid = 8 },
      { $0.isUp = nil }, { $0.status = nil }, { $0.host = "h" }, { $0.file = "f" }, { $0.displayName = "A" },
      { $0.data = ArraySlice(#"{"x":2}"#.utf8) },
    ]
    for change in changes {
      var process = Self.process("a")
      change(&process)
      others.append(tag([process, Self.process("b")]))
    }
    #expect(Set(others + [first.tag(["up": true], .array([]), [])]).count == others.count + 1)
  }

  @Test("a digest tells apart what differs in any place, and where texts end")
  func digest() {
    func digest(_ texts: [[UInt8]]) -> UInt64 {
      var digest = Digest()
      for text in texts { digest.add(text[...]) }
      return digest.value
    }
    let text = Array("the quick brown fox jumps".utf8)
    var seen: Set = [digest([text])]
    for place in text.indices {
      for bit in 0..<8 {
        var other = text
        other[place] ^= 1 << UInt8(bit)
        seen.insert(digest([other]))
      }
      seen.insert(digest([Array(text[..<place]), Array(text[place...])]))
    }
    #expect(seen.count == 1 + text.count * 9)
    #expect(digest([text]) == digest([text]))
  }
}
