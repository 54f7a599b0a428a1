import Exposition
import Heartbeat
import Monitoring

@testable import Exporter

/// How an exporter is set up. Every bound of what is remembered is a handful, so that each is crossed again and again.
struct Setting {
  var options = ExporterOptions()
  var limits = ScrapeLimits()
  /// Whether `/proc` is the kernel's.
  let isLive: Bool
  /// What most scrapes ask for: only what is asked for again can be served from memory.
  let usualStyle: ExpositionStyle
  /// Whether there are more sources than one file.
  private let hasNeighbours: Bool
  /// The folder that all is in.
  private let folder: String
  /// Whether configurations change and memories are forgotten seldom, so that much is remembered for long.
  let isCalm: Bool

  init(_ choices: inout Choices, folder: String, hasNeighbours: Bool, isLive: Bool) {
    (self.folder, self.hasNeighbours, self.isLive) = (folder, hasNeighbours, isLive)
    usualStyle = Setting.style(&choices)
    isCalm = choices.once(in: 2)
    func few(_ choices: inout Choices, else usual: Int) -> Int {
      choices.once(in: 4) ? usual : choices.number(3...10)
    }
    let files = [HeartbeatPlace.name] + (hasNeighbours ? Neighbours.all.filter { _ in !choices.once(in: 4) } : [])
    options.heartbeat.files = files.map { folder + "/" + $0 }
    options.heartbeat.filesAreDefault = false
    // Of as many files that are gone the failures are known: five may fail and go.
    options.heartbeat.maxFiles = choices.once(in: 2) ? choices.number(5...9) : options.heartbeat.maxFiles
    // What waits for a file system that hangs is another test; this one must not mind a slow machine.
    options.heartbeat.readTimeout = 600
    options.heartbeat.retention = choices.once(in: 3) ? choices.one(of: [50, 100, 1_000.5]) : 0
    options.heartbeat.remember = choices.one(of: [0, 5, 100, 86_400])
    options.heartbeat.stringKeys = choices.one(of: [[], [], ["s", "b.s", "a.b"], ["x", "in_s", "é"]])
    options.heartbeat.maxSeries = few(&choices, else: options.heartbeat.maxSeries)
    options.heartbeat.maxSeriesPerProcess = few(&choices, else: options.heartbeat.maxSeriesPerProcess)
    options.heartbeat.maxFileSize = choices.once(in: 6) ? 1_500 : options.heartbeat.maxFileSize
    options.heartbeat.timeout = choices.one(of: [60, 60, 5, 0.25])
    options.collectors.process = !choices.once(in: 8)
    options.collectors.smaps = !isLive && choices.once(in: 2)
    if !isLive { (options.paths.procfs, options.paths.rootfs) = (folder + "/" + HostTree.name, folder + "/root") }
    // Nor must it mind where it is about what /proc says.
    limits.deadline = 600
    limits.procfs.patience = 600
    // The known keys are six.
    limits.reading.keyPaths = choices.once(in: 2) ? 100_000 : choices.number(7...16)
    limits.reading.rememberedPaths = choices.once(in: 4) ? 50_000 : choices.number(3...12)
    limits.reading.retryPause = 0
    // What is being written is shown as it was before, for ever or not at all: not until some time of the clock has passed.
    limits.reading.unfinishedFor = choices.once(in: 2) ? 0 : .infinity
    limits.reading.halfFor = 0
    limits.reading.keptBytes = choices.once(in: 4) ? choices.one(of: [100, 1_000]) : limits.reading.keptBytes
    // More than these are looked at by another thread, which here everybody waits for.
    limits.reading.namesAtOnce = few(&choices, else: limits.reading.namesAtOnce)
    limits.reading.filesAtOnce = few(&choices, else: limits.reading.filesAtOnce)
    limits.reading.listingPause = 0
    limits.reading.listingPatience = 600
    limits.reading.listingLate = 600
    // What is larger is read by another thread, which here everybody waits for.
    limits.reading.largeFile = choices.once(in: 2) ? limits.reading.largeFile : choices.number(0...400)
    limits.procfs.bufferSize = choices.one(of: [1_024, 2_048, 64 << 10])
    limits.procfs.fewLookUps = few(&choices, else: limits.procfs.fewLookUps)
    limits.styles = choices.number(1...3)
    limits.styleBytes = choices.once(in: 2) ? 1_000 : limits.styleBytes
    limits.seriesBytes = choices.once(in: 2) ? 100 : limits.seriesBytes
    options.heartbeat.maxProcesses = few(&choices, else: options.heartbeat.maxProcesses)
    // Which files of a folder with more of them are read depends on who beat before.
    let fewest = hasNeighbours ? Neighbours.processes.count : 0
    options.heartbeat.maxProcesses = max(options.heartbeat.maxProcesses, fewest)
    limits.smallestChunk = choices.once(in: 4) ? choices.one(of: [200, 2_000, 16 << 10]) : choices.number(3...10)
    limits.names = few(&choices, else: limits.names)
    limits.ownDataBytes = few(&choices, else: 32 << 20) * 40
    limits.cpus = few(&choices, else: limits.cpus)
  }

