/// What was shown of each CPU. The kernel's own counts step back: `iowait` by its nature, `idle` where a CPU goes offline,
/// see `proc_stat(5)`; what is shown waits until they have caught up.
struct CPUTimesHistory {
  private var shown: [Int: [Double]] = [:]

  /// When `idle` falls by so many seconds, the CPU began anew: it was taken away and put in again.
  private static let hotplug = 3.0
  /// No kernel has more CPUs (`NR_CPUS`); of higher numbers nothing is remembered.
  private static let mostCPUs = 8_192
  // no trap: it is one of the modes
  private static let idle = CPUTimes.modes.firstIndex(of: "idle") ?? 0

  /// The times to show.
  ///
  /// - Parameter now: what the kernel says, in its order.
  /// - Returns: the same, none lower than before, and the CPUs that are offline, as they were last: all in the order of their numbers, so
  ///   that a CPU that goes offline moves no series.
  mutating func rising(_ now: [CPUTimes]) -> [CPUTimes] {
    var result = now
    var isOnline: Set<Int> = []
    for (place, cpu) in now.enumerated() where cpu.cpu < Self.mostCPUs {
      // A second line of one CPU is no second CPU.
      guard isOnline.insert(cpu.cpu).inserted else { continue }
      if let last = shown[cpu.cpu], !Self.beganAnew(cpu.seconds, after: last) {
        for mode in cpu.seconds.indices.prefix(last.count) {
          result[place].seconds[mode] = max(last[mode], cpu.seconds[mode])
        }
        // A mode that cannot be read stays where it was, or it would fall when it can be read again.
        result[place].seconds += last.dropFirst(cpu.seconds.count)
      }
      shown[cpu.cpu] = result[place].seconds
    }
    var seen: Set<Int> = []
    result.removeAll { !seen.insert($0.cpu).inserted }
    for (cpu, seconds) in shown where !isOnline.contains(cpu) { result.append(CPUTimes(cpu: cpu, seconds: seconds)) }
    if zip(result, result.dropFirst()).contains(where: { $0.cpu > $1.cpu }) { result.sort { $0.cpu < $1.cpu } }
    return result
  }

  private static func beganAnew(_ now: [Double], after last: [Double]) -> Bool {
    guard now.indices.contains(idle), last.indices.contains(idle) else { return false }
    return last[idle] - now[idle] >= hotplug
  }
}
