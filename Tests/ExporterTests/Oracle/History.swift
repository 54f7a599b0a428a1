@testable import Exporter

/// The part of an answer that only the past explains, kept by an account of its own: what was wrong with each reading of each
/// file, and with each new content of an only one; and the last good contents, which are served as long as their files are bad.
///
/// What more an exporter has seen and cannot read again is taken over as it is: see `Core.follow`.
struct History {
  /// Where the files are.
  private let folder: Folder
  /// Whether there is one source, of one file: then its content alone says what is counted as left out.
  private let isOneFile: Bool
  /// What the counters must be, by series.
  private var counters: [String: Double] = [:]
  /// By the files' names.
  private var lastGood: [String: Folder.Content] = [:]

  init(in folder: Folder, isOneFile: Bool) {
    (self.folder, self.isOneFile) = (folder, isOneFile)
  }

  /// Goes on with what one look came to.
  ///
  /// - Parameters:
  ///   - files: what an exporter says of the files that has looked once since it knew what is served.
  ///   - before: what it said of them before that look.
  ///   - alone: the counters of one that has seen nothing else.
  mutating func add(_ files: [Core.File], since before: [Core.File], alone: () -> [String: Double]) {
    for file in files {
      let known = before.first { $0.name == file.name }?.errors ?? [:]
      for (reason, count) in file.errors {
        let labels = "file=\"\(folder.path)/\(file.name)\",reason=\"\(reason)\""
        counters["\(Self.errors){\(labels)}", default: 0] += Double(count - known[reason, default: 0])
      }
    }
    if isOneFile, files[0].isGood, let content = folder.content(of: files[0].name)?.bytes,
      content != lastGood[files[0].name]?.bytes
    {
      for (series, count) in alone() where !series.hasPrefix(Self.errors) { counters[series, default: 0] += count }
    }
    // Of what was served there was no room any more.
    for file in before where !file.isGood { lastGood[file.name] = nil }
    // A file of a pattern that is gone has no last content.
    let names = Set(files.map(\.name))
    lastGood = lastGood.filter { names.contains($0.key) }
    for file in files where !file.keepsLastGood {
      lastGood[file.name] = file.isGood ? folder.content(of: file.name) : nil
    }
  }

  private static let errors = "heartbeat_file_read_errors_total"

  /// What is served in the place of what stands in bad files.
  func served(insteadOf files: [Core.File]) -> [String: Folder.Content] {
    files.reduce(into: [:]) { if $1.keepsLastGood { $0[$1.name] = lastGood[$1.name] } }
  }

  /// What was read of files is forgotten: they are read in another way from now on.
  mutating func forget(where isForgotten: (String) -> Bool) {
    lastGood = lastGood.filter { !isForgotten($0.key) }
  }

  /// In what the counters of an answer differ from the account; nil when they do not.
  func difference(from answer: Answer) -> String? {
    for (series, count) in answer.counters.sorted(by: { $0.key < $1.key })
    where (isOneFile || series.hasPrefix(Self.errors)) && counters[series, default: 0] != count {
      return "\(series) is \(count), expected \(counters[series, default: 0])"
    }
    return nil
  }
}
