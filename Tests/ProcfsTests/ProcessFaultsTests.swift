import Foundation
import Testing

@testable import Procfs

@Suite("A file of a process that says nothing that can be used")
struct ProcessFaultsTests {
  private static func stat(_ state: String = "S", threads: Int = 2, flags: Int = 0) -> String {
    "100 (worker) \(state) 1 0 0 0 0 \(flags) 0 0 0 0 1 1 0 0 0 0 \(threads) 0 500 4096 1 0\n"
  }
  private static func status(_ tid: Int) -> String {
    "Name:\tworker\nTgid:\t100\nPid:\t\(tid)\nVmSwap:\t120 kB\nvoluntary_ctxt_switches:\t10\nnonvoluntary_ctxt_switches:\t2\n"
  }
  private static let files = [
    ("stat", stat()), ("status", status(100)), ("task/100/status", status(100)), ("task/101/status", status(101)),
    ("io", "rchar: 1\nread_bytes: 5\nwrite_bytes: 6\n"),
    ("limits", "Max open files            1024                 4096                 files     \n"),
    ("smaps_rollup", "5-7 ---p 0 0 0   [rollup]\nRss: 5 kB\nPss: 4 kB\nPss_Anon: 1 kB\n"),
    ("cmdline", "worker\0--run\0"), ("fd/0", ""),
  ]

  private static func tree() throws -> TemporaryTree {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    tree.write("1/stat", "1 (init) S 0 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 1 4096 1 0\n")
    for (name, text) in files { tree.write("100/" + name, text) }
    return tree
  }

  /// What is said of the files of the process, its presence, and what a search for it found.
  private static func look(_ tree: TemporaryTree) throws -> (
    faults: [String: String], presence: ProcessPresence, figures: ProcessFigures?, matches: ProcessMatches
  ) {
    let procfs = Procfs(
      procfs: tree.path, rootfs: "/", limits: ProcfsLimits(),
      lines: [ProcessLine("VmSwap", of: .status), ProcessLine("Pss", of: .smapsRollup)])
    var faults: [String: String] = [:]
    procfs.complainOfProcess = { faults[String($0.file.dropFirst(tree.path.count + 1))] = $0.reason }
    let table = try procfs.processTable()
    let matches = table.find([ProcessMatcher(substrings: ["worker"])])[0]
    let (presence, figures) = table.presenceWithFigures(of: 100, lastBeat: 2_000)
    return (faults, presence, figures?.value, matches)
  }

  @Test("a process as the kernel writes it: nothing is said of it, and all is known of it")
  func whole() throws {
    let found = try Self.look(Self.tree())
    #expect(found.faults.isEmpty && found.presence.isRunning)
    #expect(found.matches == ProcessMatches(pid: 100, count: 1))
    let figures = try #require(found.figures)
    #expect(figures.readBytes == 5 && figures.writtenBytes == 6 && figures.voluntarySwitches == 20)
    #expect(figures.maxOpenFiles == 1_024 && figures.openFiles == 1)
    #expect(figures.lines[0] == 120 * 1_024 && figures.lines[1] == 4 * 1_024)
  }

  @Test(
    "it is named with the reason, whatever it holds; and who cannot be looked at is not taken for one that has ended",
    arguments: ["stat", "status", "task/101/status", "io", "limits", "smaps_rollup", "cmdline", "fd"],
    ["empty", "garbage", "cut", "huge", "directory", "loop"])
  func faults(file: String, kind: String) throws {
    // A command line may be anything, and a directory has descriptors in it.
    if file == "cmdline", !["directory", "loop"].contains(kind) { return }
    if file == "fd", kind == "directory" { return }
    let tree = try Self.tree()
    let name = "100/" + file
    let text = Self.files.first { $0.0 == file }?.1 ?? ""
    tree.remove(name)
    switch kind {
    case "empty": tree.write(name, "")
    case "garbage": tree.write(name, "\u{1}\u{2} garbage \u{3}\n")
    case "cut": tree.write(name, String(text.dropLast()))
    case "huge": tree.write(name, String(repeating: "A", count: 200_000) + "\n")
    case "directory": tree.makeDirectory(name)
    default:
      let place = tree.path + "/" + name
      try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: place)
    }
    let found = try Self.look(tree)
    #expect(found.faults.keys.sorted() == [name])
    #expect(file == "stat" ? found.presence == .unknown : found.presence.isRunning)
    let isFound = !["stat", "cmdline"].contains(file)
    #expect(found.matches.pid == (isFound ? 100 : nil) && found.matches.isComplete == isFound)
  }

  @Test(
    "what is missing because the process ends, or what nobody may read, is usual, and nothing is said",
    arguments: ["stat", "status", "task/101/status", "task", "io", "limits", "smaps_rollup", "cmdline", "fd", ""])
  func missing(file: String) throws {
    let tree = try Self.tree()
    tree.remove("100/" + file)
    let found = try Self.look(tree)
    #expect(found.faults.isEmpty)
    #expect(["stat", ""].contains(file) ? found.presence == .gone : found.presence.isRunning)
    #expect(found.matches.isComplete)
  }

  @Test(
    "a process that has ended and one of the kernel's have files without content",
    arguments: [stat("Z", threads: 1), stat("X", threads: 1), stat("S", threads: 1, flags: 0x0020_0000)])
  func withoutContent(stat: String) throws {
    let tree = try Self.tree()
    for (name, _) in Self.files where name != "fd/0" { tree.write("100/" + name, "") }
    tree.write("100/stat", stat)
    let procfs = Procfs(procfs: tree.path)
    var faults = 0
    procfs.complainOfProcess = { _ in faults += 1 }
    let table = try procfs.processTable()
    #expect(table.figures(of: 100) != nil && faults == 0)
    #expect(table.find([ProcessMatcher(substrings: ["worker"])]) == [ProcessMatches(pid: nil, count: 0)])
    #expect(faults == 0)
  }

  @Test("a child whose stat cannot be understood is named")
  func tree() throws {
    let tree = try Self.tree()
    tree.write("101/stat", "101 (child) S 100 ")
    let procfs = Procfs(procfs: tree.path)
    var faults: [String] = []
    procfs.complainOfProcess = { faults.append($0.file) }
    #expect(try procfs.processTable().figures(ofTree: 100) != nil)
    #expect(faults == [tree.path + "/101/stat"])
  }

  @Test("of no process of this machine, whatever it is doing, a file is not as it should be; nor is one of the host")
  func live() throws {
    let procfs = Procfs(
      procfs: "/proc", rootfs: "/", limits: ProcfsLimits(),
      lines: [ProcessLine("VmSwap", of: .status), ProcessLine("Pss", of: .smapsRollup)])
    var faults: [ProcfsError] = []
    procfs.complainOfProcess = { faults.append($0) }
    let table = try procfs.processTable()
    _ = table.find([try ProcessMatcher(regex: "there is none like this")])
    #expect(table.pids.filter { table.figures(of: $0) != nil }.count > 1)
    _ = try procfs.systemStat { faults.append($0) }
    _ = try procfs.memoryInfo { faults.append($0) }
    _ = try procfs.networkDevices { faults.append($0) }
    _ = try procfs.diskStats { faults.append($0) }
    _ = try procfs.loadAverage()
    for resource in Pressure.Resource.allCases { _ = try procfs.pressure(of: resource) { faults.append($0) } }
    #expect(faults == [])
  }
}
