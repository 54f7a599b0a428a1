internal import Exporter
internal import Heartbeat
internal import POSIX
internal import Procfs

/// Looks at this host: the heartbeat file, the configured processes, `/proc`.
struct LocalSource {
  private let manager: HeartbeatManager
  private let configuration: Configuration
  private let timeout: Double
  private let procfs: Procfs
  private let clock: () -> Double
  private var cpu = CPUUsage()
  private var matchers: [(index: Int, matcher: ProcessMatcher)] = []

  /// - Parameter clock: gives Unix time in seconds.
  init(
    file: String, configuration: Configuration, timeout: Double, procfs: Procfs = Procfs(),
    clock: @escaping () -> Double = { Clock.realtime }
  ) {
    manager = HeartbeatManager(file: file)
    self.procfs = procfs
    self.clock = clock
    self.configuration = configuration
    self.timeout = timeout
    for (index, process) in configuration.processes.enumerated() {
      switch process.match {
      case .substrings(let texts): matchers.append((index, ProcessMatcher(substrings: texts)))
      case .regex(let text):
        // The configuration has compiled it before.
        if let matcher = try? ProcessMatcher(regex: text) { matchers.append((index, matcher)) }
      case nil: continue
      }
    }
    // The first reading would be the average since boot.
    _ = cpuShare()
  }

  /// What there is to see now.
  mutating func look() -> HostView {
    var view = HostView(name: procfs.systemInfo().nodeName, time: clock())
    view.system = system()
    do throws(HeartbeatError) {
      view.programs = programs(try manager.allHeartbeats(), now: view.time)
    } catch {
      view.failure = error.description
      view.programs = programs([], now: view.time)
    }
    return view
  }

  private func programs(_ beats: [Heartbeat], now: Double) -> [ProgramView] {
    let table = try? procfs.processTable()
    let found = table?.find(matchers.map(\.matcher)) ?? []
    var matched: [Int: Int32] = [:]
    for (position, pid) in found.enumerated() where pid != nil { matched[matchers[position].index] = pid }
    var byName: [String: Heartbeat] = [:]
    for beat in beats { byName[beat.name] = beat }
    var views: [ProgramView] = []
    for (index, process) in configuration.processes.enumerated() {
      views.append(
        program(
          name: process.name, process, byName.removeValue(forKey: process.name), matched[index], table, now: now))
    }
    for beat in beats where byName[beat.name] == beat {
      byName[beat.name] = nil
      views.append(program(name: beat.name, nil, beat, nil, table, now: now))
    }
    return views
  }

  private func program(
    name: String, _ process: ProcessConfiguration?, _ beat: Heartbeat?, _ matched: Int32?, _ table: ProcessTable?,
    now: Double
  ) -> ProgramView {
    var pid = beat?.pid
    var isUp: Bool?
    if process?.match != nil {
      isUp = matched != nil
      pid = matched ?? pid
    } else if let table, let beat, let number = beat.pid, beat.host == nil {
      isUp = table.isUp(number, lastBeat: beat.lastHeartbeat)
    }
    let figures = isUp == true ? pid.flatMap { table?.figures(of: $0) } : nil
    return ProgramView(
      name: name, title: process?.displayName ?? name, isConfigured: process != nil,
      state: ProgramState(isAlive: beat.map { $0.isAlive(at: now, timeout: process?.timeout ?? timeout) }, isUp: isUp),
      status: beat?.status, pid: pid, runtime: figures?.startTime.map { now - $0 }, lastBeat: beat?.lastHeartbeat,
      age: beat?.age(at: now), residentBytes: figures.map { Double($0.residentBytes) })
  }

  private mutating func cpuShare() -> Double? {
    guard let stat = try? procfs.systemStat() else { return nil }
    var busy = 0.0
    var total = 0.0
    for cpu in stat.cpus {
      for (mode, seconds) in zip(CPUTimes.modes, cpu.seconds) {
        total += seconds
        if mode != "idle" && mode != "iowait" { busy += seconds }
      }
    }
    return cpu.share(busy: busy, total: total)
  }

  private mutating func system() -> SystemView {
    var view = SystemView()
    view.cpu = cpuShare()
    if let memory = try? procfs.memoryInfo(), let total = memory["MemTotal"], let available = memory["MemAvailable"] {
      view.memoryTotal = Double(total)
      view.memoryUsed = Double(total) - Double(available)
    }
    if let disks = try? procfs.filesystems(), let root = disks.first(where: { $0.mountPoint == "/" }) {
      view.diskTotal = Double(root.sizeBytes)
      view.diskUsed = Double(root.sizeBytes) - Double(root.freeBytes)
    }
    view.load = (try? procfs.loadAverage())?.one
    return view
  }
}
