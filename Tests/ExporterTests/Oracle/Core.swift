import Exposition
import HTTP
import Heartbeat
import Monitoring

@testable import Exporter

/// An exporter without its sockets.
final class Core {
  private var scraper: Scraper
  private let isLive: Bool

  init(_ setting: Setting, _ configuration: Configuration, probe: FileProbe) {
    isLive = setting.isLive
    scraper = Scraper(
      options: setting.options, configuration: configuration, requests: RequestCounts(handler: "/metrics"), push: nil,
      logger: .silent, limits: setting.limits, probe: probe)
  }

  func answer(_ question: Question, at now: Double) -> Answer {
    switch question {
    case .metrics(let selection, let style, let isCompressed):
      let coding: ContentCoding = isCompressed ? .gzip : .identity
      return Answer(scraper.answer(selection, in: style, coding: coding, at: now), isLive: isLive)
    case .status(let subject, let isCompressed, let tag):
      let request = StatusRequest(
        subject: subject, coding: isCompressed ? .gzip : .identity, knownTag: tag, responder: nil)
      return Answer(scraper.responses(to: [request], at: now)[0], isLive: isLive)
    case .news: return Answer(news: scraper.news(at: now))
    }
  }

  /// The counters by themselves.
  func counters(at now: Double) -> [String: Double] {
    guard let selection = try? CollectorSelection(query: [("collect[]", "heartbeat")], enabled: [.heartbeat]) else {
      return [:]
    }
    return answer(.metrics(selection, .plain, isCompressed: false), at: now).counters
  }

  func configure(_ configuration: Configuration?) { scraper.configure(configuration) }

  func forget(_ memory: Scraper.Memory) { scraper.forget(memory) }

  /// Whether the file was good when it was last looked at.
  var isGood: Bool { scraper.watch.sources.isUp }

  /// How many readings of it failed, by reason.
  var readErrors: [String: UInt64] {
    Dictionary(uniqueKeysWithValues: scraper.watch.sources.files[0].readErrors.map { ($0.key.rawValue, $0.value) })
  }

  /// Takes over what another one has seen and nobody can read again: when beats came, who vanished, how everybody did, and the
  /// boot time that is held fast.
  func follow(_ other: Core) { scraper.goOn(from: other.scraper) }
}
