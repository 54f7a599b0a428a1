import Foundation
import Testing

@testable import Exporter
@testable import Monitoring
@testable import YAML

private let fixtures = ConfigurationFixtures("config")

/// A configuration as the expected files write it.
private func written(_ configuration: Configuration) -> String {
  configuration.processes.map { process in
    "\(process.name.debugDescription)\n"
      + "  display_name: \(process.displayName?.debugDescription ?? "-")\n"
      + "  timeout: \(process.timeout.map { "\($0)" } ?? "-")\n"
      + "  match: \(process.match.map { "\($0)" } ?? "-")\n"
      + "  children: \(process.children)\n"
      + (process.stoppedWords.isEmpty ? "" : "  stopped_status: \(process.stoppedWords)\n")
  }
  .joined()
    + configuration.sources.map { source in
      "source \(source.path)\n  name: \(source.name ?? "-")\n  time: \(source.time.map { "\($0)" } ?? "-")\n"
        + "  zone: \(source.zone?.name ?? "-")\n  each: \(source.each?.description ?? "-")\n  pid: \(source.pid)\n"
        + "  status: \(source.status)\n  data: \(source.data?.description ?? "-")\n"
        + "  timeout: \(source.timeout.map { "\($0)" } ?? "-")\n  layout: \(source.layout?.rawValue ?? "-")\n"
    }
    .joined()
}

@Suite("Configuration files")
struct ConfigurationTests {
  @Test("the folder of fixtures is found")
  func folderIsThere() {
    #expect(fixtures.names.count > 50)
  }

  @Test("a file is read or refused as its name and its .expected file say", arguments: fixtures.names)
  func fixture(name: String) throws {
    try fixtures.check(name) { bytes throws(ConfigurationError) in
      written(try Configuration.parse(bytes, file: name))
    }
  }

  @Test("every value of the full file arrives")
  func full() throws {
    let configuration = try Configuration.load(fixtures.folder.appending(path: "full.good.yml").path)
    #expect(
      configuration.processes == [
        ProcessConfiguration(
          name: "bidder", displayName: "Bidder Script", timeout: 120, match: .substrings(["python", "bidder.py"]),
          children: true),
        ProcessConfiguration(
          name: "websocket-reader", timeout: 5400, match: .regex("^node .*websocket[-_]reader")),
        ProcessConfiguration(name: "vue-frontend"),
      ])
    #expect(configuration["bidder"]?.timeout == 120)
    #expect(configuration["nobody"] == nil)
  }

  @Test(
    "limits hold to the unit",
    arguments: [
      (YAMLNode.longestText, true), (YAMLNode.longestText + 1, false),
    ])
  func longText(length: Int, isGood: Bool) {
    let text = String(repeating: "x", count: length)
    let result = Result { try Configuration.parse(Array("processes: {a: {display_name: \(text)}}".utf8), file: "f") }
    #expect(((try? result.get()) != nil) == isGood)
  }

  @Test("as many processes as the limit allows, and one more", arguments: [0, 1])
  func manyProcesses(more: Int) {
    let lines = (0..<ConfigurationDecoder.mostProcesses + more).map { "  p\($0):\n" }
    let text = "processes:\n" + lines.joined()
    let result = Result { try Configuration.parse(Array(text.utf8), file: "f") }
    switch result {
    case .success(let configuration):
      #expect(more == 0)
      #expect(configuration.processes.count == ConfigurationDecoder.mostProcesses)
    case .failure(let error):
      #expect(more == 1)
      #expect("\(error)" == "f:10002:3: too many processes: expected 10000 at most")
    }
  }

  @Test(
    "nesting is limited before it costs anything",
    arguments: ["[", "{", "- ", "? ", "{a: ", "!!x [", "&a [", "\"", "#", "\n", "a: ", "%", "---\n", "|", "'"])
  func bombs(piece: String) {
    let bytes = Array(String(repeating: piece, count: 200_000).utf8)
    // Whatever it is, it ends with an answer.
    _ = try? Configuration.parse(bytes, file: "bomb")
  }

  @Test("half a file never traps")
  func truncated() throws {
    let bytes = try fixtures.bytes(of: "full.good.yml")
    for count in bytes.indices {
      _ = try? Configuration.parse(Array(bytes[..<count]), file: "half")
    }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var broken = bytes
      for _ in 0..<3 { broken[Int.random(in: broken.indices, using: &generator)] = UInt8.random(in: 0...255) }
      _ = try? Configuration.parse(broken, file: "broken")
    }
  }
}

@Suite("Reading the configuration file")
struct ConfigurationFileTests {
  @Test("what is no readable small file is refused with the reason")
  func files() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "configuration-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let large = directory.appending(path: "large.yml").path
    let limit = directory.appending(path: "limit.yml").path
    let pipe = directory.appending(path: "pipe.yml").path
    try Data(repeating: UInt8(ascii: "\n"), count: Configuration.largestFile + 1).write(to: URL(filePath: large))
    try Data(repeating: UInt8(ascii: "\n"), count: Configuration.largestFile).write(to: URL(filePath: limit))
    #expect(mkfifo(pipe, 0o600) == 0)
    let missing = directory.appending(path: "missing.yml").path
    for (path, problem) in [
      (missing, "cannot be read: No such file or directory (ENOENT)"),
      (directory.path, "not a regular file: expected a YAML file"),
      (pipe, "not a regular file: expected a YAML file"),
      (large, "larger than 1 MiB: expected a smaller file"),
      ("a\0b", "no path of a file: it has a zero byte"),
    ] {
      let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path) }
      #expect(error?.description == "\(path): \(problem)")
    }
    #expect(try Configuration.load(limit) == Configuration())
  }

  @Test("a file that may not be read says so", .enabled(if: geteuid() != 0))
  func forbidden() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "forbidden-\(UUID().uuidString).yml").path
    try Data().write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    chmod(path, 0)
    let error = #expect(throws: ConfigurationError.self) { try Configuration.load(path) }
    #expect(error?.description == "\(path): cannot be read: Permission denied (EACCES)")
  }
}
