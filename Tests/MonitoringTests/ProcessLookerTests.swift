import Foundation
import POSIX
import Testing

@testable import Heartbeat
@testable import Monitoring
@testable import Procfs

/// A tree in which a file is a pipe that nobody writes to: opening it never returns, as reading hangs where a server is gone.
private final class HangingTree {
  let path = NSTemporaryDirectory() + "hanging-" + UUID().uuidString

  init() throws {
    write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    for pid in [1, 7, 8] {
      write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
      write("\(pid)/status", "Tgid:\t\(pid)\n")
      write("\(pid)/cmdline", "program\0number\(pid)\0")
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) {
    let folder = (path + "/" + name as NSString).deletingLastPathComponent
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = FileManager.default.createFile(atPath: path + "/" + name, contents: Data(text.utf8))
  }

  func hang(_ name: String) {
    unlink(path + "/" + name)
    #expect(mkfifo(path + "/" + name, 0o600) == 0)
  }

  /// Whoever waits gets the end, whoever opens it again the text. The pipe is held open until it has another file in its place: who
  /// opens it in between would wait for a writer that never comes.
  func goOn(_ name: String, _ text: String) {
    let pipe = open(path + "/" + name, O_RDWR | O_NONBLOCK)
    defer { close(pipe) }
    write(name + ".next", text)
    rename(path + "/" + name + ".next", path + "/" + name)
  }
}

/// Whether nothing hangs any more, after half a minute at most.
private func comesBack(_ looker: ProcessLooker?) -> Bool {
  let isBack = { looker?.hanging.paths.isEmpty == true && looker?.hanging.tree == false }
  for _ in 0..<3_000 where !isBack() { usleep(10_000) }
  return isBack()
}

@Suite("A /proc that hangs")
struct ProcessLookerTests {
  private static let twoBeats = [
    #""one": {"last_heartbeat": 1500, "pid": 7}"#, #""two": {"last_heartbeat": 1500, "pid": 8}"#,
  ]

  private func watch(
    _ tree: HangingTree, match: Bool = false, of name: String = "three", beats: [String] = twoBeats
  ) -> ProcessWatch {
    var limits = ProcfsLimits()
    limits.patience = 0.3
    let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: limits)
    tree.write("beats.json", #"{"processes": {"# + beats.joined(separator: ", ") + "}}")
    let configured = match ? [ProcessConfiguration(name: name, match: .substrings(["number8"]))] : []
    var watch = ProcessWatch(
      sources: SourceSet([SourceSettings(path: tree.path + "/beats.json")]),
      settings: MonitoringSettings(timeout: 60, hostname: []),
      configuration: Configuration(processes: configured), looker: ProcessLooker(procfs), readTimeout: 60)
    _ = watch.refresh(at: 1_510)
    return watch
  }

  private func existences(_ watch: inout ProcessWatch) -> [Bool?] {
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(30)
    return watch.look(at: nil, wantsFigures: true, until: deadline, at: 1_510)?.findings.map(\.existence.isUp) ?? []
  }

  @Test(
    "a process of which a file hangs is unknown, costs no other one, and is seen again",
    arguments: ["7/stat", "7/status"])
  func oneProcess(file: String) throws {
    let tree = try HangingTree()
    var watch = watch(tree)
    #expect(existences(&watch) == [true, true])
    tree.hang(file)
    #expect(existences(&watch) == [nil, true])
    #expect(watch.looker?.hanging.paths == ["7"])
    #expect(existences(&watch) == [nil, true])
    tree.goOn(file, file == "7/stat" ? "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n" : "Tgid:\t7\n")
    #expect(comesBack(watch.looker))
    #expect(existences(&watch) == [true, true])
  }

  @Test("while somebody's command line hangs, who is found by his own is found, who is not is unknown")
  func commandLine() throws {
    let tree = try HangingTree()
    tree.hang("1/cmdline")
    var watch = watch(tree, match: true)
    #expect(existences(&watch) == [true, true, true])
    #expect(watch.looker?.hanging.paths == ["1/cmdline"])
    // Who is found by its pid needs no command line.
    tree.hang("8/cmdline")
    #expect(existences(&watch) == [true, true, nil])
    #expect(watch.looker?.hanging.paths == ["1/cmdline", "8/cmdline"])
    tree.goOn("1/cmdline", "init\0")
    tree.goOn("8/cmdline", "program\0number8\0")
    #expect(comesBack(watch.looker))
    #expect(existences(&watch) == [true, true, true])
  }

