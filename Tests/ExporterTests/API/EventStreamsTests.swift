import CZlib
import Glibc
import HTTP
import JSON
import Monitoring
import POSIX
import Testing

@testable import Exporter

@Suite("Those who watch the status page")
struct EventStreamsTests {
  private let questions: Questions

  init() throws { questions = try Questions() }

  private func texts(_ number: Int) -> [String] {
    questions.pieces(of: number).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A picture of processes by name and pid, all seen at the same time.
  private func picture(_ processes: [String: Int32], at time: Double = 1000, load: Double = 1) -> LivePicture {
    var document = StatusDocument(capacity: 0, isMarked: true)
    for (name, pid) in processes.sorted(by: { $0.key < $1.key }) {
      document.add(
        StatusDocument.Process(
          name: name, verdict: Verdict(.alive, .beating), age: time - 990, timeout: 60, lastHeartbeat: 990, pid: pid,
          data: ArraySlice("{}".utf8)))
    }
    return LivePicture(
      generated: time, head: document.head(file: ["up": true], files: .array([]), problems: []), processes: document,
      host: ["name": "h", "load1": .number(load)])
  }

  private func send(_ picture: LivePicture, to streams: EventStreams) {
    var gzip = Gzip(level: 1)
    streams.send(picture) { gzip.part($0)?.bytes }
    // As the event loop does, before the next one is made.
    _ = questions.statuses
  }

  /// What of an event is told: its kind, the names of the processes, and of those that are gone.
  private func told(_ text: String) throws -> String {
    let lines = text.split(separator: "\n")
    let data = try #require(lines.last?.dropFirst("data: ".count))
    let status = try #require(try JSONValue(parsing: Array(data.utf8)).objectValue?["status"]?.objectValue)
    func names(_ key: String) -> [String] {
      guard case .array(let items)? = status[key] else { return [] }
      return items.compactMap { $0.stringValue ?? $0.objectValue?["name"]?.stringValue }.sorted()
    }
    let gone = names("removed").map { "-\($0)" }
    return (["\(lines[0].dropFirst("event: ".count))"] + names("heartbeats") + gone).joined(separator: " ")
  }

  @Test("the page has the states in the one order of all views")
  func order() {
    let script = String(decoding: PackageResources.status_js, as: UTF8.self)
    let states = ProcessState.worstFirst.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    #expect(script.contains("const STATES = [\(states)];"))
  }

  @Test("get a head that keeps the stream open, then the whole picture, then what has changed")
  func events() throws {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()))
    let head = try #require(questions.answers(to: 0).first)
    #expect(head.status == 200 && head.header("Content-Type") == "text/event-stream")
    #expect(head.header("Content-Encoding") == nil && head.text == "retry: 2000\n\n")
    send(picture(["a": 1, "b": 2]), to: streams)
    send(picture(["a": 1, "b": 2], at: 1001), to: streams)
    #expect(streams.add(questions.ask()))
    _ = questions.answers(to: 1)
    send(picture(["a": 1, "b": 3], at: 1002), to: streams)
    send(picture(["b": 3, "c": 4], at: 1003), to: streams)
    #expect(try texts(0).map(told) == ["status a b", "change", "change b", "change c -a"])
    #expect(try texts(1).map(told) == ["status a b", "change c -a"])
    #expect(!questions.hasEnded(0) && !questions.hasEnded(1))
  }

  @Test("are told next to nothing while nothing changes: the time, and of the host what is another")
  func nothing() {
    let streams = EventStreams(limit: 1)
    #expect(streams.add(questions.ask()))
    _ = questions.answers(to: 0)
    let many = Dictionary(uniqueKeysWithValues: (0..<5_000).map { ("worker-\($0)", Int32($0)) })
    send(picture(many), to: streams)
    send(picture(many, at: 1001), to: streams)
    send(picture(many, at: 1002, load: 2), to: streams)
    #expect(
      texts(0).dropFirst() == [
        "event: change\ndata: {\"status\":{\"generated\":1001.0,\"removed\":[],\"heartbeats\":[]},\"host\":{}}\n\n",
        "event: change\ndata: {\"status\":{\"generated\":1002.0,\"removed\":[],\"heartbeats\":[]},\"host\":{\"load1\":2.0}}\n\n",
      ])
  }

  @Test("who missed a change gets the whole picture, and no change before it")
  func gaps() throws {
    let streams = EventStreams(limit: 2)
    for number in 0..<2 {
      #expect(streams.add(questions.ask()))
      _ = questions.answers(to: number)
    }
    send(picture(["a": 1]), to: streams)
    questions.stall(0, true)
    send(picture(["a": 2]), to: streams)
    send(picture(["a": 3]), to: streams)
    questions.stall(0, false)
    send(picture(["a": 3, "b": 1]), to: streams)
    send(picture(["a": 3, "b": 2]), to: streams)
    #expect(try texts(0).map(told) == ["status a", "status a b", "change b"])
    #expect(try texts(1).map(told) == ["status a", "change a", "change a", "change b", "change b"])
  }

  @Test("get it compressed when they ask for that, each event whole when it comes")
  func compressed() throws {
    let streams = EventStreams(limit: 1)
    #expect(streams.add(questions.ask(), coding: .gzip))
    let head = try #require(questions.answers(to: 0).first)
    #expect(head.header("Content-Encoding") == "gzip" && head.header("Vary") == "Accept-Encoding")
    send(picture(["a": 1]), to: streams)
    send(picture(["a": 2]), to: streams)
    let pieces = [head.body] + questions.pieces(of: 0)
    for count in 1...3 {
      let events = unpacked(pieces.prefix(count).inOnePiece()).split(
        separator: "\n\n", omittingEmptySubsequences: false)
      #expect(events.count == count + 1 && events.last == "", "the event is whole")
    }
    let text = unpacked(pieces.inOnePiece())
    #expect(text.hasPrefix("retry: 2000\n\nevent: status\n") && text.contains("event: change\n"))
  }

  /// What a client reads of a gzip member whose end has not come yet.
  private func unpacked(_ bytes: [UInt8]) -> String {
    var stream = z_stream()
    var input = bytes
    var output = [UInt8](repeating: 0, count: 65_536)
    guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return "" }
    defer { inflateEnd(&stream) }
    let count = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
        (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
        _ = inflate(&stream, Z_SYNC_FLUSH)
        return target.count - Int(stream.avail_out)
      }
    }
    return String(decoding: output.prefix(count), as: UTF8.self)
  }

  @Test("who cannot be sent an event, for want of memory, is sent away: it comes again, and has no gap")
  func noMemory() {
    let streams = EventStreams(limit: 1)
    #expect(streams.add(questions.ask(), coding: .gzip))
    _ = questions.answers(to: 0)
    streams.send(picture(["a": 1])) { _ in nil }
    streams.send(picture(["a": 1])) { _ in nil }
    #expect(questions.hasEnded(0) && questions.pieces(of: 0).isEmpty)
  }

  @Test("are no more than the limit; who goes makes room and gets nothing more")
  func limit() {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()) && streams.add(questions.ask()) && !streams.add(questions.ask()))
    questions.leave(0)
    #expect(streams.add(questions.ask()) && !streams.add(questions.ask()))
    #expect(questions.hasEnded(0))
    send(picture(["a": 1]), to: streams)
    #expect([0, 1, 3].map { texts($0).count } == [0, 1, 1])
    questions.leave(1)
    send(picture(["a": 1]), to: streams)
    #expect(questions.hasEnded(1) && !questions.hasEnded(3))
  }

  @Test("are sent away at the end, and nobody comes any more")
  func closing() {
    let streams = EventStreams(limit: 2)
    #expect(streams.add(questions.ask()))
    streams.close()
    #expect(questions.hasEnded(0))
    #expect(!streams.add(questions.ask()))
    send(picture(["a": 1]), to: streams)
    #expect(texts(0).isEmpty)
  }

  @Test("have a picture asked for again and again while somebody watches")
  func clock() throws {
    let streams = EventStreams(limit: 2, interval: 0.001)
    let queue = ScrapeQueue(limit: 1)
    let thread = try Thread.start(named: "clock") { streams.run(asking: queue) }
    #expect(streams.add(questions.ask()))
    for _ in 0..<3 {
      guard case .status(let requests)? = queue.next(), case .watchers(let asked)? = requests.first?.subject else {
        Issue.record("expected a question for the watchers")
        break
      }
      #expect(asked === streams && requests.first?.responder == nil && requests.first?.coding == .identity)
      queue.finished()
    }
    streams.close()
    thread.join()
  }

  @Test("cost nothing while nobody watches, and who leaves is forgotten though no picture is sent")
  func nobody() throws {
    let streams = EventStreams(limit: 2, interval: 0)
    let queue = ScrapeQueue(limit: 1)
    let thread = try Thread.start(named: "clock") { streams.run(asking: queue) }
    queue.configure(nil)
    #expect(streams.add(questions.ask()))
    guard case .configure? = queue.next(), case .status? = queue.next() else {
      Issue.record("something was asked before anybody watched")
      return
    }
    questions.leave(0)
    for _ in 0..<3000 where !questions.hasEnded(0) { usleep(10_000) }
    #expect(questions.hasEnded(0))
    streams.close()
    thread.join()
    streams.run(asking: queue)
  }
}
