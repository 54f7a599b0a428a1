import Foundation
import POSIX
import Testing

@testable import Heartbeat

/// What a folder of own files says of processes that were pruned, and who may say it.
@Suite("Pruned processes of a folder")
final class PrunedProcessesTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "pruned-\(UUID().uuidString)")
  /// Two users who are not root, and not whoever runs the tests.
  private static let (first, second): (uid_t, uid_t) = (64_201, 64_202)

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: folder) }

  private func put(_ user: String, _ names: [String], owner: uid_t = geteuid(), time: Double = 100) throws {
    let members = names.map { "\"\($0)\":\(time)" }.joined(separator: ",")
    try put(user, text: "{\"pruned\":{\(members)}}", owner: owner)
  }

  private func put(_ user: String, text: String, owner: uid_t = geteuid()) throws {
    let path = folder.path + "/.heartbeat-pruned-" + user
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    if owner != geteuid() { #expect(chown(path, owner, owner) == 0) }
  }

  /// - Parameter owners: whose the processes' files are.
  @discardableResult
  private func read(
    _ pruned: inout PrunedProcesses, _ owners: [String: uid_t] = [:], grain: Double = -1_000,
    afterReading: () -> Void = {}, asked: () -> Void = {}
  ) throws -> Bool {
    let directory = try FileDescriptor.open(folder.path, O_RDONLY | O_DIRECTORY)
    var names: [[UInt8]] = []
    _ = try FolderListings.list(directory, &names)
    return pruned.read(
      names.filter { PrunedNotes.user($0) != nil }, in: directory, grain: grain, afterReading: afterReading
    ) {
      asked()
      var present: [[UInt8]: uid_t] = [:]
      for (name, owner) in owners { present[Array(name.utf8)] = owner }
      return present
    }
  }

  private func names(_ pruned: PrunedProcesses) -> [String] {
    pruned.times.keys.map { String(decoding: $0, as: UTF8.self) }.sorted()
  }

  @Test(
    "the owners of all files are asked for once, however many names the notes have, and not without notes",
    .enabled(if: geteuid() == 0))
  func owners() throws {
    chmod(folder.path, 0o1777)
    var pruned = PrunedProcesses()
    var asked = 0
    #expect(try !read(&pruned, asked: { asked += 1 }))
    #expect(asked == 0)
    for user in [Self.first, Self.second] {
      try put("\(user)", (0..<20_000).map { "a\($0)" }, owner: user)
    }
    #expect(try read(&pruned, ["a19999": Self.first, "a19998": Self.second], asked: { asked += 1 }))
    #expect(asked == 1 && names(pruned) == ["a19998", "a19999"])
  }

  @Test("of a note as many names count as writers keep in it, the latest")
  func latest() throws {
    try put("\(geteuid())", (0..<1_500).map { "a\($0)" })
    var pruned = PrunedProcesses()
    try read(&pruned)
    #expect(names(pruned) == (500..<1_500).map { "a\($0)" }.sorted())
  }

  @Test("a note is parsed when it changed, and not each time that the folder did")
  func parsedOnce() throws {
    try put("\(geteuid())", ["a"])
    var pruned = PrunedProcesses()
    for _ in 0..<3 { try read(&pruned) }
    #expect(pruned.parsed == 1)
    pruned.forget()
    #expect(try !read(&pruned))
    #expect(pruned.parsed == 2 && names(pruned) == ["a"])
    try put("\(geteuid())", ["a", "b"])
    #expect(try read(&pruned))
    #expect(pruned.parsed == 3 && names(pruned) == ["a", "b"])
    // Within the grain of the clock a file may change without a trace.
    pruned.forget()
    for _ in 0..<2 { try read(&pruned, grain: 1_000) }
    #expect(pruned.parsed == 5)
    try FileManager.default.removeItem(atPath: "\(folder.path)/.heartbeat-pruned-\(geteuid())")
    #expect(try read(&pruned))
    #expect(names(pruned) == [])
  }

  @Test("a note that is rewritten whenever it is read is read once, and says what it said before")
  func rewritten() throws {
    let user = "\(geteuid())"
    try put(user, ["a"])
    var pruned = PrunedProcesses()
    try read(&pruned)
    try put(user, ["b"])
    var readings = 0
    // In place: it stays the same file.
    let rewrite: () -> Void = { [folder] in
      readings += 1
      guard let file = FileHandle(forWritingAtPath: "\(folder.path)/.heartbeat-pruned-\(user)") else { return }
      file.truncateFile(atOffset: 0)
      file.write(Data("{\"pruned\":{\"c\(readings)\":1}}".utf8))
    }
    #expect(try !read(&pruned, afterReading: rewrite))
    #expect(readings == 1 && names(pruned) == ["a"])
    #expect(try read(&pruned))
    #expect(names(pruned) == ["c1"])
  }

  @Test(
    "only the number of a user makes a file a note",
    arguments: [
      ("0", 0), ("1000", 1000), ("4294967295", 4_294_967_295), ("4294967296", nil), ("", nil), ("00", nil), ("01", nil),
      ("+1", nil), ("1 ", nil), ("!1", nil), ("1a", nil), ("99999999999999999999", nil), ("18446744073709551616", nil),
    ] as [(String, uid_t?)])
  func userOf(text: String, user: uid_t?) {
    #expect(PrunedNotes.user(Array((".heartbeat-pruned-" + text).utf8)) == user)
    #expect(PrunedNotes.user(Array((".heartbeat-prune-" + text).utf8)) == nil)
    if let user { #expect(PrunedNotes.fileName(of: user) == ".heartbeat-pruned-" + text) }
  }

  /// A note, and the processes that it makes readers forget: `one` is the first user's, `two` the second's.
  struct Speaker: Sendable, CustomTestStringConvertible {
    var name: String
    var owner: uid_t
    var mode: mode_t = 0o1777
    var folderOwner: uid_t = 0
    var counts: [String]
    var testDescription: String { "\(name) of \(owner), \(String(mode, radix: 8)) of \(folderOwner)" }
  }

  @Test(
    "in a sticky folder a user speaks for the own files, root and the folder's owner for all; elsewhere everybody does",
    .enabled(if: geteuid() == 0),
    arguments: [
      Speaker(name: "0", owner: 0, counts: ["gone", "one", "two"]),
      Speaker(name: "64201", owner: first, counts: ["gone", "one"]),
      Speaker(name: "64202", owner: second, counts: ["two"]),
      Speaker(name: "64201", owner: first, folderOwner: first, counts: ["gone", "one", "two"]),
      Speaker(name: "64202", owner: second, folderOwner: first, counts: ["two"]),
      Speaker(name: "64202", owner: second, mode: 0o777, counts: ["gone", "one", "two"]),
      // Whose it is says the file: the root of a container is another user outside.
      Speaker(name: "0", owner: first, counts: ["gone", "one"]),
      Speaker(name: "1000", owner: second, counts: ["two"]),
      Speaker(name: "64201", owner: second, counts: ["two"]),
      Speaker(name: "64201", owner: 0, counts: ["gone", "one", "two"]),
    ])
  func speakers(speaker: Speaker) throws {
    chmod(folder.path, speaker.mode)
    chown(folder.path, speaker.folderOwner, speaker.folderOwner)
    try put(speaker.name, ["one", "two", "gone"], owner: speaker.owner)
    var pruned = PrunedProcesses()
    pruned.note("gone", wasOf: Self.first)
    try read(&pruned, ["one": Self.first, "two": Self.second])
    #expect(names(pruned) == speaker.counts)
  }

  @Test("nobody keeps out the notes of others by making many", .enabled(if: geteuid() == 0))
  func many() throws {
    chmod(folder.path, 0o1777)
    for number in 0..<150 {
      try put("!\(number)", ["x"], owner: Self.second)
      try put("\(1_000 + number)", ["x"], owner: Self.second)
    }
    try put("0", ["a"])
    try put("\(Self.first)", ["mine"], owner: Self.first)
    var pruned = PrunedProcesses()
    try read(&pruned, ["mine": Self.first, "x": Self.second])
    #expect(names(pruned) == ["a", "mine", "x"])
    #expect(pruned.parsed <= PrunedProcesses.mostNotes)
  }

  @Test("of one user as many bytes are read as one note may have, the own note first", .enabled(if: geteuid() == 0))
  func bytes() throws {
    chmod(folder.path, 0o1777)
    let room = String(repeating: " ", count: PrunedNotes.largest - 1_000)
    for number in 0..<20 { try put("\(1_000 + number)", text: #"{"pruned":{"x":1}}"# + room, owner: Self.second) }
    try put("\(Self.second)", text: #"{"pruned":{"y":1}}"# + room, owner: Self.second)
    try put("999", text: #"{"pruned":{"z":1}}"#, owner: Self.second)
    var pruned = PrunedProcesses()
    try read(&pruned, ["x": Self.second, "y": Self.second, "z": Self.second])
    #expect(names(pruned) == ["y", "z"] && pruned.parsed == 2)
  }

  @Test("names that look the same are two processes: nobody speaks for the other one's", .enabled(if: geteuid() == 0))
  func sameLooks() throws {
    chmod(folder.path, 0o1777)
    let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
    for (name, owner) in [(decomposed, Self.first), (composed, Self.second)] {
      try Data(#"{"last_heartbeat": 1784021213}"#.utf8).write(to: folder.appending(path: name + ".json"))
      chown("\(folder.path)/\(name).json", owner, owner)
    }
    var own = OwnFolder(path: folder.path, stringKeys: [], limits: ReadingLimits())
    own.refresh(waitingUntil: 0)
    try put("\(Self.first)", [composed], owner: Self.first)
    own.refresh(waitingUntil: 0)
    #expect(own.snapshot.pruned.isEmpty)
    try put("\(Self.second)", [composed], owner: Self.second)
    own.refresh(waitingUntil: 0)
    #expect(own.snapshot.pruned.keys.map { $0 } == [Array(composed.utf8)])
  }

  @Test("a name that is pruned takes the place of its own older one, and of no other that looks the same")
  func addedNames() throws {
    let text = #"{"pruned":{"cafe\u0301":100,"b":100}}"#
    let added = try PrunedNames.adding(["caf\u{e9}", "b"], to: Array(text.utf8), now: 200)
    let found = PrunedNotes.pruned(added)
    #expect(found.map { String(decoding: $0.process, as: UTF8.self).utf8.count } == [6, 5, 1])
    #expect(found.map(\.time) == [100, 200, 200])
  }
}