  /// Any style.
  static func style(_ choices: inout Choices) -> ExpositionStyle {
    let formats: [ExpositionFormat] = [.text0_0_4, .text1_0_0, .openMetrics1_0_0]
    return ExpositionStyle(choices.one(of: formats), choices.one(of: NameEscaping.allCases))
  }

  /// A configuration of processes. Where `/proc` is the kernel's, nobody else's process is found: it could come or go between
  /// the two answers.
  func configuration(_ choices: inout Choices) -> Configuration {
    let own = isLive ? Sleepers.argument : ""
    let names = ["a", "b", "never", "größe", "heartbeat-exporter", "p3"]
    return Configuration(
      processes: (0..<choices.number(0...3)).map { _ in
        var process = ProcessConfiguration(
          name: choices.one(of: names), displayName: choices.once(in: 2) ? "A name" : nil,
          timeout: choices.once(in: 2) ? choices.one(of: [1, 100]) : nil,
          match: choices.once(in: 2)
            ? choices.one(of: [
              .substrings(["bidder"] + (isLive ? [own] : [])), .regex("order-w.*py\(own)"),
              .substrings(["sleep", Sleepers.argument]),
            ]) : nil,
          children: choices.once(in: 3))
        if choices.once(in: 2) { process.job = Setting.job(&choices) }
        return process
      }, sources: hasNeighbours ? sources(&choices) : [])
  }

  /// What is said of the files of programs.
  private func sources(_ choices: inout Choices) -> [SourceSettings] {
    guard choices.once(in: 2) else { return [] }
    var settings = SourceSettings(path: folder + "/" + Neighbours.programs)
    settings.name = choices.one(of: [nil, "{star}", "bot-{star}", ".pid", "a"])
    settings.timeout = choices.one(of: [nil, 5, 100])
    if choices.once(in: 4) { settings.data = SourceSettings.KeyPath(".count") }
    return [settings]
  }

  /// What is said of a source, by its path below the folder, that matters for what is read of it; nil where it is none.
  func reading(of path: String, _ configuration: Configuration) -> SourceSettings? {
    var settings = options.heartbeat.sources(configuration).last { $0.path == folder + "/" + path }
    settings?.timeout = nil
    return settings
  }

  /// What is expected of a job: soon, late already, at a minute or an hour of some zone's clocks, or never.
  private static func job(_ choices: inout Choices) -> JobPlan {
    let grace: Double? = choices.once(in: 2) ? choices.one(of: [0, 1, 60]) : nil
    let longestRun: Double? = choices.once(in: 2) ? choices.one(of: [1, 59, 3_600]) : nil
    guard !choices.once(in: 6) else { return JobPlan(longestRun: longestRun ?? 10) }
    if choices.once(in: 2) {
      return JobPlan(.every(choices.one(of: [1, 60, 61, 86_400])), grace: grace, longestRun: longestRun)
    }
    let zone = choices.one(of: ["CET-1CEST,M3.5.0,M10.5.0/3", "<+0545>-5:45"])
    guard
      let schedule = try? CronSchedule(choices.one(of: ["* * * * *", "*/5 * * * *", "30 3 * * mon-fri", "@daily"])),
      let rules = choices.once(in: 2) ? .utc : ZoneRules(posix: zone)
    else { preconditionFailure("a schedule was refused") }
    return JobPlan(.schedule(schedule, rules), grace: grace, longestRun: longestRun)
  }
}

/// What is asked of an exporter.
enum Question {
  case metrics(CollectorSelection, ExpositionStyle, isCompressed: Bool)
  case status(StatusRequest.Subject, isCompressed: Bool, tag: String?)
  /// The picture for those who watch the status page.
  case news

  /// - Parameter tag: that of the last answer to the same question.
  init(_ choices: inout Choices, _ setting: Setting, tag: String?) {
    let isLive = setting.isLive
    let isCompressed = choices.once(in: 2)
    switch choices.number(0...7) {
    case 0: self = .status(.heartbeats, isCompressed: isCompressed, tag: choices.once(in: 2) && !isLive ? tag : nil)
    case 1:
      let name = choices.one(of: ["a", "b", "never", "größe", "gro\u{308}ße", "p3", "none"])
      self = .status(.heartbeat(name: name), isCompressed: isCompressed, tag: nil)
    case 2 where !isLive: self = choices.once(in: 2) ? .news : .status(.host, isCompressed: isCompressed, tag: nil)
    default:
      let parameter = choices.one(of: ["collect[]", "exclude[]"])
      let names = CollectorName.allCases.filter { _ in choices.once(in: 3) }
      // Never refused: the names are those of collectors, and all of them are on.
      let selection = try? CollectorSelection(
        query: names.map { (parameter, $0.rawValue) }, enabled: Set(CollectorName.allCases))
      guard let selection else { preconditionFailure("a selection was refused") }
      self = .metrics(
        selection, choices.once(in: 3) ? Setting.style(&choices) : setting.usualStyle, isCompressed: isCompressed)
    }
  }

  /// Whether an exporter looks at the heartbeat file for it.
  var looksAtFile: Bool {
    switch self {
    case .metrics(let selection, _, _): selection.names.contains(.heartbeat) || selection.names.contains(.process)
    case .status(.host, _, _): false
    case .status, .news: true
    }
  }
}
