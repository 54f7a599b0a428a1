import Foundation
import Testing
import YAML

@testable import Exporter

/// A folder of configuration files whose names carry the verdict: `<what>.good.yml`, `<what>.bad.yml`.
/// Beside each stands `<what>.expected`: what was read, or the error.
struct ConfigurationFixtures {
  /// Where the files are.
  let folder: URL
  /// The names of the configuration files; none when there is no such folder.
  let names: [String]

  /// A folder below `Fixtures`.
  init(_ name: String) {
    folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/\(name)").standardized
    names =
      (try? FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yml") }.sorted()) ?? []
  }

  /// The content of a file.
  func bytes(of name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appending(path: name)))
  }

  /// Reads one file and compares what comes of it; with `UPDATE_EXPECTED` in the environment it is written instead.
  ///
  /// - Parameter read: gives the configuration as the expected files write it.
  func check(_ name: String, read: (_ bytes: [UInt8]) throws(ConfigurationError) -> String) throws {
    let bytes = try bytes(of: name)
    var isGood = true
    var result: String
    do throws(ConfigurationError) {
      result = try read(bytes)
    } catch {
      isGood = false
      result = error.description + "\n"
      #expect(error.description.hasPrefix(name + ":"))
      #expect(!error.description.contains("\n"))
      #expect(error.position != nil)
      #expect(!error.description.contains("secret"), "a password that was written in place of its hash")
    }
    #expect(name.hasSuffix(isGood ? ".good.yml" : ".bad.yml"), "\(result)")
    let expectedFile = folder.appending(path: name.replacing(/\.(good|bad)\.yml$/, with: ".expected"))
    if ProcessInfo.processInfo.environment["UPDATE_EXPECTED"] != nil {
      try result.write(to: expectedFile, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: expectedFile, encoding: .utf8) == result)
  }
}
