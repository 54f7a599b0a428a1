/// What of a folder of own files is left out, with the file of each.
struct OwnFileProblems {
  private let folder: String
  /// The first ones.
  private(set) var named: [EntryProblem] = []
  /// The same for `heartbeat check`.
  private var places: [SourceRecognition.LeftOut] = []
  /// How many files are left out, by reason.
  private(set) var counts: [HeartbeatSnapshot.SkipReason: Int] = [:]
  private var others = 0

  init(folder: String) { self.folder = folder }

  /// A file of which no beat comes.
  mutating func add(_ process: String, file: [UInt8], _ problem: OwnFileLook.Problem) {
    counts[problem.reason, default: 0] += 1
    name(process, file: file, problem)
  }

  /// The same of one that is counted elsewhere.
  mutating func name(_ process: String, file: [UInt8], _ problem: OwnFileLook.Problem) {
    guard named.count < EntryProblem.maximumCount else {
      others += 1
      return
    }
    let file = String(decoding: file, as: UTF8.self)
    named.append(
      EntryProblem(
        process: process, reason: problem.reason, offset: problem.offset,
        file: OwnFileProblems.path(of: file, in: folder)))
    places.append(.init(file, problem.sentence))
  }

  /// Parts of entries, as they were found in the text of all files.
  mutating func add(_ problems: [EntryProblem]) {
    for problem in problems {
      guard named.count < EntryProblem.maximumCount else {
        others += 1
        continue
      }
      let file = OwnFileName.file(of: problem.process)
      named.append(
        EntryProblem(
          process: problem.process, reason: problem.reason, offset: nil,
          file: file.map { OwnFileProblems.path(of: $0, in: folder) } ?? folder))
      places.append(.init(file ?? problem.process, problem.reason.explanation))
    }
  }

  /// What `heartbeat check` tells.
  var leftOut: [SourceRecognition.LeftOut] {
    others == 0
      ? places : places + [.init("and \(others) more", "only the first \(EntryProblem.maximumCount) are named")]
  }

  /// A file in a folder, for people.
  static func path(of file: String, in folder: String) -> String {
    folder.utf8.last == UInt8(ascii: "/") ? folder + file : "\(folder)/\(file)"
  }
}
