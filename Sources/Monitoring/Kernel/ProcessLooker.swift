internal import CLinux
internal import Glibc
internal import POSIX
public import Procfs
internal import Synchronization

/// Looks for processes on a thread of its own, since `/proc` can hang: a process that keeps its memory on a file system whose server
/// is gone lets nobody read its command line.
///
/// What hangs is not read any more until the reading has come back, or one beside it has (`HangWatch`): a process, or its command line
/// alone, or the boot time. The look
/// is begun again without it, and gives what the attempt found that came furthest.
public final class ProcessLooker: Sendable {
  /// A reader, lent to one thread at a time.
  private final class Reader: @unchecked Sendable {
    // Unchecked is sound: a reader is in the list of free ones, or with the one attempt that took it from there.
    let procfs: Procfs
    let progress: ReadingProgress

    init(_ procfs: Procfs) {
      self.procfs = procfs
      progress = procfs.progress
    }
  }

  private struct State {
    var free: [Reader] = []
    /// What hangs, and since which attempt.
    var stuck: [ReadingProgress.Place: Int] = [:]
    /// Whether the tree itself hangs: the number of the attempt.
    var stuckTree: Int?
    /// Of what hangs, whether it answers anew; and of which attempts the threads are left to themselves.
    var watches: [ReadingProgress.Place: HangWatch] = [:]
    /// The searches by command lines for which nobody waits any more, and which have not ended yet, by their attempts.
    var searches: [Int: Search] = [:]
    var leftBehind: [Int: HangWatch] = [:]
    var attempts = 0
    var generation = 0
  }

  /// A search for which nobody waits any more.
  private struct Search {
    let attempt: Attempt
    let progress: ReadingProgress
    /// Where it was when it was last asked, and since when it has been there.
    var mark: UInt64
    var since: UInt64
  }

  /// Where the tree is found.
  public let path: String
  private let patience: Double
  private let state = Lock(State())
  private let calls = TimeLimitedCalls<Int>(name: "processes", threadLimit: ProcessLooker.mostThreads)
  private let make: @Sendable () -> Reader

  /// So many may hang; then nobody is looked for by his command line any more, for anybody can have that hang.
  static let mostStuck = 64
  /// Each process that hangs keeps a thread. What hangs then are files of processes that have beaten, which only root can have.
  static let mostThreads = 512
  /// So many files are named in one look that say nothing that can be used.
  private static let mostFailures = 100
  /// In a look in which a process hangs, the next one has half as long as the one before, but not less than this, in seconds:
  /// they mostly hang for one reason, and the look must come to those that do not.
  private static let leastPatience = 0.02
  /// Looks into the tree that a reader reads.
  public init(_ procfs: sending Procfs) {
    path = procfs.path
    patience = procfs.patience
    let first = Reader(procfs)
    let template = Lock(first)
    make = { template.withLock { Reader($0.procfs.another()) } }
  }

  /// Forgets what the readers remember.
  public func forget() {
    state.withLock { state in
      state.free = []
      state.generation += 1
    }
  }

  /// What a look came to.
  struct Result: Sendable {
    /// Of each that was asked for, unknown where nothing was found.
    private(set) var findings: [ProcessSearch.Finding]
    /// Of which something was found.
    private(set) var isFound: [Bool]
    /// Of how many.
    private(set) var found = 0
    var own: BoxedFigures?
    /// What of the files of processes is not as the kernel writes it, the first of it.
    var failures: [ProcfsError] = []
    /// Whether `/proc` could be read.
    var isReadable = false
    var isWhole = false

    init(_ count: Int) {
      findings = Array(repeating: ProcessSearch.Finding(existence: .unknown), count: count)
      isFound = Array(repeating: false, count: count)
    }

    fileprivate mutating func take(_ finding: ProcessSearch.Finding, _ place: Int) {
      findings[place] = finding
      if !isFound[place] { found += 1 }
      isFound[place] = true
    }
  }

  /// A look that is being made.
  final class Attempt: Sendable {
    fileprivate let result: Lock<Result>
    private let isOver = Atomic<Bool>(false)
    private let searches = Atomic<Bool>(false)
    private let isShort = Atomic<Bool>(false)
    private let thread = Atomic<Int32>(0)

    fileprivate init(_ count: Int) { result = Lock(Result(count)) }

    /// Notes that it looks for processes by their command lines from here on, or does not any more.
    func searches(_ isSearching: Bool) { searches.store(isSearching, ordering: .relaxed) }

    fileprivate var isSearching: Bool { searches.load(ordering: .relaxed) }

    /// Notes that it did not look at all that it should have.
    func cutShort() { isShort.store(true, ordering: .relaxed) }

    fileprivate var isWhole: Bool { goesOn && !isShort.load(ordering: .relaxed) }

    /// Notes that this thread makes it.
    fileprivate func begin() { thread.store(gettid(), ordering: .relaxed) }

