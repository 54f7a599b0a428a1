import Foundation

/// A folder that lasts as long as the value.
final class TemporaryFolder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("exporter-tests-\(UUID())").path

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in it.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file anew, and the folders that it lies in.
  func write(_ name: String, _ text: String) throws {
    let parent = URL(fileURLWithPath: file(name)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)), options: .atomic)
  }
}