  @Test("many that hang before others cost these nothing: each is found, and all others with them")
  func many() throws {
    let tree = try HangingTree()
    var entries: [String] = []
    for pid in 100...130 {
      tree.write("\(pid)/stat", "\(pid) (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
      if pid < 130 { tree.hang("\(pid)/io") }
      entries.append(#""p\#(pid)": {"last_heartbeat": 1500, "pid": \#(pid)}"#)
    }
    var watch = watch(tree, beats: entries)
    // On a busy machine one that is well may be late in the first look, or another file; later ones find it.
    let expected = [Bool?](repeating: nil, count: 30) + [true]
    var found = existences(&watch)
    for _ in 0..<200 where found != expected { found = existences(&watch) }
    #expect(found == expected)
    let hanging = Set(watch.looker?.hanging.paths ?? [])
    #expect(hanging.isSuperset(of: (100..<130).map(String.init)))
    for pid in 100..<130 { tree.goOn("\(pid)/io", "read_bytes: 1\nwrite_bytes: 1\n") }
    #expect(comesBack(watch.looker))
    #expect(existences(&watch) == [Bool?](repeating: true, count: 31))
  }

  @Test("what was found before one hung is there, though the time was over before all was found")
  func foundBefore() throws {
    let tree = try HangingTree()
    tree.hang("8/stat")
    var watch = watch(tree)
    // The first attempt has found the one before it when it hangs.
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(0.35)
    let look = watch.look(at: nil, wantsFigures: true, until: deadline, at: 1_510)
    #expect(look?.findings.map(\.existence.isUp) == [true, nil])
    tree.goOn("8/stat", "")
  }

  @Test("who was found to have ended has ended, also when a later look does not come to him")
  func cutShort() throws {
    let tree = try HangingTree()
    let two = Self.twoBeats[1]
    try FileManager.default.removeItem(atPath: tree.path + "/7")
    var watch = watch(tree, beats: [two, #""one": {"last_heartbeat": 1500, "pid": 7}"#])
    #expect(existences(&watch) == [true, false])
    tree.hang("8/stat")
    /// A look whose time is over while the first process still hangs.
    func look(at now: Double) -> (up: [Bool?], words: [String]) {
      let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(0.05)
      let look = watch.look(at: nil, wantsFigures: true, until: deadline, at: now)
      #expect(look?.isWhole == false)
      return (
        look?.findings.map(\.existence.isUp) ?? [],
        watch.monitored.processes.map { $0.verdict.map { "\($0.state.rawValue) \($0.reason.rawValue)" } ?? "-" }
      )
    }
    let dead = look(at: 1_511)
    #expect(dead.up == [nil, false] && dead.words == ["alive beating", "dead pid_gone"])
    // The other processes' beats change nothing of it.
    let later = #""two": {"last_heartbeat": 1512, "pid": 8}"#
    tree.write("beats.json", #"{"processes": {\#(later), "one": {"last_heartbeat": 1500, "pid": 7}}}"#)
    _ = watch.refresh(at: 1_513)
    #expect(look(at: 1_513).up == [nil, false])
    // Its own next beat does, and so does another pid.
    for entry in [#"{"last_heartbeat": 1514, "pid": 7}"#, #"{"last_heartbeat": 1500, "pid": 9}"#] {
      tree.write("beats.json", #"{"processes": {\#(later), "one": \#(entry)}}"#)
      _ = watch.refresh(at: 1_515)
      let unknown = look(at: 1_515)
      #expect(unknown.up == [nil, nil] && unknown.words == ["alive beating", "alive beating"], "\(entry)")
    }
    tree.goOn("8/stat", "")
  }

  @Test("a boot time that hangs costs no process: start times and reused numbers alone are not known")
  func bootTime() throws {
    let tree = try HangingTree()
    let late = #""late": {"last_heartbeat": 900, "pid": 7}"#
    tree.hang("stat")
    var watch = watch(tree, beats: Self.twoBeats + [late])
    #expect(existences(&watch) == [true, true, true])
    #expect(watch.looker?.hanging.paths == ["stat"] && watch.looker?.hanging.tree == false)
    #expect(existences(&watch) == [true, true, true])
    tree.goOn("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    #expect(comesBack(watch.looker))
    #expect(existences(&watch) == [true, true, false])
    // What was known stays known.
    tree.hang("stat")
    #expect(existences(&watch) == [true, true, false])
    tree.goOn("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    #expect(comesBack(watch.looker))
  }

  @Test("a process that is stopped after its main thread has ended is suspended", arguments: [false, true])
  func suspendedThreads(match: Bool) throws {
    let tree = try HangingTree()
    func stat(_ number: Int, _ state: String) -> String {
      "\(number) (x) \(state) 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 2 0 500 0 1 0\n"
    }
    for (pid, state) in [(7, "S"), (8, "T")] {
      tree.write("\(pid)/stat", stat(pid, "Z"))
      tree.write("\(pid)/task/\(pid)/stat", stat(pid, "Z"))
      tree.write("\(pid)/task/9\(pid)/stat", stat(90 + pid, state))
      tree.write("\(pid)/task/9\(pid)/cmdline", "program\0number\(pid)\0")
    }
    var watch = watch(tree, match: match)
    let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(30)
    let look = watch.look(at: nil, wantsFigures: true, until: deadline, at: 1_510)
    #expect(
      look?.findings.map(\.existence) == [.yes(pid: 7, isSuspended: false), .yes(pid: 8, isSuspended: true)]
        + (match ? [.yes(pid: 8, isSuspended: true)] : []))
  }

  @Test("where the tree itself hangs nothing is known, until it answers again")
  func wholeTree() throws {
    let tree = try HangingTree()
    tree.hang("listing")
    var limits = ProcfsLimits()
    limits.patience = 0.3
    let looker = ProcessLooker(Procfs(procfs: tree.path, rootfs: "/", limits: limits))
    // No pipe can take the place of a folder: it hangs at something else, and says that it reads the tree.
    func look() -> ProcessLooker.Result {
      looker.look(until: Clock.monotonicNanoseconds + Clock.nanoseconds(30), forLookUps: 1) {
        [path = tree.path] table, _, attempt in
        table.procfs.progress.note(.tree)
        close(open(path + "/listing", O_RDONLY))
        attempt.report(ProcessSearch.Finding(existence: .unknown), 0)
      }
    }
    #expect(look().found == 0 && looker.hanging.tree)
    #expect(!look().isReadable)
    tree.goOn("listing", "")
    #expect(comesBack(looker))
    #expect(look().found == 1)
  }

  @Test("who is known by its pid is looked at before any search by command lines, which may not come to its end")
  func pidsFirst() throws {
    let tree = try HangingTree()
    tree.hang("1/cmdline")
    var watch = watch(tree, match: true)
    /// A look whose time is over before it is known that the command line hangs.
    func look() -> [Bool?] {
      let deadline = Clock.monotonicNanoseconds + Clock.nanoseconds(0.1)
      return watch.look(at: nil, wantsFigures: true, until: deadline, at: 1_510)?.findings.map(\.existence.isUp) ?? []
    }
    // On a busy machine its thread may not even have begun.
    var found = look()
    for _ in 0..<100 where found != [true, true, nil] { found = look() }
    #expect(found == [true, true, nil])
    try FileManager.default.removeItem(atPath: tree.path + "/7")
    for _ in 0..<100 where found != [false, true, nil] { found = look() }
    #expect(found == [false, true, nil])
    tree.goOn("1/cmdline", "init\0")
    #expect(comesBack(watch.looker))
    for _ in 0..<100 where found != [false, true, true] { found = look() }
    #expect(found == [false, true, true])
  }

  /// Whether a look may search, and was whole.
  private func search(
    _ looker: ProcessLooker, seconds: Double, _ body: @escaping @Sendable (ProcessTable, ProcessLooker.Attempt) -> Void
  ) -> (mayRead: Bool?, isWhole: Bool) {
    let mayRead = Lock<Bool?>(nil)
    let result = looker.look(until: Clock.monotonicNanoseconds + Clock.nanoseconds(seconds), forLookUps: 1) {
      table, readsCommandLines, attempt in
      attempt.searches(true)
      guard attempt.goesOn else { return }
      mayRead.withLock { $0 = readsCommandLines }
      if readsCommandLines { body(table, attempt) }
      attempt.searches(false)
    }
    return (mayRead.withLock { $0 }, result.isWhole)
  }

  @Test("while a search goes on for which nobody waits any more, no other one is begun")
  func abandonedSearch() throws {
    let tree = try HangingTree()
    var limits = ProcfsLimits()
    limits.patience = 0.3
    let looker = ProcessLooker(Procfs(procfs: tree.path, rootfs: "/", limits: limits))
    let isOver = Lock(false)
    var first: Bool?
    for _ in 0..<100 where first != true {
      first = search(looker, seconds: 0.1) { _, _ in while !isOver.withLock({ $0 }) {} }.mayRead
    }
    #expect(first == true)
    for _ in 0..<3 {
      let next = search(looker, seconds: 30) { _, _ in }
      #expect(next.mayRead == false && !next.isWhole)
    }
    #expect(looker.hanging.paths.isEmpty && !looker.hanging.tree, "who works does not hang")
    isOver.withLock { $0 = true }
    var last = search(looker, seconds: 30) { _, _ in }
    for _ in 0..<3_000 where last.mayRead != true {
      usleep(10_000)
      last = search(looker, seconds: 30) { _, _ in }
    }
    #expect(last.mayRead == true && last.isWhole)
  }

  @Test("who had ended is not back because no search is begun, or one is cut short")
  func endedStays() throws {
    let tree = try HangingTree()
    for pid in [7, 8] { try FileManager.default.removeItem(atPath: tree.path + "/\(pid)") }
    var watch = watch(tree, match: true, of: "one")
    #expect(existences(&watch) == [false, false])
    guard let looker = watch.looker else {
      Issue.record("it looks into no /proc")
      return
    }
    let isOver = Lock(false)
    var first: Bool?
    for _ in 0..<100 where first != true {
      first = search(looker, seconds: 0.1) { _, _ in while !isOver.withLock({ $0 }) {} }.mayRead
    }
    for _ in 0..<3 {
      #expect(existences(&watch) == [false, false])
      #expect(watch.monitored.processes[0].verdict == Verdict(.dead, .pidGone))
    }
    isOver.withLock { $0 = true }
    // Who runs under another pid is found once there is a search.
    tree.write("9/stat", "9 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
    tree.write("9/status", "Tgid:\t9\n")
    tree.write("9/cmdline", "program\0number8\0")
    var found = existences(&watch)
    for _ in 0..<3_000 where found != [true, false] {
      usleep(10_000)
      found = existences(&watch)
    }
    #expect(found == [true, false])
  }

  @Test("a search that turns out to hang in a reading, when nobody waits any more, holds up no other one")
  func hangingSearch() throws {
    let tree = try HangingTree()
    tree.hang("8/cmdline")
    var limits = ProcfsLimits()
    limits.patience = 0.3
    let looker = ProcessLooker(Procfs(procfs: tree.path, rootfs: "/", limits: limits))
    let path = tree.path + "/8/cmdline"
    var first: Bool?
    for _ in 0..<100 where first != true {
      first =
        search(looker, seconds: 0.1) { table, _ in
          table.procfs.progress.note(.commandLine(8))
          close(open(path, O_RDONLY))
        }.mayRead
    }
    #expect(first == true)
    var next = search(looker, seconds: 30) { _, _ in }
    for _ in 0..<3_000 where next.mayRead != true {
      usleep(10_000)
      next = search(looker, seconds: 30) { _, _ in }
    }
    #expect(next.mayRead == true && next.isWhole)
    #expect(looker.hanging.paths == ["8/cmdline"])
    tree.goOn("8/cmdline", "program\0")
    #expect(comesBack(looker))
  }
}
