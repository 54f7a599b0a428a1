import Foundation
import Testing

@testable import Exporter

private let hostile: [(value: String, logfmt: String, json: String)] = [
  ("plain", "plain", #""plain""#),
  ("[::]:9464", "[::]:9464", #""[::]:9464""#),
  ("", #""""#, #""""#),
  ("two words", #""two words""#, #""two words""#),
  ("a=b", #""a=b""#, #""a=b""#),
  (#"q"u\o"#, #""q\"u\\o""#, #""q\"u\\o""#),
  ("x\ntime=1 level=error", #""x\ntime=1 level=error""#, #""x\ntime=1 level=error""#),
  ("\r\t", #""\r\t""#, #""\r\t""#),
  ("\u{1b}[2J\u{0}\u{7f}", #""\u001b[2J\u0000\u007f""#, #""\u001b[2J\u0000\u007f""#),
  ("\u{202e}\u{2028}", #""\u202e\u2028""#, #""\u202e\u2028""#),
  ("\u{e0001}", #""\udb40\udc01""#, #""\udb40\udc01""#),
  ("größe 😀", #""größe 😀""#, #""größe 😀""#),
  (String(decoding: [0x61, 0xFF], as: UTF8.self), "\"a\u{fffd}\"", "\"a\u{fffd}\""),
]

@Suite("Logger")
struct LoggerTests {
  @Test("writes logfmt")
  func logfmt() {
    let lines = LogLines()
    lines.logger().info("listening", ["address": "[::]:9464", "port": 9464, "tls": false, "seconds": 0.5])
    #expect(
      lines.text
        == "time=2026-11-24T00:00:00.123Z level=info msg=\"listening\" address=[::]:9464 port=9464 tls=false seconds=0.5\n"
    )
  }

  @Test("writes JSON with numbers and booleans as such")
  func json() throws {
    let lines = LogLines()
    lines.logger(.debug, .json).error(
      "no \"way\"", ["port": 9464, "tls": false, "seconds": 0.5, "nan": Double.nan, "text": "1", "bytes": UInt8(3)])
    #expect(
      lines.text == #"{"time":"2026-11-24T00:00:00.123Z","level":"error","msg":"no \"way\"","port":9464,"#
        + #""tls":false,"seconds":0.5,"nan":"nan","text":"1","bytes":3}"# + "\n")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(lines.text.utf8)) }
  }

  @Test("a hostile value stays in its line", arguments: hostile.indices)
  func values(index: Int) throws {
    let (value, logfmt, json) = hostile[index]
    let lines = LogLines()
    lines.logger().warn(value, ["name": value])
    let quoted = logfmt.hasPrefix("\"") ? logfmt : "\"\(logfmt)\""
    #expect(lines.text == "time=2026-11-24T00:00:00.123Z level=warn msg=\(quoted) name=\(logfmt)\n")
    let jsonLines = LogLines()
    jsonLines.logger(.debug, .json).warn("x", [value: value])
    #expect(
      jsonLines.text == "{\"time\":\"2026-11-24T00:00:00.123Z\",\"level\":\"warn\",\"msg\":\"x\",\(json):\(json)}\n")
    let parsed = try JSONSerialization.jsonObject(with: Data(jsonLines.text.utf8)) as? [String: Any]
    #expect(parsed?[value] as? String == value)
  }

  @Test("a key cannot break logfmt")
  func keys() {
    let lines = LogLines()
    lines.logger().info("m", ["a b=\"\n": 1])
    #expect(lines.text.hasSuffix(" a_b___=1\n"))
  }

  @Test("a long value is cut", arguments: [(LogLine.longestValue, false), (LogLine.longestValue + 1, true)])
  func long(length: Int, isCut: Bool) {
    let lines = LogLines()
    lines.logger().info("m", ["v": String(repeating: "x", count: length)])
    #expect(lines.text.contains("…") == isCut)
  }

  @Test("less important lines are left out", arguments: Logger.Level.allCases)
  func levels(level: Logger.Level) {
    let lines = LogLines()
    let logger = lines.logger(level)
    logger.debug("1")
    logger.info("2")
    logger.warn("3")
    logger.error("4")
    let expected = Logger.Level.allCases.filter { $0 >= level }.map { "level=\($0)" }
    #expect(lines.text.split(separator: "\n").map { String($0.split(separator: " ")[1]) } == expected)
  }

  @Test("what is told once is told once, also by copies")
  func once() {
    let lines = LogLines()
    let logger = lines.logger()
    let copy = logger
    logger.once("a", .warn, "first")
    copy.once("a", .warn, "second")
    copy.once("b", .warn, "third")
    #expect(lines.text.split(separator: "\n").count == 2)
    #expect(!lines.text.contains("second"))
  }

  @Test("a state is news when it changes")
  func news() {
    let logger = LogLines().logger()
    #expect(logger.isNews("missing", "source", of: "file"))
    #expect(!logger.isNews("missing", "source", of: "file"))
    #expect(logger.isNews("ok", "source", of: "file"))
    #expect(logger.isNews("ok", "source", of: "other"))
    #expect(logger.isNews("missing", "source", of: "file"))
  }

  @Test("keys of one kind take no room of another one's")
  func kinds() {
    let logger = LogLines().logger()
    for number in 0..<ToldStates.most { #expect(logger.isNews("", "match", of: "\(number)")) }
    #expect(!logger.isNews("", "match", of: "one more"))
    #expect(logger.isNews("", "tls", of: "one more"))
    #expect(logger.isNews("", "wrong passwords"))
    #expect(!logger.isNews("", "match", of: "0"))
    #expect(logger.isNews("changed", "match", of: "0"))
  }

  @Test("a new key takes the place of the one that was not asked for the longest, not of one that was asked for lately")
  func manyKeys() {
    let hour = ToldStates.leastAge
    var told = ToldStates(most: 3)
    func isNews(_ key: String, at time: UInt64) -> Bool { told.isNews("", of: key, at: time) }
    #expect(isNews("a", at: 0) && isNews("b", at: 1) && isNews("c", at: 2))
    // Names that come again and again do not push each other out, which would tell of all of them at each scrape.
    #expect(!isNews("d", at: hour - 1))
    #expect(!isNews("a", at: hour))
    // `b` is the oldest now, and old enough a moment later.
    #expect(!isNews("d", at: hour))
    #expect(isNews("d", at: hour + 1))
    #expect(!isNews("b", at: hour + 1))
    #expect(isNews("b", at: hour + 2), "in the place of c")
    #expect(!isNews("a", at: hour + 2) && !isNews("d", at: hour + 2))
    // Weeks of names that come once: each is told.
    for week in 1...10 { #expect(isNews("job \(week)", at: UInt64(10 + week) * 168 * hour)) }
  }

  @Test("lines of many threads do not mix")
  func threads() {
    let lines = LogLines()
    let logger = lines.logger()
    DispatchQueue.concurrentPerform(iterations: 200) { logger.info("line", ["n": $0]) }
    let numbers = lines.text.split(separator: "\n").compactMap { $0.split(separator: "=").last.flatMap { Int($0) } }
    #expect(numbers.sorted() == Array(0..<200))
  }
}
