import Heartbeat
import JSON
import Testing

@testable import Exporter

@Suite struct PushBodyTests {
  private let defaults = PushBody.Defaults(now: 1_800_000_000, host: "192.0.2.7", retention: 86_400)

  private func status(_ body: String, batch: Bool = false) -> Int? {
    do {
      if batch {
        _ = try PushBody.batch(Array(body.utf8), defaults)
      } else {
        _ = try PushBody.beat("a", Array(body.utf8), defaults)
      }
      return nil
    } catch {
      return error.status
    }
  }

  @Test("An empty body, an empty object and nulls beat with the defaults", arguments: ["", "{}", #"{"pid": null}"#])
  func bare(body: String) throws {
    let beat = try PushBody.beat("a", Array(body.utf8), defaults)
    #expect(beat == Beat("a", status: "alive", pid: nil, host: "192.0.2.7", time: 1_800_000_000))
  }

  @Test("Every key has its place")
  func full() throws {
    let body = #"{"name":"a","pid":12,"status":"busy","timestamp":1799999999.5,"host":"h","additional_data":{"x":1}}"#
    let beat = try PushBody.beat("a", Array(body.utf8), defaults)
    #expect(beat == Beat("a", status: "busy", additionalData: ["x": 1], pid: 12, host: "h", time: 1_799_999_999.5))
  }

  struct KnownKeys {
    var body: String
    var status: String
    var pid: Int32?
    var data: JSONObject

    init(_ body: String, _ status: String, _ pid: Int32?, _ data: JSONObject) {
      (self.body, self.status, self.pid, self.data) = (body, status, pid, data)
    }

    static let all = [
      KnownKeys(#"{"additional_data": {"status": "busy", "pid": 7, "n": 1}}"#, "busy", 7, ["n": 1]),
      KnownKeys(
        #"{"status": null, "pid": null, "additional_data": {"status": "busy", "pid": 7}}"#, "busy", 7, [:]),
      KnownKeys(
        #"{"status": "alive", "pid": 8, "additional_data": {"status": "busy", "pid": 7}}"#, "alive", 8, [:]),
      KnownKeys(
        #"{"additional_data": {"status": 3, "pid": 4194305}, "merge": true}"#, "3", nil, ["pid": 4_194_305]),
      KnownKeys(#"{"additional_data": {"status": [3]}}"#, "alive", nil, ["status": [3]]),
      KnownKeys(#"{"additional_data": {"status": "", "pid": 0}}"#, "alive", nil, ["status": "", "pid": 0]),
      KnownKeys(
        #"{"additional_data": {"status": "a\#(String(repeating: "é", count: 200))"}}"#,
        "a" + String(repeating: "é", count: 127), nil, [:]),
    ]
  }

  @Test(
    "A status and a pid among the data are the beat's own, unless it has its own; what is neither stays there",
    arguments: KnownKeys.all)
  func knownKeys(expected: KnownKeys) throws {
    let item = expected.body.replacing("{", with: #"{"name": "a", "#, maxReplacements: 1)
    let batch = try PushBody.batch(Array(#"{"heartbeats": [\#(item)]}"#.utf8), defaults)
    for beat in [try PushBody.beat("a", Array(expected.body.utf8), defaults)] + batch {
      #expect(beat.status == expected.status && beat.pid == expected.pid && beat.additionalData == expected.data)
    }
  }

  @Test("The word of a job is that of its run, whatever its data say")
  func jobWord() throws {
    let body = #"{"additional_data": {"status": "busy", "pid": 7, "n": 1}}"#
    let beat = try PushBody.job("a", .start, query: [], Array(body.utf8), defaults)
    #expect(beat.status == "running" && beat.pid == 7 && beat.additionalData == ["n": 1])
  }

  @Test(
    "What is JSON but no beat gets 422",
    arguments: [
      "[]", "null", "7", #""x""#, #"{"pid": 0}"#, #"{"pid": -1}"#, #"{"pid": 1.5}"#, #"{"pid": "1"}"#,
      #"{"pid": 4194305}"#, #"{"status": ""}"#, #"{"status": 1}"#, #"{"host": ""}"#, #"{"additional_data": []}"#,
      #"{"additional_data": "x"}"#, #"{"timestamp": 1800000000000}"#, #"{"timestamp": 0}"#, #"{"timestamp": -1}"#,
      #"{"timestamp": "1800000000"}"#, #"{"timestamp": 1799913599}"#, #"{"timestamp": 1800086401}"#,
      #"{"stauts": "x"}"#,
      #"{"name": "b"}"#,
    ])
  func meaningless(body: String) { #expect(status(body) == 422) }

  @Test(
    "The message names the place, what was expected and what was found",
    arguments: [
      (#"{"pid": "12"}"#, "pid", #"not "12""#), (#"{"pid": 1.5}"#, "from 1 to 4194304", "not 1.5"),
      (#"{"additional_data": [1]}"#, "additional_data: expected an object", "not a list"),
      ("[]", "an object", "a list"),
      (#"{"timestamp": 1800000000000}"#, "timestamp: expected Unix seconds", "not 1800000000000"),
      (#"{"status": "\#(String(repeating: "s", count: 257))"}"#, "a text of 1 to 256 bytes", "not one of 257 bytes"),
      (#"{"status": {}}"#, "status", "not an object"), (#"{"name": "b"}"#, "name of the path", #"not "b""#),
    ])
  func messages(body: String, expected: String, found: String) throws {
    let error = try #require(throws: APIError.self) { try PushBody.beat("a", Array(body.utf8), defaults) }
    #expect(error.message.contains(expected) && error.message.hasSuffix(found))
  }

  @Test(
    "The bounds themselves are right",
    arguments: [
      #"{"pid": 1}"#, #"{"pid": 4194304}"#, #"{"timestamp": 1799913600}"#, #"{"timestamp": 1800086400}"#,
    ])
  func bounds(body: String) { #expect(status(body) == nil) }

  @Test(
    "What is no JSON gets 400 with its place",
    arguments: [
      ("{", 1, 1, 2), (" ", 1, 1, 2), ("{\"pid\": 1,\n  pid}", 13, 2, 3), ("nul", 3, 1, 4), ("{} x", 3, 1, 4),
    ])
  func broken(body: String, offset: Int, line: Int, column: Int) throws {
    let error = try #require(throws: APIError.self) { try PushBody.beat("a", Array(body.utf8), defaults) }
    #expect(error.status == 400)
    let position = try #require(error.position)
    #expect((position.offset, position.line, position.column) == (offset, line, column))
  }

  @Test(
    "A batch is a list of named beats or nothing",
    arguments: [
      (#"{"heartbeats": []}"#, nil), (#"{"heartbeats": [{"name": "a"}, {"name": "b", "pid": 1}]}"#, nil),
      (#"{"heartbeats": [{"name": "a"}, {}]}"#, 422),
      (#"{"heartbeats": [{"name": "a\u0000"}]}"#, 422), (#"{"heartbeats": [{"name": ""}]}"#, 422),
      (#"{"heartbeats": [{"name": "a", "pid": 0}]}"#, 422), (#"{"heartbeats": [7]}"#, 422),
      (#"{"heartbeats": {}}"#, 422), ("[]", 422), (#"{"beats": []}"#, 422), ("", 400), ("{", 400),
    ] as [(String, Int?)])
  func batches(body: String, expected: Int?) { #expect(status(body, batch: true) == expected) }
}