    /// Whether its thread waits for nothing but a CPU: then it is slow, and does not hang.
    fileprivate var isRunning: Bool {
      let number = thread.load(ordering: .relaxed)
      guard number > 0, let file = try? FileDescriptor.open("/proc/self/task/\(number)/stat", O_RDONLY) else {
        // It has not begun.
        return number == 0
      }
      var text: [UInt8] = []
      try? file.readToEnd(appendingTo: &text, limit: 4_096)
      guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return false }
      return text[end...].dropFirst(2).first == UInt8(ascii: "R")
    }

    /// Whether somebody still waits for it.
    var goesOn: Bool { !isOver.load(ordering: .relaxed) }

    fileprivate func giveUp() { isOver.store(true, ordering: .relaxed) }

    /// Sets what was found of one process, by its place among those that were asked for.
    func report(_ finding: ProcessSearch.Finding, _ place: Int) {
      result.withLock { $0.take(finding, place) }
    }

    /// Adds a file of a process that says nothing that can be used.
    fileprivate func report(_ failure: ProcfsError) {
      result.withLock { result in
        guard result.failures.count < ProcessLooker.mostFailures, !result.failures.contains(failure) else { return }
        result.failures.append(failure)
      }
    }

    /// Sets what this very process uses.
    func report(own: BoxedFigures?) {
      result.withLock { $0.own = own }
    }
  }

  /// Looks.
  ///
  /// - Parameters:
  ///   - deadline: on the monotonic clock, in nanoseconds; then what was found so far is the result.
  ///   - count: how many processes are asked for.
  ///   - look: what to do with a table.
  func look(
    until deadline: UInt64, forLookUps count: Int,
    _ look: @escaping @Sendable (ProcessTable, _ readsCommandLines: Bool, Attempt) -> Void
  ) -> Result {
    var furthest: Result?
    var patience = patience
    repeat {
      let (number, reader, avoided, maySearch) = begin()
      guard let reader else { break }
      let attempt = Attempt(count)
      let pending = calls.begin([number]) { [self] _ in
        run(attempt, reader, avoiding: avoided, maySearch: maySearch, forLookUps: count, look)
        end(number, reader)
      }
      let ending = wait(for: pending, of: attempt, reader.progress, until: deadline, patience)
      // Before it is given up: what it reports after that is that it was not let read.
      let result = attempt.result.withLock { $0 }
      if ending != .end { attempt.giveUp() }
      // One that was given up may not have come as far as one before.
      let isFurther = furthest.map { !$0.isReadable || result.found > $0.found } ?? true
      if ending == .end || isFurther { furthest = result }
      guard case .hang(let mark) = ending else {
        if ending == .late, attempt.isSearching { leave(number, attempt, reader.progress) }
        break
      }
      note(number, hangsAt: mark)
      patience = max(patience / 2, Self.leastPatience)
    } while Clock.monotonicNanoseconds < deadline
    return furthest ?? Result(count)
  }

  /// How the waiting for an attempt ended.
  private enum Ending: Equatable {
    case end
    /// It goes on, but too slowly; it ends by itself.
    case late
    /// It has been at the same reading for too long.
    case hang(mark: UInt64)
  }

  private func wait(
    for pending: PendingCalls<Int, Void>, of attempt: Attempt, _ progress: ReadingProgress, until deadline: UInt64,
    _ patience: Double
  ) -> Ending {
    var (mark, since) = (progress.mark, Clock.monotonicNanoseconds)
    while true {
      let left = Double(deadline &- min(deadline, Clock.monotonicNanoseconds)) / 1e9
      // In short steps, so that it is seen soon after it has begun to hang.
      if pending.haveEnded(within: min(left, patience / 4)) { return .end }
      let (current, now) = (progress.mark, Clock.monotonicNanoseconds)
      if current != mark || attempt.isRunning {
        (mark, since) = (current, now)
      } else if now &- since >= Clock.nanoseconds(patience) {
        return .hang(mark: mark)
      }
      if now >= deadline { return .late }
    }
  }

  /// What cannot be read, by its path in the tree, and whether nothing can be.
  public var hanging: (paths: [String], tree: Bool) {
    state.withLock { ($0.stuck.keys.map(\.path).sorted(), $0.stuckTree != nil) }
  }

  private func begin() -> (Int, Reader?, Set<ReadingProgress.Place>, maySearch: Bool) {
    leaveBehind()
    let maySearch = haveSearchesEnded()
    let (number, free, stuck) = state.withLock { state -> (Int, Reader?, [ReadingProgress.Place]?) in
      state.attempts += 1
      guard state.stuckTree == nil else { return (state.attempts, nil, nil) }
      return (state.attempts, state.free.popLast(), Array(state.stuck.keys))
    }
    guard let stuck else { return (number, nil, [], maySearch) }
    return (number, free ?? make(), Set(stuck), maySearch)
  }

  /// Leaves a search to itself that took too long.
  private func leave(_ number: Int, _ attempt: Attempt, _ progress: ReadingProgress) {
    let search = Search(
      attempt: attempt, progress: progress, mark: progress.mark, since: Clock.monotonicNanoseconds)
    state.withLock { $0.searches[number] = search }
    // It may have ended in this very moment.
    if !calls.running.contains(number) { comeBack(number) }
  }

  /// Whether nobody searches any more for whom nobody waits: searches beside each other would take the processor from those that are
  /// waited for, and each look would leave one more. Those that turn out to hang in a reading are no searches any more.
  private func haveSearchesEnded() -> Bool {
    let searches = state.withLock { $0.searches }
    for (number, search) in searches {
      let (mark, now) = (search.progress.mark, Clock.monotonicNanoseconds)
      if mark != search.mark || search.attempt.isRunning {
        state.withLock { state in
          state.searches[number]?.mark = mark
          state.searches[number]?.since = now
        }
      } else if now &- search.since >= Clock.nanoseconds(patience) {
        state.withLock { $0.searches[number] = nil }
        note(number, hangsAt: mark)
      }
    }
    return state.withLock { $0.searches.isEmpty }
  }

  private func note(_ number: Int, hangsAt mark: UInt64) {
    state.withLock { state in
      // It may have come back in this very moment.
      switch ReadingProgress.place(of: mark) {
      case .tree: state.stuckTree = number
      case let place: state.stuck[place] = number
      }
    }
    if !calls.running.contains(number) { return comeBack(number) }
    let place = ReadingProgress.place(of: mark)
    guard state.withLock({ $0.watches[place] == nil }) else { return }
    let watch = HangWatch(at: ProcessLooker.files(of: place).map { path + $0 })
    state.withLock { $0.watches[place] = watch }
  }

  /// What is read at a place, by its path in the tree, as far as it may hang.
  private static func files(of place: ReadingProgress.Place) -> [String] {
    switch place {
    case .tree: [""]
    case .process(let pid): ["stat", "status", "cmdline", "io", "limits", "smaps_rollup"].map { "/\(pid)/\($0)" }
    case .hostFile, .commandLine: ["/" + place.path]
    }
  }

  private static func touch(_ path: String) {
    var content: [UInt8] = []
    guard let file = try? FileDescriptor.open(path, O_RDONLY) else { return }
    try? file.readToEnd(appendingTo: &content, limit: 4_096)
  }

  /// Leaves the threads to themselves that hang at what another thread could read.
  private func leaveBehind() {
    let watches = state.withLock { state in
      guard !state.watches.isEmpty else { return state.watches }
      let stuck = Set(state.stuck.keys).union(state.stuckTree == nil ? [] : [.tree])
      state.watches = state.watches.filter { stuck.contains($0.key) || $0.value.isNeeded }
      return state.watches.filter { stuck.contains($0.key) }
    }
    for (place, watch) in watches {
      let paths = ProcessLooker.files(of: place).map { path + $0 }
      guard watch.answers({ for path in paths { ProcessLooker.touch(path) } }), watch.leaveBehind() else { continue }
      let isLeft = state.withLock { state in
        let number: Int?
        if case .tree = place {
          (number, state.stuckTree) = (state.stuckTree, nil)
        } else {
          number = state.stuck.removeValue(forKey: place)
        }
        guard let number else { return false }
        state.leftBehind[number] = watch
        return true
      }
      // It has come back meanwhile.
      if !isLeft { watch.comeBack() }
    }
  }

  private func end(_ number: Int, _ reader: Reader) {
    state.withLock { state in
      if state.free.count < 2 { state.free.append(reader) }
    }
    comeBack(number)
  }

  private func comeBack(_ number: Int) {
    let left = state.withLock { state -> HangWatch? in
      state.stuck = state.stuck.filter { $0.value != number }
      state.searches[number] = nil
      if state.stuckTree == number { state.stuckTree = nil }
      return state.leftBehind.removeValue(forKey: number)
    }
    left?.comeBack()
  }

  private func run(
    _ attempt: Attempt, _ reader: Reader, avoiding avoided: Set<ReadingProgress.Place>, maySearch: Bool,
    forLookUps count: Int, _ look: (ProcessTable, Bool, Attempt) -> Void
  ) {
    attempt.begin()
    reader.procfs.avoided = avoided
    // What comes back when nobody waits any more is older than what was seen since.
    reader.procfs.isAbandoned = { [attempt] in !attempt.goesOn }
    reader.procfs.complainOfProcess = { [attempt] in attempt.report($0) }
    reader.procfs.begin(Picture())
    if let table = try? reader.procfs.processTable(forLookUps: count) {
      attempt.result.withLock { $0.isReadable = true }
      if !maySearch { attempt.cutShort() }
      look(table, maySearch && avoided.count < Self.mostStuck, attempt)
    }
    let isWhole = attempt.isWhole
    attempt.result.withLock { $0.isWhole = isWhole }
  }
}
