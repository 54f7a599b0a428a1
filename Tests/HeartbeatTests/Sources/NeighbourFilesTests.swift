import Foundation
import POSIX
import Testing

@testable import Heartbeat

@Suite("Files beside one another")
final class NeighbourFilesTests {
  private static let target = "../b/one.json"
  let root = FileManager.default.temporaryDirectory.appending(path: "neighbours-\(UUID().uuidString)")

  init() throws {
    for (place, name) in ["a/one.json", "a/two.json", "b/one.json", "c/one.json", "c/two.json"].enumerated() {
      let file = root.appending(path: name)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(repeating: 0, count: place + 1).write(to: file)
    }
    try FileManager.default.createSymbolicLink(
      atPath: root.appending(path: "c/link.json").path, withDestinationPath: Self.target)
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  private func place(_ name: String) -> (folder: String, name: String) {
    let path = root.appending(path: name).path
    return (Path.folder(of: path), Path.name(of: path))
  }

  /// The sizes that are told of files in this order; nil where the path is to be asked.
  private func sizes(_ names: [String]) -> [Int?] {
    var files = NeighbourFiles()
    return names.indices.map { index in
      let next = index + 1 < names.count ? place(names[index + 1]) : nil
      return files.status(of: place(names[index]), before: next).map { Int(widening: $0.st_size) }
    }
  }

  @Test(
    "of each that has a neighbour is told what the kernel says",
    arguments: [
      (["a/one.json", "a/two.json"], [1, 2]),
      (["a/one.json", "b/one.json", "c/one.json"], [nil, nil, nil]),
      (["a/one.json", "a/two.json", "b/one.json", "c/one.json", "c/two.json"], [1, 2, nil, 4, 5]),
      (["a/one.json", "a/gone.json", "a/two.json"], [1, nil, 2]),
      (["c/link.json", "c/one.json"], [target.utf8.count, 4]),
      (["gone/one.json", "gone/two.json", "a/one.json", "a/two.json"], [nil, nil, 1, 2]),
      (["a/one.json", "a/two.json", "c/one.json", "c/two.json", "a/one.json", "a/two.json"], [1, 2, 4, 5, 1, 2]),
      (["a/one.json", "a/two.json", "b/one.json", "a/one.json", "a/two.json"], [1, 2, nil, 1, 2]),
    ] as [([String], [Int?])])
  func told(_ names: [String], _ expected: [Int?]) {
    #expect(sizes(names) == expected)
  }

  @Test("a folder that another one has taken the place of is told anew at the next look")
  func replaced() throws {
    #expect(sizes(["a/one.json", "a/two.json"]) == [1, 2])
    try FileManager.default.removeItem(at: root.appending(path: "a"))
    try FileManager.default.moveItem(at: root.appending(path: "c"), to: root.appending(path: "a"))
    #expect(sizes(["a/one.json", "a/two.json"]) == [4, 5])
  }
}
