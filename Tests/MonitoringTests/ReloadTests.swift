import Foundation
import Testing

@testable import Heartbeat
@testable import Monitoring

@Suite("A configuration that is read again")
final class ReloadTests {
  private let folder = NSTemporaryDirectory() + "reload-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
  }

  private func sources(_ pattern: String, _ change: (inout SourceSettings) -> Void = { _ in }) -> SourceSet {
    var settings = SourceSettings(path: folder + "/" + pattern)
    change(&settings)
    return SourceSet([settings])
  }

  private func watch(_ pattern: String) -> ProcessWatch {
    var watch = ProcessWatch(
      sources: sources(pattern), settings: MonitoringSettings(timeout: 60, hostname: []),
      configuration: Configuration(), looker: nil, readTimeout: 60)
    _ = watch.refresh(at: 1_784_021_510)
    return watch
  }

  private func names(_ watch: borrowing ProcessWatch) -> [String] {
    watch.monitored.processes.indices.map { watch.monitored.name(of: $0) }.sorted()
  }

  @Test("who cannot be read just then is remembered where its source is read in another way", arguments: ["*", "torn"])
  func tornAndGone(star: String) throws {
    for name in ["torn", "gone"] { try write(name + ".json", #"{"ts": 1784021500}"#) }
    var watch = watch(star + ".json")
    let all = star == "*" ? ["gone", "torn"] : ["torn"]
    #expect(names(watch) == all)
    try write("torn.json", #"{"ts": 17840"#)
    try FileManager.default.removeItem(atPath: folder + "/gone.json")
    watch.configure(Configuration(), sources: sources(star + ".json") { $0.pid = .none })
    _ = watch.refresh(at: 1_784_021_520)
    #expect(names(watch) == all && watch.monitored.processes.allSatisfy { $0.vanished != nil })
    try write("torn.json", #"{"ts": 1784021525}"#)
    _ = watch.refresh(at: 1_784_021_530)
    #expect(names(watch) == all)
    #expect(watch.monitored.processes.filter { $0.vanished == nil }.map { $0.lastHeartbeat } == [1_784_021_525])
  }

  @Test("who gets another name by the new settings has not vanished, once its file is read")
  func otherName() throws {
    for name in ["good", "torn"] { try write(name + ".json", #"{"ts": 1784021500}"#) }
    var watch = watch("*.json")
    try write("torn.json", #"{"ts": 17840"#)
    watch.configure(Configuration(), sources: sources("*.json") { $0.name = "bot-{star}" })
    _ = watch.refresh(at: 1_784_021_520)
    #expect(names(watch) == ["bot-good", "torn"])
    try write("torn.json", #"{"ts": 1784021525}"#)
    _ = watch.refresh(at: 1_784_021_530)
    #expect(names(watch) == ["bot-good", "bot-torn"])
  }

  @Test("who is of a source that is gone is forgotten")
  func goneSource() throws {
    try write("a.json", #"{"ts": 1784021500}"#)
    var watch = watch("*.json")
    watch.configure(Configuration(), sources: sources("*.txt"))
    _ = watch.refresh(at: 1_784_021_520)
    #expect(names(watch) == [])
  }

  @Test("all who are of a source that is gone are forgotten in one pass", arguments: [1, 300])
  func manyGone(count: Int) throws {
    try write("a.json", OwnLayout.text((0..<count).map { "a\($0)" }))
    try write("b.json", OwnLayout.text(["b"]))
    var watch = watch("*.json")
    #expect(watch.monitored.processes.count == count + 1)
    watch.configure(Configuration(), sources: sources("b.json"))
    #expect(watch.monitored.passes == 1)
    _ = watch.refresh(at: 1_784_021_520)
    #expect(names(watch).contains("a0") == false && watch.monitored.passes <= 2)
  }

  @Test("all who may still be in a file that is read in another way are forgotten in one pass, once it is good")
  func manyReplaced() throws {
    try write("a.json", OwnLayout.text((0..<300).map { "a\($0)" }))
    var watch = watch("*.json")
    try write("a.json", #"{"last_updated": 17840"#)
    watch.configure(Configuration(), sources: sources("*.json") { $0.timeout = 7 })
    let changed = sources("*.json") { $0.pid = .none }
    watch.configure(Configuration(), sources: changed)
    _ = watch.refresh(at: 1_784_021_520)
    #expect(watch.monitored.processes.count == 300 && watch.monitored.passes == 0)
    try write("a.json", OwnLayout.text(["a7", "c"]))
    _ = watch.refresh(at: 1_784_021_530)
    #expect(names(watch) == ["a7", "c"] && watch.monitored.passes == 1)
  }
}

/// Files of our own layout.
private enum OwnLayout {
  static func text(_ names: [String]) -> String {
    let entries = names.map { "\"\($0)\": {\"last_heartbeat\": 1784021500}" }.joined(separator: ",")
    return "{\"last_updated\": 1784021500, \"processes\": {\(entries)}}"
  }
}
