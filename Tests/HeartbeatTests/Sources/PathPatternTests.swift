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

  @Test("a name matches as shells have it, whatever its bytes are")
  func likeShells() {
    var random = SystemRandomNumberGenerator()
    let pieces = ["*", "?", "a", "b", ".", "[ab]", "[!a]", "[a-c]", "c"]
    for _ in 0..<20_000 {
      let pattern = (0..<Int.random(in: 1...6, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
        .joined()
      let letters = (0..<Int.random(in: 1...7, using: &random)).map { _ in "abc.".randomElement(using: &random) ?? "a" }
      let name = String(letters)
      // Of a dot in front the C library finds something else by `*?*[!a]` than it says.
      let isHidden = name.hasPrefix(".") && !pattern.hasPrefix(".")
      let expected = !isHidden && fnmatch(pattern, name, FNM_NOESCAPE) == 0
      let stars = PathPattern.match(Array(name.utf8), Array(pattern.utf8))
      #expect((stars != nil) == expected, "\(name) \(pattern)")
      #expect(Array(name.utf8).withUnsafeBytes { PathPattern.fits($0, Array(pattern.utf8)) } == expected)
      #expect(stars == nil || stars?.count == pattern.count { $0 == "*" })
    }
  }

  /// What is passed over, by the letters.
  private static func isPassedOver(_ name: [UInt8]) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    let small = Array(text.lowercased().utf8)
    func has(_ part: String) -> Bool { small.indices.contains { small[$0...].starts(with: part.utf8) } }
    func ends(_ end: String) -> Bool { small.suffix(end.utf8.count).elementsEqual(end.utf8) }
    return name.last == UInt8(ascii: "~") || name.elementsEqual("4913".utf8)
      || name.first == UInt8(ascii: "#") && name.last == UInt8(ascii: "#")
      || [".tmp-", ".tmp.", ".corrupt-"].contains(where: has)
      || [
        ".tmp", ".temp", ".lock", ".swp", ".bak", ".part", ".new", ".old", ".orig", ".save", ".partial", ".dpkg-old",
        ".dpkg-new", ".dpkg-dist", ".rpmsave", ".rpmorig", ".rpmnew",
      ].contains(where: ends)
  }

  @Test("what is passed over is so in whatever letters, and nothing else is")
  func passedOver() {
    var random = SystemRandomNumberGenerator()
    let words = [
      "tmp", "temp", "lock", "swp", "bak", "part", "new", "old", "orig", "save", "partial", "dpkg", "dist", "rpmsave",
      "rpmorig", "rpmnew", "corrupt", "4913", "x",
    ]
    // The last three are no whole letters.
    let others: [[UInt8]] =
      [
        ".", ".", ".", "-", "~", "#", "\u{212A}", "\u{130}", "\u{E9}", "ſ", "loc\u{212A}", "bA\u{212A}", ".BA\u{212A}",
      ].map { Array($0.utf8) } + [[0xE2, 0x84], [0xFF], [0xC3]]
    var counts = [false: 0, true: 0]
    for _ in 0..<50_000 {
      var name: [UInt8] = []
      for _ in 0..<Int.random(in: 1...5, using: &random) {
        if Bool.random(using: &random), let word = words.randomElement(using: &random) {
          name += Array((Bool.random(using: &random) ? word : word.uppercased()).utf8)
        } else {
          name += others.randomElement(using: &random) ?? []
        }
      }
      let expected = Self.isPassedOver(name)
      counts[expected, default: 0] += 1
      #expect(PathPattern.isPassedOver(name) == expected, "\(String(decoding: name, as: UTF8.self)) \(name)")
    }
    #expect(counts.values.allSatisfy { $0 > 1_000 }, "both kinds are tried")
  }

  @Test("one letter beyond ASCII has a small one of ASCII, and one has one with something behind it")
  func lettersWithSmallOnes() {
    let found = (0x80...0x10FFFF).compactMap { Unicode.Scalar(UInt32($0)) }
      .filter { $0.properties.lowercaseMapping.utf8.contains { $0 < 0x80 } }
    #expect(found == ["\u{130}", "\u{212A}"])
  }

  @Test("of many that match the first ones are found, and the others are counted", arguments: [1, 3, 8, 9, 100])
  func most(_ most: Int) throws {
    let folder = try Folder()
    for part in ["a", "b"] {
      mkdir(folder.path + "/" + part, 0o755)
      for number in 0..<4 { try Data().write(to: URL(filePath: "\(folder.path)/\(part)/\(number).beat")) }
      for number in 0..<5 { try Data().write(to: URL(filePath: "\(folder.path)/\(part)/\(number).dat")) }
    }
    var listings = FolderListings(grain: -1)
    for _ in 0..<2 {
      let found = PathPattern(folder.path + "/*/*.beat").matches(&listings, most: most)
      let root = folder.path.replacing("//", with: "/")
      let all = ["a", "b"].flatMap { part in (0..<4).map { "\(root)/\(part)/\($0).beat" } }
      #expect(found.map(\.path) == Array(all.prefix(most)))
      #expect(listings.leftOut == max(0, 8 - most) && listings.size == 2 + 18 + 3)
    }
  }

  @Test("a look that may look at few names ends at these", arguments: [(9, true), (22, true), (23, false)])
  func work(_ most: Int, _ isOver: Bool) throws {
    let folder = try Folder()
    for part in ["a", "b"] {
      mkdir(folder.path + "/" + part, 0o755)
      for number in 0..<9 { try Data().write(to: URL(filePath: "\(folder.path)/\(part)/\(number).beat")) }
    }
    var listings = FolderListings(grain: 0.02)
    listings.mostWork = most
    let found = PathPattern(folder.path + "/*/*.beat").matches(&listings)
    #expect(listings.isOver == isOver && found.count == (isOver ? 0 : 18))
    #expect(!isOver || !listings.areUnchanged(), "nothing of it is taken for all")
  }
}
