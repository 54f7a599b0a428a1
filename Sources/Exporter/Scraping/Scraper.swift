internal import Exposition
internal import Flags
internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import POSIX
internal import Procfs

/// Puts the answer to a scrape together. It belongs to the scrape thread.
struct Scraper: ~Copyable {
  let options: ExporterOptions
  private var configurationIsGood = true
  private(set) var watch: ProcessWatch
  private var hasAskedForName = false
  /// Whether scrapes share a look, and the one that they share.
  private var isShared = false
  private var shared: (needs: Collectors.Needs, look: ProcessWatch.Look?)?
  private var collectors: [(declaration: Collectors.Declaration, collector: any Collector)]
  let history: KernelHistory
  let readers: HostReaders
  let limits: ScrapeLimits
  private let requests: RequestCounts
  private let push: PushCounts?
  private let statistics: Statistics
  private var problems: FileProblemLog
  private let logger: Logger
  private var body = ScrapeBody()
  var gzip = Gzip(level: Scraper.gzipLevel)
  /// The processes' own data as the API shows them.
  var ownData: OwnDataText
  /// How long the text of all processes was for the API last, in bytes.
  var statusLength = 0

  /// What other parts of the exporter tell of themselves.
  struct Statistics: Sendable {
    var openConnections: @Sendable () -> Int = { 0 }
    /// nil when no address is encrypted.
    var handshakeErrors: (@Sendable () -> [HandshakeError: Int])?
    /// How many answers came late.
    var lateAnswers: @Sendable () -> UInt64 = { 0 }
    /// nil when there is no web configuration file.
    var webConfigurationIsGood: (@Sendable () -> Bool)?
    /// Gets told which processes have vanished and are remembered.
    var noteVanished: (@Sendable (Set<[UInt8]>) -> Void)?
  }

  init(
    options: ExporterOptions, configuration: Configuration, requests: RequestCounts, push: PushCounts?, logger: Logger,
    statistics: Statistics = Statistics(), limits: ScrapeLimits = ScrapeLimits(), probe: FileProbe? = nil,
    uptime: (@Sendable () -> Double)? = nil
  ) {
    self.statistics = statistics
    self.options = options
    self.requests = requests
    self.push = push
    self.limits = limits
    ownData = OwnDataText(limit: limits.ownDataBytes, answerLimit: limits.ownDataAnswerBytes)
    history = KernelHistory()
    let procfs = Procfs(
      procfs: options.paths.procfs, rootfs: options.paths.rootfs, limits: limits.procfs, history: history,
      lines: ProcessLineFamily.wanted(by: options).map(\.line), filter: options.host.filter,
      mountTimeout: min(options.host.mountTimeout, 0.95 * limits.deadline),
      hostName: options.paths.hostName)
    readers = HostReaders(procfs, limits: limits)
    let dependencies = Collectors.Dependencies(options: options, logger: logger, limits: limits, readers: readers)
    collectors = Collectors.all.map { ($0, $0.make(dependencies)) }
    var settings = MonitoringSettings(
      timeout: options.heartbeat.timeout, retention: options.heartbeat.retention,
      remember: options.heartbeat.remember, hostname: [],
      reservedName: Array(ProcessCollector.ownName.utf8)
    ) { Labels.append("process", $0.span, to: &$1, separated: false) }
    settings.uptime = uptime
    watch = ProcessWatch(
      sources: SourceSet(
        options.heartbeat.sources(configuration), options: options.heartbeat.sourceOptions(limits.reading), probe: probe
      ),
      settings: settings, configuration: configuration,
      looker: options.collectors.process ? ProcessLooker(procfs) : nil,
      readTimeout: options.heartbeat.readTimeout, subscribers: TransitionSubscribers.all(logger))
    problems = FileProblemLog(logger: logger)
    self.logger = logger
  }

  /// Goes on with another configuration; nil keeps the old one and says so in the metrics.
  mutating func configure(_ configuration: Configuration?) {
    configurationIsGood = configuration != nil
    guard let configuration else { return }
    let sources = options.heartbeat.sources(configuration)
    let isSame = sources == options.heartbeat.sources(watch.configuration)
    watch.configure(
      configuration,
      sources: isSame ? nil : SourceSet(sources, options: options.heartbeat.sourceOptions(limits.reading)))
  }

  /// Collects into `body`.
  private mutating func scrape(_ selection: CollectorSelection, in style: ExpositionStyle, at now: Double) {
    var outcomes: [(name: CollectorName, duration: Double, isSuccess: Bool)] = []
    body.removeAll(style)
    var moment = Moment(now: now, deadline: deadline)
    let asked = collectors.indices.filter { selection.names.contains(collectors[$0].declaration.name) }
    for place in asked { collectors[place].collector.begin(in: style) }
    // What several need is read once, and counts as the time of the one that it is named after.
    let needs = asked.map { collectors[$0].declaration.needs }.max() ?? .nothing
    var times: [Collectors.Needs: Double] = [:]
    if needs != .nothing, let shared, shared.needs >= needs {
      moment.look = shared.look
    } else if needs != .nothing {
      let start = Clock.monotonicNanoseconds
      refresh(at: now)
      let lookStart = Clock.monotonicNanoseconds
      // The kernel gets its chance, also when a file has used up the time.
      let least = lookStart + Clock.nanoseconds(Scraper.leastLook)
      moment.look = watch.look(
        at: nil, wantsFigures: needs == .figures, until: max(moment.deadline, least), at: now)
      if isShared { shared = (needs, moment.look) }
      times = [
        .heartbeats: Scraper.seconds(from: start, to: lookStart), .figures: Scraper.seconds(since: lookStart),
      ]
    }
    for place in asked {
      let start = Clock.monotonicNanoseconds
      let isSuccess = collectors[place].collector.collect(watch, moment, into: &body)
      let declaration = collectors[place].declaration
      let duration = times[declaration.needs, default: 0] + Scraper.seconds(since: start)
      outcomes.append((declaration.name, duration, isSuccess))
    }
    collectSelf(outcomes)
    body.exposition.end()
  }

