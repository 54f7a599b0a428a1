internal import Exposition
internal import Monitoring

/// One that writes families of metrics, can be switched off by a flag, and can be asked for alone.
///
/// Its name, duration and success are told by whoever runs it, from `Collectors.all`.
protocol Collector {
  /// Begins what can be done beside the other collectors.
  mutating func begin(in style: ExpositionStyle)

  /// Writes the families of one scrape; false when something could not be read, or not in time.
  ///
  /// - Parameter watch: the heartbeat file, and all processes that are watched.
  mutating func collect(_ watch: borrowing ProcessWatch, _ moment: Moment, into body: inout ScrapeBody) -> Bool

  /// Takes over new content of the heartbeat file, or of the configuration.
  mutating func update(_ watch: borrowing ProcessWatch, _ change: ProcessWatch.Change)

  /// Forgets text and what it is made of.
  mutating func forget()
}

extension Collector {
  mutating func begin(in style: ExpositionStyle) {}
  mutating func update(_ watch: borrowing ProcessWatch, _ change: ProcessWatch.Change) {}
}

/// The moment of a scrape.
struct Moment {
  /// What the kernel says of the processes; nil when it was not asked, or says nothing.
  var look: ProcessWatch.Look?
  /// Unix time in seconds.
  let now: Double
  /// When the scrape must have ended, on the monotonic clock in nanoseconds.
  let deadline: UInt64
}

/// All collectors.
enum Collectors {
  /// What is needed to make them.
  struct Dependencies {
    let options: ExporterOptions
    let logger: Logger
    let limits: ScrapeLimits
    let readers: HostReaders
  }

  /// What there is to know of a collector before it is made.
  struct Declaration: Sendable {
    let name: CollectorName
    /// Whether it looks at the processes that are watched, and what for.
    let needs: Needs
    let make: @Sendable (Dependencies) -> any Collector
  }

  /// What a collector needs to be read before it is asked.
  enum Needs: Comparable {
    case nothing
    /// The heartbeats, and whether the processes are there.
    case heartbeats
    /// What they use too.
    case figures
  }

  /// In the order in which they are asked.
  static let all = [
    Declaration(name: .heartbeat, needs: .heartbeats) {
      HeartbeatCollector(
        seriesPerProcess: $0.options.heartbeat.maxSeriesPerProcess, series: $0.options.heartbeat.maxSeries,
        showsStrings: !$0.options.heartbeat.stringKeys.isEmpty, limits: $0.limits)
    },
    Declaration(name: .process, needs: .figures) {
      ProcessCollector(logger: $0.logger, lines: ProcessLineFamily.wanted(by: $0.options), limits: $0.limits)
    },
    Declaration(name: .system, needs: .nothing) {
      SystemCollector(
        $0.readers, problems: ProblemLog(collector: "system", logger: $0.logger),
        unseen: UnseenMountLog(logger: $0.logger))
    },
  ]
}
