import Testing

@testable import Procfs

@Suite("Counters that only rise")
struct HistoryTests {
  private static func cpus(_ seconds: [[Double]]) -> [CPUTimes] {
    seconds.enumerated().map { CPUTimes(cpu: $0.offset, seconds: $0.element) }
  }

  @Test("a CPU's time does not fall where the kernel's does, mode by mode")
  func cpuSteps() {
    var history = CPUTimesHistory()
    // user, nice, system, idle, iowait, irq, softirq, steal
    _ = history.rising(Self.cpus([[10, 0, 5, 450, 7, 0, 0, 3]]))
    let held = history.rising(Self.cpus([[11, 0, 5, 449.98, 2, 0, 0, 1]]))
    #expect(held[0].seconds == [11, 0, 5, 450, 7, 0, 0, 3])
    #expect(history.rising(Self.cpus([[11, 0, 5, 451, 8, 0, 0, 2]]))[0].seconds == [11, 0, 5, 451, 8, 0, 0, 3])
  }

  @Test("a CPU that was taken away and put in again begins anew, as node_exporter has it: by its idle time")
  func hotplug() {
    var history = CPUTimesHistory()
    _ = history.rising(Self.cpus([[10, 0, 5, 450], [10, 0, 5, 450]]))
    let now = history.rising(Self.cpus([[1, 0, 1, 447], [1, 0, 1, 447.01]]))
    #expect(now.map(\.seconds) == [[1, 0, 1, 447], [10, 0, 5, 450]])
  }

  @Test("a CPU that is offline keeps its times in its place; one that is there twice is one")
  func offline() {
    var history = CPUTimesHistory()
    _ = history.rising(Self.cpus([[1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3]]))
    let now = history.rising([CPUTimes(cpu: 2, seconds: [4, 4, 4, 4]), CPUTimes(cpu: 2, seconds: [9, 9, 9, 9])])
    #expect(now.map(\.cpu) == [0, 1, 2])
    #expect(now.map { $0.seconds[0] } == [1, 2, 4])
    // No kernel has such a number: nothing is kept of it.
    _ = history.rising([CPUTimes(cpu: 900_000, seconds: [4, 4, 4, 4])])
    #expect(history.rising([]).map(\.cpu) == [0, 1, 2])
  }

  @Test("threads that ended, and others under their numbers, stay in the sum")
  func switches() {
    var history = ThreadSwitchesHistory()
    func add(_ threads: [Int32: (UInt64, UInt64)]) -> [UInt64] {
      let sum = history.add(
        threads.map {
          ThreadSwitches(thread: $0.key, counts: SwitchCounts(voluntary: $0.value.0, involuntary: $0.value.1))
        })
      return [sum.voluntary, sum.involuntary]
    }
    #expect(add([1: (5, 1), 2: (100, 10)]) == [105, 11])
    #expect(add([1: (6, 1)]) == [106, 11])
    #expect(add([1: (6, 1), 2: (3, 0)]) == [109, 11])
    #expect(add([1: (6, 1), 2: (2, 0)]) == [111, 11])
    #expect(add([1: (.max, 1)])[0] == .max)
  }

  @Test("a thread of which nothing can be read for once is where it was, and is counted once when it can be read again")
  func unreadThread() {
    var history = ThreadSwitchesHistory()
    func add(_ threads: [Int32: UInt64], unread: [Int32] = []) -> UInt64 {
      let now = threads.map {
        ThreadSwitches(thread: $0.key, counts: SwitchCounts(voluntary: $0.value, involuntary: 0))
      }
      return history.add(now, unread: unread).voluntary
    }
    #expect(add([1: 5, 2: 100]) == 105)
    #expect(add([1: 6], unread: [2, 3]) == 106)
    #expect(add([1: 6, 2: 101, 3: 1]) == 108)
    #expect(add([1: 6], unread: [2]) == 108)
    #expect(add([1: 6]) == 108)
  }

  @Test("a mode that cannot be read stays where it was, and does not fall when it can be read again")
  func shorterRow() {
    var history = CPUTimesHistory()
    _ = history.rising(Self.cpus([[10, 0, 5, 450, 100, 3]]))
    #expect(history.rising(Self.cpus([[11, 0, 5, 451]]))[0].seconds == [11, 0, 5, 451, 100, 3])
    #expect(history.rising(Self.cpus([[11, 0, 5, 451, 90, 4]]))[0].seconds == [11, 0, 5, 451, 100, 4])
  }

