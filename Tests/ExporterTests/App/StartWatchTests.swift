import Glibc
import POSIX
import Testing
import YAML

@testable import Exporter

@Suite("What hangs at a start or a reload")
struct StartWatchTests {
  private let lines = LogLines()

  private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<3_000 {
      if condition() { break }
      usleep(10_000)
    }
    return condition()
  }

  @Test("a start that waits says for what, once for each, and can be ended")
  func waits() throws {
    let stop = Lock(false)
    let ended = Lock<[Int32]>([])
    let watch = StartWatch(
      logger: lines.logger(), patience: 0, grace: 0,
      pending: { stop.withLock { $0 ? .stop("SIGTERM") : nil } },
      end: { status in ended.withLock { $0.append(status) } })
    watch.begins("one file")
    try watch.start()
    #expect(eventually { lines.text.contains("for=\"one file\"") })
    watch.begins("another file")
    #expect(eventually { lines.text.contains("for=\"another file\"") })
    #expect(lines.text.split(separator: "\n").count == 2 && ended.withLock { $0.isEmpty })
    stop.withLock { $0 = true }
    #expect(eventually { ended.withLock { $0 } == [0] })
    #expect(lines.text.contains("ended during a start that waits"))
  }

  @Test("what was asked for during a start that came to its end is handed on")
  func handedOn() throws {
    let requests = Lock<[Signals.Request]>([.reload, .stop("SIGINT")])
    let ended = Lock(false)
    let watch = StartWatch(
      logger: lines.logger(), patience: 60, grace: 60,
      pending: { requests.withLock { $0.isEmpty ? nil : $0.removeFirst() } }, end: { _ in ended.withLock { $0 = true } }
    )
    try watch.start()
    #expect(eventually { requests.withLock { $0.isEmpty } })
    #expect(watch.finish() == [.reload, .stop("SIGINT")])
    requests.withLock { $0 = [.reload] }
    usleep(200_000)
    #expect(requests.withLock { $0 } == [.reload], "it is left to others once the start is over")
    #expect(lines.text.isEmpty && !ended.withLock { $0 })
  }

  @Test("a file that does not answer is told to be so, and read when it does")
  func reading() throws {
    let calls = TimeLimitedCalls<String>(name: "test-read")
    let isClosed = ConditionLock(true)
    @Sendable func load() throws(ConfigurationError) -> Int {
      isClosed.wait { $0 ? nil : () }
      return 7
    }
    for _ in 1...2 {
      let error = try #require(throws: ConfigurationError.self) {
        try Reloader.read("/srv/x.yml", calls, within: 0.1, load)
      }
      #expect(error.description.contains("/srv/x.yml") && error.description.contains("did not answer within 0.1 s"))
    }
    isClosed.withLock { $0 = false }
    #expect(eventually { (try? Reloader.read("/srv/x.yml", calls, within: 0.1, load)) == 7 })
    let bad = ConfigurationError(file: "/srv/x.yml", position: nil, problem: "bad")
    #expect(throws: bad) {
      try Reloader.read("/srv/x.yml", calls, within: 60) { () throws(ConfigurationError) -> Int in throw bad }
    }
  }

  @Test("who asks for it has a file read anew beside readings that hang, of which there are not too many")
  func readingAnew() throws {
    let calls = TimeLimitedCalls<String>(name: "test-read") { [$0] }
    let gate = ConditionLock((isClosed: true, readings: 0))
    @Sendable func load() throws(ConfigurationError) -> Int {
      let number = gate.withLock { state in
        state.readings += 1
        return state.readings
      }
      if number != 2 { gate.wait { $0.isClosed ? nil : () } }
      return number
    }
    func read(anew: Bool = true) -> Result<Int, ConfigurationError> {
      do throws(ConfigurationError) {
        return .success(try Reloader.read("/srv/x.yml", calls, within: 0.2, anew: anew, load))
      } catch { return .failure(error) }
    }
    #expect(throws: ConfigurationError.self) { try read().get() }
    #expect(throws: ConfigurationError.self) { try read(anew: false).get() }
    #expect(gate.withLock { $0.readings } == 1, "nobody has asked for it")
    #expect(try read().get() == 2, "the second one does not hang")
    var told = ""
    for _ in 0..<20 { if case .failure(let error) = read() { told = error.description } }
    #expect(told.contains("so many readings of it hang"), "\(told)")
    // The first one, the second one that came back, and beside the first one as many as may.
    #expect(gate.withLock { $0.readings } == 2 + HangWatch.mostAtOnePlace)
    gate.withLock { $0.isClosed = false }
    #expect(eventually { (try? read().get()) ?? 0 > 2 + HangWatch.mostAtOnePlace })
  }

  @Test("a folder that does not answer is told, and the other one is looked at")
  func folders() {
    var paths = ExporterOptions.Paths()
    (paths.procfs, paths.rootfs) = ("/proc", "/hung")
    let isClosed = ConditionLock(true)
    let warnings = StartWarnings.ofFolders(paths) { path, _ in
      if path == "/hung" { isClosed.wait { $0 ? nil : () } }
      return path == "/proc/stat" ? Errno(2) : nil
    }
    isClosed.withLock { $0 = false }
    #expect(warnings.count == 2 && warnings[0].contains("/proc/stat cannot be read: No such file"))
    #expect(warnings[1].contains("/hung cannot be entered: its file system does not answer"))
  }
}
