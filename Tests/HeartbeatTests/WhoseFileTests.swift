import Foundation
import JSON
import Testing

@testable import Heartbeat

/// `Tests/Fixtures/writers`: what a writer meets, by what it must take it for; the same table for the Python and the Node
/// client.
struct Met: Sendable, CustomTestStringConvertible {
  let path: String
  var testDescription: String { path }
  var bytes: [UInt8] { (try? Data(contentsOf: Met.root.appending(path: path))).map { Array($0) } ?? [] }

  private static let root = URL(fileURLWithPath: #filePath)
    .appending(path: "../../Fixtures/writers").standardizedFileURL

  static func all(_ folder: String) -> [Met] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
    return names.sorted().map { Met(path: "\(folder)/\($0)") }
  }
}

@Suite("Whose a file is")
struct WhoseFileTests {
  private func met(_ met: Met, as name: String) throws -> (Folder, HeartbeatManager, Warnings) {
    let folder = try Folder()
    let warnings = Warnings()
    let isOwnFile = met.path.hasPrefix("own-file")
    var options = HeartbeatManager.Options()
    options.retention = .zero
    options.warn = { warnings.add($0) }
    let path = folder.path + "/" + name
    try Data(met.bytes).write(to: URL(fileURLWithPath: path))
    // Long ago: nobody is writing it any more.
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1e9)], ofItemAtPath: path)
    return (folder, HeartbeatManager(file: isOwnFile ? folder.path : path, options: options), warnings)
  }

  private func content(_ folder: Folder, _ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + name)))
  }

  private func keys(_ text: [UInt8]) throws -> [String] {
    try JSONError.catching(in: text) { (cursor) throws(JSONParseError) in
      var (cursor, keys) = (cursor, [String]())
      cursor.begin()
      try cursor.object { (cursor, key) throws(JSONParseError) in
        keys.append(cursor.string(key))
        try cursor.skipValue()
      }
      return keys
    }
  }

  @Test("ours: the beat goes in, and all that is there stays", arguments: Met.all("one-file/ours"))
  func ours(file: Met) throws {
    let (folder, manager, warnings) = try met(file, as: "x.json")
    let before = Set(try keys(file.bytes))
    try manager.sendHeartbeat("press")
    #expect(try manager.heartbeatStatus(of: "press") != nil)
    #expect(warnings.all == [])
    #expect(folder.names == ["x.json", "x.json.lock"])
    #expect(before.isSubset(of: try keys(try content(folder, "x.json"))))
    let entries = try HeartbeatText(scanning: file.bytes).count
    #expect(try HeartbeatText(scanning: try content(folder, "x.json")).count == entries + 1)
  }

  @Test("somebody else's: refused, and left as it is, without a lock beside it", arguments: Met.all("one-file/foreign"))
  func foreign(file: Met) throws {
    let (folder, manager, _) = try met(file, as: "x.json")
    let writer = HeartbeatWriter(file: manager.file, options: manager.options)
    var errors: [HeartbeatError] = []
    do { try manager.sendHeartbeat("press") } catch { errors.append(error) }
    do { try manager.prune() } catch { errors.append(error) }
    do { _ = try writer.write([[Beat("press")]], maximumEntries: 10) } catch { errors.append(error) }
    #expect(errors.count == 3)
    for error in errors {
      guard case .foreign(manager.file, _) = error else {
        Issue.record(error)
        continue
      }
    }
    #expect(folder.names == ["x.json"])
    #expect(try content(folder, "x.json") == file.bytes)
  }

  @Test("torn: moved aside as it is, and a new file begun", arguments: Met.all("one-file/torn"))
  func torn(file: Met) throws {
    let (folder, manager, warnings) = try met(file, as: "x.json")
    try manager.sendHeartbeat("press")
    #expect(try manager.allHeartbeats().map(\.name) == ["press"])
    #expect(warnings.all.count == 1)
    let aside = try #require(folder.names.first { $0.contains(".corrupt-") })
    #expect(folder.names.count == 3)
    #expect(try content(folder, aside) == file.bytes)
  }

  @Test("a process's own file, ours", arguments: Met.all("own-file/ours"))
  func ownOurs(file: Met) throws {
    let (folder, manager, warnings) = try met(file, as: "press.json")
    let before = Set(try keys(file.bytes))
    try manager.sendHeartbeat("press")
    #expect(try manager.heartbeatStatus(of: "press")?.pid == getpid())
    #expect(warnings.all == [])
    #expect(before.isSubset(of: try keys(try content(folder, "press.json"))))
    #expect(folder.names.count == 2)  // and the mark of the sweep
  }

  @Test("a process's own file, somebody else's", arguments: Met.all("own-file/foreign"))
  func ownForeign(file: Met) throws {
    let (folder, manager, _) = try met(file, as: "press.json")
    do throws(HeartbeatError) {
      try manager.sendHeartbeat("press")
      Issue.record("it was taken")
    } catch {
      guard case .foreignEntry = error else {
        Issue.record(error)
        return
      }
    }
    #expect(try manager.prune() == [])
    #expect(try HeartbeatWriter(file: folder.path, options: manager.options).remove(["press"]) == [])
    #expect(folder.names == ["press.json"])
    #expect(try content(folder, "press.json") == file.bytes)
  }

  @Test("a process's own file, torn", arguments: Met.all("own-file/torn"))
  func ownTorn(file: Met) throws {
    let (folder, manager, warnings) = try met(file, as: "press.json")
    try manager.sendHeartbeat("press")
    #expect(try manager.heartbeatStatus(of: "press") != nil)
    #expect(warnings.all.count == 1)
    let aside = try #require(folder.names.first { $0.contains(".corrupt-") })
    #expect(try content(folder, aside) == file.bytes)
  }

  @Test("the table is there")
  func table() {
    for kind in ["one-file", "own-file"] {
      for verdict in ["ours", "foreign", "torn"] { #expect(Met.all("\(kind)/\(verdict)").count >= 10) }
    }
  }
}
