import Foundation
import Glibc
import POSIX
import Testing

@testable import Heartbeat

/// A file system that answers when the test lets it, and counts how often it was asked.
private final class SlowFile: Sendable {
  struct State {
    var isOpen: Bool
    var isLocal: Bool
    var asked = 0
    var answered = 0
  }

  let state: ConditionLock<State>

  init(isOpen: Bool = true, isLocal: Bool = true) {
    state = ConditionLock(State(isOpen: isOpen, isLocal: isLocal))
  }

  var probe: FileProbe {
    FileProbe(path: "/somewhere") { [state] _ in
      state.withLock { $0.asked += 1 }
      return state.wait { state in
        guard state.isOpen else { return nil }
        state.answered += 1
        return state.isLocal
      } ?? false
    }
  }

  var asked: Int { state.withLock { $0.asked } }
  func open() { state.withLock { $0.isOpen = true } }
  func close() { state.withLock { $0.isOpen = false } }

  /// Waits until it was asked so often.
  func waits(forQuestions count: Int) -> Bool { state.wait(timeout: 30) { $0.asked >= count ? true : nil } ?? false }
}

@Suite("Whether a file can be asked for at all")
struct FileProbeTests {
  @Test("a file on a local file system is asked for once, and again only when it turned bad")
  func local() {
    let file = SlowFile()
    let probe = file.probe
    #expect(probe.answers(within: 30, wasGood: true))
    #expect(file.asked == 1)
    for _ in 0..<5 { #expect(probe.answers(within: 30, wasGood: true)) }
    #expect(file.asked == 1)
    #expect(probe.answers(within: 30, wasGood: false))
    #expect(file.asked == 2)
  }

  @Test("a file elsewhere is asked for every time")
  func remote() {
    let file = SlowFile(isLocal: false)
    let probe = file.probe
    for count in 1...4 {
      #expect(probe.answers(within: 30, wasGood: true))
      #expect(file.asked == count)
    }
    file.state.withLock { $0.isLocal = true }
    #expect(probe.answers(within: 30, wasGood: true) && probe.answers(within: 30, wasGood: true))
    #expect(file.asked == 5, "once it turns out to be local nothing is asked any more")
  }

  @Test("while a question hangs nobody waits for it, nor asks another; when it is answered all goes on")
  func hanging() {
    let file = SlowFile(isOpen: false)
    let probe = file.probe
    #expect(!probe.answers(within: 0, wasGood: true))
    #expect(file.waits(forQuestions: 1))
    // So long a wait would show as a test that does not end.
    for wasGood in [true, false, true] { #expect(!probe.answers(within: 1e6, wasGood: wasGood)) }
    #expect(file.asked == 1)
    file.open()
    #expect(file.state.wait(timeout: 30) { $0.answered == 1 ? true : nil } == true)
    // It may take a moment from the file's answer to the probe's.
    var answers = false
    for _ in 0..<3000 where !answers {
      answers = probe.answers(within: 30, wasGood: false)
      if !answers { usleep(10_000) }
    }
    #expect(answers)
  }

  @Test("a file that begins to hang is seen to, though it was local before")
  func later() {
    let file = SlowFile()
    let probe = file.probe
    #expect(probe.answers(within: 30, wasGood: true))
    file.close()
    #expect(probe.answers(within: 30, wasGood: true), "nothing says that it is bad")
    #expect(!probe.answers(within: 0, wasGood: false))
    #expect(!probe.answers(within: 1e6, wasGood: false))
    file.open()
  }

  @Test("what is no readable regular file is answered too, and never taken for local")
  func touch() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("file").path
    #expect(!FileProbe.touch(file), "there is none yet")
    try "{}".write(toFile: file, atomically: false, encoding: .utf8)
    // ext, XFS, Btrfs, tmpfs, overlayfs: one of them is under the tests' folder.
    let type = try FileDescriptor.open(file, O_RDONLY).fileSystemType()
    let isUsual = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630].contains(type)
    #expect(FileProbe.touch(file) == isUsual)
    #expect(!FileProbe.touch(folder.path))
    #expect(!FileProbe.touch("/dev/null"))
    #expect(!FileProbe.touch("/proc/self/stat"), "/proc is none of the file systems for files")
    let pipe = folder.appendingPathComponent("pipe").path
    try #require(mkfifo(pipe, 0o600) == 0)
    #expect(!FileProbe.touch(pipe))
    #expect(FileProbe(path: file).answers(within: 30, wasGood: false))
    #expect(FileProbe(path: pipe).answers(within: 30, wasGood: false), "that there is no such file is an answer too")
  }

  @Test(
    "when another file is put in the place of one that hangs it is read, though the first question never comes back; late it says nothing",
    arguments: [false, true])
  func another(isPattern: Bool) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("probe-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appendingPathComponent("file").path
    symlink("hung", path)
    let gate = ConditionLock((isOpen: false, hanging: 0))
    @Sendable func touch(_ path: String) -> Bool {
      guard (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil else { return true }
      gate.withLock { $0.hanging += 1 }
      gate.wait { $0.isOpen ? () : nil }
      gate.withLock { $0.hanging -= 1 }
      return false
    }
    let probe = FileProbe(path: path, touch: touch)
    let pattern = PatternProbe(touch: { _ = touch($0) }) { _, ask in
      if ask(path) { _ = touch(path) }
      return (true, [path])
    }
    func answers(_ seconds: Double) -> Bool {
      isPattern
        ? pattern.answer(within: seconds, wasGood: false).isComplete : probe.answers(within: seconds, wasGood: false)
    }
    for _ in 0..<20 {
      #expect(!answers(0.1))
      usleep(10_000)
    }
    #expect(gate.withLock { $0.hanging } == 1, "nobody asks beside it while the same stands there")
    unlink(path)
    try "{}".write(toFile: path, atomically: true, encoding: .utf8)
    var isRead = false
    for _ in 0..<3_000 where !isRead {
      isRead = answers(0.2)
      if !isRead { usleep(10_000) }
    }
    #expect(isRead && answers(30))
    #expect(gate.withLock { $0.hanging } == 1)
    gate.withLock { $0.isOpen = true }
    #expect(gate.wait(timeout: 30) { $0.hanging == 0 ? true : nil } == true)
    if !isPattern {
      for _ in 0..<20 {
        #expect(probe.answers(within: 0, wasGood: true), "that the file is local is what was said last")
        usleep(1_000)
      }
    }
    #expect(answers(30))
  }

  private final class Held: Sendable {}

  @Test("a probe that nobody needs any more leaves no thread behind", arguments: [false, true])
  func end(isPattern: Bool) {
    weak var held: Held?
    func ask() {
      let value = Held()
      held = value
      if isPattern {
        let probe = PatternProbe { _, _ in withExtendedLifetime(value) { (false, []) } }
        #expect(probe.answer(within: 60, wasGood: false).isComplete)
      } else {
        let probe = FileProbe(path: "/somewhere") { _ in withExtendedLifetime(value) { false } }
        #expect(probe.answers(within: 60, wasGood: false))
      }
    }
    ask()
    // The thread holds what it asks by for as long as it lives.
    for _ in 0..<2_000 where held != nil { usleep(10_000) }
    #expect(held == nil)
  }
}