  // A tree: 1 -> 2 -> 3, with ticks for what they used themselves and by those they waited for.
  private static func member(_ pid: Int32, parent: Int32, own: UInt64, waited: UInt64 = 0, start: UInt64 = 0)
    -> TreeMember
  {
    var member = TreeMember(
      process: ProcessIdentity(pid: pid, startTicks: start), parent: parent, total: TreeCounts(), waited: TreeCounts())
    member.total.ticks = own + waited
    member.waited.ticks = waited
    return member
  }

  private static let whole = [
    member(1, parent: 0, own: 10), member(2, parent: 1, own: 20), member(3, parent: 2, own: 40),
  ]

  @Test(
    "the ticks of a tree of 70 after some of it ended",
    arguments: [
      ("nobody waited for 3", [member(1, parent: 0, own: 10), member(2, parent: 1, own: 20)], 70),
      ("2 waited for 3", [member(1, parent: 0, own: 10), member(2, parent: 1, own: 20, waited: 41)], 71),
      (
        "2 waited for 3 and for a child that was never seen",
        [member(1, parent: 0, own: 10), member(2, parent: 1, own: 20, waited: 90)], 120
      ),
      ("1 waited for 2, which waited for 3", [member(1, parent: 0, own: 10, waited: 60)], 70),
      ("1 waited for 2, which waited for nobody", [member(1, parent: 0, own: 10, waited: 20)], 70),
      ("1 waited for 2 and, as their subreaper, for 3", [member(1, parent: 0, own: 10, waited: 61)], 71),
      ("nobody waited for anybody", [member(1, parent: 0, own: 10)], 70),
      ("3 was orphaned and goes on", [member(1, parent: 0, own: 10, waited: 20), member(3, parent: 99, own: 45)], 75),
      (
        "another process has the number of 3",
        [member(1, parent: 0, own: 10), member(2, parent: 1, own: 20), member(3, parent: 2, own: 1, start: 7)], 71
      ),
      (
        "3 says less than before",
        [member(1, parent: 0, own: 10), member(2, parent: 1, own: 20), member(3, parent: 2, own: 4)], 70
      ),
    ] as [(String, [TreeMember], UInt64)])
  func tree(situation: String, after: [TreeMember], expected: UInt64) {
    var history = TreeHistory()
    #expect(history.add(Self.whole).ticks == 70)
    #expect(history.add(after).ticks == expected)
    #expect(history.add(after).ticks == expected)
  }

  @Test("a member of which nothing can be read is where it was, and with it what ended below it")
  func unreadMember() {
    let unread: Set = [ProcessIdentity(pid: 2, startTicks: 0)]
    var history = TreeHistory()
    _ = history.add(Self.whole)
    let root = Self.member(1, parent: 0, own: 11)
    #expect(history.add([root, Self.whole[2]], unread: unread).ticks == 71)
    #expect(history.add([root], unread: unread).ticks == 71)
    // It did wait for 3, as is seen now; so the 40 are not counted twice.
    #expect(history.add([root, Self.member(2, parent: 1, own: 20, waited: 41)]).ticks == 72)
    #expect(history.add([root]).ticks == 72)
    var other = TreeHistory()
    _ = other.add(Self.whole)
    #expect(other.add([root], unread: unread).ticks == 71)
    // It ended meanwhile, and nobody waited for anybody.
    #expect(other.add([root]).ticks == 71)
  }

  @Test("an orphan that ends later stays in the sum, whoever waits for it")
  func orphan() {
    var history = TreeHistory()
    _ = history.add(Self.whole)
    _ = history.add([Self.member(1, parent: 0, own: 10, waited: 20), Self.member(3, parent: 99, own: 50)])
    #expect(history.add([Self.member(1, parent: 0, own: 10, waited: 20)]).ticks == 80)
  }

  @Test("a long chain of children that ends at once stays in the sum, but for what its root got of it")
  func longChain() {
    let length: Int32 = 5_000
    var history = TreeHistory()
    let chain = (1...length).map { Self.member($0, parent: $0 - 1, own: 1) }
    #expect(history.add(chain).ticks == UInt64(length))
    #expect(history.add([Self.member(1, parent: 0, own: 1, waited: 10)]).ticks == UInt64(length))
    var unread = TreeHistory()
    _ = unread.add(chain)
    #expect(unread.add([chain[0]], unread: [chain[1].process]).ticks == UInt64(length))
    #expect(unread.members.count == Int(length))
  }

