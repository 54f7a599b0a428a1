import Foundation
import Testing

@testable import Heartbeat

@Suite("Patterns of paths")
struct PathPatternTests {
  @Test(
    "stars take as little as they can",
    arguments: [
      ("a.json", "*.json", ["a"]), ("heartbeat_rank12.jsonl", "heartbeat_rank*.jsonl", ["12"]),
      ("a-b-c", "*-*", ["a", "b-c"]),
      ("abc", "???", []), ("a1", "a[0-9]", []), ("ax", "a[!0-9]", []), ("x", "*", ["x"]), ("aab", "*ab", ["a"]),
      ("a*b", "a[*]b", []),
      (".x", ".*", ["x"]),
    ])
  func matches(_ name: String, _ pattern: String, _ stars: [String]) {
    #expect(PathPattern.match(Array(name.utf8), Array(pattern.utf8)) == stars)
  }

  @Test(
    "what does not match does not",
    arguments: [
      ("a.jso", "*.json"), (".hidden", "*"), ("a1", "a[!0-9]"), ("ab", "?"), ("", "?"), ("abc", "a*d"), ("a]", "a[b]"),
    ])
  func noMatch(_ name: String, _ pattern: String) {
    #expect(PathPattern.match(Array(name.utf8), Array(pattern.utf8)) == nil)
  }

  @Test("a name of many stars is matched in time that does not explode")
  func cost() {
    let name = [UInt8](repeating: UInt8(ascii: "a"), count: 255)
    let pattern = Array((String(repeating: "*a", count: 60) + "b").utf8)
    #expect(PathPattern.match(name, pattern) == nil)
  }

  @Test("folders are walked, and locks, copies and hidden names are passed over")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "pattern-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    for path in [
      "b/status.json", "a/status.json", "c/other.json", "a/x.json.lock", "a/x.json.tmp-12", "a/.y.json", "a/z.json~",
      ".d/status.json", "a/x.json.orig", "a/x.json.save", "a/x.json.dpkg-old", "a/x.json.partial", "a/#x.json#",
      "a/4913",
    ] {
      let file = folder.appending(path: path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data().write(to: file)
    }
    var listings = FolderListings(grain: 0.02)
    let all = PathPattern(folder.path + "/*/status.json").matches(&listings)
    #expect(all.map(\.stars) == [["a"], ["b"]])
    #expect(all.map(\.path) == [folder.path + "/a/status.json", folder.path + "/b/status.json"])
    #expect(PathPattern(folder.path + "/a/*").matches(&listings).map(\.stars) == [["status.json"]])
    #expect(PathPattern(folder.path + "/nowhere/*").matches(&listings).isEmpty)
  }
}
