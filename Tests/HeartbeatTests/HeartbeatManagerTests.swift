import Foundation
import JSON
import Testing

@testable import Heartbeat

/// A folder of its own for each test, removed with it.
final class Folder: Sendable {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "/heartbeat-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  var file: String { path + "/heartbeat_status.json" }
  func write(_ text: String) throws { try text.write(toFile: file, atomically: false, encoding: .utf8) }
  func read() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
  /// As `write`, long ago: nobody is writing it any more.
  func writeLongAgo(_ text: String) throws {
    try write(text)
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: file)
  }
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

struct HeartbeatManagerTests {
  @Test("a first beat makes the file, the next one changes its own entry alone")
  func firstBeats() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("bidder", additionalData: ["offset": 140, "memory_usage": ["rss": 98_299_904]])
    try manager.sendHeartbeat("reader", status: "scanning", pid: nil)
    let bidder = try #require(try manager.heartbeatStatus(of: "bidder"))
    #expect(bidder.pid == getpid())
    #expect(bidder.status == "alive")
    #expect(bidder.additionalData == ["offset": 140, "memory_usage": ["rss": 98_299_904]])
    #expect(try manager.allHeartbeats().map(\.name) == ["bidder", "reader"])
    #expect(try manager.isProcessAlive("bidder"))
    #expect(try !manager.isProcessAlive("nobody"))
    #expect(folder.names == ["heartbeat_status.json", "heartbeat_status.json.lock"])
  }

  @Test("an entry of either shape is understood")
  func shapes() throws {
    let folder = try Folder()
    try folder.write(
      #"{"processes":{"f":{"pid":0,"last_heartbeat":5,"port":"80"},"n":{"pid":3.0,"additional_data":"x"},"bad":1}}"#)
    let beats = try HeartbeatManager(file: folder.file).allHeartbeats()
    #expect(beats.map(\.name) == ["f", "n"])
    #expect(beats.first == HeartbeatEntry(name: "f", lastHeartbeat: 5, additionalData: ["port": "80"]))
    #expect(beats.last == HeartbeatEntry(name: "n", lastHeartbeat: nil, pid: 3, additionalData: "x"))
  }

  @Test(
    "alive from 5 s ahead of the clock until the timeout",
    arguments: [(100.0, true), (105, true), (105.1, false), (40.1, true), (40, false), (0, false)])
  func alive(time: Double, isAlive: Bool) {
    #expect(HeartbeatEntry(name: "a", lastHeartbeat: time).isAlive(at: 100) == isAlive)
  }

  @Test("writers on many threads lose no beat, and a reader without the lock never sees half a file")
  func concurrency() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("first")
    let writers = 8
    let beats = 50
    DispatchQueue.concurrentPerform(iterations: writers + 1) { index in
      do {
        if index == writers {
          for _ in 0..<500 {
            let text = try Data(contentsOf: URL(fileURLWithPath: folder.file))
            _ = try JSONValue(parsing: Array(text))
          }
        } else {
          for number in 1...beats {
            try manager.sendHeartbeat("w\(index)", additionalData: ["sequence": .integer(Int64(number))])
          }
        }
      } catch {
        Issue.record(error)
      }
    }
    let last = try manager.allHeartbeats().dropFirst().map { $0.additionalData.objectValue?["sequence"] }
    #expect(last == Array(repeating: .integer(Int64(beats)), count: writers))
  }

  @Test(
    "a damaged heartbeat file is moved aside with a warning, not overwritten",
    arguments: [#"{"processes":{"a""#, "{", #"{"last_up"#])
  func damaged(text: String) throws {
    let folder = try Folder()
    try folder.writeLongAgo(text)
    let warnings = Warnings()
    var options = HeartbeatManager.Options()
    options.warn = { warnings.add($0) }
    let manager = HeartbeatManager(file: folder.file, options: options)
    #expect(throws: HeartbeatError.self) { try manager.allHeartbeats() }
    #expect(throws: HeartbeatError.self) { try manager.prune() }
    #expect(try folder.read() == text && folder.names == ["heartbeat_status.json"])
    try manager.sendHeartbeat("a")
    #expect(try manager.allHeartbeats().map(\.name) == ["a"])
    let aside = try #require(folder.names.first { $0.contains(".corrupt-") })
    #expect(try String(contentsOfFile: folder.path + "/" + aside, encoding: .utf8) == text)
    #expect(warnings.all.count == 1)
    #expect(warnings.all.first?.contains(aside) == true)
  }

  @Test(
    "what others wrote stays, however large a number, however deep an object, whatever its bytes",
    arguments: [
      String(repeating: "7", count: 5000), "-1e999", "1" + String(repeating: "0", count: 400) + ".5", "NaN",
      String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000), "\"\\ud800\"",
    ])
  func oddValues(text: String) throws {
    let folder = try Folder()
    let entry = #""mill":{"last_heartbeat":\#(Date().timeIntervalSince1970),"modulus":\#(text)}"#
    try folder.write(#"{"processes":{\#(entry)},"root":\#(text)}"#)
    let writer = HeartbeatWriter(file: folder.file, options: .init())
    for name in ["a", "b"] {
      try HeartbeatManager(file: folder.file).sendHeartbeat(name)
      _ = try writer.write([[Beat("c")]], maximumEntries: 10)
    }
    let after = try folder.read()
    #expect(after.contains(entry) && after.contains(#""root":\#(text)}"#) && after.contains(#""b":"#))
    #expect(folder.names == ["heartbeat_status.json", "heartbeat_status.json.lock"])
  }

  @Test("a file that holds nothing is a new one", arguments: ["", "\0\0\0", " \n", "\u{feff}"])
  func empty(text: String) throws {
    let folder = try Folder()
    try folder.writeLongAgo(text)
    try HeartbeatManager(file: folder.file).sendHeartbeat("a")
    #expect(folder.names == ["heartbeat_status.json", "heartbeat_status.json.lock"])
  }

  @Test("a lock that stays held gives an error that names the lock file and the holder")
  func lockTimeout() throws {
    let folder = try Folder()
    var options = HeartbeatManager.Options()
    options.lockTimeout = .milliseconds(50)
    let manager = HeartbeatManager(file: folder.file, options: options)
    let lock = try FileLock(of: try Place.locate(folder.file), timeout: .seconds(1))
    defer { _ = lock }
    #expect {
      try manager.sendHeartbeat("a")
    } throws: { error in
      let text = "\(error)"
      return text.contains(folder.file + ".lock") && text.contains("process \(getpid()) (")
    }
    #expect(folder.names == ["heartbeat_status.json.lock"])
  }

  @Test("the holder of a lock is found in /proc/locks by the inode")
  func holder() {
    let locks = """
      1: POSIX  ADVISORY  WRITE 11 fe:00:77 0 EOF
      2: FLOCK  ADVISORY  WRITE 22 fe:00:78 0 EOF
      3: FLOCK  ADVISORY  WRITE 33 fe:00:77 0 EOF
      3: -> FLOCK  ADVISORY  WRITE 44 fe:00:77 0 EOF
      """
    #expect(LockHolder.pid(holding: 77, in: locks) == 33)
    #expect(LockHolder.pid(holding: 79, in: locks) == nil)
    #expect(LockHolder(pid: 5, command: "bidder", state: "T").advice.contains("kill -CONT 5"))
  }

  @Test("a symbolic link is followed, also to a file that is not there yet")
  func symbolicLink() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(atPath: folder.path + "/data", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: folder.path + "/second", withDestinationPath: "data/target")
    try FileManager.default.createSymbolicLink(atPath: folder.file, withDestinationPath: folder.path + "/second")
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("a")
    try manager.sendHeartbeat("b")
    #expect(try manager.allHeartbeats().map(\.name) == ["a", "b"])
    #expect(folder.names == ["data", "heartbeat_status.json", "second"])
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data").sorted()
    #expect(names == ["target", "target.lock"])
  }

  @Test("mode and owner of the file are kept", arguments: [mode_t(0o600), 0o664, 0o640])
  func modeAndOwner(mode: mode_t) throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    try manager.sendHeartbeat("a")
    chmod(folder.file, mode)
    let isRoot = geteuid() == 0
    if isRoot { chown(folder.file, 65534, 65533) }
    try manager.sendHeartbeat("a")
    var status = stat()
    #expect(stat(folder.file, &status) == 0)
    #expect(status.st_mode & 0o7777 == mode)
    if isRoot { #expect(status.st_uid == 65534 && status.st_gid == 65533) }
  }

  @Test("a dead writer's temporary files are removed, and nothing else")
  func leftovers() throws {
    let folder = try Folder()
    let others = [
      "heartbeat_status.json.tmp-1", "heartbeat_status.json.tmp-0123456789abcdeX", "other.tmp-0123456789abcdef",
    ]
    for name in others + ["heartbeat_status.json.tmp-0123456789abcdef"] {
      _ = FileManager.default.createFile(atPath: folder.path + "/" + name, contents: Data())
    }
    try HeartbeatManager(file: folder.file).sendHeartbeat("a")
    #expect(folder.names == (others + ["heartbeat_status.json", "heartbeat_status.json.lock"]).sorted())
  }

  @Test("a beat removes what is older than the retention; 0 keeps all")
  func retention() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    let now = Date().timeIntervalSince1970
    var keeping = manager
    keeping.options.retention = .zero
    try keeping.sendHeartbeats([Beat("old", time: now - 90_000), Beat("young", time: now - 80_000)])
    try keeping.sendHeartbeat("a")
    #expect(try manager.allHeartbeats().map(\.name) == ["old", "young", "a"])
    #expect(try manager.prune(dryRun: true) == ["old"])
    #expect(try manager.allHeartbeats().count == 3)
    try manager.sendHeartbeat("a")
    #expect(try manager.allHeartbeats().map(\.name) == ["young", "a"])
    #expect(try manager.prune(olderThan: .seconds(3600)) == ["young"])
    #expect(try manager.prune(olderThan: .seconds(3600)) == [])
    #expect(try manager.allHeartbeats().map(\.name) == ["a"])
  }

  @Test("where there is nothing to prune, no file is made")
  func pruneNothing() throws {
    let folder = try Folder()
    #expect(try HeartbeatManager(file: folder.file).prune() == [])
    #expect(folder.names == [])
  }

  @Test(
    "who removes by name tells readers to forget it, also where its entry has vanished before",
    arguments: ["file", "folder"])
  func removedForGood(kind: String) throws {
    let folder = try Folder()
    let path = kind == "file" ? folder.file : folder.path + "/own.d"
    if kind == "file" {
      try folder.write(#"{"processes":{"kept":{"last_heartbeat":5}}}"#)
    } else {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    let manager = HeartbeatManager(file: path)
    #expect(try manager.remove(["wiped"], dryRun: true) == [])
    func names() throws -> [String] {
      let note = kind == "file" ? path : "\(path)/.heartbeat-pruned-\(geteuid())"
      guard let bytes = FileManager.default.contents(atPath: note) else { return [] }
      return try JSONValue(parsing: Array(bytes)).objectValue?["pruned"]?.objectValue?.members.map(\.key) ?? []
    }
    #expect(try names() == [])
    let long = String(repeating: "x", count: 1_025)
    #expect(try manager.remove(["wiped", "wiped", "", long]) == [])
    #expect(try names() == ["wiped"], "what no process can be called is not noted, and nothing is noted twice")
    #expect(try manager.allHeartbeats().map(\.name) == (kind == "file" ? ["kept"] : []))
  }

  @Test("where there is no file, a removal by name makes none")
  func removeNowhere() throws {
    let folder = try Folder()
    #expect(try HeartbeatManager(file: folder.file).remove(["wiped"]) == [])
    #expect(folder.names == [])
  }

  @Test("who only looks writes nothing, not even a lock file")
  func looking() throws {
    let folder = try Folder()
    let now = Date().timeIntervalSince1970
    let text = #"{"processes":{"old":{"last_heartbeat":5},"new":{"last_heartbeat":\#(now)}}}"#
    try folder.write(text)
    let manager = HeartbeatManager(file: folder.file)
    #expect(try manager.allHeartbeats().count == 2)
    #expect(try manager.prune(dryRun: true) == ["old"])
    #expect(try manager.prune(olderThan: .seconds(now)) == [])
    #expect(try folder.read() == text && folder.names == ["heartbeat_status.json"])
  }

  @Test("errors name the file, the cause and what to do")
  func errors() throws {
    let folder = try Folder()
    func text(_ file: String) -> String {
      do {
        try HeartbeatManager(file: file).sendHeartbeat("a")
        return ""
      } catch {
        return error.description
      }
    }
    #expect(text(folder.path + "/none/x").contains("No such file or directory (ENOENT); make the folder"))
    #expect(text("").contains("is not a regular file"))
    #expect(text(folder.path + "/none.d").contains("there is no folder"))
    #expect(text(folder.path + "/none.d").contains("make it (install -d -m 1777"))
    _ = FileManager.default.createFile(atPath: folder.path + "/file.d", contents: Data("{}".utf8))
    for path in ["/file.d", "/file.d/"] { #expect(text(folder.path + path).contains("is no folder, and a path that")) }
    #expect(text(folder.path + "/file.d/x.d").contains("there is no folder"))
    #expect(throws: HeartbeatError.notAFolder(path: folder.path + "/file.d")) {
      try HeartbeatManager(file: folder.path + "/file.d").allHeartbeats()
    }
    mkfifo(folder.path + "/pipe", 0o600)
    #expect(text(folder.path + "/pipe").contains("is not a regular file"))
    #expect(HeartbeatError.cannotRead(file: "x", .accessDenied).description.contains("right to read it"))
    #expect(throws: HeartbeatError.invalidBeat("the process name is empty")) {
      try HeartbeatManager(file: folder.file).sendHeartbeat("")
    }
    var small = HeartbeatManager(file: folder.file)
    try small.sendHeartbeat("a")
    small.options.maximumFileSize = 100
    #expect(throws: HeartbeatError.tooLarge(file: folder.file, limit: 100)) { try small.sendHeartbeat("a") }
  }

  @Test("a sender beats at once, again and again, and not after it was stopped")
  func sender() throws {
    let folder = try Folder()
    let manager = HeartbeatManager(file: folder.file)
    let count = Warnings()
    let sender = HeartbeatSender("s", to: manager, interval: .milliseconds(10)) {
      count.add("")
      return ["n": .integer(Int64(count.all.count))]
    }
    for _ in 0..<30_000 where count.all.count < 3 { usleep(1000) }
    sender.stop()
    let beaten = Int64(count.all.count)
    #expect(try manager.heartbeatStatus(of: "s")?.additionalData == ["n": .integer(beaten)])
    usleep(30_000)
    #expect(Int64(count.all.count) == beaten)
  }

  @Test("local time is written as people read it")
  func localTime() throws {
    #expect(LocalTime.compactUTC(1_703_123_456.9) == "20231221T015056Z")
    let formatter = DateFormatter()
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    formatter.locale = Locale(identifier: "en_US_POSIX")
    for time in [0, 1_703_123_456.789, 1_750_844_295.458] {
      #expect(LocalTime.formatted(time) == formatter.string(from: Date(timeIntervalSince1970: time)))
    }
    #expect(LocalTime.formatted(.nan) == LocalTime.formatted(0))
  }
}

/// Sentences from other threads.
final class Warnings: @unchecked Sendable {
  // Unchecked is sound: every access is under the lock.
  private let lock = NSLock()
  private var texts: [String] = []
  func add(_ text: String) { lock.withLock { texts.append(text) } }
  var all: [String] { lock.withLock { texts } }
}
