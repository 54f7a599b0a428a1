import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("Damaged files are kept")
struct DamagedFileTests {
  private let noon = 1_709_208_000.0
  private let noonName = "20240229T120000Z"

  /// Keeps a damaged file, which holds its number.
  private func keep(_ number: Int, of name: String, in folder: Folder, at time: Double) throws -> String {
    let place = Place(folder: try Place.openFolder(folder.path), name: name, path: folder.path + "/" + name)
    let copy = DamagedFile.nextName(in: place, at: time)
    #expect(!folder.names.contains(copy))
    try Data("\(number)".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + copy))
    DamagedFile.removeOldest(place, but: copy)
    return copy
  }

  private func kept(_ folder: Folder) throws -> Set<String> {
    Set(try folder.names.map { try String(contentsOfFile: folder.path + "/" + $0, encoding: .utf8) })
  }

  @Test(
    "the youngest three are kept, also of those of one second",
    arguments: ["a.json", String(repeating: "x", count: 235)])
  func ofOneSecond(name: String) throws {
    let folder = try Folder()
    for number in 1...12 {
      let copy = try keep(number, of: name, in: folder, at: noon)
      #expect(copy.hasSuffix(number == 1 ? noonName : "\(noonName)-\(number)"))
      #expect(try kept(folder) == Set((max(1, number - 2)...number).map(String.init)))
    }
    _ = try keep(13, of: name, in: folder, at: noon + 1)
    #expect(try kept(folder) == ["11", "12", "13"])
  }

  @Test("names of up to 255 bytes come of any name that a file can have", arguments: [1, 225, 226, 227, 235, 255])
  func longNames(length: Int) throws {
    let folder = try Folder()
    for number in 1...4 { _ = try keep(number, of: String(repeating: "x", count: length), in: folder, at: noon) }
    #expect(try kept(folder) == ["2", "3", "4"])
  }

  @Test("the one that was just made stays, whatever the others' times say")
  func timesAhead() throws {
    let folder = try Folder()
    for number in 1...3 { _ = try keep(number, of: "a.json", in: folder, at: noon + Double(number)) }
    _ = try keep(4, of: "a.json", in: folder, at: noon)
    #expect(try kept(folder) == ["2", "3", "4"])
  }

  @Test("what only looks like such a name is left alone, and no number is too large")
  func othersNames() throws {
    let folder = try Folder()
    let others =
      ["-", "-1x", "-9223372036854775807", ".gz"].map { "a.json.corrupt-\(noonName)\($0)" } + ["a.json.corrupt-x"]
    for name in others { try Data(name.utf8).write(to: URL(fileURLWithPath: folder.path + "/" + name)) }
    try Data("999".utf8).write(to: URL(fileURLWithPath: folder.path + "/a.json.corrupt-\(noonName)-998"))
    for number in 1...4 {
      let place = Place(folder: try Place.openFolder(folder.path), name: "a.json", path: folder.path + "/a.json")
      let copy = DamagedFile.nextName(in: place, at: noon)
      #expect(copy == "a.json.corrupt-\(noonName)-999")
      try Data("\(number)".utf8).write(to: URL(fileURLWithPath: folder.path + "/" + copy))
      DamagedFile.removeOldest(place, but: copy)
    }
    #expect(Set(others).isSubset(of: folder.names))
  }

  @Test("the new file belongs to whom the damaged one belonged", arguments: [true, false])
  func owner(isFolder: Bool) throws {
    guard geteuid() == 0 else { return }
    let folder = try Folder()
    let path = folder.path + "/a.json"
    try Data((isFolder ? #"{"last_heartbeat": 17"# : #"{"processes": {"a": {"last_heartbeat": 17"#).utf8)
      .write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
    chown(path, 64_201, 64_202)
    chmod(path, 0o640)
    var options = HeartbeatManager.Options()
    options.warn = { _ in }
    try HeartbeatManager(file: isFolder ? folder.path : path, options: options).sendHeartbeat("a")
    var status = stat()
    #expect(stat(path, &status) == 0)
    #expect(status.st_uid == 64_201 && status.st_gid == 64_202 && status.st_mode & 0o777 == 0o640)
  }

  @Test("root's lock and new file belong to the folder's owner", arguments: [0o755, 0o2770, 0o1777] as [mode_t])
  func rootsFiles(mode: mode_t) throws {
    guard geteuid() == 0 else { return }
    let folder = try Folder()
    chown(folder.path, 64_201, 64_201)
    chmod(folder.path, mode)
    try HeartbeatManager(file: folder.file).sendHeartbeat("a")
    try HeartbeatManager(file: folder.path).sendHeartbeat("own")
    var owners: [String: uid_t] = [:]
    for name in folder.names where !name.hasPrefix(".") {
      var status = stat()
      #expect(stat(folder.path + "/" + name, &status) == 0)
      owners[name] = status.st_uid
    }
    let file = Path.name(of: folder.file)
    // In a sticky folder everybody's files are their own; the lock is everybody's.
    let owner: uid_t = mode & S_ISVTX == 0 ? 64_201 : 0
    #expect(owners == [file: owner, file + ".lock": 64_201, "own.json": owner])
  }
}
