internal import Exposition
internal import HTTPServer
internal import Heartbeat
internal import POSIX
internal import Procfs

/// Puts the answer to a scrape together. It belongs to the scrape thread.
struct Scraper: ~Copyable {
  let options: ExporterOptions
  private(set) var configuration: Configuration
  private var configurationIsGood = true
  private(set) var file: HeartbeatFile
  private let probe: FileProbe
  private(set) var monitored = MonitoredProcesses()
  private var generation: UInt64 = 0
  private var heartbeats: HeartbeatCollector
  private(set) var processes: ProcessCollector
  let procfs: Procfs
  private var system: SystemCollector
  private let requests: RequestCounts
  private let push: PushCounts?
  private let openConnections: @Sendable () -> Int
  /// nil when there is no web configuration file.
  private let webConfigurationIsGood: (@Sendable () -> Bool)?
  private let problems: FileProblemLog
  /// Beats that name another host than this are remote.
  private let hostname: [UInt8]
  private var body = ScrapeBody()
  var gzip = Gzip(level: Scraper.gzipLevel)
  /// The processes' own data as the API shows them.
  var ownData = OwnDataText()
  /// How long the text of all processes was for the API last, in bytes.
  var statusLength = 0
  /// What `monitored` was made of; nil before the first scrape and after a change of configuration.
  private var shownGeneration: UInt64?
  private var countedGeneration: UInt64 = 0

  init(
    options: ExporterOptions, configuration: Configuration, requests: RequestCounts, push: PushCounts?, logger: Logger,
    openConnections: @escaping @Sendable () -> Int, webConfigurationIsGood: (@Sendable () -> Bool)? = nil
  ) {
    self.options = options
    self.configuration = configuration
    self.requests = requests
    self.push = push
    self.openConnections = openConnections
    self.webConfigurationIsGood = webConfigurationIsGood
    file = HeartbeatFile(
      path: options.heartbeat.file, stringKeys: Set(options.heartbeat.stringKeys),
      maximumSize: options.heartbeat.maxFileSize)
    probe = FileProbe(path: options.heartbeat.file)
    heartbeats = HeartbeatCollector(
      seriesPerProcess: options.heartbeat.maxSeriesPerProcess, series: options.heartbeat.maxSeries,
      showsStrings: !options.heartbeat.stringKeys.isEmpty)
    procfs = Procfs(procfs: options.paths.procfs, rootfs: options.paths.rootfs)
    processes = ProcessCollector(procfs: procfs, configured: configuration.processes)
    system = SystemCollector(procfs: procfs)
    hostname = Array(procfs.systemInfo().nodeName.utf8)
    problems = FileProblemLog(logger: logger, path: options.heartbeat.file)
  }

  /// Goes on with another configuration; nil keeps the old one and says so in the metrics.
  mutating func configure(_ configuration: Configuration?) {
    configurationIsGood = configuration != nil
    guard let configuration else { return }
    self.configuration = configuration
    processes.configure(configuration.processes)
    shownGeneration = nil
  }

  /// Collects into `body`.
  private mutating func scrape(_ selection: CollectorSelection, in style: ExpositionStyle, at now: Double) {
    var outcomes: [(name: CollectorName, duration: Double, isSuccess: Bool)] = []
    body.removeAll(style)
    if selection.names.contains(.heartbeat) || selection.names.contains(.process) {
      let start = Clock.monotonicNanoseconds
      refresh(at: now)
      if selection.names.contains(.heartbeat) {
        heartbeats.collect(monitored, snapshot: file.snapshot, file: file, at: now, into: &body)
        outcomes.append((.heartbeat, Scraper.seconds(since: start), file.isUp))
      }
    }
    if selection.names.contains(.process) {
      let start = Clock.monotonicNanoseconds
      let isSuccess = processes.collect(monitored, into: &body)
      outcomes.append((.process, Scraper.seconds(since: start), isSuccess))
    }
    if selection.names.contains(.system) {
      let start = Clock.monotonicNanoseconds
      let isSuccess = system.collect(into: &body.exposition)
      outcomes.append((.system, Scraper.seconds(since: start), isSuccess))
    }
    collectSelf(outcomes)
    body.exposition.end()
  }

