internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import Glibc
internal import POSIX

/// `heartbeat monitor`: looks, draws, waits.
struct LiveMonitor: ~Copyable {
  /// Seconds that the first page in the terminal waits for answers, so that hosts that are near are on it. Keys are obeyed after it.
  private static let firstPatience = 0.3
  /// Seconds after which a page on which an answer is missing is drawn anew.
  private static let pendingPause = 0.2

  private var local: LocalSource?
  private let watchers: [Watcher]
  private var log = ChangeLog()
  private let start = Clock.monotonicNanoseconds
  private let interval: Double

  /// Watches this host, or the given exporters.
  init(
    sources: [SourceSettings], configuration: Configuration, timeout: Double, exporters: [WatchedExporter],
    interval: Double
  ) throws(Errno) {
    var watchers: [Watcher] = []
    for exporter in exporters { watchers.append(try Watcher(exporter, interval: interval)) }
    self.watchers = watchers
    self.interval = interval
    local = exporters.isEmpty ? LocalSource(sources: sources, configuration: configuration, timeout: timeout) : nil
    local?.beginLooks()
  }

  /// Prints one page, and on standard error what could not be asked.
  ///
  /// - Returns: whether everybody who was asked has answered.
  mutating func printOnce(style: Style) -> Bool {
    // CPU time is the difference of two readings.
    if local != nil { usleep(200_000) }
    let hosts = look(within: RemoteSource.longestLook + 1)
    Console.print(page(hosts, style: style, height: nil).lines().joined(separator: "\n"))
    for host in hosts {
      for problem in host.unanswered { Console.error(DisplayWidth.sanitised(problem)) }
    }
    return hosts.allSatisfy(\.unanswered.isEmpty)
  }

  /// How a live monitor ended.
  enum End {
    case status(Int32)
    case signal(Int32)
  }

  /// Draws until somebody ends it. The terminal is given back before this returns.
  mutating func run(_ control: borrowing JobControl) -> End {
    var screen = Screen()
    guard JobControl.waitForForeground() else { return .status(1) }
    screen.enter()
    var hosts = look(within: Self.firstPatience)
    var next = Self.now + pause
    var reader = KeyReader()
    var scroll = Scroll()
    var keys: [KeyReader.Key] = []
    while true {
      let size = Screen.size
      var style = Style.forStandardOutput
      style.width = size.columns
      let page = page(hosts, style: style, height: size.lines)
      let moves = keys.compactMap { if case .move(let move) = $0 { move } else { nil } }
      guard screen.draw(page.lines(&scroll, moves: moves)) else { return .status(1) }
      control.queue.wait(timeout: next - Self.now, also: screen.hasInput ? [STDIN_FILENO] : [])
      if let end = obeySignals(control, &screen) { return end }
      keys = reader.keys(screen.typed())
      if keys.contains(.quit) { return .status(0) }
      if Self.now >= next {
        hosts = look(within: 0)
        next = Self.now + pause
      }
    }
  }

  /// Does what the signals that came ask for; how it ends, if one of them wants that.
  private func obeySignals(_ control: borrowing JobControl, _ screen: inout Screen) -> End? {
    while let signal = control.queue.next() {
      switch signal.number {
      case SIGWINCH: continue
      case SIGCONT:
        guard JobControl.waitForForeground() else { return .status(1) }
        screen.enter()
      case SIGTSTP, SIGTTIN, SIGTTOU:
        screen.leave()
        JobControl.obey(signal.number)
        guard JobControl.waitForForeground() else { return .status(1) }
        screen.enter()
      case SIGINT: return .status(130)
      case SIGTERM, SIGHUP: return .status(0)
      default: return .signal(signal.number)
      }
    }
    return nil
  }

  private static var now: Double { Double(Clock.monotonicNanoseconds) / 1e9 }

  /// Seconds until the next page.
  private var pause: Double {
    watchers.contains(where: \.isPending) ? min(Self.pendingPause, interval) : interval
  }

  /// - Parameter patience: seconds to wait for the first answers of exporters.
  private mutating func look(within patience: Double) -> [HostView] {
    var hosts = watchers.views(within: patience)
    if let view = local?.look() { hosts.append(view) }
    for place in hosts.indices { hosts[place].place = place }
    for host in hosts { log.observe(host, showsHost: hosts.count > 1) }
    return hosts
  }

  private func page(_ hosts: [HostView], style: Style, height: Int?) -> MonitorPage {
    MonitorPage(
      hosts: hosts, changes: log.changes, runtime: Double(Clock.monotonicNanoseconds - start) / 1e9, style: style,
      height: height)
  }
}
