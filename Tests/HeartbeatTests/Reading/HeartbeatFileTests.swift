import Foundation
import Testing

@testable import Heartbeat

@Suite("HeartbeatFile")
struct HeartbeatFileTests {
  private let folder: URL
  private var path: String { folder.appendingPathComponent("heartbeat_status.json").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("hb-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func write(_ text: String, aged: Bool = true) throws {
    try text.write(toFile: path, atomically: false, encoding: .utf8)
    // An old time, so that the content counts as settled at once.
    if aged { setModified(secondsAgo: 100) }
  }

  private func setModified(secondsAgo: Double) {
    try? FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSinceNow: -secondsAgo)], ofItemAtPath: path)
  }

  private func good(_ name: String) -> String {
    "{\"processes\": {\"\(name)\": {\"last_heartbeat\": 1}}}"
  }

  @Test("what is wrong is told by its reason, and counted once for each refresh")
  func reasons() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var file = HeartbeatFile(path: path, maximumSize: 1000)
    func expectFailure(_ failure: HeartbeatFileFailure, _ file: inout HeartbeatFile, _ words: String) {
      let before = file.readErrors[failure, default: 0]
      file.refresh()
      file.refresh()
      #expect(file.readErrors[failure] == before + 2)
      #expect(!file.isUp)
      #expect(file.lastProblem?.failure == failure)
      #expect(file.lastProblem?.description.contains(path) == true)
      #expect(file.lastProblem?.description.contains(words) == true, "\(String(describing: file.lastProblem))")
    }
    expectFailure(.missing, &file, "no such file")
    try write("")
    expectFailure(.empty, &file, "empty")
    try write("{\n \"processes\": {")
    expectFailure(.torn, &file, ":2:16: the file ends here")
    try write("{\n \"processes\": x}")
    expectFailure(.notJSON, &file, ":2:15: this is no JSON; expected a value")
    try write("[]")
    expectFailure(.wrongShape, &file, "\"processes\"")
    try write(String(repeating: " ", count: 1001))
    expectFailure(.tooLarge, &file, "1001 bytes, expected at most 1000")
    try FileManager.default.removeItem(atPath: path)
    mkfifo(path, 0o600)
    expectFailure(.notARegularFile, &file, "expected a regular file")
    unlink(path)
    mkdir(path, 0o700)
    expectFailure(.notARegularFile, &file, "expected a regular file")
    rmdir(path)
    symlink(path, path)
    expectFailure(.inputOutput, &file, "ELOOP")
    unlink(path)
    try write(good("a"))
    file.refresh()
    #expect(file.isUp)
    #expect(file.lastProblem == nil)
    #expect(file.snapshot.entries.count == 1)
  }

  @Test("the last good content stays while the file is bad")
  func lastGood() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(good("a"))
    var file = HeartbeatFile(path: path)
    file.refresh()
    let generation = file.generation
    for text in ["", "{", "nonsense"] {
      try write(text)
      file.refresh()
      #expect(!file.isUp)
      #expect(file.snapshot.entries.count == 1)
      #expect(file.generation == generation)
    }
    try write(good("b"))
    file.refresh()
    #expect(file.isUp)
    #expect(file.snapshot.string(file.snapshot.entries[0].name) == "b")
    #expect(file.generation == generation + 1)
  }

  @Test("a file system that does not answer leaves the last good content, and is told and counted")
  func timedOut() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(good("a"))
    var file = HeartbeatFile(path: path)
    file.refresh()
    for count in 1...2 {
      file.refreshTimedOut(after: 1.5)
      #expect(!file.isUp && file.snapshot.entries.count == 1)
      #expect(file.readErrors == [.timeout: UInt64(count)])
      #expect(file.lastProblem?.failure == .timeout)
      #expect(file.lastProblem?.description.contains("within 1.5 s") == true)
    }
    file.refreshTimedOut(after: nil)
    #expect(file.lastProblem?.failure == .timeout)
    #expect(file.lastProblem?.description.contains("did not answer within") == false, "it was not asked")
    file.refresh()
    #expect(file.isUp && file.lastProblem == nil)
  }

  @Test("a content is parsed once, however often it is looked at")
  func unchanged() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(good("a"))
    var file = HeartbeatFile(path: path)
    for _ in 0..<5 { file.refresh() }
    #expect(file.generation == 1)
    // Written anew with the same bytes: read, but not taken for a change.
    try write(good("a"))
    setModified(secondsAgo: 50)
    file.refresh()
    #expect(file.generation == 1)
    // The same size and another content is a change, by its time alone.
    try write(good("b"))
    setModified(secondsAgo: 40)
    file.refresh()
    #expect(file.generation == 2)
  }

  @Test("a change is seen whose time of modification was set back")
  func timeSetBack() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var file = HeartbeatFile(path: path)
    let time = Date(timeIntervalSince1970: 1_000_000_000)
    for name in ["a", "b", "c"] {
      try write(good(name))
      try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: path)
      file.refresh()
      #expect(file.snapshot.string(file.snapshot.entries[0].name) == name)
      // From now on the content counts as settled.
      usleep(30_000)
      file.refresh()
    }
  }

  @Test("what is forgotten is read again and is no change, and the last good content stays")
  func forgetting() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    try write(good("a"))
    var file = HeartbeatFile(path: path)
    file.refresh()
    file.forget()
    file.refresh()
    #expect(file.isUp && file.generation == 1)
    try write("{")
    file.refresh()
    file.forget()
    file.refresh()
    #expect(!file.isUp && file.generation == 1 && file.readErrors == [.torn: 2])
    #expect(file.snapshot.string(file.snapshot.entries[0].name) == "a")
  }

  @Test("a second change within the grain of the file's clock is seen")
  func racilyClean() throws {
    defer { try? FileManager.default.removeItem(at: folder) }
    var file = HeartbeatFile(path: path)
    for index in 0..<200 {
      try write(good("p\(100 + index)"), aged: false)
      file.refresh()
      #expect(file.snapshot.string(file.snapshot.entries[0].name) == "p\(100 + index)")
    }
  }
}