  /// Level 1 is twice as fast as the default of zlib for a tenth more bytes: a scrape goes over a local network.
  private static let gzipLevel = 1
  /// Below this many bytes a smaller body would save no packet.
  static let smallestCompressed = 1_000

  /// Collects, and gives the whole answer.
  mutating func answer(_ request: ScrapeRequest, at now: Double) -> Response {
    answer(request.selection, in: request.style, coding: request.coding, at: now)
  }

  /// Collects, and gives the whole answer.
  mutating func answer(
    _ selection: CollectorSelection, in style: ExpositionStyle, coding: ContentCoding, at now: Double
  ) -> Response {
    scrape(selection, in: style, at: now)
    var answer = Response(
      status: 200, headers: [("Content-Type", style.contentType), ("Vary", "Accept, Accept-Encoding")],
      pieces: body.identity())
    guard coding == .gzip, answer.bodyLength >= Scraper.smallestCompressed,
      let compressed = body.compressed(by: &gzip)
    else { return answer }
    answer.headers.append(("Content-Encoding", "gzip"))
    answer.pieces = compressed
    return answer
  }

  /// Reads the file if it changed, and joins it with the configuration if either did.
  mutating func refresh(at now: Double) {
    let patience = options.heartbeat.readTimeout
    if probe.answers(within: patience, wasGood: file.isUp) {
      file.refresh()
    } else {
      file.refreshTimedOut(after: patience)
    }
    problems.report(file.lastProblem)
    guard file.generation != shownGeneration || now > monitored.nextExpiry else { return }
    // With a retention, an entry may come and go without the file's doing.
    let keepsProcesses =
      shownGeneration.map { file.generation == $0 + 1 } ?? false && options.heartbeat.retention == 0
      && file.snapshot.changes.keepsProcesses
    if keepsProcesses {
      monitored.takeOver(file.snapshot)
    } else {
      generation += 1
      monitored = MonitoredProcesses(
        snapshot: file.snapshot, configured: configuration.processes, timeout: options.heartbeat.timeout,
        retention: options.heartbeat.retention, hostname: hostname, generation: generation,
        at: now)
    }
    heartbeats.update(
      monitored, snapshot: file.snapshot, keepsProcesses: keepsProcesses,
      isNewContent: file.generation != countedGeneration)
    shownGeneration = file.generation
    countedGeneration = file.generation
  }

  private static let buildLabels = Labels([
    "version": Version.number, "revision": Version.revision, "swift_version": Version.swift,
  ])

  private static let collectorLabels = Dictionary(
    // no trap: each case is there once
    uniqueKeysWithValues: CollectorName.allCases.map { ($0, Labels(["collector": $0.rawValue])) })

  private static func labels(of collector: CollectorName) -> Labels {
    collectorLabels[collector, default: Labels()]
  }

  private mutating func collectSelf(_ outcomes: [(name: CollectorName, duration: Double, isSuccess: Bool)]) {
    body.exposition.family(ExporterFamilies.buildInfo, labels: Scraper.buildLabels, 1)
    body.exposition.family(ExporterFamilies.collectorDuration) { family in
      for outcome in outcomes { family.add(Scraper.labels(of: outcome.name), outcome.duration) }
    }
    body.exposition.family(ExporterFamilies.collectorSuccess) { family in
      for outcome in outcomes { family.add(Scraper.labels(of: outcome.name), outcome.isSuccess ? 1 : 0) }
    }
    push?.collect(into: &body.exposition)
    requests.collect(into: &body.exposition)
    body.exposition.family(ExporterFamilies.connections, Double(openConnections()))
    body.exposition.family(ExporterFamilies.reloadSuccessful, configurationIsGood ? 1 : 0)
    if let isGood = webConfigurationIsGood?() {
      body.exposition.family(ExporterFamilies.webReloadSuccessful, isGood ? 1 : 0)
    }
  }

  private static func seconds(since start: UInt64) -> Double {
    Double((Clock.monotonicNanoseconds &- start) / 1000) / 1e6
  }
}
