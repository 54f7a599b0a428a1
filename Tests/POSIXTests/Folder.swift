import Foundation
import Glibc

/// A folder that goes with the test.
final class Folder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("posix-\(UUID())").path

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func link(_ name: String, to target: String) {
    // In one step: that there is nothing in between would be a change too.
    symlink(target, "\(path)/new-link")
    rename("\(path)/new-link", "\(path)/\(name)")
  }

  func write(_ name: String, _ text: String = "") throws {
    try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
  }
}
