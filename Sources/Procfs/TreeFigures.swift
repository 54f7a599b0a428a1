/// The sum of a tree of processes, while it is being added up.
private struct TreeSum {
  var gauges = ProcessFigures(
    cpuSeconds: 0, residentBytes: 0, virtualBytes: 0, threads: 0, majorFaults: 0, openFiles: 0, minorFaults: 0,
    lines: .zero)
  var members: [TreeMember] = []
  var hidesBytes = false
  var hidesSwitches = false

  /// Adds a member.
  ///
  /// - Parameters:
  ///   - figures: what it uses.
  ///   - isZombie: it has ended, so that it hides nothing: it has nothing but its counts any more.
  mutating func add(_ stat: ProcessStat, _ figures: ProcessFigures, isZombie: Bool) {
    var member = TreeMember(
      process: ProcessIdentity(stat), parent: stat.parent, total: TreeCounts(), waited: TreeCounts())
    // Ticks are added up, not seconds: a sum of rounded fractions could step back.
    member.total.ticks = clampedSum(stat.ticks, stat.childTicks)
    member.waited.ticks = stat.childTicks
    member.total.minorFaults = clampedSum(stat.minorFaults, stat.childMinorFaults)
    member.waited.minorFaults = stat.childMinorFaults
    member.total.majorFaults = clampedSum(stat.majorFaults, stat.childMajorFaults)
    member.waited.majorFaults = stat.childMajorFaults
    if let read = figures.readBytes, let written = figures.writtenBytes {
      // The kernel has one count for a process and the children that it has waited for.
      (member.total.readBytes, member.total.writtenBytes) = (read, written)
      (member.waited.readBytes, member.waited.writtenBytes) = (read, written)
    } else {
      member.hidesBytes = true
    }
    if let voluntary = figures.voluntarySwitches, let involuntary = figures.involuntarySwitches {
      member.total.switches = SwitchCounts(voluntary: voluntary, involuntary: involuntary)
    } else {
      member.hidesSwitches = true
    }
    members.append(member)
    guard !isZombie else { return }
    // Of a living process that keeps something secret the whole sum would be wrong.
    hidesBytes = hidesBytes || member.hidesBytes
    hidesSwitches = hidesSwitches || member.hidesSwitches
    gauges.residentBytes = clampedSum(gauges.residentBytes, figures.residentBytes)
    gauges.virtualBytes = clampedSum(gauges.virtualBytes, figures.virtualBytes)
    gauges.threads = clampedSum(gauges.threads, figures.threads)
    gauges.openFiles = clampedSum(gauges.openFiles, figures.openFiles)
    gauges.lines = gauges.lines + figures.lines
    if let ratio = figures.worstFileRatio { gauges.worstFileRatio = max(gauges.worstFileRatio ?? 0, ratio) }
  }

  /// The figures of the tree of a process.
  ///
  /// - Parameter root: what that process alone uses.
  func figures(_ counts: TreeCounts, of root: ProcessFigures) -> ProcessFigures {
    var result = gauges
    result.startTime = root.startTime
    result.maxOpenFiles = root.maxOpenFiles
    result.cpuSeconds = Double(counts.ticks) / KernelUnits.ticksPerSecond
    result.minorFaults = counts.minorFaults
    result.majorFaults = counts.majorFaults
    if !hidesBytes { (result.readBytes, result.writtenBytes) = (counts.readBytes, counts.writtenBytes) }
    if !hidesSwitches {
      (result.voluntarySwitches, result.involuntarySwitches) = (counts.switches.voluntary, counts.switches.involuntary)
    }
    return result
  }
}

extension Procfs {
  /// What one process and all that descend from it use; nil when there is no such process any more.
  ///
  /// - Parameter members: the process first, then the others, parents before their children.
  ///
  /// All are sums, but for the limit of open files and the start time, which are those of the first process. What only rises
  /// never falls, see `TreeHistory`.
  ///
  /// A child that ends between the reading of its parent and its own would be in neither, so the sum is then begun anew without
  /// it.
  func figures(ofTree members: [ProcessStat], starts: StartTimes) -> ProcessFigures? {
    guard let root = members.first else { return nil }
    var members = members
    for attempt in 0...Self.treeAttempts {
      var sum = TreeSum()
      var own: ProcessFigures?
      var ended: Set<Int32> = []
      for member in members {
        guard let (stat, figures) = read(member, starts: starts) else {
          ended.insert(member.pid)
          continue
        }
        sum.add(stat, figures, isZombie: stat.isZombie)
        if member.pid == root.pid { own = figures }
      }
      guard let own, !isAbandoned() else { return nil }
      if ended.isEmpty || attempt == Self.treeAttempts {
        let tree = ProcessIdentity(root)
        let found = Set(sum.members.map(\.process))
        let unread = history.members(ofTree: tree).filter { !found.contains($0) && !hasEnded($0) }
        guard !isAbandoned() else { return nil }
        return sum.figures(history.rising(sum.members, unread: Set(unread), ofTree: tree), of: own)
      }
      members.removeAll { ended.contains($0.pid) }
    }
    return nil
  }

  /// How often a tree is added up anew because one of it ended meanwhile; then the sum counts as it is.
  private static let treeAttempts = 3

  /// A member now; nil when it has ended.
  private func read(_ member: ProcessStat, starts: StartTimes) -> (ProcessStat, ProcessFigures)? {
    guard let directory = try? openProcess(member.pid),
      let stat = withFile("stat", in: directory.rawValue, { ProcessStat(parsing: $0) }),
      stat.startTicks == member.startTicks
    else { return nil }
    return (stat, figures(stat, in: directory.rawValue, starts: starts).figures)
  }
}

/// The sum where both are known.
private func clampedSum(_ value: UInt64?, _ other: UInt64?) -> UInt64? {
  guard let value, let other else { return nil }
  return clampedSum(value, other) as UInt64
}
