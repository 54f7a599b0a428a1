import Foundation

/// A folder of files that lasts as long as the value.
final class TemporaryTree {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "procfs-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func makeDirectory(_ name: String) {
    try? FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  func remove(_ name: String) {
    try? FileManager.default.removeItem(atPath: path + "/" + name)
  }

  func write(_ name: String, _ text: String) {
    makeDirectory((name as NSString).deletingLastPathComponent)
    _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(text.utf8))
  }
}
