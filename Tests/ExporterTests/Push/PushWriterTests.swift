import Exposition
import Foundation
import Glibc
import Heartbeat
import JSON
import Testing

@testable import Exporter

/// A writer, its queue, its file and those who push; it runs in the test's own thread until the queue is empty.
private final class Writing {
  let folder: TemporaryFolder
  let questions: Questions
  let log = LogLines()
  var options = ExporterOptions()
  var file: String { options.heartbeat.files[0] }
  private var pushed: [(task: PushQueue.Task, size: Int)] = []
  private(set) var counts: [String: Double] = [:]

  init() throws {
    folder = try TemporaryFolder()
    questions = try Questions()
    options.heartbeat.files = [folder.file("heartbeat_status.json")]
    options.push.retention = 0
  }

  func beat(_ names: String..., size: Int = 0, text: String? = nil) {
    let data: JSONObject = text.map { ["text": .string($0)] } ?? [:]
    pushed.append((.beats(names.map { Beat($0, additionalData: data, time: 1_700_000_000) }), size))
  }

  let vanished = VanishedProcesses()

  func forget(_ name: String) { pushed.append((.forget(name), 0)) }

  /// Runs a writer over what was added since the last call, and gives the answers' statuses.
  func run() -> [Int?] {
    let before = questions.statuses.count
    let queue = PushQueue(limit: 1000, timeout: 5)
    let counter = PushCounts(queue: queue)
    for push in pushed { #expect(queue.add(push.task, size: push.size, questions.ask())) }
    pushed = []
    queue.close()
    var writer = PushWriter(
      options: options, file: file, queue: queue, counts: counter, vanished: vanished, logger: log.logger())
    writer.run()
    #expect(queue.take() == nil && queue.count == 0)
    counts = Self.samples(counter)
    return Array(questions.statuses.dropFirst(before))
  }

  /// The names in the file.
  func names() throws -> [String] {
    try HeartbeatManager(file: file).allHeartbeats().map(\.name).sorted()
  }

  private static func samples(_ counter: PushCounts) -> [String: Double] {
    var exposition = Exposition()
    counter.collect(into: &exposition)
    var samples: [String: Double] = [:]
    for line in String(decoding: exposition.bytes, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      samples[String(words[0])] = Double(words[1])
    }
    return samples
  }
}

@Suite("The writer of pushes")
struct PushWriterTests {
  @Test("writes what waits together by one replacement of the file, and answers each when it is done")
  func together() throws {
    let writing = try Writing()
    writing.beat("a")
    writing.beat("b", "c")
    writing.beat("d")
    #expect(writing.run() == [204, 204, 204])
    #expect(try writing.names() == ["a", "b", "c", "d"])
    #expect(writing.counts["heartbeat_push_beats_total"] == 4)
    #expect(writing.counts["heartbeat_push_commits_total"] == 1)
    #expect(try #require(writing.counts["heartbeat_push_commit_seconds_total"]) > 0)
    #expect(writing.counts["heartbeat_push_queue_length"] == 0)
    #expect(writing.log.text.isEmpty)
  }

  @Test("what is to be forgotten keeps its place among the beats")
  func order() throws {
    let writing = try Writing()
    writing.beat("a")
    writing.forget("a")
    writing.forget("a")
    writing.beat("b")
    writing.beat("a")
    writing.forget("b")
    #expect(writing.run() == [204, 204, 404, 204, 204, 204])
    #expect(try writing.names() == ["a"])
    #expect(writing.counts["heartbeat_push_commits_total"] == 2)
    #expect(writing.questions.answers(to: 2).first?.text.contains("there is no process of this name") == true)
    #expect((0..<6).allSatisfy { writing.questions.answers(to: $0).count == 1 })
  }

  @Test(
    "who has vanished and is remembered is forgotten too: the file, or the folder, says that it was pruned",
    arguments: [false, true])
  func vanishedIsForgotten(inFolder: Bool) throws {
    let writing = try Writing()
    if inFolder { writing.options.heartbeat.files = [writing.folder.path] }
    writing.beat("a")
    writing.forget("gone")
    #expect(writing.run() == [204, 404])
    writing.vanished.note([Array("gone".utf8)])
    writing.forget("gone")
    #expect(writing.run() == [204])
    #expect(try writing.names() == ["a"])
    let noted = inFolder ? writing.folder.file(".heartbeat-pruned-\(geteuid())") : writing.file
    #expect(try String(contentsOfFile: noted, encoding: .utf8).contains("\"gone\""))
  }