  /// From here on until `endMoment`, scrapes share what is read of the processes.
  mutating func beginMoment() { isShared = true }

  /// Ends it.
  mutating func endMoment() { (isShared, shared) = (false, nil) }

  /// When what begins now must have ended, on the monotonic clock in nanoseconds.
  var deadline: UInt64 { Clock.monotonicNanoseconds + Clock.nanoseconds(limits.deadline) }

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

  /// Reads the file if it changed, and has what follows from it made anew.
  mutating func refresh(at now: Double) {
    // Not before somebody asks for something: who waits for the name then waits within the time of one answer.
    let patience = hasAskedForName ? Scraper.namePatience : Scraper.firstNamePatience
    hasAskedForName = true
    if let name = readers.nodeName(until: Clock.monotonicNanoseconds + Clock.nanoseconds(patience)) {
      watch.setHostname(Array(name.utf8))
    }
    let change = watch.refresh(at: now)
    problems.report(watch.sources)
    guard let change else { return }
    problems.report(watch.problems, count: watch.entryProblemCount)
    TightTimeouts.tell(watch.monitored, logger)
    if !change.keepsProcesses { statistics.noteVanished?(watch.monitored.vanishedNames) }
    for place in collectors.indices { collectors[place].collector.update(watch, change) }
  }

  /// Looks for the processes at some places with all that they use, and judges how they do.
  mutating func look(at places: Range<Int>, at now: Double) -> ProcessWatch.Look? {
    watch.look(at: places, wantsFigures: true, until: deadline, at: now)
  }

  /// How long a look may take in any case, in seconds.
  static let leastLook = 0.4

  /// How long the host's name is waited for, in seconds; then it is what it was.
  static let namePatience = 0.2
  /// The same for the first time: then it is none, and beats that name this host seem to come from another one. Together with a heartbeat
  /// file that hangs and `leastLook` it stays below what a scrape may take (2.5 s).
  static let firstNamePatience = 0.5

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
    body.exposition.family(ExporterFamilies.lateAnswers, Double(statistics.lateAnswers()))
    body.exposition.family(ExporterFamilies.connections, Double(statistics.openConnections()))
    if let errors = statistics.handshakeErrors?() {
      // All of them, so that a first one is an increase.
      body.exposition.family(ExporterFamilies.handshakeErrors) { family in
        for error in HandshakeError.allCases {
          family.add(Labels(["reason": error.rawValue]), Double(errors[error, default: 0]))
        }
      }
    }
    body.exposition.family(ExporterFamilies.reloadSuccessful, configurationIsGood ? 1 : 0)
    if let isGood = statistics.webConfigurationIsGood?() {
      body.exposition.family(ExporterFamilies.webReloadSuccessful, isGood ? 1 : 0)
    }
  }

  private static func seconds(since start: UInt64) -> Double {
    seconds(from: start, to: Clock.monotonicNanoseconds)
  }

  private static func seconds(from start: UInt64, to end: UInt64) -> Double { Double((end &- start) / 1000) / 1e6 }
}

/// What is remembered from one scrape to the next, by its owner. All of it saves work and says nothing: forgotten at any moment, it
/// makes no difference in what is served. What does say something is not among it: counters, the last good content of the file,
/// what was seen of the processes and of the kernel's counts.
extension Scraper {
  /// An owner of something remembered.
  enum Memory: CaseIterable {
    /// The text of the file, its entries, names and keys.
    case file
    /// The file and the configuration joined, and which families and series come of it.
    case monitored
    /// Text of metrics and what it is made of, rendered and compressed.
    case text
    /// The processes' own data for the API.
    case ownData
    /// Open files of `/proc`, lists of processes and mounts.
    case procfs
  }

  /// Goes on from what another one has seen and nobody can read again.
  mutating func goOn(from other: borrowing Scraper) {
    watch.goOn(from: other.watch)
    history.goOn(from: other.history)
  }

  /// Forgets what one of them remembers.
  mutating func forget(_ memory: Memory) {
    switch memory {
    case .file: watch.forgetContent()
    case .monitored: watch.joinAnew()
    case .text:
      for place in collectors.indices { collectors[place].collector.forget() }
      body = ScrapeBody()
    case .ownData:
      ownData.forget()
      statusLength = 0
    case .procfs:
      watch.looker?.forget()
      readers.forget()
    }
  }
}