  @Test("random trees: the sum never falls, and holds all that was seen of anybody")
  func randomTrees() {
    for seed in UInt64(1)...300 {
      var random = seed
      func number(_ most: UInt64) -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (random >> 33) % (most + 1)
      }
      struct Process { var parent: Int32; var own: UInt64 = 0; var waited: UInt64 = 0; var isTheirs = true }
      var processes: [Int32: Process] = [1: Process(parent: 0)]
      var order: [Int32] = [1]
      var history = TreeHistory()
      var (last, used, next): (UInt64, UInt64, Int32) = (0, 0, 2)
      for _ in 0..<40 {
        for _ in 0..<number(4) {
          let pid = order[Int(number(UInt64(order.count - 1)))]
          switch number(3) {
          case 0:
            processes[next] = Process(parent: pid)
            order.append(next)
            next += 1
          case 1 where pid != 1:
            guard let gone = processes.removeValue(forKey: pid) else { break }
            order.removeAll { $0 == pid }
            for child in order where processes[child]?.parent == pid { processes[child]?.parent = 999 }
            if number(1) == 0, processes[gone.parent] != nil {
              processes[gone.parent]?.waited += gone.own + gone.waited
            }
          default:
            let ticks = number(20)
            processes[pid]?.own += ticks
            used += ticks
          }
        }
        let members = order.compactMap { pid in
          processes[pid].map { Self.member(pid, parent: $0.parent, own: $0.own, waited: $0.waited) }
        }
        let sum = history.add(members).ticks
        #expect(sum >= last, "seed \(seed)")
        #expect(sum <= used, "seed \(seed)")
        last = sum
      }
    }
  }

  @Test("a start time is that of the first look, however the clock is set; the number's next process has its own")
  func startTimes() throws {
    let tree = try TemporaryTree()
    let procfs = Procfs(procfs: tree.path)
    func start(boot: Int, ticks: Int = 500) throws -> Double? {
      tree.write("stat", "cpu0 1 2 3 4\nbtime \(boot)\n")
      tree.write("7/stat", "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 \(ticks) 0 1 0\n")
      let table = try procfs.processTable()
      table.beginLook()
      defer { table.endLook() }
      return table.presenceWithFigures(of: 7, lastBeat: nil).figures?.value.startTime
    }
    let ticks = KernelUnits.ticksPerSecond
    #expect(try start(boot: 1_000) == 1_000 + 500 / ticks)
    #expect(try start(boot: 4_600) == 1_000 + 500 / ticks)
    #expect(try start(boot: 900) == 1_000 + 500 / ticks)
    #expect(try start(boot: 900, ticks: 600) == 900 + 600 / ticks)
  }

  @Test("a clock that was set, in whichever direction, makes no other process of the one that beats")
  func steppedClock() throws {
    let tree = try TemporaryTree()
    let procfs = Procfs(procfs: tree.path)
    func presence(boot: Int, lastBeat: Double) throws -> ProcessPresence {
      tree.write("stat", "cpu0 1 2 3 4\nbtime \(boot)\n")
      tree.write("7/stat", "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
      return try procfs.processTable().presenceWithFigures(of: 7, lastBeat: lastBeat).presence
    }
    #expect(try presence(boot: 10_000, lastBeat: 10_100).isRunning)
    // Beats of the new time before the start in the old one; and of the old time before the start in the new one.
    #expect(try presence(boot: 6_400, lastBeat: 6_600).isRunning)
    #expect(try presence(boot: 13_600, lastBeat: 10_100).isRunning)
    #expect(try !presence(boot: 13_600, lastBeat: 5_000).isRunning)
  }

  @Test("what many ask for of one process is read once")
  func onceForAll() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    tree.write("7/stat", "7 (x) S 1 0 0 0 0 0 0 0 0 0 1 1 0 0 0 0 1 0 500 0 1 0\n")
    tree.write("7/status", "Tgid:\t7\n")
    let table = try Procfs(procfs: tree.path).processTable()
    #expect(table.presenceWithFigures(of: 7, lastBeat: 2_000).figures?.value.threads == 1)
    // Were it read again, nothing would be found.
    tree.write("7/stat", "")
    #expect(table.presenceWithFigures(of: 7, lastBeat: 3_000).figures?.value.threads == 1)
    #expect(table.presenceWithFigures(of: 7, lastBeat: 3).presence == .reused)
    #expect(table.figures(of: 7)?.value.threads == 1)
  }

  private static func stat(_ pid: Int, parent: Int = 1, ticks: Int, threads: Int = 1, start: Int = 500) -> String {
    "\(pid) (x) S \(parent) 0 0 0 0 0 0 0 0 0 \(ticks) 0 0 0 0 0 \(threads) 0 \(start) 0 1 0\n"
  }

  @Test(
    "what is not asked for in a look, or cannot be read in it, goes on from where it was",
    arguments: ["not asked for", "half a stat", "no stat", "an old beat"])
  func outOfSight(situation: String) throws {
    let tree = try TemporaryTree()
    let procfs = Procfs(procfs: tree.path)
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    func look(_ body: (ProcessTable) -> Void) throws {
      let table = try procfs.processTable()
      table.beginLook()
      body(table)
      table.endLook()
    }
    func seconds() throws -> [Double?] {
      var found: BoxedFigures?
      try look { table in found = table.figures(ofTree: 7) }
      return [found?.value.cpuSeconds, found?.value.startTime]
    }
    tree.write("7/stat", Self.stat(7, ticks: 100))
    tree.write("8/stat", Self.stat(8, parent: 7, ticks: 4_000))
    let before = try seconds()
    #expect(before == [4_100 / KernelUnits.ticksPerSecond, 1_000 + 500 / KernelUnits.ticksPerSecond])
    tree.remove("8")
    switch situation {
    case "half a stat": tree.write("7/stat", "7 (x) S 1 0")
    case "no stat": tree.remove("7/stat")
    default: break
    }
    try look { table in
      if situation == "an old beat" { #expect(table.presence(of: 7, lastBeat: 3) == .reused) }
      if situation == "half a stat" { #expect(table.presence(of: 7, lastBeat: 3_000) == .unknown) }
    }
    tree.write("7/stat", Self.stat(7, ticks: 100))
    // Where the folder says that there is no stat, it has ended: who comes then is another one.
    #expect(try seconds()[0] == (situation == "no stat" ? 100 / KernelUnits.ticksPerSecond : before[0]))
  }

  @Test("who has more threads than are counted goes on from where he was when he has fewer again")
  func manyThreads() throws {
    let tree = try TemporaryTree()
    let procfs = Procfs(procfs: tree.path)
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    func switches(threads: Int) throws -> UInt64? {
      tree.write("7/stat", Self.stat(7, ticks: 1, threads: threads))
      let table = try procfs.processTable()
      table.beginLook()
      defer { table.endLook() }
      return table.presenceWithFigures(of: 7, lastBeat: nil).figures?.value.voluntarySwitches
    }
    func status(_ count: Int) -> String {
      "Tgid:\t7\nvoluntary_ctxt_switches:\t\(count)\nnonvoluntary_ctxt_switches:\t0\n"
    }
    tree.write("7/status", status(5))
    tree.write("7/task/7/status", status(5))
    tree.write("7/task/8/status", status(1_000))
    #expect(try switches(threads: 2) == 1_005)
    #expect(try switches(threads: Procfs.mostCountedThreads + 1) == nil)
    tree.remove("7/task/8")
    #expect(try switches(threads: 2) == 1_005)
    #expect(try switches(threads: 1) == 1_005)
  }

  @Test("who has ended is forgotten, some in each look; and of those that nobody asks for only so many are remembered")
  func forgotten() throws {
    let tree = try TemporaryTree()
    tree.write("stat", "cpu0 1 2 3 4\nbtime 1000\n")
    var limits = ProcfsLimits()
    (limits.unasked, limits.unaskedLookUps) = (3, 1)
    let procfs = Procfs(procfs: tree.path, rootfs: "/", limits: limits)
    for pid in 1...9 { tree.write("\(pid)/stat", Self.stat(pid, ticks: 1)) }
    func look(_ pids: ClosedRange<Int32>) throws -> [Int32] {
      let table = try procfs.processTable()
      table.beginLook()
      for pid in pids { _ = table.presenceWithFigures(of: pid, lastBeat: nil) }
      table.endLook()
      return (1...9).filter {
        procfs.history.shownStartTime(of: ProcessIdentity(pid: $0, startTicks: 500)) != nil
      }
    }
    #expect(try look(1...9) == Array(1...9))
    #expect(try look(4...9) == Array(1...9))
    // The first ones were not asked for the longest.
    #expect(try look(7...9) == Array(4...9))
    tree.remove("5")
    // Others have the numbers of two that ended.
    for pid in [6, 7] { tree.write("\(pid)/stat", Self.stat(pid, ticks: 1, start: 600)) }
    #expect(try look(8...9) == [4, 6, 7, 8, 9])
    #expect(try look(8...9) == [4, 7, 8, 9])
    #expect(try look(8...9) == [4, 8, 9])
    #expect(try look(8...9) == [4, 8, 9])
  }
}
