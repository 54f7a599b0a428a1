import Foundation
import Heartbeat
import Monitoring
import Testing

@testable import HeartbeatTool

@Suite("What heartbeat check says of a file")
struct CheckReportTests {
  @Test("fits the terminal: what is long is cut, the age, the pid and the numbers are not", arguments: [50, 60, 400])
  func width(_ width: Int) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID()).json").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let (name, status) = (String(repeating: "name", count: 20), String(repeating: "word", count: 10))
    let entry = #""last_heartbeat": 1700000000, "pid": 4242, "status": "\#(status)", "x": 1, "y": 2"#
    try Data(#"{"processes": {"\#(name)": {\#(entry)}}}"#.utf8).write(to: URL(fileURLWithPath: file))
    var sources = SourceSet([SourceSettings(path: file)])
    sources.refresh(readTimeout: 5)
    let report = CheckReport(try #require(sources.files.first), in: sources)
    let table = report.lines(at: 1_700_000_007, style: Style(usesColour: false, width: width)).dropFirst()
    #expect(table.count == 2 && table.allSatisfy { $0.count <= width }, "\(table)")
    let row = try #require(table.last).split(separator: " ")
    #expect(row.contains("7s") && row.contains("4242") && row.contains("2"))
    #expect(row.contains(Substring(name)) == (width == 400) && row.contains(Substring(status)) == (width == 400))
  }

  @Test("what has the exporter's name is left out, as the exporter leaves it out", arguments: [true, false])
  func exportersName(isAlone: Bool) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID()).json").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let other = isAlone ? "" : #", "a": {"last_heartbeat": 1700000000}"#
    try Data(#"{"processes": {"heartbeat-exporter": {"last_heartbeat": 1700000000}\#(other)}}"#.utf8)
      .write(to: URL(fileURLWithPath: file))
    var sources = SourceSet([SourceSettings(path: file)])
    sources.refresh(readTimeout: 5)
    let report = CheckReport(try #require(sources.files.first), in: sources)
    #expect(!report.isWhole)
    let lines = report.lines(at: 1_700_000_007, style: Style(usesColour: false, width: 200))
    #expect(lines.contains { $0.contains("left out: heartbeat-exporter: its name is the exporter's own") })
    #expect(report.json.objectValue?["processes"] != nil && lines.count == (isAlone ? 2 : 4), "\(lines)")
  }

  @Test(
    "tells a timeout in which the interval that a process declares leaves little room",
    arguments: [
      // The usual timeout makes room for the interval.
      (50.0, nil, nil, 125.0, false), (50, 60, nil, 60, true), (42, 60, nil, 60, false), (50, nil, 70, 70, true),
      (50, 100, 70, 100, false), (nil, 60, nil, 60, nil),
    ] as [(Double?, Double?, Double?, Double, Bool?)])
  func tight(interval: Double?, configured: Double?, source: Double?, timeout: Double, isTight: Bool?) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("check-\(UUID()).json").path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let more = interval.map { ", \"interval\": \($0)" } ?? ""
    try Data(#"{"processes": {"a": {"last_heartbeat": 1700000000\#(more)}}}"#.utf8).write(
      to: URL(fileURLWithPath: file))
    var settings = SourceSettings(path: file)
    settings.timeout = source
    var sources = SourceSet([settings])
    sources.refresh(readTimeout: 5)
    let configuration = Configuration(processes: [ProcessConfiguration(name: "a", timeout: configured)])
    let report = CheckReport(try #require(sources.files.first), in: sources, configuration)
    let json = try JSONSerialization.jsonObject(with: Data(report.json.serialised()))
    let processes = try #require((json as? [String: Any])?["processes"] as? [[String: Any]])
    #expect(processes.first?["timeout"] as? Double == timeout)
    #expect(processes.first?["timeout_tight"] as? Bool == isTight)
    let lines = report.lines(at: 1_700_000_007, style: Style(usesColour: false, width: 200))
    #expect(
      lines.contains { $0.contains("tight") && $0.contains("a beats every 50s") } == (isTight == true), "\(lines)")
  }
}
