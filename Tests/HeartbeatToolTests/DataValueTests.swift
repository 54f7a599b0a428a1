import Flags
import JSON
import Testing

@testable import HeartbeatTool

@Suite("--json OBJECT")
struct GivenDataTests {
  private func given(_ json: String) throws -> JSONObject? {
    guard case .given(let object) = try GivenData(json: json, pairs: []) else { return nil }
    return object
  }

  @Test(
    "a number that JSON has not is left out, and costs nothing else",
    arguments: [
      (#"{"a":NaN,"b":1}"#, ["b": 1]), (#"{"a":1e999,"b":1}"#, ["b": 1]), (#"{"a":-Infinity}"#, [:]),
      (#"{"a":[1,-1e400,{"c":NaN,"d":2}],"b":null}"#, ["a": [1, nil, ["d": 2]], "b": nil]),
      (#"{"a":{"b":{"c":NaN}}}"#, ["a": ["b": [:]]]), (#"{"a":1.5,"b":[]}"#, ["a": 1.5, "b": []]),
    ] as [(String, JSONObject)])
  func leftOut(json: String, expected: JSONObject) throws {
    #expect(try given(json) == expected)
  }

  @Test("what is left out is named, up to ten")
  func named() throws {
    var numbers = UnspeakableNumbers()
    let nan = JSONValue.number(.nan)
    _ = numbers.takeOut(of: ["a": nan, "b": ["c": [1, nan]], "d": 1])
    #expect(numbers.paths == ["\"a\"", "\"b.c[1]\""])
    _ = numbers.takeOut(of: ["x": .array(Array(repeating: nan, count: 50))])
    #expect(numbers.paths.count == 10)
  }

  @Test("an integer that no double holds is left out too")
  func longInteger() throws {
    #expect(try given("{\"a\":\(String(repeating: "9", count: 5_000)),\"b\":1}") == ["b": 1])
  }
}

@Suite("--data KEY=VALUE")
struct DataValueTests {
  @Test(
    "numbers are numbers, however people write them, and all else is a text",
    arguments: [
      ("1", .integer(1)), ("-0.5", .number(-0.5)), ("true", .bool(true)), ("false", .bool(false)),
      (".5", .number(0.5)), ("-.5", .number(-0.5)), ("5.", .integer(5)), ("+5", .integer(5)), ("007", .integer(7)),
      ("-007.50", .number(-7.5)), ("1e3", .number(1000)), ("1E+3", .number(1000)), ("+.5e-1", .number(0.05)),
      ("   12\n", .integer(12)), ("00", .integer(0)), ("9223372036854775807", .integer(.max)),
      ("99999999999999999999", .number(1e20)), ("1e-400", .number(0)),
      ("1x", .string("1x")), ("", .string("")), ("null", .string("null")), ("[1]", .string("[1]")), (".", .string(".")),
      ("\"q\"", .string("\"q\"")), ("1.2.3", .string("1.2.3")), ("2024-01-01", .string("2024-01-01")),
      ("10:30", .string("10:30")), ("-", .string("-")), ("1e", .string("1e")), ("e5", .string("e5")),
      ("--5", .string("--5")), ("1,2,x", .string("1,2,x")), ("0xyz", .string("0xyz")), ("nano", .string("nano")),
      ("5 GB", .string("5 GB")), ("a_1", .string("a_1")), ("_1", .string("_1")), ("1,", .string("1,")),
    ] as [(String, JSONValue)])
  func parsed(text: String, expected: JSONValue) throws {
    #expect(try DataValue.parse(text) == expected)
  }

  @Test(
    "what means a number and is none that JSON has is refused with the way to write it",
    arguments: [
      "1,000", "0,5", "-1_000", "1,000.5", "0x1F", "0b11", "-0o17", "NaN", "inf", "-Infinity", "1e999", "-1e400",
    ])
  func refused(text: String) {
    #expect {
      try DataValue.parse(text)
    } throws: { error in
      "\(error)".contains("--data") && "\(error)".contains("decimal number") && "\(error)".contains(text)
    }
  }
}
