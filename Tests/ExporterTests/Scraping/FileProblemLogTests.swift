import Heartbeat
import Testing

@testable import Exporter

@Suite("What the log says of the files")
struct FileProblemLogTests {
  private let folder: TemporaryFolder
  private let lines = LogLines()

  init() throws { folder = try TemporaryFolder() }

  /// The messages that are new since the last call, each with the fields that are asked for.
  private func news(_ fields: String..., after told: inout Int) -> [String] {
    let all = lines.text.split(separator: "\n").map(String.init)
    defer { told = all.count }
    return all[told...].map { line in
      let message = line.split(separator: "msg=\"").last?.split(separator: "\"").first ?? ""
      return ([String(message)] + fields.filter { line.contains($0) }).joined(separator: " ")
    }
  }

  @Test("a file is told of when it turns bad, bad in another way, or good, and not again while it stays so")
  func states() throws {
    var log = FileProblemLog(logger: lines.logger())
    var sources = SourceSet([SourceSettings(path: folder.file("a.json"))])
    var told = 0
    let (read, bad, none) = (
      "the heartbeat file is read", "cannot read the heartbeat file", "there is no heartbeat in the file"
    )
    for (text, expected) in [
      (nil, bad + " reason=missing"), (#"{"processes": {"a": {"last_heartbeat": 1}}}"#, read),
      (#"{"processes": []}"#, bad + " reason=wrong_shape"), (#"{"x": 1}"#, none + " reason=no_beat"),
      (#"{"processes": {}}"#, read), (#"{"processes": []}"#, bad + " reason=wrong_shape"),
    ] {
      if let text { try folder.write("a.json", text) }
      for expected in [[expected], [], []] {
        sources.refresh(readTimeout: 5)
        log.report(sources)
        #expect(
          news("reason=missing", "reason=wrong_shape", "reason=no_beat", after: &told) == expected, "\(text ?? "")")
      }
    }
  }

  @Test("names that are taken are told when they change, with how many more there are")
  func takenNames() throws {
    var log = FileProblemLog(logger: lines.logger(.warn))
    var sources = SourceSet(["a.json", "b.json"].map { SourceSettings(path: folder.file($0)) })
    try folder.write("a.json", #"{"processes": {"x": {"last_heartbeat": 1}, "y": {"last_heartbeat": 1}}}"#)
    var told = 0
    let message = "processes of a heartbeat file are not shown: a source before has their names"
    for (names, expected) in [
      (["z"], []), (["x"], [message + " names=x "]), (["x", "y"], [message + " names=\"x, and 1 more\""]), (["z"], []),
      (["x"], [message + " names=x "]),
    ] {
      let beats = names.map { "\"\($0)\": {\"last_heartbeat\": 1}" }.joined(separator: ",")
      try folder.write("b.json", "{\"processes\": {\(beats)}}")
      for expected in [expected, []] {
        sources.refresh(readTimeout: 5)
        log.report(sources)
        #expect(news("names=x ", "names=\"x, and 1 more\"", after: &told) == expected, "\(names)")
      }
    }
  }

  @Test("a pattern is told of when nothing matches it, or too much")
  func patterns() throws {
    var log = FileProblemLog(logger: lines.logger(.warn))
    var options = SourceSet.Options()
    options.maximumFiles = 2
    var sources = SourceSet([SourceSettings(path: folder.file("*.json"))], options: options)
    var told = 0
    for (count, expected) in [
      (0, ["no file matches"]), (1, []), (2, []), (3, ["too many files match: --heartbeat.max-files is the limit"]),
      (4, []),
    ] {
      if count > 0 { try folder.write("\(count).json", "{\"processes\": {\"\(count)\": {\"last_heartbeat\": 1}}}") }
      for expected in [expected, []] {
        sources.refresh(readTimeout: 5)
        log.report(sources)
        #expect(news(after: &told) == expected, "\(count)")
      }
    }
  }

  @Test(
    "what is left out of a file is told each time that it turns bad; of a process's own file also when it is good again"
  )
  func entries() {
    var log = FileProblemLog(logger: lines.logger())
    let entry = EntryProblem(process: "a", reason: .badPid, offset: 3, file: "beats.json")
    let own = ["b", "c"].map { EntryProblem(process: $0, reason: .notJSON, offset: nil, file: "beats.d/\($0).json") }
    let (part, whole) = ("a part of a heartbeat is left out process=a", "a heartbeat is left out process=")
    let good = "a heartbeat is not left out any more, or its file is gone"
    var told = 0
    for (problems, expected) in [
      ([entry, own[0]], [part, whole + "b"]), ([entry, own[0]], []), ([own[0], own[1]], [whole + "c"]),
      ([entry, own[1]], [part, good]), ([entry], [good]), ([entry, own[0]], [whole + "b"]), ([], [good]),
      ([], []), ([entry], [part]),
    ] {
      log.report(problems, count: problems.count)
      #expect(news("process=a", "process=b", "process=c", after: &told) == expected, "\(problems)")
    }
  }

  @Test("entries of one name in several files are told apart, and one that is bad in two places is told once")
  func sameName() {
    var log = FileProblemLog(logger: lines.logger())
    let a = EntryProblem(process: "p", reason: .badLastHeartbeat, offset: 3, file: "a.json")
    let b = EntryProblem(process: "p", reason: .badLastHeartbeat, offset: 3, file: "b.json")
    let moved = EntryProblem(process: "p", reason: .badLastHeartbeat, offset: 30, file: "a.json")
    let other = EntryProblem(process: "p", reason: .badPid, offset: 3, file: "a.json")
    let message = "a heartbeat is left out file="
    var told = 0
    for (problems, expected) in [
      ([a, b], [message + "a.json", message + "b.json"]), ([moved, b], []), ([a, moved, b], []),
      ([a, moved, other, b], ["a part of a heartbeat is left out file=a.json"]), ([b], []),
      ([a, moved, b], [message + "a.json"]),
    ] {
      log.report(problems, count: problems.count)
      #expect(news("file=a.json", "file=b.json", after: &told) == expected, "\(problems)")
    }
  }

  @Test("that more is left out than is named is told when it begins")
  func others() {
    var log = FileProblemLog(logger: lines.logger())
    let entry = EntryProblem(process: "a", reason: .badPid, offset: 3)
    var told = 0
    log.report([entry], count: 1)
    #expect(news(after: &told).count == 1)
    for (count, isTold) in [(1, false), (3, true), (4, false), (3, false), (1, false), (2, true)] {
      log.report([entry], count: count)
      let expected = "more heartbeats, or parts of them, are left out than are named named=1 others=\(count - 1)"
      #expect(news("named=1", "others=\(count - 1)", after: &told) == (isTold ? [expected] : []), "\(count)")
    }
  }
}
