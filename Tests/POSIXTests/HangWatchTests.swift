import Foundation
import Glibc
import Testing

@testable import POSIX

/// A place that hangs while it is closed, and counts who asks.
private final class Place: Sendable {
  let state = ConditionLock((isClosed: true, asked: 0))

  @Sendable func ask() {
    state.withLock { $0.asked += 1 }
    state.wait { $0.isClosed ? nil : () }
  }

  var asked: Int { state.withoutWaking { $0.asked } }
  func open() { state.withLock { $0.isClosed = false } }
  func close() { state.withLock { $0.isClosed = true } }
}

private func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<3_000 {
    // Once: to ask may change something.
    if condition() { return true }
    usleep(10_000)
  }
  return false
}

@Suite("What hangs is asked anew, by what it is")
struct HangWatchTests {
  @Test("what stands at a path: links, files, folders and mounts, and nothing of what may hang is touched")
  func standing() throws {
    let folder = try Folder()
    let table = "\(folder.path)/table"
    func mounts(_ others: String...) throws {
      let lines = ["1 0 8:1 / / rw - ext4 /dev/a rw"] + others
      try folder.write("table", lines.joined(separator: "\n") + "\n")
    }
    func standing(_ name: String) -> Standing { Standing(at: "\(folder.path)/\(name)", table: table) }
    try mounts()
    let nothing = standing("a")
    #expect(nothing == standing("a"))
    try folder.write("a", "1")
    let file = standing("a")
    #expect(file != nothing && file == standing("a"))
    try folder.write("a", "2")
    #expect(standing("a") != file)
    folder.link("a", to: "hung/x")
    let link = standing("a")
    // A pipe whose opening would hang is looked at only.
    mkdir("\(folder.path)/hung", 0o755)
    mkfifo("\(folder.path)/hung/x", 0o600)
    #expect(standing("a") != link)
    let whole = standing("hung")
    try folder.write("hung/y")
    #expect(standing("hung") == whole, "a folder is not another one with each file in it")
    // Where another file system begins, it alone counts.
    try mounts("7 1 0:9 / \(folder.path)/hung rw - nfs4 nas:/a rw")
    let mount = standing("a")
    #expect(mount != link)
    unlink("\(folder.path)/hung/x")
    #expect(standing("a") == mount)
    try mounts("8 1 0:9 / \(folder.path)/hung rw - nfs4 nas:/a rw")
    #expect(standing("a") != mount, "the same from the same server is another mount")
    let second = standing("hung/deep/one")
    try mounts("8 1 0:9 / \(folder.path)/hung rw - nfs4 nas:/a rw", "9 8 0:9 / \(folder.path)/hung/deep rw - fuse b rw")
    #expect(standing("hung/deep/one") != second)
    try mounts("7 1 0:9 / \(folder.path)/other\\040one rw - nfs4 nas:/a rw")
    #expect(standing("a") != mount && standing("other one/x") != standing("other/x"))
    folder.link("loop", to: "loop")
    #expect(standing("loop") == standing("loop"))
    folder.link("up", to: "hung/../a")
    #expect(standing("up") != standing("a"))
    #expect(Standing(at: "/x", table: "\(folder.path)/nowhere") == Standing(at: "/y", table: "\(folder.path)/nowhere"))
  }

