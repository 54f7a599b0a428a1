import Foundation
import Testing

@testable import Procfs

/// Against the kernel that runs the tests.
@Suite("The live /proc", .serialized)
struct LiveTests {
  let procfs = Procfs()

  /// A program that runs, and is waited for by nobody else. Foundation's `Process` will not do: its start reads beyond
  /// the listing of /proc/self/fd, at which the address sanitizer stops.
  struct Child {
    let processIdentifier: pid_t

    func waitUntilExit() {
      var status: Int32 = 0
      waitpid(processIdentifier, &status, 0)
    }
  }

  /// Starts a program.
  static func spawn(_ path: String, _ arguments: [String]) throws -> Child {
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { argv.forEach { free($0) } }
    var pid: pid_t = 0
    let error = posix_spawn(&pid, path, nil, nil, &argv, environ)
    try #require(error == 0, "\(path) could not be started: \(String(cString: strerror(error)))")
    return Child(processIdentifier: pid)
  }

  /// Looks again and again until it is so, at most ten seconds.
  static func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<1000 {
      if try condition() { return true }
      usleep(10_000)
    }
    return false
  }

  @Test("this process is there, is up, and has all its figures")
  func own() throws {
    #expect(procfs.selfPID == getpid())
    let table = try procfs.processTable()
    #expect(table.exists(getpid()))
    #expect(table.presence(of: getpid(), lastBeat: Date().timeIntervalSince1970).isRunning)
    #expect(!table.presence(of: getpid(), lastBeat: 1_000_000_000).isRunning)
    let figures = try #require(table.figures(of: getpid())).value
    #expect(figures.cpuSeconds > 0)
    #expect(figures.residentBytes > 1 << 20 && figures.residentBytes < figures.virtualBytes)
    #expect(figures.threads >= 1)
    #expect(figures.openFiles ?? 0 >= 3)
    #expect(figures.maxOpenFiles ?? 0 >= 3)
    #expect(figures.readBytes != nil && figures.writtenBytes != nil)
    #expect(figures.voluntarySwitches != nil && figures.involuntarySwitches != nil, "\(figures)")
    let age = Date().timeIntervalSince1970 - (figures.startTime ?? 0)
    #expect(age > -2 && age < 86_400)
  }

  @Test("the context switches of this process are those of threads too that nobody ever looked at")
  func ownSwitches() throws {
    let before = try #require(procfs.figures(of: getpid())?.voluntarySwitches)
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { _ in
        (0..<100).forEach { _ in usleep(1) }; return nil
      }, nil)
    pthread_join(thread, nil)
    let after = try #require(procfs.figures(of: getpid())?.voluntarySwitches)
    #expect(after >= before + 100)
  }

  @Test("the count of open files is that of the listing")
  func openFiles() throws {
    let child = try Self.spawn("/bin/sleep", ["60"])
    defer { kill(child.processIdentifier, SIGKILL) }
    #expect(
      try Self.eventually { try procfs.processTable().find([ProcessMatcher(substrings: ["sleep 60"])])[0].pid != nil })
    let directory = try procfs.openProcess(child.processIdentifier)
    let count = procfs.openFiles(in: directory.rawValue)
    #expect(count != nil && count == procfs.listedFiles(in: directory.rawValue))
  }

  @Test("a child is found, belongs to the tree, becomes a zombie, and vanishes")
  func child() throws {
    // A zombie needs a parent that does not wait: the shell is replaced by sleep.
    let parent = try Self.spawn("/bin/sh", ["-c", "sleep 61 & echo; exec sleep 62"])
    defer { kill(parent.processIdentifier, SIGKILL) }
    let pid = parent.processIdentifier
    var found: Int32?
    #expect(
      try Self.eventually {
        let table = try procfs.processTable()
        found = table.find([ProcessMatcher(substrings: ["sleep 61"])], excluding: [pid])[0].pid
        return found != nil && table.find([ProcessMatcher(substrings: ["SLEEP 62"])])[0].pid == pid
      })
    let child = try #require(found)
    let table = try procfs.processTable()
    #expect(table.tree(of: pid) == [pid, child])
    let whole = try #require(table.figures(ofTree: pid)).value
    let single = try #require(table.figures(of: pid)).value
    #expect(whole.threads == 2 && single.threads == 1)
    #expect(whole.virtualBytes > single.virtualBytes)

    kill(child, SIGKILL)
    #expect(try Self.eventually { try procfs.processTable().stat(of: child)?.isZombie == true })
    let after = try procfs.processTable()
    #expect(after.exists(child) && !after.presence(of: child, lastBeat: Date().timeIntervalSince1970).isRunning)
    #expect(after.find([ProcessMatcher(substrings: ["sleep 61"])], excluding: [pid])[0].pid == nil)
    #expect(after.figures(ofTree: pid)?.value.threads == 1)

    kill(pid, SIGKILL)
    parent.waitUntilExit()
    let gone = try procfs.processTable()
    #expect(gone.figures(of: pid) == nil)
    #expect(gone.figures(ofTree: pid) == nil)
    #expect(!gone.exists(pid))
  }

  @Test("of many look-ups, too, each sees who has come and who has gone since the one before")
  func manyLookUps() throws {
    for _ in 0..<20 {
      _ = try procfs.processTable(forLookUps: 1000)
      let child = try Self.spawn("/bin/sleep", ["64"])
      let pid = child.processIdentifier
      let during = try procfs.processTable(forLookUps: 1000)
      #expect(
        during.mayExist(pid) && during.presence(of: pid, lastBeat: nil).isRunning
          && during.presenceWithFigures(of: pid, lastBeat: nil).figures != nil)
      kill(pid, SIGKILL)
      child.waitUntilExit()
      let after = try procfs.processTable(forLookUps: 1000)
      #expect(
        !after.presence(of: pid, lastBeat: nil).isRunning
          && after.presenceWithFigures(of: pid, lastBeat: nil).figures == nil && !after.exists(pid))
      #expect(after.presence(of: getpid(), lastBeat: nil).isRunning && !after.mayExist(.max))
    }
  }

  @Test("an open directory is that of its process for ever")
  func vanished() throws {
    let child = try Self.spawn("/bin/sleep", ["63"])
    let directory = try procfs.openProcess(child.processIdentifier)
    kill(child.processIdentifier, SIGKILL)
    child.waitUntilExit()
    #expect(procfs.withFile("stat", in: directory.rawValue) { ProcessStat(parsing: $0) } == nil)
    #expect(procfs.openFiles(in: directory.rawValue) == nil)
  }

  @Test("the host has figures")
  func host() throws {
    #expect(try procfs.systemStat().cpus.count >= 1)
    #expect(try procfs.loadAverage().one >= 0)
    #expect(try procfs.memoryInfo()["MemTotal"] ?? 0 > 0)
    #expect(try procfs.networkDevices().contains { $0.name == "lo" })
    #expect(try !procfs.filesystems().contains { $0.type == "proc" })
    _ = try procfs.diskStats()
  }

  /// Other tests of this process have files of /proc open meanwhile, but never a hundred.
  @Test("a thousand reads leave no descriptor open")
  func leaks() throws {
    func open() throws -> Int {
      let folder = "/proc/self/fd"
      let targets = try FileManager.default.contentsOfDirectory(atPath: folder).map {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
      }
      return targets.count { $0?.hasPrefix("/proc") ?? false }
    }
    let before = try open()
    for _ in 0..<1000 {
      _ = procfs.figures(of: getpid())
      _ = procfs.figures(of: .max)
      _ = try procfs.processIDs()
    }
    for _ in 0..<200 {
      let table = try procfs.processTable()
      _ = table.figures(ofTree: getpid())
      _ = table.find([ProcessMatcher(substrings: ["no such process"]), try ProcessMatcher(regex: "^none$")])
      _ = try procfs.systemStat()
      _ = try procfs.filesystems()
    }
    #expect(try open() < before + 100)
  }
}
