internal import HTTP
internal import Heartbeat
internal import Monitoring
internal import Glibc
internal import POSIX

/// `heartbeat monitor`: looks, draws, waits.
struct LiveMonitor: ~Copyable {
  private var local: LocalSource?
  private let watchers: [Watcher]
  private var log = ChangeLog()
  private let start = Clock.monotonicNanoseconds
  private let interval: Double

  /// Watches this host, or the given exporters.
  init(
    sources: [SourceSettings], configuration: Configuration, timeout: Double, urls: [Endpoint], interval: Double
  ) throws(Errno) {
    var watchers: [Watcher] = []
    for url in urls { watchers.append(try Watcher(url, interval: interval)) }
    self.watchers = watchers
    self.interval = interval
    local = urls.isEmpty ? LocalSource(sources: sources, configuration: configuration, timeout: timeout) : nil
  }

  /// Prints one page.
  mutating func printOnce(style: Style) {
    // CPU time is the difference of two readings.
    if local != nil { usleep(200_000) }
    Console.print(page(style: style, height: nil).lines().joined(separator: "\n"))
  }

  /// Draws until somebody ends it.
  mutating func run() throws(Errno) -> Int32 {
    let signals = try SignalQueue([SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT])
    let screen = Screen()
    var hosts = look()
    var next = Double(Clock.monotonicNanoseconds) / 1e9 + interval
    while true {
      let size = Screen.size
      var style = Style.forStandardOutput
      style.width = size.columns
      screen.draw(page(hosts, style: style, height: size.lines).lines())
      signals.wait(timeout: next - Double(Clock.monotonicNanoseconds) / 1e9, also: [STDIN_FILENO])
      if screen.wantsToQuit() { return 0 }
      while let signal = signals.next() {
        switch signal.number {
        case SIGWINCH: continue
        case SIGCONT: screen.enter()
        case SIGTSTP:
          screen.leave()
          raise(SIGSTOP)
        case SIGINT: return 130
        default: return 0
        }
      }
      let now = Double(Clock.monotonicNanoseconds) / 1e9
      if now >= next {
        hosts = look()
        next = now + interval
      }
    }
  }

  private mutating func look() -> [HostView] {
    var hosts = watchers.compactMap { $0.view() }
    if let view = local?.look() { hosts.append(view) }
    for host in hosts { log.observe(host, showsHost: hosts.count > 1) }
    return hosts
  }

  private mutating func page(style: Style, height: Int?) -> MonitorPage {
    page(look(), style: style, height: height)
  }

  private func page(_ hosts: [HostView], style: Style, height: Int?) -> MonitorPage {
    MonitorPage(
      hosts: hosts, changes: log.changes, runtime: Double(Clock.monotonicNanoseconds - start) / 1e9, style: style,
      height: height)
  }
}