  @Test("when something else stands there it is asked beside what hangs, and only then; the answer is there later")
  func change() throws {
    let folder = try Folder()
    folder.link("a", to: "old")
    let place = Place()
    let watch = HangWatch(at: ["\(folder.path)/a"], bound: HangWatch.Bound()) { 0 }
    #expect(eventually { watch.hasLooked })
    for _ in 0..<50 {
      #expect(!watch.answers(place.ask))
      usleep(1_000)
    }
    #expect(place.asked == 0)
    folder.link("a", to: "new")
    #expect(eventually { !watch.answers(place.ask) && place.asked == 1 })
    for _ in 0..<50 { #expect(!watch.answers(place.ask)) }
    #expect(place.asked == 1, "while that hangs too, and nothing changes, nobody asks")
    place.open()
    #expect(eventually { watch.answers(place.ask) })
    #expect(watch.leaveBehind() && watch.isNeeded)
    #expect(!watch.answers(place.ask), "that it answered says nothing of the next one that hangs")
    watch.comeBack()
    #expect(!watch.isNeeded)
  }

  @Test("an answer that came when another question had been asked is not believed")
  func late() throws {
    let folder = try Folder()
    folder.link("a", to: "old")
    let (first, second) = (Place(), Place())
    // Whoever asks first meets the first one: a thread that is late may ask what was handed to it before.
    @Sendable func ask() { first.asked == 0 ? first.ask() : second.ask() }
    let watch = HangWatch(at: ["\(folder.path)/a"], bound: HangWatch.Bound()) { 0 }
    #expect(eventually { watch.hasLooked })
    folder.link("a", to: "new")
    #expect(eventually { !watch.answers(ask) && first.asked == 1 })
    folder.link("a", to: "newer")
    #expect(eventually { !watch.answers(ask) && second.asked == 1 })
    first.open()
    for _ in 0..<50 {
      #expect(!watch.answers(ask))
      usleep(2_000)
    }
    second.open()
    #expect(eventually { watch.answers(ask) })
  }

  @Test("where nothing is seen to change it is asked after ten seconds, then each time after four times as long")
  func time() throws {
    let place = Place()
    let now = Lock<UInt64>(0)
    let watch = HangWatch(at: ["/nowhere/\(UUID())"], bound: HangWatch.Bound()) { now.withLock { $0 } }
    func asks(at seconds: Double, count: Int) -> Bool {
      now.withLock { $0 = Clock.nanoseconds(seconds) }
      for _ in 0..<20 {
        _ = watch.answers(place.ask)
        usleep(2_000)
      }
      return eventually {
        _ = watch.answers(place.ask)
        return place.asked >= count
      } && place.asked == count
    }
    for (seconds, count) in [(9.9, 0), (10, 1), (49.9, 1), (50, 2), (209, 2), (210, 3), (849, 3), (850, 4), (1e9, 4)] {
      #expect(asks(at: seconds, count: count), "\(seconds)")
    }
    place.open()
    #expect(eventually { watch.answers(place.ask) })
  }

  @Test("at one place no more threads hang than may, whatever changes")
  func onePlace() throws {
    let folder = try Folder()
    let place = Place()
    let watch = HangWatch(at: ["\(folder.path)/a"], bound: HangWatch.Bound()) { 0 }
    #expect(watch.leaveBehind() && eventually { watch.hasLooked })
    for turn in 1...2 * HangWatch.mostAtOnePlace {
      folder.link("a", to: "target-\(turn)")
      let expected = min(turn, HangWatch.mostAtOnePlace - 1)
      #expect(eventually { !watch.answers(place.ask) && place.asked >= expected })
    }
    usleep(50_000)
    #expect(place.asked == HangWatch.mostAtOnePlace - 1)
    #expect(!watch.leaveBehind())
    place.open()
    #expect(eventually { watch.leaveBehind() })
  }

  @Test("of all places together no more threads ask, and are left behind, than may")
  func allPlaces() throws {
    let folder = try Folder()
    let bound = HangWatch.Bound(mostAsking: 4, mostLeftBehind: 2)
    let place = Place()
    let now = Lock<UInt64>(0)
    let watches = (0..<10).map { number in
      HangWatch(at: ["\(folder.path)/\(number)"], bound: bound) { now.withLock { $0 } }
    }
    #expect(eventually { watches.allSatisfy(\.hasLooked) })
    func ask() {
      for watch in watches { #expect(!watch.answers(place.ask)) }
      usleep(10_000)
    }
    now.withLock { $0 = Clock.nanoseconds(10) }
    func asks(_ count: Int) -> Bool {
      ask()
      return place.asked >= count
    }
    #expect(eventually { asks(2) })
    for _ in 0..<10 { ask() }
    #expect(place.asked == 2, "those that only time has ask leave room for those at which something changed")
    for number in 0..<10 { folder.link("\(number)", to: "new") }
    #expect(eventually { asks(4) })
    for _ in 0..<10 { ask() }
    #expect(place.asked == 4)
    #expect(watches.filter { $0.leaveBehind() }.count == 2)
    place.open()
    // What was under way at the two says nothing of what hangs next: they are asked once more.
    now.withLock { $0 = Clock.nanoseconds(1_000) }
    #expect(eventually { watches.filter { $0.answers(place.ask) }.count == 10 })
  }

  @Test("calls: one that hangs does not keep its key, once something else stands there; what it says late goes nowhere")
  func calls() throws {
    let folder = try Folder()
    folder.link("a", to: "old")
    let path = "\(folder.path)/a"
    let calls = TimeLimitedCalls<Int>(name: "test", threadLimit: 2) { _ in [path] }
    let old = Place()
    @Sendable func answer(_ key: Int) -> String {
      let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) ?? ""
      if target == "old" { old.ask() }
      return target
    }
    func ask() -> String? { calls.call([1], until: Clock.monotonicNanoseconds + 200_000_000, patience: 0.1, answer)[0] }
    for _ in 0..<3 {
      #expect(ask() == nil)
      usleep(50_000)
    }
    #expect(old.asked == 1)
    folder.link("a", to: "new")
    #expect(eventually { ask() == "new" })
    #expect(calls.running == [])
    // The one that hangs takes the place of none.
    let closed = Place()
    _ = calls.call([2], until: Clock.monotonicNanoseconds + 100_000_000) { _ in closed.ask() }
    #expect(calls.call([3], until: Clock.monotonicNanoseconds + 30_000_000_000) { $0 } == [3])
    closed.open()
    old.open()
    #expect(eventually { ask() == "new" })
  }

  @Test("calls: somebody who asks for it has a key called anew beside one that hangs, but not without end")
  func anew() {
    let calls = TimeLimitedCalls<Int>(name: "test", threadLimit: 1)
    let place = Place()
    var begun = 0
    for _ in 0..<20 where calls.beginAnew(1) {
      // Long enough for a thread on a busy machine: what nobody waits for any more is not begun.
      _ = calls.call([1], until: Clock.monotonicNanoseconds + 400_000_000) { _ in place.ask() }
      begun += 1
      #expect(eventually { place.asked == begun })
    }
    #expect(begun == 1 + HangWatch.mostAtOnePlace)
    place.open()
    #expect(eventually { calls.running.isEmpty && calls.beginAnew(1) })
    #expect(calls.call([1], until: .max) { $0 } == [1])
  }
}
