import Foundation
import Testing

@testable import Procfs

/// The tree of plain files that stands for a host's /proc.
enum Fixture {
  static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/proc").path
  static let bootTime = 1_751_400_000.0

  static func procfs() -> Procfs { Procfs(procfs: path) }
}

/// Hands a parser a text's bytes, in memory of exactly that size.
func parse<Result>(_ text: String, _ parser: (UnsafeRawBufferPointer) -> Result) -> Result {
  Array(text.utf8).withUnsafeBytes(parser)
}

/// Every beginning of a text, the empty and the whole one with it.
func beginnings(of text: String) -> [String] {
  (0...text.utf8.count).map { String(decoding: text.utf8.prefix($0), as: UTF8.self) }
}
