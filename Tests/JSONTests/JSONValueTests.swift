@testable import JSON
import Testing

struct JSONValueTests {
  @Test("numbers of a program's own are taken as they are")
  func ownNumbers() {
    #expect(JSONValue(Int.min) == .integer(.min) && JSONValue(UInt8(7)) == 7 && JSONValue(Int8(-5)) == -5)
    #expect(JSONValue(UInt64.max) == .number(18_446_744_073_709_551_616))
    #expect(JSONValue(1.5) == 1.5 && JSONValue(Float(0.5)) == 0.5)
  }

  @Test("two spellings of one letter are two keys, and two values")
  func spellings() throws {
    let text = "{\"\u{E9}\":1,\"e\u{301}\":2}"
    var object = try #require(try JSONValue(parsing: text).objectValue)
    #expect(object["\u{E9}"] == 1 && object["e\u{301}"] == 2)
    object["\u{E9}"] = nil
    #expect(object.count == 1 && object["e\u{301}"] == 2)
    object["\u{E9}"] = 3
    #expect(object.count == 2)
    let one: JSONObject = ["\u{E9}": 1]
    let merged = one.merging(["e\u{301}": 2])
    #expect(merged.count == 2 && merged["\u{E9}"] == 1)
    #expect(JSONValue.string("\u{E9}") != .string("e\u{301}") && JSONValue.string("\u{E9}") == .string("\u{E9}"))
    #expect(one != ["e\u{301}": 1] && one == ["\u{E9}": 1])
  }

  @Test("values of different kinds are never the same")
  func kinds() {
    let values: [JSONValue] = [nil, true, 1, 1.5, "1", [1], ["a": 1]]
    for (place, value) in values.enumerated() {
      #expect(values.indices.filter { values[$0] == value } == [place])
    }
  }

  @Test("a key of accents costs its length", .timeLimit(.minutes(4)))
  func accents() throws {
    let accents = String(repeating: "\u{344}", count: 50_000) + String(repeating: "\u{316}", count: 50_000)
    var object = try #require(try JSONValue(parsing: "{\"\(accents)\":\"\(accents)\"}").objectValue)
    #expect(object["status"] == nil && object[accents] == .string(accents) && object[accents] != "alive")
    object["status"] = 1
    object["status"] = nil
    #expect(object.merging(["pid": 1]).count == 2)
    #expect(object != ["\u{316}\u{344}": 1])
  }

  @Test(
    "text becomes a value, and the value the same text again",
    arguments: cases)
  func roundTrip(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
    #expect(String(decoding: value.serialised(), as: UTF8.self) == text)
    #expect(try JSONValue(parsing: value.serialised(pretty: true)) == value)
  }

  private static let cases: [(String, JSONValue)] = [
    ("null", JSONValue.null), ("true", true), ("-12", -12), ("9223372036854775807", JSONValue.integer(Int64.max)),
    ("1.5", 1.5), ("1e+300", 1e300), ("\"a\\n\\\"\\\\é😀\"", "a\n\"\\é😀"), ("[]", []), ("{}", [:]),
    ("[1,[2,{\"b\":null,\"a\":false}]]", [1, [2, ["b": nil, "a": false]]]),
  ]

  @Test(
    "other spellings are understood",
    arguments: spellingCases)
  func spellings(text: String, value: JSONValue) throws {
    #expect(try JSONValue(parsing: text) == value)
  }

  private static let spellingCases: [(String, JSONValue)] = [
    (#""\u0041\u00e9\ud83d\ude00\/\b\f\t""#, JSONValue.string("Aé😀/\u{8}\u{c}\t")),
    (#""\ud83dx""#, .string("\u{FFFD}x")), (" [ 1 , 2 ] ", [1, 2]), ("1E3", .number(1000)),
    ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("-0", .integer(0)),
  ]

  @Test(
    "what is not JSON is refused, with the place",
    arguments: [
      ("", 0), ("[1,]", 3), ("{\"a\" 1}", 5), ("nul", 3), ("01", 0), ("1.", 2), ("-", 1), ("\"\\u12g4\"", 5),
      ("\"a", 2),
      ("{\"a\":1,}", 7), ("1 2", 2), ("+1", 0), ("'a'", 0), ("\"\n\"", 1),
    ])
  func refused(text: String, offset: Int) {
    #expect { try JSONValue(parsing: text) } throws: { ($0 as? JSONError)?.offset == offset }
  }

  @Test("nesting has a limit")
  func nesting() throws {
    let most = JSONValue.maximumNesting
    _ = try JSONValue(parsing: String(repeating: "[", count: most) + String(repeating: "]", count: most))
    #expect(throws: JSONError.self) {
      try JSONValue(parsing: String(repeating: "[", count: most + 1) + String(repeating: "]", count: most + 1))
    }
  }

  @Test("numbers that JSON cannot spell are written as null")
  func notANumber() {
    #expect(
      String(decoding: JSONValue.array([.number(.nan), .number(.infinity)]).serialised(), as: UTF8.self)
        == "[null,null]")
  }

  @Test("an object keeps its order, sets in place and appends")
  func object() {
    var object: JSONObject = ["b": 1, "a": 2]
    object["b"] = 3
    object["c"] = 4
    object["a"] = nil
    #expect(object == ["b": 3, "c": 4])
  }

  @Test("a byte order mark before it is passed over, and nowhere else")
  func byteOrderMark() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    #expect(try JSONValue(parsing: mark + Array(" {\"a\": 1}".utf8)) == .object(["a": .integer(1)]))
    #expect(throws: JSONError.self) { try JSONValue(parsing: mark + mark + Array("{}".utf8)) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: Array("{}".utf8) + mark) }
    #expect(throws: JSONError.self) { try JSONValue(parsing: Array(mark.prefix(2)) + Array("{}".utf8)) }
  }

  @Test(
    "read strictly, what is no JSON is an error, with its place; read for others' files it is not",
    arguments: [
      (#"{"x": NaN}"#, 6), (#"{"x": Infinity}"#, 6), (#"{"x": -Infinity}"#, 7), ("[1, 1e999]", 4), ("[-1e999]", 1),
    ])
  func strict(text: String, offset: Int) {
    #expect(throws: Never.self) { try JSONValue(parsing: Array(text.utf8)) }
    do {
      _ = try JSONValue(parsing: Array(text.utf8), strictly: true)
      Issue.record("\(text) is taken")
    } catch {
      #expect(error.offset == offset)
    }
  }

  @Test("read strictly, bytes that are no UTF-8 are an error, and what is JSON is the same")
  func strictText() throws {
    let odd = Array(#"{"s": "gr"#.utf8) + [0xFC] + Array(#"n"}"#.utf8)
    #expect(try JSONValue(parsing: odd).objectValue?["s"] == .string("gr\u{FFFD}n"))
    #expect(throws: JSONError(offset: 9, reason: "expected UTF-8")) { try JSONValue(parsing: odd, strictly: true) }
    for text in [#"{"a": [1, -2.5e3, 1e308, 1e-999, "gr\u00fcn", "\ud800", null, true]}"#, "0", "\"\""] {
      #expect(try JSONValue(parsing: Array(text.utf8), strictly: true) == JSONValue(parsing: text))
    }
  }
}
