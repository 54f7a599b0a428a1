import Foundation
import Testing

@testable import HeartbeatTool
@testable import Procfs

@Suite("The tool's command line")
struct ToolTests {
  private func run(_ arguments: String...) -> Int32 { Tool.run(arguments, environment: [:]) }

  @Test("what was asked for is no error, what is not understood is 2")
  func statuses() {
    #expect(run("--help") == 0 && run("help", "run") == 0 && run("--version") == 0 && run("send", "--help") == 0)
    #expect(Tool.run([], environment: [:]) == 2)
    #expect(run("sned") == 2 && run("--file=x") == 2 && run("send") == 2 && run("status", "--no-such-flag") == 2)
    #expect(run("run") == 2, "the program is missing")
  }

  @Test("a search for processes knows all of its command lines")
  func ownCommandLines() {
    #expect(
      OwnPrograms.commands
        == Set(Tool.commands.map(\.name) + [SimulatedProcess.commandName, "help", "version"]))
    // By these `heartbeat run` is told from other programs named so.
    let flags = RunCommand.command.flags.flags.map(\.name)
    #expect(!flags.isEmpty && !flags.contains { $0.contains(".") })
  }

  @Test("a beat that is sent can be seen, and stays where nothing is old")
  func together() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tool-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = "--file=" + folder.appendingPathComponent("heartbeat_status.json").path
    #expect(run("send", file, "web", "--status", "busy", "--data", "n=1") == 0)
    #expect(run("status", file) == 0 && run("status", file, "web") == 0 && run("status", file, "--json") == 0)
    #expect(run("status", file, "--timeout=0s") == 1, "it beat before now")
    #expect(run("status", file, "nobody") == 2)
    #expect(run("prune", file) == 0 && run("status", file, "web") == 0)
  }
}
