import Foundation
import Heartbeat
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
}
