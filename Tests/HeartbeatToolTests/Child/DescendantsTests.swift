import Foundation
import Glibc
import Testing

@testable import HeartbeatTool

@Suite("The processes below one")
final class DescendantsTests {
  /// A folder as `/proc`.
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("proc-\(UUID())").path

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func write(_ path: String, _ text: String) throws {
    let path = folder + "/" + path
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: false, encoding: .utf8)
  }

  /// Puts a process there.
  ///
  /// - Parameters:
  ///   - numbers: those of `NSpid`; the first is the one that the folder has; nil for a kernel without that line.
  ///   - children: nil for a kernel that lists none.
  private func put(_ seen: Int, parent: Int, numbers: [Int]?, children: [Int]? = [], letter: String = "S") throws {
    let fields = Array(repeating: "0", count: 17).joined(separator: " ")
    try write("\(seen)/stat", "\(seen) (a ) b) \(letter) \(parent) \(fields) \(seen * 100) 0 0\n")
    let line = numbers.map { "NSpid:" + $0.map { "\t\($0)" }.joined() + "\n" } ?? ""
    try write("\(seen)/status", "Name:\tNSpid: 7\nGroups:\t0 \n\(line)NSsid:\t1\n")
    try write("\(seen)/task/\(seen)/comm", "x\n")
    if let children { try write("\(seen)/task/\(seen)/children", children.map { "\($0) " }.joined()) }
  }

  private func link(self seen: Int) throws {
    try FileManager.default.createSymbolicLink(atPath: folder + "/self", withDestinationPath: "\(seen)")
  }

  @Test(
    "are found by the lists of children, and without those by what all say of their parents",
    arguments: [true, false], [true, false])
  func own(listsChildren: Bool, hasNumbers: Bool) throws {
    for (seen, parent, children) in [
      (1, 0, [50, 60]), (50, 1, [51, 52]), (51, 50, [53]), (52, 50, []), (53, 51, []), (60, 1, []),
    ] {
      try put(seen, parent: parent, numbers: hasNumbers ? [seen] : nil, children: listsChildren ? children : nil)
    }
    try link(self: 50)
    let processes = Descendants(folder: folder, own: 50)
    #expect(processes.numbering == .own)
    #expect(Set(processes.all(but: [])) == [51, 52, 53] && processes.all(but: [51]) == [52])
    let all = processes.all(but: [])
    #expect(all.firstIndex(of: 51) ?? 9 < all.firstIndex(of: 53) ?? 0)
    #expect(processes.contains(53) && !processes.contains(60) && !processes.contains(50) && !processes.contains(99))
    #expect(processes.state(of: 53) == TaskState(letter: UInt8(ascii: "S"), parent: 51, startTicks: 5300))
  }

  @Test("have the numbers of this process's namespace where /proc shows one further out", arguments: [true, false])
  func outer(listsChildren: Bool) throws {
    // Outside us are 700 and 701; 801 begins a namespace of its own, 802 is outside ours, as a process that was never there.
    for (seen, parent, numbers, children) in [
      (700, 1, [700], [800]), (701, 1, [701], []), (800, 700, [800, 5], [801, 804]), (801, 800, [801, 700, 1], [803]),
      (802, 800, [802], []), (803, 801, [803, 701, 2], []), (804, 800, [804, 9], []),
    ] {
      try put(
        seen, parent: parent, numbers: numbers, children: listsChildren ? children : nil,
        letter: seen == 803 ? "T" : "S")
    }
    try link(self: 800)
    let processes = Descendants(folder: folder, own: 5)
    #expect(processes.numbering == .outer(place: 1))
    #expect(Set(processes.all(but: [])) == [700, 701, 9] && processes.all(but: [700]) == [9])
    #expect(processes.contains(701) && !processes.contains(5) && !processes.contains(800) && !processes.contains(1))
    #expect(processes.number(of: 701) == 803 && processes.number(of: 5) == 800 && processes.number(of: 802) == nil)
    #expect(processes.state(of: 701)?.isSuspended == true && processes.state(of: 700)?.startTicks == 80_100)
  }

  @Test("are not known where /proc does not show this process: no number in it is anything here")
  func unknown() throws {
    try put(50, parent: 1, numbers: [50], children: [51])
    try put(51, parent: 50, numbers: [51])
    for shown in [nil, 50] as [Int?] {
      if let shown { try link(self: shown) }
      let processes = Descendants(folder: folder, own: 7)
      #expect(processes.numbering == .unknown)
      #expect(processes.all(but: []).isEmpty && !processes.contains(51) && processes.state(of: 50) == nil)
    }
  }

  @Test("those of this very process are found")
  func real() throws {
    let child = try ChildProcess.start(["sleep", "300"], environment: ["PATH": "/usr/bin:/bin"], ownGroup: true)
    let processes = Descendants.shared
    #expect(processes.all(but: []).contains(child.pid) && processes.contains(child.pid))
    #expect(processes.state(of: child.pid)?.parent == getpid())
    child.signal(SIGKILL)
    var status: Int32 = 0
    #expect(waitpid(child.pid, &status, 0) == child.pid)
  }
}
