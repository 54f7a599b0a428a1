internal import POSIX

/// One process: a number is given again, a number and a start are not.
struct ProcessIdentity: Hashable {
  let pid: Int32
  let startTicks: UInt64

  init(pid: Int32, startTicks: UInt64) {
    self.pid = pid
    self.startTicks = startTicks
  }

  init(_ stat: ProcessStat) {
    self.init(pid: stat.pid, startTicks: stat.startTicks)
  }
}

/// What was read of the kernel before and cannot be read again, so that counters only rise and start times stay.
///
/// It says something, so it is never forgotten while that which it speaks of is there, whether somebody asks for it or not: a
/// process may be out of sight for one look, since its entry lost the pid, or one of its files could not be read. Several
/// readers may share one.
package final class KernelHistory: Sendable {
  /// What is known of one process.
  private struct Remembered<Value> {
    var value: Value
    /// The look at which it was last asked for.
    var look: UInt64
  }

  private struct State {
    var bootTime: Double?
    var cpus = CPUTimesHistory()
    var starts: [ProcessIdentity: Remembered<Double>] = [:]
    var switches: [ProcessIdentity: Remembered<ThreadSwitchesHistory>] = [:]
    var trees: [ProcessIdentity: Remembered<TreeHistory>] = [:]
    /// Counts the looks at all processes.
    var look: UInt64 = 0
  }

  private let state = Lock(State())

  /// Nothing was seen yet.
  package init() {}

  /// Goes on from what another one has seen.
  package func goOn(from other: KernelHistory) {
    let seen = other.state.withLock { $0 }
    state.withLock { $0 = seen }
  }

  // MARK: The host

  /// The boot time to use when the kernel says `now`; what it said last when it says nothing.
  ///
  /// The kernel works it out anew from the clock at each read and cuts it to whole seconds, so it may waver by one: the last
  /// value stays as long as the new one is that close.
  func steady(bootTime now: Double?) -> Double? {
    state.withLock { state in
      guard let now else { return state.bootTime }
      if let last = state.bootTime, (now - last).magnitude <= 1 { return last }
      state.bootTime = now
      return now
    }
  }

  /// CPU times that only rise, those of CPUs that are offline now with them.
  func rising(_ cpus: [CPUTimes]) -> [CPUTimes] {
    state.withLock { $0.cpus.rising(cpus) }
  }

  // MARK: Processes

  /// The start time to show of a process: the first one that was found, whatever becomes of the clock.
  func startTime(of process: ProcessIdentity, _ found: Double) -> Double {
    state.withLock { state in
      let start = state.starts[process]?.value ?? found
      state.starts[process] = Remembered(value: start, look: state.look)
      return start
    }
  }

  /// The start time that was shown of a process; nil when none was.
  func shownStartTime(of process: ProcessIdentity) -> Double? {
    state.withLock { $0.starts[process]?.value }
  }

  /// The context switches of a process, those of ended threads with them.
  ///
  /// - Parameters:
  ///   - threads: of each thread that there is; one alone of a process that never had more is not remembered.
  ///   - unread: threads that there are too, but of which nothing could be read.
  func rising(_ threads: [ThreadSwitches], unread: [Int32] = [], of process: ProcessIdentity) -> SwitchCounts {
    state.withLock { state in
      if threads.count == 1, let only = threads.first, state.switches[process] == nil { return only.counts }
      var history = state.switches[process]?.value ?? ThreadSwitchesHistory()
      let sum = history.add(threads, unread: unread)
      state.switches[process] = Remembered(value: history, look: state.look)
      return sum
    }
  }

  /// The processes that were last seen in the tree of a process, which may have been orphaned meanwhile.
  func members(ofTree root: ProcessIdentity) -> [ProcessIdentity] {
    state.withLock { state in state.trees[root].map { Array($0.value.members.keys) } ?? [] }
  }

  /// What the members of a tree used, those that ended with them.
  ///
  /// - Parameter unread: members that may be there still, but of which nothing could be read.
  func rising(
    _ members: [TreeMember], unread: Set<ProcessIdentity> = [], ofTree root: ProcessIdentity
  ) -> TreeCounts {
    state.withLock { state in
      var history = state.trees[root]?.value ?? TreeHistory()
      let sum = history.add(members, unread: unread)
      state.trees[root] = Remembered(value: history, look: state.look)
      return sum
    }
  }

  // MARK: The end of processes

  /// Begins a look at all processes.
  func beginLook() {
    state.withLock { $0.look += 1 }
  }

  /// Ends a look at all processes: those that were not asked for since its beginning, by their numbers. They may have ended.
  func endLook() -> [ProcessIdentity] {
    state.withLock { state in
      let look = state.look
      var unasked: Set<ProcessIdentity> = []
      for (process, seen) in state.switches where seen.look != look { unasked.insert(process) }
      for (process, seen) in state.trees where seen.look != look { unasked.insert(process) }
      // Whose start was asked for is there.
      unasked = unasked.filter { state.starts[$0]?.look != look }
      for (process, seen) in state.starts where seen.look != look { unasked.insert(process) }
      return unasked.sorted { $0.pid < $1.pid }
    }
  }

  /// Forgets processes that have ended; and of the others that nobody asks for those that were not asked for the longest, where
  /// there are too many.
  func forget(_ ended: Set<ProcessIdentity>, of unasked: [ProcessIdentity], keeping most: Int) {
    state.withLock { state in
      var gone = ended
      let left = unasked.count - ended.count - most
      if left > 0 {
        func look(_ process: ProcessIdentity) -> UInt64 {
          max(state.starts[process]?.look ?? 0, state.switches[process]?.look ?? 0, state.trees[process]?.look ?? 0)
        }
        let kept = unasked.filter { !ended.contains($0) }.sorted { look($0) < look($1) }
        gone.formUnion(kept.prefix(left))
      }
      for process in gone {
        state.starts[process] = nil
        state.switches[process] = nil
        state.trees[process] = nil
      }
    }
  }
}