  @Test("a push that would make too many processes gets 507, whoever else is written with it")
  func full() throws {
    let writing = try Writing()
    writing.options.push.maxProcesses = 3
    writing.beat("a", "b")
    writing.beat("c", "d")
    writing.beat("c")
    writing.beat("a", "e")
    writing.beat("b")
    #expect(writing.run() == [204, 507, 204, 507, 204])
    #expect(try writing.names() == ["a", "b", "c"])
    #expect(writing.counts["heartbeat_push_beats_total"] == 4)
    let message = try #require(writing.questions.answers(to: 1).first?.text)
    #expect(message.contains("3 processes already (--push.max-processes)"))
  }

  @Test("a file that cannot be written gives all of them the reason, told once in the log and its end too")
  func unwritable() throws {
    let writing = try Writing()
    mkfifo(writing.file, 0o600)
    writing.beat("a")
    writing.forget("b")
    writing.beat("c")
    writing.beat("d")
    #expect(writing.run() == [503, 503, 503, 503])
    let answer = try #require(writing.questions.answers(to: 3).first)
    #expect(answer.text.contains("is not a regular file") && answer.header("Retry-After") == "1")
    #expect(writing.log.count(of: "cannot write pushes") == 1, "\(writing.log.text)")
    #expect(writing.counts["heartbeat_push_commits_total"] == 0)
  }

  @Test("in a folder each process has its file: one that cannot be written costs its own push alone")
  func folder() throws {
    let writing = try Writing()
    try FileManager.default.createDirectory(atPath: writing.file, withIntermediateDirectories: false)
    let foreign = writing.file + "/foreign.json"
    try Data("[]".utf8).write(to: URL(fileURLWithPath: foreign))
    writing.options.push.maxProcesses = 4
    writing.beat("a", "b")
    writing.beat("foreign")
    writing.beat("c", "d")
    writing.beat("a", "c")
    writing.forget("b")
    writing.forget("nobody")
    writing.forget("foreign")
    #expect(writing.run() == [204, 503, 507, 204, 204, 404, 404])
    #expect(try writing.names() == ["a", "c"])
    #expect(try String(contentsOfFile: foreign, encoding: .utf8) == "[]")
    #expect(writing.log.count(of: "cannot write pushes") == 1 && writing.log.text.contains("left as it is"))
  }

  @Test("the log tells when pushes are written again")
  func recovery() throws {
    let writing = try Writing()
    writing.options.heartbeat.maxFileSize = 4096
    for _ in 0..<2 {
      writing.beat("large", text: String(repeating: "x", count: 8192))
      writing.forget("nobody")
      writing.beat("small")
      writing.forget("nobody")
      writing.beat("small")
      writing.forget("nobody")
    }
    #expect(writing.run() == [507, 404, 204, 404, 204, 404, 507, 404, 204, 404, 204, 404])
    #expect(writing.log.count(of: "cannot write pushes") == 2)
    #expect(writing.log.count(of: "pushes are written again") == 2)
  }

  @Test("where the file would be too large, the large pushes are refused and the small ones written without them")
  func tooLarge() throws {
    let writing = try Writing()
    writing.options.heartbeat.maxFileSize = 40_000
    writing.beat("a", size: 100)
    writing.beat("huge", size: 50_000, text: String(repeating: "x", count: 50_000))
    writing.beat("b", size: 16 << 10)
    writing.beat("over", size: (16 << 10) + 1, text: String(repeating: "x", count: 16 << 10))
    #expect(writing.run() == [204, 507, 204, 507])
    #expect(try writing.names() == ["a", "b"])
    // Without anything large among them, all are refused: which one is to blame cannot be told.
    writing.beat("c", size: 100, text: String(repeating: "x", count: 30_000))
    writing.beat("d", size: 100, text: String(repeating: "x", count: 30_000))
    #expect(writing.run() == [507, 507])
    #expect(try writing.names() == ["a", "b"])
  }

  @Test("entries older than the retention go with the next write")
  func retention() throws {
    let writing = try Writing()
    writing.beat("old")
    #expect(writing.run() == [204])
    writing.options.push.retention = 3600
    writing.forget("nobody")
    #expect(writing.run() == [404])
    #expect(try writing.names() == ["old"], "forgetting removes nothing else")
    writing.beat("also old")
    #expect(writing.run() == [204])
    #expect(try !writing.names().contains("old"))
  }

  @Test("a held lock is waited for, but for less time than a push may wait, and its holder is named")
  func lock() throws {
    let writing = try Writing()
    writing.options.push.timeout = 0.2
    let lock = open(writing.file + ".lock", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    defer { close(lock) }
    try #require(flock(lock, LOCK_EX) == 0)
    writing.beat("a")
    #expect(writing.run() == [503])
    let text = try #require(writing.questions.answers(to: 0).first?.text)
    #expect(text.contains("gave up waiting for the lock") && text.contains("after 0.18"), "\(text)")
  }
}
